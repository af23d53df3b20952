import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegwarn.evaluate import ForecastRule, ScoredRecording, count_forecast, patient_moments
from eegwarn.events.event import SeizureEvent

RULE = ForecastRule(sph_s=20, sop_s=100, postictal_s=50)


def _recording(onsets_s, *, seed=0, alarms=(), faults=(), duration_s=1000.0):
    time_s = np.arange(4.0, duration_s + 1)
    level = np.random.default_rng(seed).random(time_s.size)
    for start_s, end_s in faults:
        level[(time_s >= start_s) & (time_s < end_s)] = np.nan
    seizures = tuple(SeizureEvent(onset_s, onset_s + 10) for onset_s in onsets_s)
    return ScoredRecording(
        "p", "a.edf", duration_s, time_s, level, np.zeros(time_s.size), seizures, tuple(alarms), tuple(faults)
    )


def _moment_by_moment(recording, rule):
    """Level at each moment, as the words of ``patient_moments`` say it."""

    def in_seizure(now_s):
        return any(e.onset_s <= now_s <= e.offset_s + rule.postictal_s for e in recording.seizures)

    said = list(zip(recording.time_s, recording.level, strict=True))
    levels = []
    for now_s, level in said:
        if np.isnan(level) or in_seizure(now_s) or now_s < rule.sph_s:
            continue
        heard = [
            value
            for then_s, value in said
            if now_s - rule.sph_s - rule.sop_s <= then_s <= now_s - rule.sph_s
            and not np.isnan(value)
            and not in_seizure(then_s)
        ]
        levels.append(max(heard, default=-np.inf))
    return levels


@settings(max_examples=10)
@given(st.lists(st.integers(0, 290), max_size=3), st.integers(0, 99))
def test_levels_are_those_of_the_rule_applied_moment_by_moment(onsets_s, seed):
    recording = _recording(onsets_s, seed=seed, faults=((200.0, 230.0),), duration_s=300.0)
    assert patient_moments([recording], RULE).level.tolist() == _moment_by_moment(recording, RULE)


def test_the_share_of_moments_in_warning_is_the_time_in_warning():
    alarms = [SeizureEvent(100, 130), SeizureEvent(290, 400), SeizureEvent(700)]
    recording = _recording([300, 800], alarms=alarms, faults=((500.0, 560.0),))
    moments = patient_moments([recording], RULE)
    counts = count_forecast(recording.seizures, alarms, RULE, duration_s=1000.0, faults=recording.faults)
    assert moments.in_warning.mean() == pytest.approx(counts.time_in_warning, abs=0.005)
    assert moments.level.size == pytest.approx(counts.judged_s, abs=5)
    assert (moments.onset.size, moments.in_warning[moments.onset].sum()) == (counts.n_seizures, counts.n_foreseen)


def test_seizures_keep_their_place_when_recordings_are_joined():
    recordings = [_recording([300]), _recording([], seed=1), _recording([500], seed=2)]
    alone = [patient_moments([one], RULE) for one in recordings]
    joined = patient_moments(recordings, RULE)
    assert joined.level[joined.onset].tolist() == [one.level[one.onset][0] for one in (alone[0], alone[2])]


def test_a_detection_is_heard_from_30_s_before_to_60_s_after_an_onset():
    recording = _recording([300], alarms=[SeizureEvent(350, 360)])
    moments = patient_moments([recording], None)
    around = (recording.time_s >= 270) & (recording.time_s <= 360)
    assert moments.level[moments.onset].tolist() == [recording.level[around].max()]
    assert moments.in_warning[moments.onset].all()
    assert moments.in_warning.mean() == pytest.approx((10 + 90) / 1000, abs=0.002)


def test_the_share_needed_is_the_time_in_warning_at_that_threshold():
    moments = patient_moments([_recording([300])], RULE)
    threshold = moments.level[100]
    above, equal = np.mean(moments.level > threshold), np.mean(moments.level == threshold)
    assert moments.needed_share[100] == pytest.approx(above + equal / 2)
    assert moments.needed_share.mean() == pytest.approx(0.5)


def test_a_recording_that_was_never_judged_has_no_moments():
    moments = patient_moments([_recording([300], faults=((0.0, 1000.0),), duration_s=999.0)], RULE)
    assert (moments.level.size, moments.onset.size) == (0, 0)
