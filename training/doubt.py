"""How far the label model doubts what the marks say, for every candidate."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort import Cohort
from eegwarn.events import KnownStretch
from eegwarn.signal.windows import WindowConfig, Windows
from training.candidates import Described, GridConfig
from training.label_rules import LabelRules
from training.labelling import correct_labels, rough_labels
from training.windows import LabelledRecording, label_recording


def label_candidates(
    described: Sequence[Described],
    cohort: Cohort,
    known: Mapping[str, Sequence[KnownStretch]],
    rules: LabelRules,
    grid: GridConfig,
    windows: WindowConfig,
) -> tuple[LabelledRecording, ...]:
    """Label the windows of every recording by marks and by what clinicians said, every ``grid.near_s``.

    Label correction wants windows without holes: one that nobody looked at is taken to be like the nearest candidate.

    Parameters
    ----------
    described : sequence of Described
        Recordings with their candidates.
    cohort : Cohort
        Where they belong.
    known : mapping
        Stretches that clinicians labelled, under the recording's fingerprint.
    rules : LabelRules
        How the model's training labelled.
    grid : GridConfig
        Which windows are candidates.
    windows : WindowConfig
        How the model cuts recordings.

    Returns
    -------
    tuple of LabelledRecording
        Its windows hold no samples: shape (n_windows, 0, 0).
    """
    return tuple(
        label_recording(
            each.source,
            each.fingerprint,
            cohort.patient(each.source.patient_id).events_seen_from(each.source),
            _without_samples(each, grid, windows),
            known.get(each.fingerprint, ()),
            rules,
        )
        for each in described
    )


def _without_samples(each: Described, grid: GridConfig, windows: WindowConfig) -> Windows:
    start_s = np.arange(0, each.n_windows, grid.steps(windows.hop_s)[0]) * windows.hop_s
    empty = np.empty((len(start_s), 0, 0), dtype=np.float32)
    usable = np.isfinite(_held_logit(each, grid, windows))
    return Windows(empty, start_s, windows.window_s, np.empty((len(start_s), 0), dtype=bool), usable)


def _held_logit(each: Described, grid: GridConfig, windows: WindowConfig) -> NDArray[np.float64]:
    """Give each window of the fine grid the logit of the nearest candidate, NaN where none is near."""
    window = np.arange(0, each.n_windows, grid.steps(windows.hop_s)[0])
    after = np.clip(np.searchsorted(each.window, window), 1, max(len(each.window) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(each.window) - 1)
    nearest = np.where(window - each.window[before] <= each.window[after] - window, before, after)
    near = np.abs(each.window[nearest] - window) * windows.hop_s <= grid.steps(windows.hop_s)[1] * windows.hop_s / 2
    return np.where(near, each.logit[nearest], np.nan)


def doubts(
    described: Sequence[Described],
    labelled: Sequence[LabelledRecording],
    rules: LabelRules,
    grid: GridConfig,
    windows: WindowConfig,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], ...]:
    """Hold the label model's probability of a seizure against the noisy label.

    Parameters
    ----------
    described, labelled : sequence
        As `label_candidates` takes and gives them.
    rules : LabelRules
        How labels are corrected. With a horizon there is no telling: its windows are no seizures yet.
    grid : GridConfig
        Which windows are candidates.
    windows : WindowConfig
        How the model cuts recordings.
    rng : numpy.random.Generator
        Draws windows that the label model is fitted on.

    Returns
    -------
    tuple of ndarray, shape (n_candidates,)
        Between 0 and 1, one array a recording.
    """
    if rules.horizon_s:
        return tuple(np.zeros(len(each.window)) for each in described)
    roughs = [
        rough_labels(one, _held_logit(each, grid, windows)) for each, one in zip(described, labelled, strict=True)
    ]
    found = []
    for each, one, corrected in zip(described, labelled, correct_labels(roughs, rules, rng), strict=True):
        row = each.window // grid.steps(windows.hop_s)[0]
        found.append(np.nan_to_num(np.abs(corrected.soft - one.positive)[row]).astype(np.float64))
    return tuple(found)
