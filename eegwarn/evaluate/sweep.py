"""Sensitivity against time in warning, for every threshold, beside what chance reaches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.evaluate.moments import Moments
from eegwarn.evaluate.skill import shifted_onsets

_N_THRESHOLDS = 201
_N_COHORTS = 400


@dataclass(frozen=True)
class Sweep:
    """One threshold for all patients, from the highest to the lowest; arrays of shape (n_thresholds,).

    Parameters
    ----------
    time_in_warning, sensitivity : ndarray
        Share of the moments, and of the seizures, that were warned of.
    chance, chance_low, chance_high : ndarray
        Mean sensitivity of cohorts whose seizures were shifted in time, and what 95 % of them lie between.
    own_sensitivity : ndarray
        Sensitivity if every patient had the threshold that gives this time in warning.
    alarms : tuple of (float, float)
        Time in warning and sensitivity of the alarms as they were raised.
    n_seizures : int
        How many seizures it rests on.
    """

    time_in_warning: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    chance: NDArray[np.float64]
    chance_low: NDArray[np.float64]
    chance_high: NDArray[np.float64]
    own_sensitivity: NDArray[np.float64]
    alarms: tuple[float, float]
    n_seizures: int


def sweep_thresholds(patients: Sequence[Moments], rng: np.random.Generator) -> Sweep | None:
    """Try every threshold.

    Parameters
    ----------
    patients : sequence of Moments
        One for each patient.
    rng : numpy.random.Generator
        Source of the shifts.

    Returns
    -------
    Sweep or None
        None where there is no seizure, or no moment that was judged.
    """
    patients = [patient for patient in patients if patient.level.size]
    n_seizures = sum(patient.onset.size for patient in patients)
    if not n_seizures:
        return None
    levels = np.sort(np.concatenate([patient.level for patient in patients]))
    share = np.linspace(0, 1, _N_THRESHOLDS)
    # The first threshold lies above every level, the last is the lowest of them.
    place = np.minimum(np.ceil((1 - share) * levels.size).astype(np.intp), levels.size - 1)
    threshold = np.where(share > 0, levels[place], np.inf)
    by_chance = np.array([_reached(_shifted_levels(patients, rng), threshold) for _ in range(_N_COHORTS)])
    low, high = np.quantile(by_chance, [0.025, 0.975], axis=0)
    own = np.concatenate([patient.needed_share[patient.onset] for patient in patients])
    in_warning = np.concatenate([patient.in_warning for patient in patients])
    warned = np.concatenate([patient.in_warning[patient.onset] for patient in patients])
    return Sweep(
        time_in_warning=_reached(levels, threshold),
        sensitivity=_reached(np.concatenate([patient.level[patient.onset] for patient in patients]), threshold),
        chance=by_chance.mean(axis=0),
        chance_low=low,
        chance_high=high,
        own_sensitivity=1 - _reached(own, np.nextafter(share, 2)),
        alarms=(float(in_warning.mean()), float(warned.mean())),
        n_seizures=n_seizures,
    )


def _reached(level: NDArray[np.float64], threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the levels that are at or above each threshold."""
    share: NDArray[np.float64] = 1 - np.searchsorted(np.sort(level), threshold, side="left") / level.size
    return share


def _shifted_levels(patients: Sequence[Moments], rng: np.random.Generator) -> NDArray[np.float64]:
    return np.concatenate(
        [patient.level[shifted_onsets(patient, 1, rng)[0]] for patient in patients if patient.onset.size]
    )
