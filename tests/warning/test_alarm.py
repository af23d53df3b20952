import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegwarn.errors import ConfigError
from eegwarn.warning import Alarm, AlarmConfig, AlarmState, Fault, advance, alarm_events, find_alarms, smooth

PLAIN = AlarmConfig(smooth_s=0, threshold=0.5, release=1.0, k=1, n=1, refractory_s=0)

configs = st.builds(
    lambda k, more, **rest: AlarmConfig(k=k, n=k + more, **rest),
    smooth_s=st.sampled_from([0.0, 1.0, 2.5, 4.0, 7.0]),
    threshold=st.sampled_from([0.3, 0.5, 0.9]),
    release=st.sampled_from([0.5, 0.8, 1.0]),
    k=st.integers(1, 4),
    more=st.integers(0, 4),
    refractory_s=st.sampled_from([0.0, 3.0, 20.0]),
    max_nan_share=st.sampled_from([0.0, 0.3, 0.5, 0.9]),
)
levels = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.95, math.nan])), max_size=80)


def _times(n_windows, hop_s=1.0):
    return 4.0 + hop_s * np.arange(n_windows)


def _in_blocks(time_s, level, config, cuts):
    state, alarms, faults, smoothed = AlarmState(), {}, {}, []
    for times, values in zip(np.split(time_s, cuts), np.split(level, cuts), strict=True):
        state, judged = advance(state, times, values, config)
        alarms |= {alarm.raised_s: alarm for alarm in judged.alarms}
        faults |= {fault.start_s: fault for fault in judged.faults}
        smoothed.append(judged.smoothed)
    return tuple(alarms.values()), tuple(faults.values()), np.concatenate(smoothed)


def _window_by_window(time_s, level, config):
    """The rule as the words of AlarmConfig say it, one window at a time."""
    alarms, above, open_alarm, silent_until_s = [], [], None, -math.inf
    for i, now_s in enumerate(time_s):
        span = [v for t, v in zip(time_s[: i + 1], level[: i + 1], strict=True) if t > now_s - config.smooth_s + 1e-6]
        span = span or [level[i]]
        judged = [v for v in span if not math.isnan(v)]
        fault = len(span) - len(judged) > config.max_nan_share * len(span)
        value = math.nan if fault else float(np.sum(judged)) / len(judged)
        above.append(value >= config.threshold)
        if open_alarm is not None:
            open_alarm[2] = max(open_alarm[2], 0.0 if fault else value)
            if value < config.release * config.threshold:
                open_alarm[1] = now_s
                silent_until_s, open_alarm = now_s + config.refractory_s, None
        elif above[-1] and sum(above[-config.n :]) >= config.k and now_s >= silent_until_s - 1e-6:
            open_alarm = [now_s, None, value]
            alarms.append(open_alarm)
    return alarms


@settings(max_examples=200)
@given(levels, configs, st.lists(st.integers(0, 80), max_size=12), st.sampled_from([0.1, 0.25, 1.0, 3.0]))
def test_any_split_into_blocks_gives_identical_alarms_and_faults(level, config, cuts, hop_s):
    time_s, level = _times(len(level), hop_s), np.array(level)
    alarms, faults, smoothed = _in_blocks(time_s, level, config, sorted(min(cut, level.size) for cut in cuts))
    assert (alarms, faults) == find_alarms(time_s, level, config)
    assert np.array_equal(smoothed, smooth(time_s, level, config), equal_nan=True)


@settings(max_examples=200)
@given(levels, configs)
def test_alarms_are_those_of_the_rule_applied_window_by_window(level, config):
    # eighths add up without rounding, so that both ways compare the same numbers with the threshold
    level = np.round(np.array(level) * 8) / 8
    time_s = _times(level.size)
    alarms, _ = find_alarms(time_s, level, config)
    expected = _window_by_window(time_s, level, config)
    assert [alarm[:2] for alarm in alarms] == [tuple(alarm[:2]) for alarm in expected]
    assert np.allclose([alarm[2] for alarm in alarms], [alarm[2] for alarm in expected])


@settings(max_examples=100)
@given(levels, configs, st.integers(0, 80), st.floats(0, 1))
def test_changing_the_future_leaves_past_alarms_identical(level, config, now, other):
    level = np.array(level)
    now = min(now, level.size)
    changed = np.concatenate([level[:now], np.full(level.size - now, other)])
    time_s = _times(level.size)
    now_s = time_s[now] if now < level.size else math.inf

    def past(values):
        alarms, faults = find_alarms(time_s, values, config)
        ended = [alarm for alarm in alarms if alarm.cleared_s is not None and alarm.cleared_s < now_s]
        begun = [alarm.raised_s for alarm in alarms if alarm.raised_s < now_s]
        return ended, begun, [fault.start_s for fault in faults if fault.start_s < now_s]

    assert past(level) == past(changed)


