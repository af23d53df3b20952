import numpy as np
import pytest

from eegwarn.evaluate import Moments, sweep_thresholds


def _moments(level, onset, in_warning=None):
    level = np.asarray(level, dtype=float)
    return Moments(level, np.zeros(level.size, bool) if in_warning is None else in_warning, np.asarray(onset))


def test_the_curve_of_a_perfect_forecast_reaches_every_seizure_first():
    level = np.arange(1000) / 1000
    sweep = sweep_thresholds([_moments(level, [999, 998])], np.random.default_rng(0))
    assert (sweep.time_in_warning[0], sweep.sensitivity[0]) == (0, 0)
    assert sweep.sensitivity[1] == 1  # at half a percent of the time
    assert (sweep.time_in_warning[-1], sweep.sensitivity[-1]) == (1, 1)
    assert np.all(np.diff(sweep.sensitivity) >= 0)


def test_chance_reaches_a_sensitivity_equal_to_the_time_in_warning():
    rng = np.random.default_rng(1)
    patients = [_moments(rng.random(2000), rng.integers(2000, size=5)) for _ in range(6)]
    sweep = sweep_thresholds(patients, rng)
    assert np.abs(sweep.chance - sweep.time_in_warning).max() < 0.03
    outside = (sweep.sensitivity < sweep.chance_low) | (sweep.sensitivity > sweep.chance_high)
    assert outside.mean() < 0.3


def test_chance_knows_that_patients_differ_in_level_and_seizures():
    rng = np.random.default_rng(2)
    often = _moments(0.5 + 0.5 * rng.random(1000), rng.integers(1000, size=20))
    seldom = _moments(0.5 * rng.random(1000), rng.integers(1000, size=1))
    sweep = sweep_thresholds([often, seldom], rng)
    half = np.searchsorted(sweep.time_in_warning, 0.5)
    assert sweep.chance[half] == pytest.approx(20 / 21, abs=0.02)
    assert sweep.own_sensitivity[half] < 0.9


def test_the_alarms_are_a_point_beside_the_curve():
    in_warning = np.arange(100) < 25
    sweep = sweep_thresholds([_moments(np.zeros(100), [3, 50], in_warning)], np.random.default_rng(0))
    assert sweep.alarms == (0.25, 0.5)


def test_without_a_seizure_there_is_no_curve():
    assert sweep_thresholds([_moments(np.zeros(10), np.empty(0, dtype=int))], np.random.default_rng(0)) is None
    assert sweep_thresholds([], np.random.default_rng(0)) is None
