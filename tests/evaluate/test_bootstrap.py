import numpy as np
import pytest
from scipy.stats import beta, chi2

from eegwarn.evaluate.bootstrap import mean_interval, rate_interval, share_interval


def test_intervals_of_a_mean_cover_it_about_as_often_as_they_say():
    rng = np.random.default_rng(8)
    samples = rng.exponential(2.0, (400, 40))
    bounds = np.array([mean_interval(sample, rng, n_resamples=400) for sample in samples])
    coverage = np.mean((bounds[:, 0] <= 2) & (bounds[:, 1] >= 2))
    assert 0.88 <= coverage <= 0.98


def test_the_bounds_are_the_normal_ones_for_many_units():
    values = np.random.default_rng(9).normal(5, 2, 1000)
    low, high = mean_interval(values, np.random.default_rng(0))
    half = 1.96 * values.std() / np.sqrt(1000)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)


def test_the_same_generator_gives_the_same_interval():
    values = np.arange(10.0)
    assert mean_interval(values, np.random.default_rng(1)) == mean_interval(values, np.random.default_rng(1))


def test_undefined_units_are_left_out():
    values = np.array([0.2, 0.9, 0.4])
    with_gap = np.append(values, np.nan)
    assert mean_interval(with_gap, np.random.default_rng(1)) == mean_interval(values, np.random.default_rng(1))


@pytest.mark.parametrize("values", [[], [3.0], [np.nan, 3.0], [2.0, 2.0, 2.0]])
def test_units_too_few_or_too_alike_give_no_interval(values):
    assert np.isnan(mean_interval(values, np.random.default_rng(1))).all()


@pytest.mark.parametrize("n_seizures", [1, 3, 20])
def test_a_perfect_share_keeps_the_exact_binomial_doubt(n_seizures):
    rng = np.random.default_rng(1)
    low, high = share_interval(np.ones(n_seizures), rng)
    assert (low, high) == pytest.approx((beta.ppf(0.025, n_seizures, 1), 1))
    assert share_interval(np.zeros(n_seizures), rng) == pytest.approx((0, 1 - low))


def test_no_false_alarm_keeps_the_exact_poisson_doubt():
    low, high = rate_interval([0, 0], [1.5, 0.5], np.random.default_rng(1), pooled=False)
    assert (low, high) == pytest.approx((0, chi2.ppf(0.975, 2) / 2 / 2))


def test_a_pooled_rate_weighs_recordings_by_their_length():
    counts, days = np.array([10, 0, 0, 0]), np.array([0.01, 1, 1, 1])
    pooled = rate_interval(counts, days, np.random.default_rng(1), pooled=True)
    mean_of_rates = rate_interval(counts, days, np.random.default_rng(1), pooled=False)
    assert pooled.high < 100 < mean_of_rates.high
