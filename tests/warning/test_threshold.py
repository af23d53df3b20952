from dataclasses import replace

import numpy as np
import pytest

from eegwarn.errors import CohortError
from eegwarn.events.event import SeizureEvent
from eegwarn.warning import AlarmConfig, choose_threshold, find_alarms

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
    assert choice.sensitivity == 1
    assert choice.caveat == ""


@pytest.mark.parametrize("wanted", [1, 5, 20, 100])
def test_the_rate_is_kept_at_the_threshold_chosen_and_above(wanted):
    rng = np.random.default_rng(4)
    level = rng.beta(1, 6, DAY.size)
    choice = choose_threshold([DAY], [level], [()], RULE, wanted_false_alarms_per_day=wanted)
    for threshold in np.linspace(choice.config.threshold, 1, 7):
        alarms, _ = find_alarms(DAY, level, replace(RULE, threshold=threshold))
        assert len(alarms) <= wanted


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
    without = choose_threshold([hour], [level], [()], RULE, wanted_false_alarms_per_day=48)
    assert "not known" in without.caveat
    missed = choose_threshold([DAY], [_day_with_peaks([(50_000, 0.9)])], [seizure], RULE, wanted_false_alarms_per_day=1)
    assert missed.sensitivity == 0
    assert "no seizure is found" in missed.caveat


def test_time_at_fault_is_not_counted_as_judged():
    level = _day_with_peaks([(1000, 0.9)])
    level[DAY.size // 2 :] = np.nan
    choice = choose_threshold([DAY], [level], [()], RULE, wanted_false_alarms_per_day=3)
    assert choice.judged_s == pytest.approx(43_200)
    assert choice.false_alarms_per_day == pytest.approx(2)


def test_recordings_without_a_judged_window_are_refused():
    with pytest.raises(CohortError, match="none of the held-out windows"):
        choose_threshold([DAY], [np.full(DAY.size, np.nan)], [()], RULE, wanted_false_alarms_per_day=1)
