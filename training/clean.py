"""The clean set: windows whose label is known, from a clinician's clips or by their distance from every mark."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import CohortError
from training.windows import LabelledRecording

_LEAST_TO_HOLD_OUT = 8
"""With clips in fewer recordings than this, none is held out to watch the labels by."""


@dataclass(frozen=True)
class CleanPool:
    """Known windows as rows (recording, window) of shape (n, 2), and their labels, 0 or 1, of shape (n,).

    Parameters
    ----------
    of_clips, clip_label : ndarray
        From a clinician's clips.
    certain, certain_label : ndarray
        Far from every border of a mark, where the network agrees: false marks creep in otherwise.
    held_out, held_out_label : ndarray
        From clips of recordings whose clips are used for nothing but to watch the labels.
    """

    of_clips: NDArray[np.int32]
    clip_label: NDArray[np.float32]
    certain: NDArray[np.int32]
    certain_label: NDArray[np.float32]
    held_out: NDArray[np.int32]
    held_out_label: NDArray[np.float32]


def clean_targets(recordings: Sequence[LabelledRecording]) -> list[NDArray[np.float32]]:
    """Give the label of every window where it is known or certain, NaN elsewhere."""
    return [
        np.where(each.certain | np.isfinite(each.clean), each.target, np.nan).astype(np.float32) for each in recordings
    ]


def pool_clean(recordings: Sequence[LabelledRecording], rows: Sequence[NDArray[np.float32]]) -> CleanPool:
    """Collect the known windows of a training part.

    Parameters
    ----------
    recordings : sequence of LabelledRecording
        The training part.
    rows : sequence of ndarray, shape (n_windows, n_features + 1)
        A network's view of each recording; the last column is its logit.

    Raises
    ------
    CohortError
        If a class is known of no window at all.
    """
    known = [np.isfinite(each.clean) & each.counted for each in recordings]
    with_clips = [number for number, each in enumerate(known) if each.any()]
    held_out = with_clips[::_LEAST_TO_HOLD_OUT] if len(with_clips) >= _LEAST_TO_HOLD_OUT else []
    certain = [
        each.certain & each.counted & np.isnan(each.clean) & ((view[:, -1] > 0) == each.positive)
        for each, view in zip(recordings, rows, strict=True)
    ]
    used = [where & (number not in held_out) for number, where in enumerate(known)]
    watched = [where & (number in held_out) for number, where in enumerate(known)]
    pool = CleanPool(*_rows(recordings, used), *_rows(recordings, certain), *_rows(recordings, watched))
    label = np.concatenate([pool.clip_label, pool.certain_label])
    for wanted, name in ((1, "seizure"), (0, "calm")):
        if not (label == wanted).any():
            raise CohortError(
                f"No {name} window is known for certain, and method = 'meta' needs some. Give clips that a clinician "
                "labelled, or recordings with long seizures and long calm stretches."
            )
    return pool


def _rows(
    recordings: Sequence[LabelledRecording], chosen: Sequence[NDArray[np.bool_]]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    rows, labels = [np.empty((0, 2), dtype=np.int32)], [np.empty(0, dtype=np.float32)]
    for number, (recording, where) in enumerate(zip(recordings, chosen, strict=True)):
        window = np.flatnonzero(where).astype(np.int32)
        rows.append(np.column_stack([np.full_like(window, number), window]))
        labels.append(recording.target[window])
    return np.concatenate(rows), np.concatenate(labels)


def draw_clean(
    pool: CleanPool, n_rows: int, from_clips: float, how: str, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Draw known windows.

    Parameters
    ----------
    pool : CleanPool
        From which.
    n_rows : int
        How many.
    from_clips : float
        Share of them that come from clips, as far as there are any; the others are certain ones.
    how : {"stratified", "natural", "paired"}
        Half of either class where there are both; as they come; or pairs of one recording's clips.
    rng : numpy.random.Generator
        Source of every random number.

    Returns
    -------
    rows : ndarray of int32, shape (n_rows, 2)
        As (recording, window).
    label : ndarray of float32, shape (n_rows,)
    """
    n_clips = 0 if not len(pool.of_clips) else n_rows if not len(pool.certain) else round(from_clips * n_rows)
    if how == "paired" and (pairs := _pairs(pool, n_rows, rng)) is not None:
        return pairs
    parts = []
    for rows, label, n in (
        (pool.of_clips, pool.clip_label, n_clips),
        (pool.certain, pool.certain_label, n_rows - n_clips),
    ):
        if n:
            place = _places(label, n, how != "natural", rng)
            parts.append((rows[place], label[place]))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _places(label: NDArray[np.float32], n: int, balanced: bool, rng: np.random.Generator) -> NDArray[np.intp]:
    positive, negative = np.flatnonzero(label > 0.5), np.flatnonzero(label <= 0.5)
    if not balanced or not len(positive) or not len(negative):
        return rng.integers(len(label), size=n)
    return np.concatenate([rng.choice(positive, n // 2), rng.choice(negative, n - n // 2)])


def _pairs(
    pool: CleanPool, n_rows: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.float32]] | None:
    """Draw as many pairs, a seizure window and one without, each pair of one recording; None if there are none."""
    of = pool.of_clips[:, 0]
    both = np.intersect1d(of[pool.clip_label > 0.5], of[pool.clip_label <= 0.5])
    if not len(both):
        return None
    places = [
        rng.choice(np.flatnonzero((of == number) & ((pool.clip_label > 0.5) == positive)))
        for number in rng.choice(both, n_rows // 2)
        for positive in (True, False)
    ]
    return pool.of_clips[places], pool.clip_label[places]
