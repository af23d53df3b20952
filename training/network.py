"""Training of a network on labelled windows, and what a network says about windows."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import nn

from eegwarn.autolabel.bilevel import part_of_cross_entropy
from eegwarn.backbones import BACKBONES
from eegwarn.bedside.runtime import network_input
from eegwarn.signal.windows import Windows
from training.batches import draw_batch, gather_windows, pool_windows
from training.checkpoint import TrainState
from training.config import TrainConfig
from training.loop import Course, Place, new_optimiser, run_loop, set_learning_rate
from training.windows import LabelledRecording

_JUDGED_TOGETHER = 256

Targets = Sequence[NDArray[np.float32]]
"""What the network is asked to say of each recording's windows, shape (n_windows,) each, NaN where nothing."""


def new_network(config: TrainConfig, *, start: nn.Module | None = None) -> nn.Module:
    """Make a network with the weights of ``start``, or an untrained one; equal seeds give equal weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        _, network_class = BACKBONES[config.backbone]
        network: nn.Module = network_class(config.backbone_config)
    if start is not None:
        network.load_state_dict(start.state_dict())
    return network


def train_network(
    training: Sequence[LabelledRecording],
    targets: Targets,
    validation: Sequence[LabelledRecording],
    config: TrainConfig,
    place: Place,
    *,
    stage: str = "train",
    start: nn.Module | None = None,
) -> TrainState:
    """Train a network on soft or hard labels until it stops gaining on the validation patients.

    Parameters
    ----------
    training : sequence of LabelledRecording
        What it learns from.
    targets : sequence of ndarray of float32, shape (n_windows,)
        Probability of a seizure of each window, one array a recording; NaN for windows that are not to be drawn.
    validation : sequence of LabelledRecording
        Of other patients; judged by their marks.
    config : TrainConfig
        How.
    place : Place
        Where.
    stage : str
        Name of this training, where there are several.
    start : nn.Module, optional
        Network to go on with, left as it is; a new one if left out.

    Returns
    -------
    TrainState
        Its network holds the best weights.

    Raises
    ------
    CohortError
        If a part lacks windows of a class.
    ModelError
        If the checkpoint is of another training, or the loss is not finite.
    """
    pool = pool_windows(training, targets, "training")
    network = new_network(config, start=start).to(place.device)
    state = TrainState({"network": network}, {"network": new_optimiser(network, config.optimiser)})

    def take_step(state: TrainState) -> dict[str, float]:
        rng = np.random.default_rng((config.seed, 1, state.step))
        eeg_uv, target = draw_batch(training, pool, config, rng, here=place.ranks.share(config.batch_size))
        set_learning_rate(state.optimisers["network"], config.optimiser, step=state.step, steps=config.steps)
        return {"loss": plain_step(state, eeg_uv, target, config, place)}

    return run_loop(
        state,
        Course(config.steps, config.validate_every, config.patience),
        place,
        stage=stage,
        take_step=take_step,
        look=Look(validation, config, place),
    )


def plain_step(
    state: TrainState,
    eeg_uv: NDArray[np.float32],
    target: NDArray[np.float32],
    config: TrainConfig,
    place: Place,
) -> float:
    """Step the network towards the targets, of which each process has its share, and give the loss over all."""
    optimiser, device = state.optimisers["network"], place.device
    state.network.train()
    inputs, targets = torch.from_numpy(eeg_uv).to(device), torch.from_numpy(target).to(device)
    with mixed_precision(device):
        logit = state.network(inputs)
    loss = part_of_cross_entropy(logit.float(), targets, config.batch_size)
    optimiser.zero_grad()
    loss.backward()
    weights = list(state.network.parameters())
    *gradients, loss = place.ranks.total([*(weight.grad for weight in weights), loss.detach()])
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = gradient
    nn.utils.clip_grad_norm_(state.network.parameters(), config.optimiser.largest_gradient)
    optimiser.step()
    return float(loss)


def mixed_precision(device: torch.device) -> torch.autocast:
    """Let a GPU compute in bfloat16 where that is safe; a processor gains nothing by it and stays exact."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")


class Look:
    """Scores a network by the marks of the validation patients: AUROC of as many windows of either class at most.

    Parameters
    ----------
    validation : sequence of LabelledRecording
        Not trained on.
    config : TrainConfig
        How many windows; which ones is chosen once.
    place : Place
        Where the network is; processes that train together share the windows out.

    Raises
    ------
    CohortError
        If there is no window of a class.
    """

    def __init__(self, validation: Sequence[LabelledRecording], config: TrainConfig, place: Place) -> None:
        pool = pool_windows(validation, [each.target for each in validation], "validation")
        rng = np.random.default_rng((config.seed, 2))
        self._positive, self._negative = (
            rows[np.sort(rng.permutation(len(rows))[: config.validation_windows])]
            for rows in (pool.positive, pool.negative)
        )
        self._validation, self._place = validation, place

    def __call__(self, state: TrainState) -> dict[str, float]:
        """Give the AUROC of the state's network, as ``validation_auroc``."""
        ranks = self._place.ranks
        logits = ranks.gather(
            [
                judge(state.network, gather_windows(self._validation, part), self._place.device)
                if ranks.owns(number)
                else np.zeros(len(part), dtype=np.float32)
                for number, part in enumerate([*parts_of(self._positive), *parts_of(self._negative)])
            ]
        )
        label = np.repeat([1, 0], [len(self._positive), len(self._negative)])
        return {"validation_auroc": float(roc_auc_score(label, np.concatenate(logits)))}


def judge(network: nn.Module, eeg_uv: NDArray[np.float32], device: torch.device) -> NDArray[np.float32]:
    """Give the logits of windows, shape (n_windows,)."""
    network.eval()
    with torch.inference_mode():
        logit: NDArray[np.float32] = network(torch.from_numpy(eeg_uv).to(device)).cpu().numpy()
    return logit


def judge_recording(network: nn.Module, windows: Windows, device: torch.device) -> NDArray[np.float64]:
    """Give the logits of all windows of a recording, NaN where a window is not usable, shape (n_windows,)."""
    logit = np.full(len(windows), np.nan)
    for part in parts_of(np.flatnonzero(windows.usable)):
        logit[part] = judge(network, network_input(windows, part), device)
    return logit


def judge_recordings(
    network: nn.Module, recordings: Sequence[Windows], place: Place, *, stage: str
) -> list[NDArray[np.float64]]:
    """Give what `judge_recording` gives of each; processes that train together share the recordings out."""
    logits = []
    for number, windows in enumerate(recordings):
        own = place.ranks.owns(number)
        logits.append(judge_recording(network, windows, place.device) if own else np.zeros(len(windows)))
        if place.progress is not None:
            place.progress(stage, number + 1, len(recordings))
    return place.ranks.gather(logits)


def parts_of(rows: NDArray[np.integer]) -> list[NDArray[np.integer]]:
    """Cut rows into batches that are judged together."""
    return np.split(rows, range(_JUDGED_TOGETHER, len(rows), _JUDGED_TOGETHER))
