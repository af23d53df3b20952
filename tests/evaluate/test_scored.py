import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eegwarn.evaluate import ScoredRecording
from eegwarn.evaluate.scored import cut_at_seizures
from eegwarn.events.event import SeizureEvent

HOUR_S = 3600.0


def _recording(onsets_s, alarms=(), faults=()):
    time_s = np.arange(4.0, HOUR_S + 1)
    return ScoredRecording(
        "p", "a.edf", HOUR_S, time_s, np.sin(time_s) ** 2, np.zeros(time_s.size),
        tuple(SeizureEvent(onset_s, onset_s + 30) for onset_s in onsets_s), alarms, faults,
    )  # fmt: skip


@settings(max_examples=30)
@given(st.lists(st.floats(0, 3599), max_size=6))
def test_stretches_hold_every_window_and_seizure_once_and_all_the_time(onsets_s):
    recording = _recording(onsets_s)
    stretches = cut_at_seizures(recording)
    assert sum(one.duration_s for one in stretches) == HOUR_S
    assert np.array_equal(np.concatenate([one.probability for one in stretches]), recording.probability)
    assert sum(len(one.seizures) for one in stretches) == len(recording.seizures)
    assert len(stretches) == max(1, len(set(onsets_s)))
    assert all(len({event.onset_s for event in one.seizures}) <= 1 for one in stretches)
    assert all(len(one.marked) == len(recording.marked) for one in stretches)


def test_times_count_from_the_start_of_the_stretch():
    alarms = (SeizureEvent(1010, 1020), SeizureEvent(1990, 2010))
    first, second = cut_at_seizures(_recording([1000, 3000], alarms, faults=((1900.0, 2500.0),)))
    assert (first.duration_s, second.duration_s) == (2000, 1600)
    assert [event.onset_s for event in second.seizures] == [1000]
    assert [event.onset_s for event in second.neighbours] == [-1000]
    assert [(event.onset_s, event.offset_s) for event in first.alarms] == [(1010, 1020), (1990, 2000)]
    assert [(event.onset_s, event.offset_s) for event in second.alarms] == [(0, 10)]
    assert (first.faults, second.faults) == (((1900, 2000),), ((0, 500),))
    assert (first.time_s[-1], second.time_s[0]) == (2000, 1)
