"""Where recordings lie on their patient's time line."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

_DAY_S = 86400.0
# Headers are rounded to seconds, and recorders' clocks are set now and then.
_TOLERANCE_S = 60.0


def start_times_s(
    starts: Sequence[datetime | None], clocks_s: Sequence[float | None], durations_s: Sequence[float]
) -> tuple[float, ...] | None:
    """Place a patient's recordings in time.

    Dates in headers are believed where all are there, none is a 1 January (what anonymising tools write), none
    contradicts the time of day that the data set gives, and no two recordings overlap. Otherwise times of day are
    believed in the order given: one that is earlier than the end of the recording before it belongs to the next day.

    Parameters
    ----------
    starts : sequence of datetime or None
        From the headers, in the order of the names.
    clocks_s : sequence of float or None
        Times of day that the data set's texts give, in seconds after midnight.
    durations_s : sequence of float
        Lengths in seconds.

    Returns
    -------
    tuple of float or None
        Seconds from the start of the earliest; None where neither source is complete.
    """
    times_s = _from_dates(starts, clocks_s, durations_s) or _from_clocks(clocks_s, durations_s)
    if not times_s:
        return None
    first_s = min(times_s)
    return tuple(time_s - first_s for time_s in times_s)


def _from_dates(
    starts: Sequence[datetime | None], clocks_s: Sequence[float | None], durations_s: Sequence[float]
) -> list[float] | None:
    known = [start for start in starts if start is not None and (start.month, start.day) != (1, 1)]
    if not known or len(known) < len(starts):
        return None
    times_s = [(start - known[0]).total_seconds() for start in known]
    for start, clock_s in zip(known, clocks_s, strict=True):
        of_day_s = 3600 * start.hour + 60 * start.minute + start.second
        if clock_s is not None and abs((of_day_s - clock_s + _DAY_S / 2) % _DAY_S - _DAY_S / 2) > _TOLERANCE_S:
            return None
    in_order = sorted(zip(times_s, durations_s, strict=True))
    for (start_s, duration_s), (next_s, _) in pairwise(in_order):
        if next_s < start_s + duration_s - _TOLERANCE_S:
            return None
    return times_s


def _from_clocks(clocks_s: Sequence[float | None], durations_s: Sequence[float]) -> list[float] | None:
    times_s: list[float] = []
    earliest_s = 0.0
    for clock_s, duration_s in zip(clocks_s, durations_s, strict=True):
        if clock_s is None:
            return None
        days = max(0.0, -((clock_s - earliest_s) // _DAY_S))
        times_s.append(clock_s + days * _DAY_S)
        earliest_s = times_s[-1] + max(0.0, duration_s - _TOLERANCE_S)
    return times_s
