"""The trend is causal, does not depend on blocks, and knows nothing of what could not be judged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from eegwarn.errors import ConfigError
from eegwarn.warning.trend import Trend, TrendState, fit_trend, follow, leaky_means

TREND = Trend((5.0, 40.0, 900.0), (0.3, 1.0, 2.0, -1.5))


def logits_of(n_windows: int, *, seed: int = 0, gaps: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    logit = rng.standard_normal(n_windows)
    logit[rng.random(n_windows) < gaps] = np.nan
    return logit


def test_a_mean_is_the_weighted_mean_of_what_could_be_judged() -> None:
    logit = np.append(logits_of(60, gaps=0.3), 1.0)
    means, _ = leaky_means(logit, 2.0, TREND.time_constants_s)
    judged = np.isfinite(logit)
    age_s = 2.0 * (60 - np.flatnonzero(judged))
    for mean, tau_s in zip(means, TREND.time_constants_s, strict=True):
        np.testing.assert_allclose(mean[-1], np.average(logit[judged], weights=np.exp(-age_s / tau_s)))


def test_the_trend_is_the_weighted_sum_of_the_logit_and_the_means() -> None:
    logit = logits_of(50, gaps=0.2)
    means, _ = leaky_means(logit, 1.0, TREND.time_constants_s)
    total, _ = follow(logit, 1.0, TREND)
    np.testing.assert_allclose(total, np.array(TREND.weights) @ np.vstack([logit, means]))


def test_without_time_constants_every_window_stands_alone() -> None:
    logit = logits_of(20, gaps=0.2)
    np.testing.assert_array_equal(follow(logit, 1.0, Trend())[0], logit)


@given(data=st.data())
def test_any_split_into_blocks_gives_the_same(data: st.DataObject) -> None:
    logit = logits_of(50)
    logit[np.array(data.draw(st.lists(st.booleans(), min_size=50, max_size=50)))] = np.nan
    borders = sorted(data.draw(st.lists(st.integers(0, 50), max_size=6)))
    whole, last = follow(logit, 1.0, TREND)
    state, parts = None, []
    for start, stop in zip([0, *borders], [*borders, 50], strict=True):
        part, state = follow(logit[start:stop], 1.0, TREND, state)
        parts.append(part)
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert state is not None
    np.testing.assert_array_equal(state.sums, last.sums)


def test_a_constant_is_remembered_as_it_is_from_the_first_window_and_across_any_gap() -> None:
    logit = np.full(20_000, np.nan)
    logit[[0, 1, 2, 19_998, 19_999]] = 7.0
    means, _ = leaky_means(logit, 1.0, TREND.time_constants_s)
    judged = np.isfinite(logit)
    np.testing.assert_allclose(means[:, judged], 7, rtol=1e-9)
    assert np.isnan(means[:, ~judged]).all()


def test_the_future_does_not_change_the_past() -> None:
    logit = logits_of(40, gaps=0.2)
    changed = logit.copy()
    changed[30:] = 1e6
    np.testing.assert_array_equal(follow(logit, 1.0, TREND)[0][:30], follow(changed, 1.0, TREND)[0][:30])


def test_a_call_does_not_change_the_state_it_was_given() -> None:
    _, state = follow(logits_of(10), 1.0, TREND)
    before = TrendState(state.sums.copy())
    follow(logits_of(10, seed=1), 1.0, TREND, state)
    np.testing.assert_array_equal(state.sums, before.sums)


def drifting(rng: np.random.Generator, *, n_windows: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """A patient whose own level hides a rise of the logit in the last tenth."""
    target = (np.arange(n_windows) >= 0.9 * n_windows).astype(np.float64)
    return rng.normal(0, 3) + target + 2 * rng.standard_normal(n_windows), target


def test_a_rise_over_minutes_is_learned_against_the_patients_own_level() -> None:
    rng = np.random.default_rng(0)
    patients = [drifting(rng) for _ in range(12)]
    trend = fit_trend([x for x, _ in patients[:6]], [y for _, y in patients[:6]], 1.0, (60.0, 3600.0))
    own, minute, hour = trend.weights
    assert minute > 5 * abs(own)
    assert hour < 0
    for logit, target in patients[6:]:
        followed, _ = follow(logit, 1.0, trend)
        apart = [values[target > 0].mean() - values[1000:][target[1000:] == 0].mean() for values in (followed, logit)]
        spread = [values[1000:][target[1000:] == 0].std() for values in (followed, logit)]
        assert apart[0] / spread[0] > 2 * apart[1] / spread[1]


def test_the_fit_finds_the_weights_that_made_the_targets() -> None:
    logit = 3 * logits_of(200_000)
    means, _ = leaky_means(logit, 1.0, (30.0,))
    chance = expit(0.5 * logit + 4.0 * means[0])
    trend = fit_trend([logit], [chance], 1.0, (30.0,))
    np.testing.assert_allclose(trend.weights, [0.5, 4.0], rtol=0.05)


@pytest.mark.parametrize("target", [0.0, 1.0, np.nan])
def test_without_both_classes_every_window_stands_alone(target: float) -> None:
    assert fit_trend([logits_of(30)], [np.full(30, target)], 1.0, (60.0,)) == Trend()


@pytest.mark.parametrize(
    "wrong", [(0.0,), (-1.0, 5.0), (60.0, 15.0), (15.0, 15.0), (1e6,), (np.nan,), tuple(np.arange(1.0, 10.0))]
)
def test_time_constants_that_make_no_means_are_refused(wrong: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="increasing numbers above 0"):
        Trend(wrong, (1.0,) * (1 + len(wrong)))


@pytest.mark.parametrize("weights", [(), (1.0,), (1.0, 2.0, 3.0), (1.0, np.inf)])
def test_weights_that_do_not_fit_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match=r"trend.weights must be 2 finite numbers"):
        Trend((60.0,), weights)
