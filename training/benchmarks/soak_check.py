"""What a monitor told and stored of a bed that played a recording, against what scoring the recording says."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from eegwarn.bedside.log import RECORDING_ENDED, BedState
from eegwarn.bedside.scoring import Scored
from eegwarn.signal.recording import UNKNOWN_START
from eegwarn.store import Store
from eegwarn.store.alarms import alarms_between
from eegwarn.store.beds import faults_between, levels_between
from eegwarn.store.schema import beds

LATE_S = 1.0
"""A level that is told so much later than it was due is late: at a bed in real time the next one would be due."""

_EVER = datetime.max.replace(tzinfo=UTC)


class Heard:
    """What ``eegwarn monitor --json`` says, with when it came; filled by a thread of its own.

    Parameters
    ----------
    speed : float
        At which the beds are played.
    n_beds : int
        How many there are.

    Attributes
    ----------
    levels : dict of str to list of (datetime, float)
        Of every level of a bed the time that it is about, and when it came by the monotonic clock, in s.
    ends : dict of str to (str, str)
        State and reason at the end of a bed.
    troubles : list of str
        What was said of the store, the EEG that is kept, or the stream.
    """

    def __init__(self, speed: float, n_beds: int) -> None:
        self.speed, self.n_beds = speed, n_beds
        self.levels: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
        self.ends: dict[str, tuple[str, str]] = {}
        self.troubles: list[str] = []

    @property
    def eeg_h(self) -> float:
        """Hours of EEG of a bed that were judged so far, in the mean, at a hop of 1 s."""
        return sum(len(levels) for levels in list(self.levels.values())) / self.n_beds / 3600

    def listen(self, lines: Iterable[str], clock: Callable[[], float] = time.monotonic) -> None:
        """Take lines until there are no more."""
        for line in lines:
            told, came_s = json.loads(line), clock()
            if told["what"] == "level":
                self.levels[told["bed"]].append((datetime.fromisoformat(told["at"]), came_s))
            elif told["what"] == "end":
                self.ends[told["bed"]] = told["state"], told["reason"]
            elif told["what"] in ("store", "eeg", "note"):
                self.troubles.append(f"{told['bed']}: {told['reason']}")


@dataclass(frozen=True)
class BedCheck:
    """Counts for a bed, or for several.

    Parameters
    ----------
    hops, hops_missed, hops_doubled, hops_late : int
        Levels that scoring the file gives; those of them never told, told twice, and told more than `LATE_S` s later
        than they were due, by the quickest one.
    longest_lag_s : float
        How late the latest was, in s of the clock.
    levels_kept, levels_lost, levels_added : int
        Rows that the store should hold after thinning, those of them that it lacks, and rows that it holds besides.
    alarms, alarms_lost, alarms_doubled : int
        Alarms that scoring gives; those the store lacks, and those it holds besides.
    faults, faults_unexplained : int
        Faults in the store, and those of them that scoring does not give.
    ended, ended_in_unexplained_fault : int
        Beds that said that their recording had ended, and those that ended in a fault although the last window could be
        judged.
    """

    hops: int = 0
    hops_missed: int = 0
    hops_doubled: int = 0
    hops_late: int = 0
    longest_lag_s: float = 0.0
    levels_kept: int = 0
    levels_lost: int = 0
    levels_added: int = 0
    alarms: int = 0
    alarms_lost: int = 0
    alarms_doubled: int = 0
    faults: int = 0
    faults_unexplained: int = 0
    ended: int = 0
    ended_in_unexplained_fault: int = 0

    def __add__(self, other: "BedCheck") -> "BedCheck":
        pairs = {each.name: (getattr(self, each.name), getattr(other, each.name)) for each in fields(self)}
        return BedCheck(**{name: max(pair) if name == "longest_lag_s" else sum(pair) for name, pair in pairs.items()})


def check_bed(store: Store, bed: str, scored: Scored, heard: Heard) -> BedCheck:
    """Compare a bed that played a recording from its start to its end."""
    start = (scored.start or UNKNOWN_START).replace(tzinfo=UTC)

    def at(time_s: float) -> datetime:
        return start + timedelta(milliseconds=round(1e3 * time_s))

    due = Counter(at(float(time_s)) for time_s in scored.time_s)
    told = Counter(when for when, _ in heard.levels[bed])
    lag_s = _lags_s(heard.levels[bed], start, heard.speed)
    until = _thinned_until(store, bed)
    kept = Counter(set(_places(due, until)))  # of those that are thinned, one a minute
    stored = _places((row.at for row in levels_between(store, bed, start, _EVER)), until)
    alarms = Counter(
        (at(each.raised_s), None if each.cleared_s is None else at(each.cleared_s)) for each in scored.alarms
    )
    in_store = Counter((each.raised_at, each.cleared_at) for each in alarms_between(store, bed=bed))
    faults = faults_between(store, bed, start, _EVER)
    explained = {at(each.start_s) for each in scored.faults}
    state, reason = heard.ends.get(bed, ("", ""))
    is_judged = not any(each.end_s is None for each in scored.faults)
    return BedCheck(
        hops=due.total(),
        hops_missed=(due - told).total(),
        hops_doubled=(told - due).total(),
        hops_late=sum(each > LATE_S for each in lag_s),
        longest_lag_s=max(lag_s, default=0.0),
        levels_kept=kept.total(),
        levels_lost=(kept - stored).total(),
        levels_added=(stored - kept).total(),
        alarms=alarms.total(),
        alarms_lost=(alarms - in_store).total(),
        alarms_doubled=(in_store - alarms).total(),
        faults=len(faults),
        faults_unexplained=sum(each.start_at not in explained for each in faults),
        ended=int(reason == RECORDING_ENDED),
        ended_in_unexplained_fault=int(state == BedState.FAULT and is_judged),
    )


def _lags_s(levels: list[tuple[datetime, float]], start: datetime, speed: float) -> list[float]:
    """Tell how much later each level came than by the quickest one."""
    begun_s = [came_s - (when - start).total_seconds() / speed for when, came_s in levels]
    first_s = min(begun_s, default=0.0)
    return [each - first_s for each in begun_s]


def _thinned_until(store: Store, bed: str) -> datetime:
    """Give the time before which the store holds one level a minute."""
    with store.reading() as connection:
        until = connection.execute(select(beds.c.thinned_until).where(beds.c.name == bed)).scalar_one()
    return until or datetime.min.replace(tzinfo=UTC)


def _places(times: Iterable[datetime], thinned_until: datetime) -> "Counter[datetime]":
    """Give each time, those before ``thinned_until`` as their minute."""
    return Counter(when.replace(second=0, microsecond=0) if when < thinned_until else when for when in times)
