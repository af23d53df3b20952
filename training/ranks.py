"""Processes that train one network together, as torchrun starts them: who this one is, and what they add up.

Each holds the whole network and takes its share of a batch's rows. Their gradients are added up before the optimiser
steps, so that all keep the same weights, bit for bit, and those of one process but for the order of the sums. Training
magnifies that rounding, as it does that of another number of threads: after many steps either moves the weights alike.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

from eegwarn.errors import ConfigError, EngineError

_PATIENCE_S = 1800.0
"""So long a process waits for another that is there and does nothing; longer than any share of a cache takes. One that
is gone is noticed at once."""


@dataclass(frozen=True)
class Ranks:
    """The place of this process among those that train together; alone if nothing is given.

    Parameters
    ----------
    rank : int
        Number of this process, from 0.
    n_ranks : int
        How many there are.
    local_rank, n_local : int
        The same among the processes of this machine.
    """

    rank: int = 0
    n_ranks: int = 1
    local_rank: int = 0
    n_local: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and tells people."""
        return self.rank == 0

    def share(self, n_rows: int) -> slice:
        """Give the rows of a batch that are this process's; none where there are fewer rows than processes."""
        return slice(self.rank * n_rows // self.n_ranks, (self.rank + 1) * n_rows // self.n_ranks)

    def owns(self, number: int) -> bool:
        """Whether the recording or part of this number is this process's to work on."""
        return number % self.n_ranks == self.rank

    def total(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Add tensors of one type and device up over the processes, in one go; bit for bit the same in all.

        Raises
        ------
        EngineError
            If another process is gone, or does not come along for half an hour.
        """
        if self.n_ranks == 1:
            return tensors
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        try:
            distributed.all_reduce(flat)
        except RuntimeError as error:
            raise _lost(error) from error
        parts = flat.split([tensor.numel() for tensor in tensors])
        return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]

    def gather(self, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Put arrays together of which each process holds a part, and zeros in the place of the others'."""
        if self.n_ranks == 1:
            return list(arrays)
        return [tensor.numpy() for tensor in self.total([torch.from_numpy(each) for each in arrays])]

    def of_first(self, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Give the first process's arrays: where a number decides, rounding must not set processes apart."""
        return self.gather([each if self.first else np.zeros_like(each) for each in arrays])

    def wait(self) -> None:
        """Wait until all have come so far."""
        self.total([torch.zeros(1)])

    def check_same(self, step: int, what: str) -> None:
        """Refuse to go on with a stage where another process stands at another step.

        Raises
        ------
        EngineError
            If so.
        """
        own = np.zeros(self.n_ranks, dtype=np.int64)
        own[self.rank] = step
        steps = self.gather([own])[0].tolist()
        if len(set(steps)) > 1:
            raise EngineError(
                f"The processes would go on with {what!r} from steps {', '.join(map(str, steps))}, but must all see "
                "the same checkpoint. Write the model to a folder that every machine shares."
            )


ALONE = Ranks()
"""One process, as without torchrun."""


def ranks_of(environment: Mapping[str, str]) -> Ranks:
    """Read from the variables that torchrun sets which process this is.

    Raises
    ------
    ConfigError
        If there are several processes, and a variable is missing or no number in its range.
    """
    if environment.get("WORLD_SIZE", "1") == "1":
        return ALONE
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    given = {name: environment.get(name, "") for name in names}
    numbers = [given[name] for name in names[:4]]
    if all(given.values()) and all(number.isdecimal() for number in numbers):
        ranks = Ranks(*map(int, numbers))
        if ranks.rank < ranks.n_ranks and ranks.local_rank < ranks.n_local:
            return ranks
    said = ", ".join(f"{name}={value!r}" for name, value in given.items())
    raise ConfigError(
        f"WORLD_SIZE asks for several processes, and each needs RANK and LOCAL_RANK below it, MASTER_ADDR and "
        f"MASTER_PORT, but got {said}. Start them with torchrun, or unset WORLD_SIZE."
    )


@contextmanager
def joined_ranks() -> Iterator[Ranks]:
    """Join the other processes that torchrun started, and leave them at the end; without torchrun nothing happens.

    Raises
    ------
    ConfigError
        See `ranks_of`.
    EngineError
        If the others do not come.
    """
    ranks = ranks_of(os.environ)
    if ranks == ALONE:
        yield ranks
        return
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    try:
        distributed.init_process_group(backend, timeout=timedelta(seconds=_PATIENCE_S))
    except RuntimeError as error:
        raise _lost(error) from error
    try:
        yield ranks
    finally:
        distributed.destroy_process_group()


def _lost(error: RuntimeError) -> EngineError:
    # Of gloo's words the first sentence, without the place in its source.
    reason = str(error).partition("\n")[0].rpartition(".cc")[2].partition("] ")[2].partition(". ")[0] or str(error)
    return EngineError(
        f"Another process of this training was lost ({reason}). Run the same command again, with as many processes as "
        "you like, to go on."
    )
