"""Batches: which windows are drawn, and how they are varied."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.runtime import network_input
from eegwarn.errors import CohortError
from training.config import AugmentConfig, TrainConfig
from training.windows import LabelledRecording


@dataclass(frozen=True)
class WindowPool:
    """Windows that may be drawn, more likely seizure than not and the others apart.

    Parameters
    ----------
    positive, negative : ndarray of int32, shape (n, 2)
        Rows (recording, window).
    positive_target, negative_target : ndarray of float32, shape (n,)
        Probability of a seizure of each.
    """

    positive: NDArray[np.int32]
    negative: NDArray[np.int32]
    positive_target: NDArray[np.float32]
    negative_target: NDArray[np.float32]


def pool_windows(
    recordings: Sequence[LabelledRecording], targets: Sequence[NDArray[np.float32]], part: str
) -> WindowPool:
    """Collect the windows that count and have a target.

    Parameters
    ----------
    recordings : sequence of LabelledRecording
        One part of a split.
    targets : sequence of ndarray of float32, shape (n_windows,)
        Of each recording's windows; NaN where there is none.
    part : str
        Its name, for messages.

    Raises
    ------
    CohortError
        If there is no positive or no negative window.
    """
    rows, chances = [np.empty((0, 2), dtype=np.int32)], [np.empty(0, dtype=np.float32)]
    for number, (recording, target) in enumerate(zip(recordings, targets, strict=True)):
        window = np.flatnonzero(recording.counted & np.isfinite(target)).astype(np.int32)
        rows.append(np.column_stack([np.full_like(window, number), window]))
        chances.append(target[window])
    row, chance = np.concatenate(rows), np.concatenate(chances)
    positive = chance >= 0.5
    for chosen, name in ((positive, "seizure"), (~positive, "calm")):
        if not chosen.any():
            raise CohortError(
                f"The {part} part ({len(recordings)} usable recordings) has no usable {name} window. "
                "Give more recordings, or another split."
            )
    return WindowPool(row[positive], row[~positive], chance[positive], chance[~positive])


def draw_batch(
    recordings: Sequence[LabelledRecording],
    pool: WindowPool,
    config: TrainConfig,
    rng: np.random.Generator,
    *,
    here: slice = slice(None),
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw a batch with a fixed share of positives, and vary it.

    Parameters
    ----------
    recordings : sequence of LabelledRecording
        Whose windows.
    pool : WindowPool
        From which.
    config : TrainConfig
        How many, and how they are varied.
    rng : numpy.random.Generator
        Source of every random number.
    here : slice
        Rows of the batch that are wanted; the others are drawn as well, and not read.

    Returns
    -------
    eeg_uv : ndarray, shape (n_here, n_derivations, n_times)
    target : ndarray of float32, shape (n_here,)
        Probability of a seizure.
    """
    rows, target = draw_rows(pool, config.batch_size, config.positive_share, rng)
    eeg_uv = gather_windows(recordings, rows[here])
    augment(eeg_uv, config.augment, config.signal.sfreq, rng, here=here, n_batch=len(rows))
    return eeg_uv, target[here]


def draw_rows(
    pool: WindowPool, n_rows: int, positive_share: float, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Draw rows (recording, window) with a fixed share of positives first, and their targets."""
    n_positive = max(1, min(n_rows - 1, round(positive_share * n_rows)))
    positive = rng.integers(len(pool.positive), size=n_positive)
    negative = rng.integers(len(pool.negative), size=n_rows - n_positive)
    return (
        np.concatenate([pool.positive[positive], pool.negative[negative]]),
        np.concatenate([pool.positive_target[positive], pool.negative_target[negative]]),
    )


def gather_rows(arrays: Sequence[NDArray[Any]], rows: NDArray[np.int32]) -> NDArray[Any]:
    """Read entries of arrays, one array a recording with its windows first, given as rows (recording, window)."""
    gathered = np.empty((len(rows), *arrays[0].shape[1:]), dtype=arrays[0].dtype)
    for number in np.unique(rows[:, 0]):
        here = np.flatnonzero(rows[:, 0] == number)
        gathered[here] = arrays[number][rows[here, 1]]
    return gathered


def gather_windows(recordings: Sequence[LabelledRecording], rows: NDArray[np.int32]) -> NDArray[np.float32]:
    """Read windows, given as rows (recording, window), from wherever they lie.

    Returns
    -------
    ndarray of float32, shape (n_rows, n_derivations, n_times)
        In the order of the rows.
    """
    eeg_uv = np.empty((len(rows), *recordings[0].windows.data.shape[1:]), dtype=np.float32)
    for number in np.unique(rows[:, 0]):
        here = np.flatnonzero(rows[:, 0] == number)
        eeg_uv[here] = network_input(recordings[number].windows, rows[here, 1])
    return eeg_uv


def augment(
    eeg_uv: NDArray[np.float32],
    config: AugmentConfig,
    sfreq: float,
    rng: np.random.Generator,
    *,
    here: slice = slice(None),
    n_batch: int | None = None,
) -> None:
    """Vary windows in place: amplitude, shift in time, noise, and derivations set to zero.

    Parameters
    ----------
    eeg_uv : ndarray of float32, shape (n_windows, n_derivations, n_times)
        Changed.
    config : AugmentConfig
        How much.
    sfreq : float
        In Hz.
    rng : numpy.random.Generator
        Source of every random number.
    here : slice
        Rows of a batch that these windows are, if not all. Random numbers are drawn for the whole batch and those of
        the other rows left out, so that a window is varied the same way whoever has it.
    n_batch : int, optional
        Rows of that batch.
    """
    n_windows, n_derivations, n_times = eeg_uv.shape
    n_batch = n_windows if n_batch is None else n_batch
    missing = ~eeg_uv.any(axis=2)
    largest_shift = round(config.shift_s * sfreq)
    shift = rng.integers(-largest_shift, largest_shift + 1, size=(n_batch, 1, 1))[here]
    eeg_uv[:] = np.take_along_axis(eeg_uv, (np.arange(n_times) + shift) % n_times, axis=2)
    eeg_uv *= np.exp(config.amplitude_log_sd * rng.standard_normal((n_batch, 1, 1), dtype=np.float32)[here])
    eeg_uv += config.noise_uv * rng.standard_normal((n_batch, n_derivations, n_times), dtype=np.float32)[here]
    missing |= rng.random((n_batch, n_derivations))[here] < config.dropped_channels
    eeg_uv[missing] = 0
