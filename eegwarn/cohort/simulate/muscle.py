"""Muscle activity: where it is seen and how it bursts."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort.simulate.geometry import ELECTRODES, electrode_positions
from eegwarn.cohort.simulate.noise import band_noise
from eegwarn.cohort.simulate.patient import SimulatedPatient

MUSCLES = ("F7", "F8", "T7", "T8", "FP1", "FP2", "FT9", "FT10")
"""Electrodes nearest to the frontal and temporal muscles."""


def field_of(electrode: str, *, width: float) -> NDArray[np.float64]:
    """Share of a superficial source under one electrode that each electrode sees, shape (n_electrodes,).

    ``width`` is that of the fall-off in 1 - cosine of the angle: 0.05 for the electrode alone, 0.3 for a region.
    """
    cosine = electrode_positions() @ electrode_positions()[ELECTRODES.index(electrode)]
    return np.asarray(np.exp((cosine - 1) / width))


@lru_cache(maxsize=64)
def muscle_patterns(patient: SimulatedPatient) -> NDArray[np.float32]:
    """Draw how strongly each of a patient's muscles reaches each electrode, shape (n_electrodes, n_muscles)."""
    strength = np.exp(0.4 * patient.draws("muscle").standard_normal(len(MUSCLES)))
    patterns = np.stack([field_of(muscle, width=0.12) for muscle in MUSCLES], axis=1)
    return (patterns * strength + 0.02).astype(np.float32)


def seen_on_scalp(patient: SimulatedPatient, activity_uv: NDArray[np.floating]) -> NDArray[np.float32]:
    """Lead the activity of the muscles, shape (n_muscles, n_times), to the electrodes."""
    return np.asarray(muscle_patterns(patient) @ activity_uv.astype(np.float32))


def muscle_noise(rng: np.random.Generator, shape: tuple[int, int], sfreq: float) -> NDArray[np.float32]:
    """Draw continuous muscle activity of unit variance, shape (n_muscles, n_times): flat from 15 Hz up."""
    return band_noise(rng, shape, sfreq, low_hz=14.0, high_hz=110.0, slope=0.4)


def burst_gate(
    rng: np.random.Generator, n_times: int, sfreq: float, *, bursts_per_s: float, burst_s: float
) -> NDArray[np.float32]:
    """Draw when a muscle is tense, shape (n_times,): abrupt bursts of different strength, at random times.

    A burst rises within 20 ms and lets go within about a fifth of its length, as tonic contractions do.
    """
    gate = np.zeros(n_times, dtype=np.float32)
    n_bursts = rng.poisson(bursts_per_s * n_times / sfreq)
    starts_s = rng.random(n_bursts) * n_times / sfreq
    lengths_s = burst_s * np.exp(0.7 * rng.standard_normal(n_bursts))
    strengths = np.exp(0.5 * rng.standard_normal(n_bursts))
    for start_s, length_s, strength in zip(starts_s, lengths_s, strengths, strict=True):
        start = int(start_s * sfreq)
        stop = min(start + int(1.5 * length_s * sfreq) + 1, n_times)
        time_s = np.arange(stop - start, dtype=np.float32) / np.float32(sfreq)
        shape = np.minimum(time_s / 0.02, 1) / (1 + np.exp((time_s - length_s) / (0.08 * length_s)))
        np.maximum(gate[start:stop], np.float32(strength) * shape, out=gate[start:stop])
    return gate
