import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.errors import EventsError
from eegwarn.events import SeizureEvent, in_time_order
from eegwarn.events.event import overlap_groups
from tests.events.strategies import seizure_events


@pytest.mark.parametrize(
    "fields",
    [
        {"onset_s": math.nan},
        {"onset_s": math.inf},
        {"onset_s": 5.0, "offset_s": 4.0},
        {"onset_s": 5.0, "offset_s": math.nan},
        {"onset_s": 5.0, "offset_s": math.inf},
        {"onset_s": 5.0, "confidence": 1.5},
        {"onset_s": 5.0, "confidence": math.nan},
    ],
)
def test_an_impossible_event_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(EventsError):
        SeizureEvent(**fields)


def test_duration_is_known_only_with_an_offset() -> None:
    assert SeizureEvent(10.0, 25.0).duration_s == 15.0
    assert SeizureEvent(10.0).duration_s is None


@given(st.lists(seizure_events()))
def test_events_come_in_order_of_onset(events: list[SeizureEvent]) -> None:
    ordered = in_time_order(events)
    assert [event.onset_s for event in ordered] == sorted(event.onset_s for event in events)
    assert sorted(map(repr, ordered)) == sorted(map(repr, events))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10)), max_size=20))
def test_stretches_share_a_group_exactly_if_no_moment_lies_between_them(stretches: list[tuple[int, int]]) -> None:
    stretches = sorted((onset, onset + length) for onset, length in stretches)
    groups = overlap_groups(np.array([s[0] for s in stretches], float), np.array([s[1] for s in stretches], float))
    covered = {half for onset, offset in stretches for half in range(2 * onset, 2 * offset + 1)}
    for (first, one), (second, other) in zip(
        zip(stretches, groups, strict=True), zip(stretches[1:], groups[1:], strict=True), strict=False
    ):
        unbroken = all(half in covered for half in range(2 * first[0], 2 * second[0] + 1))
        assert (one == other) == unbroken


@pytest.mark.parametrize(
    ("onset_s", "offset_s", "lies_in"),
    [
        (0, 0, True),
        (0, None, True),
        (-5, 60, True),
        (99, 200, True),
        (-5, 0, False),
        (-5, None, False),
        (100, 101, False),
    ],
)
def test_an_event_lies_in_a_recording_where_it_is_under_way(onset_s: float, offset_s: float, lies_in: bool) -> None:
    assert SeizureEvent(onset_s, offset_s).lies_in(100) is lies_in
