"""What labels are asked for: quality of labels and network after so many clips were labelled."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from eegwarn.active.choose import choose
from eegwarn.active.pool import Pool
from eegwarn.autolabel import CorrectedLabels
from eegwarn.cohort.simulate.clips import CLIP_S, judged_clip
from eegwarn.events.clips import KnownStretch
from eegwarn.events.event import SeizureEvent
from training.benchmarks.kept_rows import Row
from training.benchmarks.label_scores import score_labels, score_network
from training.benchmarks.label_study import CONDITIONS, TRAINING, Study, StudySize, labelled_by, make_study
from training.config import TrainConfig
from training.features import write_features
from training.labelling import correct_labels, rough_labels
from training.loop import Place, repeatable
from training.network import judge_recording, train_network
from training.windows import LabelledRecording

N_CLIPS = (0, 5, 10, 20, 40)
BATCH = 5
MARKS = "8 s late"
SIZE = StudySize(n_clips=0)
NEAR_MARKS = "random near marks"
WAYS = ("policy", "blend", "margin", "random", NEAR_MARKS)
METHODS = ("context", "changepoint")


@dataclass(frozen=True)
class Rater:
    """Who answers: how often she calls a clip the other, how often she is unsure, and how far off her onsets are."""

    wrong: float = 0.0
    unsure: float = 0.0
    onset_sd_s: float = 0.0


RATERS = {"truth": Rater(), "rater": Rater(wrong=0.08, unsure=0.08, onset_sd_s=2.0)}


def retrain_rows(seed: int, backbone: str, ways: Sequence[str], raters: Sequence[str], folder: Path) -> list[Row]:
    """Label clips as each way chooses them, and score labels at every count and the retrained network at the last.

    The network that was trained on the marks is the same for all; so are patients and marks.
    """
    config = replace(TRAINING, backbone=backbone, seed=seed)  # type: ignore[arg-type]
    scratch = folder / f"scratch-{seed}-{backbone}"
    study = make_study(seed, CONDITIONS[MARKS], SIZE, config, cache=scratch / "signals")
    place = Place(scratch / "checkpoint", f"active-{seed}-{backbone}", torch.device("cpu"))
    rows: list[Row] = []
    with repeatable(config.threads):
        marked = [each.positive.astype(np.float32) for each in study.training]
        first = train_network(study.training, marked, study.validation, config, place, stage="train on the marks")
        seen = write_features(first.network, study.training, scratch / "features", place.device)
        rows += _network_rows("marks", 0, first.network, study, config, place)
        for way in ways:
            for rater in raters:
                rows += _one_way(way, rater, study, seen, config, place, first.network)
    shutil.rmtree(scratch, ignore_errors=True)
    return [{"seed": seed, "backbone": backbone, **row} for row in rows]


def _one_way(
    way: str,
    rater: str,
    study: Study,
    seen: Sequence[NDArray[np.float32]],
    config: TrainConfig,
    place: Place,
    first: torch.nn.Module,
) -> list[Row]:
    rng = np.random.default_rng((config.seed, 41, WAYS.index(way)))
    answers = np.random.default_rng((config.seed, 42))
    known: list[list[KnownStretch]] = [[] for _ in study.training]
    rows: list[Row] = []
    own, n_clips = study, 0
    while True:
        if n_clips in N_CLIPS:
            for method in METHODS:
                labels = _corrected(own, seen, replace(config, method=method), rng)  # type: ignore[arg-type]
                if labels is not None:
                    scored = score_labels(own, [each.soft for each in labels], [each.onsets for each in labels])
                    rows.append({"way": way, "rater": rater, "method": method, "n_clips": n_clips, **scored})
        if n_clips >= N_CLIPS[-1]:
            break
        for number, start_s in _choose_clips(way, own, seen, config, rng):
            truth = study.truth[number]
            known[number] += answer(start_s, truth, RATERS[rater], answers)
        own = replace(study, training=_labelled(study, known, config))
        n_clips += BATCH
    if labels is not None:
        for start, kind in ((None, "scratch"), (first, "weights")):
            if start is None or way == "policy":
                again = replace(place, run=f"{place.run} {way} {rater} {kind}")
                soft = [each.soft for each in labels]
                name = f"{way} {rater} {kind}".replace(" ", "-")
                state = train_network(own.training, soft, own.validation, config, again, stage=name, start=start)
                rows += _network_rows(way, n_clips, state.network, own, config, place, rater=rater, start=kind)
    return rows


def answer(start_s: float, truth: Sequence[SeizureEvent], rater: Rater, rng: np.random.Generator) -> list[KnownStretch]:
    """Label the clip that begins at ``start_s`` as a rater would; nothing where she is unsure."""
    moved = [
        SeizureEvent(max(event.onset_s + rater.onset_sd_s * float(rng.standard_normal()), 0.0), event.offset_s)
        for event in truth
    ]
    stretches = judged_clip(start_s, start_s + CLIP_S, moved)
    is_wrong, is_unsure = rng.random() < rater.wrong, rng.random() < rater.unsure
    if is_unsure:
        return []
    if is_wrong:
        return [KnownStretch(start_s, start_s + CLIP_S, seizure=not any(each.seizure for each in stretches))]
    return stretches


def _labelled(
    study: Study, known: Sequence[Sequence[KnownStretch]], config: TrainConfig
) -> tuple[LabelledRecording, ...]:
    return tuple(
        labelled_by(each, each.source.events, tuple(own), config)
        for each, own in zip(study.training, known, strict=True)
    )


def _corrected(
    study: Study, seen: Sequence[NDArray[np.float32]], config: TrainConfig, rng: np.random.Generator
) -> tuple[CorrectedLabels, ...] | None:
    """Correct the labels with the clips known so far; nothing where the context model has too few."""
    roughs = [rough_labels(each, rows[:, -1]) for each, rows in zip(study.training, seen, strict=True)]
    n_known = [sum(int(np.nansum(each.clean == label)) for each in roughs) for label in (0, 1)]
    if config.method == "context" and min(n_known) < config.context.least_known:
        return None
    return correct_labels(roughs, config, rng)


def _choose_clips(
    way: str, study: Study, seen: Sequence[NDArray[np.float32]], config: TrainConfig, rng: np.random.Generator
) -> list[tuple[int, float]]:
    """Choose clips by their recording's number and their start in s."""
    labels = correct_labels(
        [rough_labels(each, rows[:, -1]) for each, rows in zip(study.training, seen, strict=True)],
        replace(config, method="changepoint"),
        rng,
    )
    chosen = [_candidates(each, rows, way) for each, rows in zip(study.training, seen, strict=True)]
    parts = list(zip(study.training, seen, labels, chosen, strict=True))
    group = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
    centre_s = np.concatenate([each.windows.centre_s[rows] for each, _, _, rows in parts])
    known = np.concatenate([each.clean[rows] for each, _, _, rows in parts]).astype(np.float64)
    if way in (NEAR_MARKS, "random"):
        picked = rng.permutation(np.flatnonzero(np.isnan(known)))[:BATCH].tolist()
    else:
        described = np.concatenate([view[rows] for _, view, _, rows in parts])
        doubt = np.concatenate([np.abs(label.soft[rows] - each.positive[rows]) for each, _, label, rows in parts])
        pool = Pool(described[:, :-1], described[:, -1].astype(np.float64), doubt.astype(np.float64), centre_s, group)
        picked = [one.index for one in choose(pool, known, BATCH, way, rng)]
    latest_s = np.array([each.source.duration_s for each in study.training]) - CLIP_S
    start_s = np.clip(centre_s - CLIP_S / 2, 0, latest_s[group])
    return [(int(group[k]), float(start_s[k])) for k in picked]


def _candidates(recording: LabelledRecording, rows: NDArray[np.float32], way: str) -> NDArray[np.intp]:
    """Find the windows that can be asked about: all near marks and, but for one way, every eighth elsewhere."""
    onsets_s = np.array([event.onset_s for event in recording.source.events] or [np.inf])
    away_s = recording.windows.centre_s[:, None] - onsets_s
    near = ((away_s > -60) & (away_s < 30)).any(axis=1)
    coarse = (np.arange(len(near)) % 8 == 0) & (way != NEAR_MARKS)
    return np.flatnonzero(np.isfinite(rows[:, -1]) & (near | coarse))


def _network_rows(
    way: str,
    n_clips: int,
    network: torch.nn.Module,
    study: Study,
    config: TrainConfig,
    place: Place,
    *,
    rater: str = "",
    start: str = "",
) -> list[Row]:
    validation, test = (
        [judge_recording(network, each.windows, place.device) for each in part]
        for part in (study.validation, study.test)
    )
    what = {"way": way, "rater": rater, "method": "retrained", "start": start, "n_clips": n_clips}
    return [{**what, **score_network(study, validation, test, config)}]
