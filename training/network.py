"""Training of a network on labelled windows: steps, early stopping, checkpoints."""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional

from eegwarn.backbones.resnet import ResNet
from eegwarn.bedside.runtime import network_input
from eegwarn.bedside.scoring import Progress
from eegwarn.errors import ConfigError, ModelError
from eegwarn.signal.windows import Windows
from training.batches import WindowPool, draw_batch, gather_windows, pool_windows
from training.checkpoint import TrainState, load_checkpoint, save_checkpoint
from training.config import OptimiserConfig, TrainConfig
from training.windows import LabelledRecording

DEVICES = ("auto", "cpu", "cuda")
_JUDGED_TOGETHER = 256
_LOWEST_RATE = 0.01
"""The learning rate ends at this share of its highest."""


def choose_device(name: str) -> torch.device:
    """Find the device for ``--device``: ``auto`` takes a GPU where there is one.

    Raises
    ------
    ConfigError
        If the name is unknown, or there is no such device.
    """
    if name not in DEVICES:
        raise ConfigError(f"device must be one of {', '.join(DEVICES)}, but got {name!r}.")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device = 'cuda', but torch sees no GPU. Use --device cpu.")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


@contextmanager
def repeatable(threads: int) -> Iterator[None]:
    """Let torch use ``threads`` (0 for all) and only algorithms that repeat exactly; undone at the end."""
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads or os.cpu_count() or 1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


def new_network(config: TrainConfig) -> ResNet:
    """Make an untrained network; equal seeds give equal weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return ResNet(config.backbone)


def train_network(
    training: Sequence[LabelledRecording],
    validation: Sequence[LabelledRecording],
    config: TrainConfig,
    *,
    checkpoint: Path,
    run: str,
    device: torch.device,
    progress: Progress | None = None,
) -> TrainState:
    """Train until the last step, or until the validation patients gain nothing more.

    An interrupted training goes on from ``checkpoint`` and ends, on the same processor and with the same number of
    threads, with the very weights of one that was not interrupted.

    Parameters
    ----------
    training, validation : sequence of LabelledRecording
        Of different patients.
    config : TrainConfig
        How.
    checkpoint : Path
        Written at every look at the validation patients; the caller removes it when the model is safe.
    run : str
        What tells this training (data and configuration) from others.
    device : torch.device
        Where the network is.
    progress : callable, optional
        Told after each step.

    Returns
    -------
    TrainState
        Its network holds the best weights.

    Raises
    ------
    CohortError
        If a part lacks windows of a class.
    ModelError
        If ``checkpoint`` is of another training, or the loss is not finite.
    """
    pool = pool_windows(training, "training")
    looked_at = _validation_rows(pool_windows(validation, "validation"), config)
    network = new_network(config).to(device)
    state = TrainState(network, _new_optimiser(network, config.optimiser))
    if checkpoint.exists():
        load_checkpoint(checkpoint, state, run)
    losses: list[float] = []
    while state.step < config.steps and not _stalled(state, config.patience):
        rng = np.random.default_rng((config.seed, 1, state.step))
        losses.append(_take_step(state, draw_batch(training, pool, config, rng), config, device))
        state.step += 1
        if state.step % config.validate_every == 0 or state.step == config.steps:
            _look(state, validation, looked_at, float(np.mean(losses)), device)
            save_checkpoint(checkpoint, state, run)
            losses = []
        if progress is not None:
            progress("train", state.step, config.steps)
    network.load_state_dict(state.best)
    return state


def _validation_rows(pool: WindowPool, config: TrainConfig) -> WindowPool:
    """Choose, once, the windows by which training is stopped: the same number of either class at most."""
    rng = np.random.default_rng((config.seed, 2))
    rows = [
        each[np.sort(rng.permutation(len(each))[: config.validation_windows])]
        for each in (pool.positive, pool.negative)
    ]
    return WindowPool(*rows)


def _new_optimiser(network: nn.Module, config: OptimiserConfig) -> torch.optim.Optimizer:
    if config.name == "adamw":
        return torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    return torch.optim.SGD(
        network.parameters(), config.learning_rate, momentum=0.9, nesterov=True, weight_decay=config.weight_decay
    )


def learning_rate(config: TrainConfig, step: int) -> float:
    """Rise linearly, then fall along a cosine (Loshchilov and Hutter, ICLR 2017)."""
    highest, warmup = config.optimiser.learning_rate, config.optimiser.warmup_steps
    if step < warmup:
        return highest * (step + 1) / warmup
    done = (step - warmup) / max(1, config.steps - warmup)
    return highest * (_LOWEST_RATE + (1 - _LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))


def _take_step(
    state: TrainState, batch: tuple[NDArray[np.float32], NDArray[np.float32]], config: TrainConfig, device: torch.device
) -> float:
    eeg_uv, label = (torch.from_numpy(part).to(device) for part in batch)
    state.network.train()
    for group in state.optimiser.param_groups:
        group["lr"] = learning_rate(config, state.step)
    loss = functional.binary_cross_entropy_with_logits(state.network(eeg_uv), label)
    state.optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(state.network.parameters(), config.optimiser.largest_gradient)
    state.optimiser.step()
    value = float(loss.detach())
    if not math.isfinite(value):
        raise ModelError(f"The loss became {value} at step {state.step + 1}. Lower optimiser.learning_rate.")
    return value


def _look(
    state: TrainState, validation: Sequence[LabelledRecording], rows: WindowPool, loss: float, device: torch.device
) -> None:
    """Score the validation windows, and keep the weights if they are the best so far."""
    logits = [
        judge(state.network, gather_windows(validation, part), device)
        for each in (rows.positive, rows.negative)
        for part in _parts(each)
    ]
    label = np.repeat([1, 0], [len(rows.positive), len(rows.negative)])
    score = float(roc_auc_score(label, np.concatenate(logits)))
    state.history.append({"step": state.step, "loss": loss, "validation_auroc": score})
    if score > state.best_score:
        state.best_score = score
        state.best = {name: value.detach().cpu().clone() for name, value in state.network.state_dict().items()}


def _stalled(state: TrainState, patience: int) -> bool:
    scores = [look["validation_auroc"] for look in state.history]
    return bool(scores) and len(scores) - 1 - int(np.argmax(scores)) >= patience


def judge(network: nn.Module, eeg_uv: NDArray[np.float32], device: torch.device) -> NDArray[np.float32]:
    """Give the logits of windows, shape (n_windows,)."""
    network.eval()
    with torch.inference_mode():
        logit: NDArray[np.float32] = network(torch.from_numpy(eeg_uv).to(device)).cpu().numpy()
    return logit


def judge_recording(network: nn.Module, windows: Windows, device: torch.device) -> NDArray[np.float64]:
    """Give the logits of all windows of a recording, NaN where a window is not usable, shape (n_windows,)."""
    logit = np.full(len(windows), np.nan)
    for part in _parts(np.flatnonzero(windows.usable)):
        logit[part] = judge(network, network_input(windows, part), device)
    return logit


def _parts(rows: NDArray[np.integer]) -> list[NDArray[np.integer]]:
    return np.split(rows, range(_JUDGED_TOGETHER, len(rows), _JUDGED_TOGETHER))
