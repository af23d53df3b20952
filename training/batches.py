"""Batches: which windows are drawn, and how they are varied."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.runtime import network_input
from eegwarn.errors import CohortError
from training.config import AugmentConfig, TrainConfig
from training.windows import LabelledRecording


@dataclass(frozen=True)
class WindowPool:
    """Windows that may be drawn: rows (recording, window) of shape (n, 2), positives and negatives apart."""

    positive: NDArray[np.int32]
    negative: NDArray[np.int32]


def pool_windows(recordings: Sequence[LabelledRecording], part: str) -> WindowPool:
    """Collect the windows that count.

    Parameters
    ----------
    recordings : sequence of LabelledRecording
        One part of a split.
    part : str
        Its name, for messages.

    Raises
    ------
    CohortError
        If there is no positive or no negative window.
    """
    pools = []
    for wanted, name in ((True, "seizure"), (False, "calm")):
        rows = [np.empty((0, 2), dtype=np.int32)]
        for number, recording in enumerate(recordings):
            window = np.flatnonzero(recording.counted & (recording.positive == wanted)).astype(np.int32)
            rows.append(np.column_stack([np.full_like(window, number), window]))
        pools.append(np.concatenate(rows))
        if not len(pools[-1]):
            raise CohortError(
                f"The {part} part ({len(recordings)} usable recordings) has no usable {name} window. "
                "Give more recordings, or another split."
            )
    return WindowPool(*pools)


def draw_batch(
    recordings: Sequence[LabelledRecording], pool: WindowPool, config: TrainConfig, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw a batch with a fixed share of positives, and vary it.

    Returns
    -------
    eeg_uv : ndarray, shape (batch_size, n_derivations, n_times)
    label : ndarray of float32, shape (batch_size,)
        1 for a seizure, 0 for none.
    """
    n_positive = max(1, min(config.batch_size - 1, round(config.positive_share * config.batch_size)))
    rows = np.concatenate(
        [
            pool.positive[rng.integers(len(pool.positive), size=n_positive)],
            pool.negative[rng.integers(len(pool.negative), size=config.batch_size - n_positive)],
        ]
    )
    label = np.zeros(config.batch_size, dtype=np.float32)
    label[:n_positive] = 1
    eeg_uv = gather_windows(recordings, rows)
    augment(eeg_uv, config.augment, config.signal.sfreq, rng)
    return eeg_uv, label


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


def augment(eeg_uv: NDArray[np.float32], config: AugmentConfig, sfreq: float, rng: np.random.Generator) -> None:
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
    """
    n_windows, n_derivations, n_times = eeg_uv.shape
    missing = ~eeg_uv.any(axis=2)
    largest_shift = round(config.shift_s * sfreq)
    shift = rng.integers(-largest_shift, largest_shift + 1, size=(n_windows, 1, 1))
    eeg_uv[:] = np.take_along_axis(eeg_uv, (np.arange(n_times) + shift) % n_times, axis=2)
    eeg_uv *= np.exp(config.amplitude_log_sd * rng.standard_normal((n_windows, 1, 1), dtype=np.float32))
    eeg_uv += config.noise_uv * rng.standard_normal(eeg_uv.shape, dtype=np.float32)
    missing |= rng.random((n_windows, n_derivations)) < config.dropped_channels
    eeg_uv[missing] = 0
