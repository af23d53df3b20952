"""The loop that every training runs: steps, looks at the validation patients, early stopping, checkpoints."""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from eegwarn.bedside.scoring import Progress
from eegwarn.errors import ConfigError, ModelError
from training.checkpoint import TrainState, load_checkpoint, save_checkpoint
from training.config import OptimiserConfig
from training.ranks import ALONE, Ranks

DEVICES = ("auto", "cpu", "cuda")
_LOWEST_RATE = 0.01
"""The learning rate ends at this share of its highest."""


@dataclass(frozen=True)
class Course:
    """How long a training runs and when it looks up.

    Parameters
    ----------
    steps : int
        Most steps.
    validate_every : int
        Steps between looks at the validation patients; a checkpoint is written at each.
    patience : int
        Looks without improvement after which training stops.
    """

    steps: int
    validate_every: int
    patience: int


@dataclass(frozen=True)
class Place:
    """Where a training keeps its state and runs, and whom it tells.

    Parameters
    ----------
    checkpoint : Path
        Written at every look; the caller removes it when the model is safe. Each stage of a training adds its name.
    run : str
        What tells this training (data and configuration) from others.
    device : torch.device
        Where networks are.
    progress : callable, optional
        Told after each step.
    ranks : Ranks
        Which of the processes that train together this is; the first alone writes.
    """

    checkpoint: Path
    run: str
    device: torch.device
    progress: Progress | None = None
    ranks: Ranks = ALONE

    def stage_checkpoint(self, stage: str) -> Path:
        """Where a stage of the training keeps its state."""
        return self.checkpoint.with_name(f"{self.checkpoint.name}.{stage.replace(' ', '-')}")

    def clear(self) -> None:
        """Remove all checkpoints."""
        for path in self.checkpoint.parent.glob(f"{self.checkpoint.name}.*"):
            path.unlink(missing_ok=True)


def run_loop(
    state: TrainState,
    course: Course,
    place: Place,
    *,
    stage: str,
    take_step: Callable[[TrainState], dict[str, float]],
    look: Callable[[TrainState], dict[str, float]],
) -> TrainState:
    """Train until the last step, or until the validation patients gain nothing more.

    An interrupted stage goes on from its checkpoint and ends, on the same processor and with the same number of
    threads and processes, with the very weights of one that was not interrupted; a finished one is only loaded.

    Parameters
    ----------
    state : TrainState
        New; changed in place.
    course : Course
        How long.
    place : Place
        Where.
    stage : str
        Name of this stage, for the checkpoint and for progress.
    take_step : callable
        Trains one step and gives numbers for the log, ``loss`` among them; all that is random is keyed by the step.
    look : callable
        Gives ``validation_auroc``, by which the best weights are chosen, and whatever else belongs into the log.

    Returns
    -------
    TrainState
        Its modules hold the best weights.

    Raises
    ------
    ModelError
        If the checkpoint is of another training, or the loss is not finite.
    EngineError
        If another process is lost, or goes on from another step.
    """
    checkpoint = place.stage_checkpoint(stage)
    if checkpoint.exists():
        load_checkpoint(checkpoint, state, place.run)
    place.ranks.check_same(state.step, stage)
    numbers: list[dict[str, float]] = []
    while state.step < course.steps and not _stalled(state, course.patience):
        numbers.append(take_step(state))
        if not math.isfinite(numbers[-1]["loss"]):
            raise ModelError(
                f"The loss became {numbers[-1]['loss']} at step {state.step + 1}. Lower optimiser.learning_rate."
            )
        state.step += 1
        if state.step % course.validate_every == 0 or state.step == course.steps:
            _look_up(state, look, numbers)
            if place.ranks.first:
                save_checkpoint(checkpoint, state, place.run)
            numbers = []
        if place.progress is not None:
            place.progress(stage, state.step, course.steps)
    state.take_best()
    return state


def _look_up(
    state: TrainState, look: Callable[[TrainState], dict[str, float]], numbers: list[dict[str, float]]
) -> None:
    """Score the validation windows, and keep the weights if they are the best so far."""
    seen = look(state)
    names = dict.fromkeys(name for each in numbers for name in each)
    means = {name: float(np.mean([each[name] for each in numbers if name in each])) for name in names}
    state.history.append({"step": state.step, **means, **seen})
    if seen["validation_auroc"] > state.best_score:
        state.best_score = seen["validation_auroc"]
        state.keep_best()


def _stalled(state: TrainState, patience: int) -> bool:
    scores = [look["validation_auroc"] for look in state.history]
    return bool(scores) and len(scores) - 1 - int(np.argmax(scores)) >= patience


def choose_device(name: str, ranks: Ranks = ALONE) -> torch.device:
    """Find the device for ``--device``: ``auto`` takes a GPU where there is one, of several processes each its own.

    Raises
    ------
    ConfigError
        If the name is unknown, or there is no such device.
    """
    if name not in DEVICES:
        raise ConfigError(f"device must be one of {', '.join(DEVICES)}, but got {name!r}.")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device = 'cuda', but torch sees no GPU. Use --device cpu.")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if ranks.n_ranks == 1:
        return torch.device("cuda")
    if ranks.n_local > torch.cuda.device_count():
        raise ConfigError(
            f"{ranks.n_local} processes on this machine need a GPU each, and torch sees {torch.cuda.device_count()}. "
            "Start fewer, or use --device cpu."
        )
    torch.cuda.set_device(ranks.local_rank)
    return torch.device("cuda", ranks.local_rank)


@contextmanager
def repeatable(threads: int, ranks: Ranks = ALONE) -> Iterator[None]:
    """Let torch use only algorithms that repeat exactly, and ``threads``; undone at the end.

    With 0 the processes of this machine share all its cores out.
    """
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads or max(1, (os.cpu_count() or 1) // ranks.n_local))
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


def new_optimiser(module: nn.Module, config: OptimiserConfig) -> torch.optim.Optimizer:
    """Make the optimiser that a configuration names."""
    if config.name == "adamw":
        return torch.optim.AdamW(module.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    return torch.optim.SGD(
        module.parameters(), config.learning_rate, momentum=0.9, nesterov=True, weight_decay=config.weight_decay
    )


def set_learning_rate(optimiser: torch.optim.Optimizer, config: OptimiserConfig, *, step: int, steps: int) -> None:
    """Set the learning rate for a step."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(config, step=step, steps=steps)


def learning_rate(config: OptimiserConfig, *, step: int, steps: int) -> float:
    """Rise linearly, then fall along a cosine (Loshchilov and Hutter, ICLR 2017)."""
    highest, warmup = config.learning_rate, config.warmup_steps
    if step < warmup:
        return highest * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return highest * (_LOWEST_RATE + (1 - _LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))
