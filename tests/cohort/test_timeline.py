from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from eegwarn.cohort.timeline import start_times_s

DAY_S = 86400


def clock_s(text: str) -> float:
    hours, minutes, seconds = map(int, text.split(":"))
    return 3600 * hours + 60 * minutes + seconds


def test_a_clock_that_runs_backwards_is_the_next_day() -> None:
    clocks = [clock_s(text) for text in ("22:02:15", "02:02:23", "06:02:30", "01:00:00")]
    assert start_times_s([None] * 4, clocks, [14400.0] * 4) == (0, 14408, 28815, 97065)


def test_a_clock_inside_the_recording_before_is_the_next_day() -> None:
    clocks = [clock_s("22:00:00"), clock_s("23:00:00"), clock_s("22:59:30")]
    assert start_times_s([None] * 3, clocks, [4 * 3600.0, DAY_S, 60.0]) == (0, 25 * 3600, 49 * 3600 - 30)


@given(st.lists(st.integers(60, DAY_S - 1), min_size=1, max_size=20), st.integers(0, DAY_S - 1))
def test_clocks_give_back_any_time_line_without_a_day_missing(steps: list[int], first: int) -> None:
    times = [first]
    for step in steps:
        times.append(times[-1] + step)
    assert start_times_s([None] * len(times), [time % DAY_S for time in times], [1.0] * len(times)) == tuple(
        time - first for time in times
    )


def test_dates_tell_what_clocks_cannot() -> None:
    starts = [datetime(2070, 5, day, hour, tzinfo=UTC) for day, hour in ((3, 16), (3, 15), (9, 17))]
    clocks = [16 * 3600.0, 15 * 3600.0, 17 * 3600.0]
    assert start_times_s(starts, clocks, [3500.0] * 3) == (3600, 0, 6 * DAY_S + 7200)


def test_dates_that_contradict_the_clocks_are_not_believed() -> None:
    starts = [datetime(2070, 5, 3, 10, tzinfo=UTC), datetime(2070, 5, 3, 8, tzinfo=UTC)]
    assert start_times_s(starts, [10 * 3600.0, 11 * 3600.0], [60.0] * 2) == (0, 3600)


def test_dates_of_recordings_that_would_overlap_are_not_believed() -> None:
    starts = [datetime(2070, 5, 3, 10, tzinfo=UTC) + timedelta(minutes=10 * i) for i in range(2)]
    assert start_times_s(starts, [None, None], [3600.0] * 2) is None


def test_the_first_of_january_is_what_anonymising_leaves() -> None:
    starts = [datetime(2016, 1, 1, 19, tzinfo=UTC), datetime(2016, 1, 1, 2, tzinfo=UTC)]
    assert start_times_s(starts, [19 * 3600.0, 2 * 3600.0], [60.0] * 2) == (0, 7 * 3600)
    assert start_times_s(starts, [None, None], [60.0] * 2) is None


def test_without_any_source_the_time_line_is_not_known() -> None:
    assert start_times_s([None, None], [3600.0, None], [60.0] * 2) is None