def test_an_alarm_needs_k_of_the_last_n_windows():
    level = np.array([0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0])
    config = AlarmConfig(smooth_s=0, threshold=0.5, release=1.0, k=3, n=5, refractory_s=0)
    # windows 5 to 9 hold three, windows 4 to 8 only two
    assert find_alarms(np.arange(11), level, config) == ((Alarm(9.0, 10.0, 1.0),), ())


def test_an_alarm_holds_until_the_level_falls_below_the_release():
    level = np.array([0.1, 0.9, 0.45, 0.6, 0.41, 0.39, 0.1])
    config = AlarmConfig(smooth_s=0, threshold=0.5, release=0.8, k=1, n=1, refractory_s=0)
    assert find_alarms(np.arange(7), level, config)[0] == (Alarm(1.0, 5.0, 0.9),)


def test_smoothing_looks_back_only():
    level = np.array([0.0, 0.0, 0.8, 0.8, 0.0])
    smoothed = smooth(np.arange(5.0), level, AlarmConfig(smooth_s=2.0))
    assert smoothed == pytest.approx([0.0, 0.0, 0.4, 0.8, 0.4])


def test_a_level_that_stays_high_is_put_off_by_the_refractory_time_and_not_dropped():
    level = np.array([1, 0, 1, 1, 1, 1, 1, 1])
    config = AlarmConfig(smooth_s=0, threshold=0.5, release=1.0, k=1, n=1, refractory_s=4)
    assert find_alarms(np.arange(8), level, config)[0] == (Alarm(0.0, 1.0, 1.0), Alarm(5.0, None, 1.0))


def test_a_fault_lasts_from_the_first_window_that_cannot_be_judged_to_the_first_that_can():
    level = np.array([0.1, np.nan, np.nan, np.nan, 0.1, 0.1, np.nan])
    config = AlarmConfig(smooth_s=2.0, max_nan_share=0.5)
    assert find_alarms(np.arange(7), level, config) == ((), (Fault(2.0, 4.0),))
    assert find_alarms(np.arange(7), np.full(7, np.nan), config) == ((), (Fault(0.0, None),))


def test_a_fault_does_not_clear_an_alarm():
    level = np.array([0.9, 0.9, np.nan, np.nan, np.nan, 0.9, 0.1])
    alarms, faults = find_alarms(np.arange(7), level, PLAIN)
    assert alarms == (Alarm(0.0, 6.0, 0.9),)
    assert faults == (Fault(2.0, 5.0),)


def test_missing_windows_raise_no_alarm_and_are_not_calm():
    level = np.array([0.9, np.nan, 0.9, np.nan, np.nan])
    config = AlarmConfig(smooth_s=0, threshold=0.5, k=2, n=2)
    alarms, faults = find_alarms(np.arange(5), level, config)
    assert alarms == ()
    assert faults == (Fault(1.0, 2.0), Fault(3.0, None))


def test_what_the_rule_remembers_does_not_grow_with_time():
    rng, state = np.random.default_rng(0), AlarmState()
    for block in range(50):
        state, _ = advance(state, np.arange(100.0) + 100 * block, rng.random(100), AlarmConfig(smooth_s=10, n=7))
    assert (state.recent_time_s.size, state.recent_probability.size, state.recent_above.size) == (10, 10, 6)


def test_an_alarm_becomes_an_event_from_its_raising_to_its_clearing():
    ended, lasting = alarm_events([Alarm(10.0, 20.0, 0.7), Alarm(50.0, None, 0.9)], end_s=60.0)
    assert (ended.onset_s, ended.offset_s, ended.confidence) == (10.0, 20.0, 0.7)
    assert (lasting.onset_s, lasting.offset_s) == (50.0, 60.0)


@pytest.mark.parametrize(
    ("time_s", "level", "message"),
    [
        ([0, 1], [0.5], "shape"),
        ([1, 1], [0.5, 0.5], "increase"),
        ([0, np.nan], [0.5, 0.5], "finite"),
        ([0, 1], [0.5, 1.5], r"got np.float64\(1.5\)|got 1.5"),
    ],
)
def test_what_is_not_time_and_probability_is_refused(time_s, level, message):
    with pytest.raises(ValueError, match=message):
        find_alarms(time_s, level, PLAIN)


def test_a_block_that_goes_back_in_time_is_refused():
    state, _ = advance(AlarmState(), [5.0], [0.1], PLAIN)
    with pytest.raises(ValueError, match="increase"):
        advance(state, [5.0], [0.1], PLAIN)


@pytest.mark.parametrize(
    "wrong",
    [{"smooth_s": -1}, {"threshold": 0}, {"threshold": 1.1}, {"release": 0}, {"k": 6}, {"n": 0}, {"refractory_s": -1},
     {"max_nan_share": 1.0}],
)  # fmt: skip
def test_a_rule_out_of_bounds_is_refused(wrong):
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))} = .*must be"):
        AlarmConfig(**wrong)
