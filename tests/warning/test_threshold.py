from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegwarn.errors import CohortError
from eegwarn.evaluate import count_events
from eegwarn.events.event import SeizureEvent
from eegwarn.warning import AlarmConfig, alarm_events, choose_threshold, find_alarms

RULE = AlarmConfig(smooth_s=0, k=1, n=1, refractory_s=0, release=1.0)
DAY = np.arange(86_400 // 10) * 10.0


def _day_with_peaks(peaks):
    """Ten-second windows over a day at 0.01, with single windows at (time, level)."""
    level = np.full(DAY.size, 0.01)
    for at_s, height in peaks:
        level[int(at_s // 10)] = height
    return level


def test_the_lowest_threshold_within_the_wanted_rate_is_chosen():
    peaks = [(1000, 0.9), (20_000, 0.6), (40_000, 0.5), (60_000, 0.4)]
    seizure = (SeizureEvent(1000.0, 1060.0),)
    choice = choose_threshold([DAY], [_day_with_peaks(peaks)], [seizure], RULE, wanted_false_alarms_per_day=2)
    assert choice.config.threshold == 0.5
    assert choice.false_alarms_per_day == pytest.approx(2)
    assert (choice.n_false, choice.n_found, choice.n_seizures) == (2, 1, 1)
    assert choice.sensitivity == 1


def _false_alarms(level, seizures, config):
    """By timescoring, as ``eegwarn evaluate`` counts them."""
    alarms, _ = find_alarms(DAY, level, config)
    return count_events(seizures, alarm_events(alarms, end_s=DAY[-1]), duration_s=86_400).n_false


@pytest.mark.parametrize("wanted", [1, 5, 20, 100])
def test_the_rate_is_kept_at_the_threshold_chosen_and_above(wanted):
    rng = np.random.default_rng(4)
    level = rng.beta(1, 6, DAY.size)
    choice = choose_threshold([DAY], [level], [()], RULE, wanted_false_alarms_per_day=wanted)
    for threshold in np.linspace(choice.config.threshold, 1, 7):
        assert _false_alarms(level, (), replace(RULE, threshold=threshold)) <= wanted
    lower = np.unique(level[level < choice.config.threshold])[-60]
    assert _false_alarms(level, (), replace(RULE, threshold=lower)) > wanted


onsets = st.lists(st.integers(0, 8500).map(lambda tens: 10.0 * tens + 5), max_size=6)


@settings(max_examples=20)
@given(onsets, st.integers(0, 2**32 - 1), st.sampled_from([3, 30, 300]), st.sampled_from([20, 300, 900]))
def test_false_alarms_are_those_that_timescoring_counts(onsets_s, seed, wanted, length_s):
    rng = np.random.default_rng(seed)
    steps = rng.random(DAY.size // 20).repeat(20)  # alarms of minutes, some longer than SzCORE's longest
    level = np.clip(0.7 * steps + 0.3 * rng.random(DAY.size), 0, 1)
    seizures = [SeizureEvent(onset_s, onset_s + length_s) for onset_s in onsets_s]
    choice = choose_threshold([DAY], [level], [seizures], RULE, wanted_false_alarms_per_day=wanted)
    assert choice.n_false == _false_alarms(level, seizures, choice.config)


def test_one_endless_alarm_over_a_seizure_is_not_one_true_alarm():
    level = np.full(DAY.size, 0.5)
    choice = choose_threshold([DAY], [level], [(SeizureEvent(1000.0, 1060.0),)], RULE, wanted_false_alarms_per_day=1)
    assert choice.false_alarms_per_day > 200
    assert "Even the highest threshold" in choice.caveat


def test_an_alarm_within_the_horizon_is_true():
    level, seizure = _day_with_peaks([(1000, 0.9)]), (SeizureEvent(1500.0, 1560.0),)
    early = choose_threshold([DAY], [level], [seizure], RULE, wanted_false_alarms_per_day=0, horizon_s=600)
    assert early.sensitivity == 1
    assert early.false_alarms_per_day == 0
    detection = choose_threshold([DAY], [level], [seizure], RULE, wanted_false_alarms_per_day=2)
    assert detection.false_alarms_per_day == pytest.approx(1)


def test_a_seizure_of_the_next_recording_makes_an_alarm_true_but_is_not_counted_here():
    level, next_seizure = _day_with_peaks([(86_000, 0.9)]), (SeizureEvent(86_500.0, 86_560.0),)
    choice = choose_threshold([DAY], [level], [next_seizure], RULE, wanted_false_alarms_per_day=0, horizon_s=600)
    assert choice.false_alarms_per_day == 0
    assert np.isnan(choice.sensitivity)


def test_a_choice_that_deserves_no_trust_says_so():
    hour, level = DAY[:360], _day_with_peaks([(1000, 0.9)])[:360]
    seizure = (SeizureEvent(1000.0, 1060.0),)
    short = choose_threshold([hour], [level], [seizure], RULE, wanted_false_alarms_per_day=1)
    assert "too short" in short.caveat
    few = choose_threshold([DAY] * 9, [_day_with_peaks([])] * 8 + [_day_with_peaks([(1000, 0.9)])],
                           [()] * 8 + [seizure], RULE, wanted_false_alarms_per_day=1)  # fmt: skip
    assert "1 seizure only" in few.caveat
    without = choose_threshold([hour], [level], [()], RULE, wanted_false_alarms_per_day=48)
    assert "not known" in without.caveat
    missed = choose_threshold([DAY], [_day_with_peaks([(50_000, 0.9)])], [seizure], RULE, wanted_false_alarms_per_day=1)
    assert missed.sensitivity == 0
    assert "no seizure is found" in missed.caveat
    level = _day_with_peaks([(1000, 0.9), (20_000, 0.6), (40_000, 0.5), (60_000, 0.4)])
    enough = choose_threshold([DAY] * 5, [level] * 5, [seizure] * 5, RULE, wanted_false_alarms_per_day=2)
    assert enough.caveat == ""


def test_few_false_alarms_in_a_short_time_allow_for_many():
    level, seizure = _day_with_peaks([(1000, 0.9)]), (SeizureEvent(1000.0, 1060.0),)
    choice = choose_threshold([DAY], [level], [seizure], RULE, wanted_false_alarms_per_day=0)
    assert (choice.n_false, choice.highest_false_alarms_per_day) == (0, pytest.approx(3.69, abs=0.01))


def test_a_forecast_does_not_call_most_of_the_time_dangerous():
    level = np.full(DAY.size, 0.01)
    level[::180] = np.linspace(0.1, 0.9, 48)  # a peak every half an hour
    options = {"wanted_false_alarms_per_day": 40, "horizon_s": 1800.0}
    choice = choose_threshold([DAY], [level], [()], RULE, **options)
    assert 0.25 < choice.time_in_warning <= 0.3
    assert choice.n_false == pytest.approx(0.3 * 48, abs=1)
    assert choose_threshold([DAY], [level], [()], RULE, wanted_false_alarms_per_day=40).n_false == 40


def test_an_alarm_that_lasts_longer_than_the_horizon_counts_as_several():
    level = np.where((DAY >= 10_000) & (DAY < 20_000), 0.9, 0.01)
    choice = choose_threshold([DAY], [level], [()], RULE, wanted_false_alarms_per_day=10, horizon_s=1800)
    assert choice.n_false == 6


def test_a_level_that_is_always_0_gives_a_threshold_that_never_warns():
    choice = choose_threshold([DAY], [np.zeros(DAY.size)], [()], RULE, wanted_false_alarms_per_day=1)
    assert (choice.config.threshold, choice.n_false) == (1.0, 0)
    assert "Even the highest" not in choice.caveat


def test_time_at_fault_is_not_counted_as_judged():
    level = _day_with_peaks([(1000, 0.9)])
    level[DAY.size // 2 :] = np.nan
    choice = choose_threshold([DAY], [level], [()], RULE, wanted_false_alarms_per_day=3)
    assert choice.judged_s == pytest.approx(43_200)
    assert choice.false_alarms_per_day == pytest.approx(2)


def test_recordings_without_a_judged_window_are_refused():
    with pytest.raises(CohortError, match="none of the held-out windows"):
        choose_threshold([DAY], [np.full(DAY.size, np.nan)], [()], RULE, wanted_false_alarms_per_day=1)


def test_an_alarm_that_a_seizure_raised_is_no_time_in_warning():
    seizures = [SeizureEvent(10_000.0, 10_060.0)]
    for at_s, warned_s in ((10_020, 0), (9_000, 1800 + 10)):
        level = _day_with_peaks([(at_s, 0.9)])
        choice = choose_threshold([DAY], [level], [seizures], RULE, wanted_false_alarms_per_day=1, horizon_s=1800)
        assert (choice.n_found, choice.warning_s) == (1, warned_s)
