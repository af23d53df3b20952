"""Training by the bi-level loop: a second network corrects the labels while the first learns from them.

The stages are those that a study found stable: a warm-up on the marks; a copy of that network tuned on what is certain,
whose frozen view of the windows is what the corrector is told; then the loop (`eegwarn.autolabel.bilevel`).
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegwarn.autolabel import CorrectedLabels
from eegwarn.autolabel.bilevel import KnownWindows, NoisyWindows, corrected_logit, corrector_optimiser, meta_step
from eegwarn.autolabel.corrector import Corrector, Evidence, label_shift
from eegwarn.autolabel.onsets import onsets_from_soft
from eegwarn.backbones import Backbone
from training.batches import WindowPool, augment, draw_rows, gather_rows, gather_windows, pool_windows
from training.checkpoint import TrainState
from training.clean import CleanPool, clean_targets, draw_clean, pool_clean
from training.config import OptimiserConfig, TrainConfig
from training.features import write_features
from training.labelling import describe_correction, rough_labels
from training.learned import Learned
from training.loop import Course, Place, new_optimiser, run_loop, set_learning_rate
from training.network import Look, new_network, train_network
from training.windows import LabelledRecording

_FAR_S = 60.0
"""Farther before a mark than this, and after the end of its seizure, the time from it tells nothing."""


class MetaIndicator(nn.Module):
    """The corrector's own word on a window, with no label given: the early-warning indicator of the meta network.

    Parameters
    ----------
    frozen : Backbone
        The network that describes windows to the corrector.
    corrector : Corrector
        As the loop left it.
    """

    def __init__(self, frozen: Backbone, corrector: Corrector) -> None:
        super().__init__()
        self.frozen = frozen
        self.corrector = corrector

    def forward(self, eeg_uv: Tensor) -> Tensor:
        """Give the log-odds of a seizure in each window, shape (batch,)."""
        features = self.frozen.features(eeg_uv)  # (batch, n_features)
        logit = self.frozen.head(features).squeeze(1)
        nobody_knows = torch.zeros_like(logit, dtype=torch.int64)
        indicator: Tensor = self.corrector(Evidence(features, logit, nobody_knows).unlabelled())  # (batch,)
        return indicator


@dataclass(frozen=True)
class Described:
    """What a corrector is told of the training windows, one array of each recording, windows first.

    Parameters
    ----------
    rows : sequence of ndarray of float32, shape (n_windows, n_features + 1)
        As `write_features` gives them.
    label : sequence of ndarray of int64, shape (n_windows,)
        0 or 1 as marked.
    from_mark_s : sequence of ndarray of float32, shape (n_windows,)
        Time from the marked onset, NaN where it tells nothing.
    """

    rows: Sequence[NDArray[np.float32]]
    label: Sequence[NDArray[np.int64]]
    from_mark_s: Sequence[NDArray[np.float32]]

    def evidence(self, chosen: NDArray[np.int32], device: torch.device) -> Evidence:
        """Give the evidence on windows, rows (recording, window) of shape (n, 2)."""
        parts = (gather_rows(arrays, chosen) for arrays in (self.rows, self.label, self.from_mark_s))
        return _evidence(*parts, device)


def _evidence(
    rows: NDArray[np.float32], label: NDArray[np.int64], since: NDArray[np.float32], device: torch.device
) -> Evidence:
    described = torch.from_numpy(np.ascontiguousarray(rows)).to(device)
    return Evidence(
        described[:, :-1], described[:, -1], torch.from_numpy(label).to(device), torch.from_numpy(since).to(device)
    )


def learn_by_meta(
    training: Sequence[LabelledRecording],
    validation: Sequence[LabelledRecording],
    config: TrainConfig,
    place: Place,
    start: nn.Module | None = None,
) -> Learned:
    """Train by the bi-level loop; see `training.methods.learn`."""
    frozen, warm = _warm_up(training, validation, config, place, start)
    folder = place.stage_checkpoint("features")
    described = Described(
        rows=write_features(frozen, training, folder, place.device, place.ranks),
        label=[each.positive.astype(np.int64) for each in training],
        from_mark_s=[_from_mark_s(each) for each in training],
    )
    clean = pool_clean(training, described.rows)
    corrector = _new_corrector(frozen, clean, described, config).to(place.device)
    state = _loop(warm, corrector, training, validation, described, clean, config, place)
    soft = [_soft_labels(corrector, described, number, config, place.device) for number in range(len(training))]
    labels = tuple(_corrected(each, one) for each, one in zip(training, soft, strict=True))
    about = describe_correction(training, labels)
    if place.ranks.first:
        shutil.rmtree(folder, ignore_errors=True)
    network = MetaIndicator(frozen, corrector) if config.indicator == "meta" else state.network
    return Learned(network, state, labels, about)


def _warm_up(
    training: Sequence[LabelledRecording],
    validation: Sequence[LabelledRecording],
    config: TrainConfig,
    place: Place,
    start: nn.Module | None,
) -> tuple[Backbone, Backbone]:
    """Give the frozen network that describes windows, and the network with which the loop begins."""
    steps = config.meta.warm_up_steps
    short = replace(config, steps=steps, validate_every=steps)
    marked = [each.target for each in training]
    warm = train_network(training, marked, validation, short, place, stage="warm up", start=start).network
    n_tune = config.meta.tune_steps
    gentle = OptimiserConfig(learning_rate=0.3 * config.optimiser.learning_rate, warmup_steps=5)
    tune = replace(config, steps=n_tune, validate_every=n_tune, optimiser=gentle)
    certain = clean_targets(training)
    frozen = train_network(training, certain, validation, tune, place, stage="tune", start=warm).network
    return frozen.requires_grad_(False).eval(), warm


def _new_corrector(frozen: Backbone, clean: CleanPool, described: Described, config: TrainConfig) -> Corrector:
    noisy = torch.from_numpy(gather_rows(described.label, clean.of_clips))
    known = torch.from_numpy(clean.clip_label)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return Corrector(config.meta.corrector, frozen.n_features, label_shift(noisy, known))


def _loop(
    warm: Backbone,
    corrector: Corrector,
    training: Sequence[LabelledRecording],
    validation: Sequence[LabelledRecording],
    described: Described,
    clean: CleanPool,
    config: TrainConfig,
    place: Place,
) -> TrainState:
    network = new_network(config, start=warm).to(place.device)
    state = TrainState(
        {"network": network, "corrector": corrector},
        {
            "network": new_optimiser(network, config.optimiser),
            "corrector": corrector_optimiser(corrector, config.meta.bilevel),
        },
    )
    noisy = pool_windows(training, [each.target for each in training], "training")
    look = Look(validation, config, place)

    def take_step(state: TrainState) -> dict[str, float]:
        return _take_step(state, training, described, noisy, clean, config, place)

    def look_up(state: TrainState) -> dict[str, float]:
        return {**look(state), **_label_numbers(corrector, described, clean, config, place.device)}

    course = Course(config.steps, config.validate_every, config.patience)
    return run_loop(state, course, place, stage="bi-level loop", take_step=take_step, look=look_up)


def _take_step(
    state: TrainState,
    training: Sequence[LabelledRecording],
    described: Described,
    noisy: WindowPool,
    clean: CleanPool,
    config: TrainConfig,
    place: Place,
) -> dict[str, float]:
    rng = np.random.default_rng((config.seed, 4, state.step))
    meta, device, ranks = config.meta, place.device, place.ranks
    rows, _ = draw_rows(noisy, config.batch_size, config.positive_share, rng)

    def signal(chosen: NDArray[np.int32], here: slice) -> Tensor:
        eeg_uv = gather_windows(training, chosen[here])
        augment(eeg_uv, config.augment, config.signal.sfreq, rng, here=here, n_batch=len(chosen))
        return torch.from_numpy(eeg_uv).to(device)

    def known(how: str) -> KnownWindows:
        chosen, label = draw_clean(clean, meta.clean_batch, meta.from_clips, how, rng)
        evidence, here = described.evidence(chosen, device), ranks.share(len(chosen))
        return KnownWindows(signal(chosen, here), evidence, torch.from_numpy(label).to(device), here)

    set_learning_rate(state.optimisers["network"], config.optimiser, step=state.step, steps=config.steps)
    state.network.train()
    corrector, here = state.modules["corrector"], ranks.share(len(rows))
    began = state.step >= meta.first_meta_step
    report = meta_step(
        state.network,
        state.optimisers["network"],
        corrector,  # type: ignore[arg-type]
        state.optimisers["corrector"],
        noisy=NoisyWindows(signal(rows, here), described.evidence(rows, device), here),
        clean=known("stratified"),
        held=known(meta.held),
        config=config.meta.bilevel if began else replace(config.meta.bilevel, meta=False),
        step=state.step,
        largest_gradient=config.optimiser.largest_gradient,
        rng=rng,
        total=ranks.total,
    )
    numbers = {name: value for name, value in vars(report).items() if isinstance(value, float) and np.isfinite(value)}
    return {**numbers, "faults": float(bool(report.fault))}


def _from_mark_s(recording: LabelledRecording) -> NDArray[np.float32]:
    """Time from the mark that a window lies in or soon before, NaN where there is none, shape (n_windows,)."""
    centre_s = recording.windows.centre_s
    marks = sorted(recording.source.events, key=lambda mark: mark.onset_s)
    onset_s = np.array([mark.onset_s for mark in marks] or [np.inf])
    end_s = np.array([mark.offset_s or mark.onset_s for mark in marks] or [np.inf])
    n_begun = np.searchsorted(onset_s, centre_s, side="right")
    latest, following = np.maximum(n_begun - 1, 0), np.minimum(n_begun, len(onset_s) - 1)
    inside = (centre_s >= onset_s[latest]) & (centre_s < end_s[latest])
    before_s = centre_s - onset_s[following]
    soon = (before_s < 0) & (before_s >= -_FAR_S)
    return np.select([inside, soon], [centre_s - onset_s[latest], before_s], np.nan).astype(np.float32)


def _soft_labels(
    corrector: Corrector, described: Described, number: int, config: TrainConfig, device: torch.device
) -> NDArray[np.float32]:
    """Give the corrected label of every window of a recording, NaN where it is not usable, shape (n_windows,)."""
    rows = described.rows[number]
    usable = np.isfinite(rows[:, -1])
    soft = np.full(len(rows), np.nan, dtype=np.float32)
    if usable.any():
        evidence = _evidence(
            rows[usable], described.label[number][usable], described.from_mark_s[number][usable], device
        )
        with torch.inference_mode():
            soft[usable] = torch.sigmoid(corrected_logit(corrector, evidence, config.meta.bilevel)).cpu().numpy()
    return soft


def _corrected(recording: LabelledRecording, soft: NDArray[np.float32]) -> CorrectedLabels:
    rough = rough_labels(recording, soft)
    labels = rough.with_known(soft)
    return CorrectedLabels(labels, onsets_from_soft(rough, labels))


def _label_numbers(
    corrector: Corrector, described: Described, clean: CleanPool, config: TrainConfig, device: torch.device
) -> dict[str, float]:
    """Say how right the corrected labels are on known windows that the loop never uses; nothing if there are none."""
    if not len(clean.held_out):
        return {}
    with torch.inference_mode():
        logit = corrected_logit(corrector, described.evidence(clean.held_out, device), config.meta.bilevel)
    right = (logit.cpu().numpy() > 0) == (clean.held_out_label > 0.5)
    return {"label_accuracy": float(np.mean(right))}
