"""The state of an unfinished training in one file: safetensors, with the rest as JSON in its header."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from eegwarn.errors import ModelError
from eegwarn.whole_file import whole_file


@dataclass
class TrainState:
    """Where a training stands; random numbers are keyed by the step and need no place here.

    Parameters
    ----------
    modules, optimisers : dict
        What is trained, under names of one's own (the network is ``"network"``), and the means under the same names.
    step : int
        Steps done.
    best : dict
        The weights of all modules at the best look at the validation patients, as ``module/weight``.
    best_score : float
        The score then; minus infinity before the first look.
    history : list of dict
        What was seen at each look: ``step``, ``validation_auroc``, and means over the steps since the last.
    """

    modules: dict[str, nn.Module]
    optimisers: dict[str, torch.optim.Optimizer]
    step: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    best_score: float = float("-inf")
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def network(self) -> nn.Module:
        """The network that warns."""
        return self.modules["network"]

    def keep_best(self) -> None:
        """Keep a copy of all weights as the best so far."""
        self.best = {name: value.detach().cpu().clone() for name, value in self._weights().items()}

    def take_best(self) -> None:
        """Put the best weights back into the modules."""
        for name, module in self.modules.items():
            module.load_state_dict(_under(name, self.best))

    def _weights(self) -> dict[str, Tensor]:
        return {
            f"{name}/{key}": value
            for name, module in self.modules.items()
            for key, value in module.state_dict().items()
        }


def save_checkpoint(path: Path, state: TrainState, run: str) -> None:
    """Write the state of the training ``run`` as a whole.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    tensors = {f"now/{name}": value for name, value in state._weights().items()}
    tensors |= {f"best/{name}": value for name, value in state.best.items()}
    for name, optimiser in state.optimisers.items():
        for number, moments in optimiser.state_dict()["state"].items():
            tensors |= {
                f"optimiser/{name}/{number}/{key}": value for key, value in moments.items() if value is not None
            }
    about = {"run": run, "step": state.step, "best_score": state.best_score, "history": state.history}
    contiguous = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    with whole_file(path) as file:
        file.write(save(contiguous, metadata={"state": json.dumps(about)}))


def load_checkpoint(path: Path, state: TrainState, run: str) -> None:
    """Bring ``state`` to where a checkpoint stands.

    Raises
    ------
    ModelError
        If the file is no whole checkpoint, or one of another training.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise ModelError(f"{str(path)!r} is no checkpoint ({error}). Remove it to start the training anew.") from error
    if about.get("run") != run:
        raise ModelError(
            f"{str(path)!r} is an unfinished training with other data or another configuration. "
            "Repeat that one to go on, or remove the file to start anew."
        )
    try:
        _restore(state, about, tensors)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(
            f"{str(path)!r} is an incomplete checkpoint ({reason}). Remove it to start the training anew."
        ) from error


def _restore(state: TrainState, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    best, now = _under("best", tensors), _under("now", tensors)
    for name, module in state.modules.items():
        if best:
            module.load_state_dict(_under(name, best))
        module.load_state_dict(_under(name, now))
    for name, optimiser in state.optimisers.items():
        moments = _moments(_under(f"optimiser/{name}", tensors))
        groups = optimiser.state_dict()["param_groups"]
        missing = {number for group in groups for number in group["params"]} - set(moments)
        if missing and about["step"]:
            raise KeyError(f"optimiser/{name}/{min(missing)}")
        optimiser.load_state_dict({"state": moments, "param_groups": groups})
    state.best = best
    state.step, state.best_score, state.history = about["step"], about["best_score"], about["history"]


def _moments(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, _, moment = name.partition("/")
        moments.setdefault(int(number), {})[moment] = value
    return moments


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}/"): value for name, value in tensors.items() if name.startswith(f"{prefix}/")}
