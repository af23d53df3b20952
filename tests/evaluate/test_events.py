import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring

from eegwarn.evaluate import EventCounts, count_events
from eegwarn.events.event import SeizureEvent

HOUR_S = 3600.0
spans = st.lists(st.tuples(st.integers(-100, 3700), st.integers(1, 700)), max_size=8)


def _events(pairs):
    return [SeizureEvent(float(onset_s), float(onset_s + length_s)) for onset_s, length_s in pairs]


def _timescoring(reference, alarms):
    """timescoring fed with masks: it makes the sorted, merged event lists that it needs by itself."""

    def mask(events):
        seconds = np.zeros(3600, dtype=bool)
        for event in events:
            seconds[max(0, int(event.onset_s)) : max(0, int(event.offset_s))] = True
        return Annotation(seconds, 1)

    scores = EventScoring(mask(reference), mask(alarms))
    return EventCounts(int(scores.refTrue), int(scores.tp), int(scores.fp), HOUR_S)


@settings(max_examples=100)
@given(spans, spans)
def test_counts_are_those_of_timescoring_on_masks(reference, alarms):
    inside = [e for e in _events(reference) if e.onset_s < 3600 and e.offset_s > 0]
    raised = [e for e in _events(alarms) if e.onset_s < 3600 and e.offset_s > 0]
    assert count_events(inside, raised, duration_s=HOUR_S) == _timescoring(inside, raised)


@settings(max_examples=40)
@given(spans, spans, st.randoms(use_true_random=False))
def test_the_order_of_the_events_does_not_matter(reference, alarms, shuffler):
    seizures, raised = _events(reference), _events(alarms)
    expected = count_events(seizures, raised, duration_s=HOUR_S)
    shuffler.shuffle(seizures)
    shuffler.shuffle(raised)
    assert count_events(seizures, raised, duration_s=HOUR_S) == expected


def test_timescoring_itself_is_wrong_on_events_out_of_order():
    """The reason why events are sorted and joined before; if this fails, that can go."""
    unsorted = Annotation([(2000.0, 2060.0), (1000.0, 1060.0)], 10, 36_000)
    ordered = Annotation([(1000.0, 1060.0), (2000.0, 2060.0)], 10, 36_000)
    assert EventScoring(ordered, ordered).refTrue == 2
    assert EventScoring(unsorted, ordered).refTrue != 2
    nested = Annotation([(1000.0, 1200.0), (1010.0, 1020.0)], 10, 36_000)
    assert EventScoring(nested, ordered).ref.events == [(1000.0, 1020.0)]


@pytest.mark.parametrize(
    ("alarm", "detected", "false"),
    [
        ((1000, 1010), 1, 0),
        ((971, 972), 1, 0),  # 30 s before
        ((960, 969), 0, 1),
        ((1119, 1130), 1, 0),  # 60 s after
        ((1121, 1130), 0, 1),
        ((100, 110), 0, 1),
    ],
)
def test_an_alarm_within_the_tolerance_detects(alarm, detected, false):
    counts = count_events([SeizureEvent(1000, 1060)], [SeizureEvent(*alarm)], duration_s=HOUR_S)
    assert (counts.n_seizures, counts.n_detected, counts.n_false) == (1, detected, false)


def test_alarms_less_than_90_s_apart_are_one_and_long_ones_are_several():
    pair = [SeizureEvent(100, 110), SeizureEvent(199, 210)]
    apart = [SeizureEvent(100, 110), SeizureEvent(200, 210)]
    assert count_events([], pair, duration_s=HOUR_S).n_false == 1
    assert count_events([], apart, duration_s=HOUR_S).n_false == 2
    assert count_events([], [SeizureEvent(100, 1100)], duration_s=HOUR_S).n_false == 4


def test_an_event_without_an_offset_is_a_moment_that_counts():
    moment = [SeizureEvent(1000.0)]
    assert count_events(moment, [SeizureEvent(1030, 1040)], duration_s=HOUR_S).n_detected == 1
    assert count_events([SeizureEvent(990, 1050)], moment, duration_s=HOUR_S).n_detected == 1
    assert count_events([], [SeizureEvent(HOUR_S)], duration_s=HOUR_S).n_false == 1


def test_a_patient_with_a_seizure_and_no_alarm_has_precision_and_f1_of_zero():
    counts = count_events([SeizureEvent(1000, 1060)], [], duration_s=HOUR_S)
    assert (counts.sensitivity, counts.precision, counts.f1) == (0, 0, 0)


def test_a_patient_without_seizures_has_a_false_alarm_rate_and_nothing_else():
    counts = count_events([], [SeizureEvent(1000, 1060)], duration_s=HOUR_S)
    assert counts.false_alarms_per_day == 24
    assert np.isnan([counts.sensitivity, counts.precision, counts.f1]).all()


def test_counts_of_recordings_add_up():
    total = sum([EventCounts(2, 1, 3, HOUR_S), EventCounts(1, 1, 0, HOUR_S)], EventCounts())
    assert total == EventCounts(3, 2, 3, 2 * HOUR_S)
    assert total.sensitivity == pytest.approx(2 / 3)
    assert total.precision == pytest.approx(2 / 5)
    assert total.f1 == pytest.approx(2 * (2 / 3) * (2 / 5) / (2 / 3 + 2 / 5))
    assert total.false_alarms_per_day == 36
