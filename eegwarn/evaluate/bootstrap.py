"""Confidence intervals by resampling patients, seizures or recordings, never windows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_RESAMPLES_AT_ONCE = 1_000_000
"""Counts held in memory at once."""


class Interval(NamedTuple):
    """A confidence interval; NaN where the units are too few or too alike to say."""

    low: float
    high: float


NO_INTERVAL = Interval(float("nan"), float("nan"))


def mean_interval(
    values: ArrayLike,
    rng: np.random.Generator,
    *,
    weights: ArrayLike | None = None,
    level: float = 0.95,
    n_resamples: int = 4000,
) -> Interval:
    """Percentile bootstrap of a mean (Efron 1979).

    Parameters
    ----------
    values : array_like, shape (n_units,)
        One for each patient, or seizure, or recording. NaN units are left out.
    rng : numpy.random.Generator
        Source of the resamples.
    weights : array_like, shape (n_units,), optional
        For a weighted mean, such as a rate over recordings of unequal length.
    level : float
        Coverage aimed at. With fewer than about ten units the true one is lower.
    n_resamples : int
        More give steadier bounds.

    Returns
    -------
    Interval
        NaN with fewer than two units, or where all are equal.
    """
    units = np.asarray(values, dtype=np.float64)
    unit_weights = np.ones_like(units) if weights is None else np.asarray(weights, dtype=np.float64)
    kept = np.isfinite(units) & (unit_weights > 0)
    units, unit_weights = units[kept], unit_weights[kept]
    if units.size < 2:
        return NO_INTERVAL
    means = _resampled_means(units, unit_weights, rng, n_resamples)
    return percentile_interval(means, level)


def percentile_interval(statistics: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Interval between the percentiles of resampled statistics, shape (n_resamples,); NaN ones are left out."""
    statistics = statistics[np.isfinite(statistics)]
    if not statistics.size:
        return NO_INTERVAL
    low, high = np.quantile(statistics, [(1 - level) / 2, (1 + level) / 2])
    # Units that all agree say nothing about how far others would differ.
    return Interval(float(low), float(high)) if low < high else NO_INTERVAL


def _resampled_means(
    units: NDArray[np.float64], weights: NDArray[np.float64], rng: np.random.Generator, n_resamples: int
) -> NDArray[np.float64]:
    chance = np.full(units.size, 1 / units.size)
    step = max(1, _RESAMPLES_AT_ONCE // units.size)
    means = []
    for start in range(0, n_resamples, step):
        counts = rng.multinomial(units.size, chance, size=min(step, n_resamples - start))  # (n, n_units)
        means.append(counts @ (weights * units) / (counts @ weights))
    return np.concatenate(means)


def share_interval(values: ArrayLike, rng: np.random.Generator, *, level: float = 0.95) -> Interval:
    """Interval of a mean of values between 0 and 1.

    Where all units are 1, or all 0, resampling would claim certainty; the exact binomial bound (Clopper and Pearson
    1934) is given instead: three seizures of three detected do not exclude a sensitivity of 0.3.

    Parameters
    ----------
    values : array_like, shape (n_units,)
        NaN units are left out.
    rng : numpy.random.Generator
        Source of the resamples.
    level : float
        Coverage aimed at.
    """
    units = np.asarray(values, dtype=np.float64)
    units = units[np.isfinite(units)]
    if not units.size:
        return NO_INTERVAL
    if np.all(units == units[0]) and units[0] in (0, 1):
        return exact_share_interval(float(units[0]), units.size, level=level)
    return mean_interval(units, rng, level=level)


def exact_share_interval(share: float, n_units: int, *, level: float = 0.95) -> Interval:
    """Give the exact binomial interval of a share that is 0 or 1."""
    bound = ((1 - level) / 2) ** (1 / n_units)
    return Interval(bound, 1.0) if share else Interval(0.0, 1 - bound)


def rate_interval(
    counts: ArrayLike, exposure: ArrayLike, rng: np.random.Generator, *, pooled: bool, level: float = 0.95
) -> Interval:
    """Interval of a rate, such as false alarms a day.

    Where nothing was counted, resampling would claim a rate of 0; the exact Poisson bound over all the time is given.

    Parameters
    ----------
    counts, exposure : array_like, shape (n_units,)
        What was counted and in how much time; units without time are left out.
    rng : numpy.random.Generator
        Source of the resamples.
    pooled : bool
        True for the rate over all time together (recordings of one patient), False for the mean of the units' rates
        (patients).
    level : float
        Coverage aimed at.
    """
    numbers, times = np.asarray(counts, dtype=np.float64), np.asarray(exposure, dtype=np.float64)
    numbers, times = numbers[times > 0], times[times > 0]
    if not times.size:
        return NO_INTERVAL
    if not numbers.any():
        return exact_rate_interval(float(times.sum()), level=level)
    return mean_interval(numbers / times, rng, weights=times if pooled else None, level=level)


def exact_rate_interval(exposure: float, *, level: float = 0.95) -> Interval:
    """Give the exact Poisson interval of the rate of what never happened in this time."""
    return Interval(0.0, float(-np.log((1 - level) / 2) / exposure))


def draw_units(strata: ArrayLike, rng: np.random.Generator, *, n_resamples: int = 2000) -> NDArray[np.float64]:
    """Draw units again, with replacement, as many of each stratum as there are.

    Parameters
    ----------
    strata : array_like, shape (n_units,)
        Which units may stand in for one another.
    rng : numpy.random.Generator
        Source of the resamples.
    n_resamples : int
        More give steadier bounds.

    Returns
    -------
    ndarray, shape (n_resamples, n_units)
        How often each unit was drawn.
    """
    labels = np.asarray(strata)
    times = np.zeros((n_resamples, labels.size))
    for stratum in np.unique(labels):
        members = np.flatnonzero(labels == stratum)
        times[:, members] = rng.multinomial(members.size, np.full(members.size, 1 / members.size), size=n_resamples)
    return times
