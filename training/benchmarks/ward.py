"""Beds in a store, as their monitors would have left them; as a process, 16 of them, which are fed once a second."""

import math
import random
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from eegwarn.bedside.log import AlarmRow, BedState, FaultRow, Heartbeat, LevelRow
from eegwarn.store import Store, open_store
from eegwarn.store.beds import bed_log

N_BEDS = 16
BEAT_EVERY = 4
"""Seconds between signs of life."""


def now() -> datetime:
    """Give the time of the day, UTC."""
    return datetime.now(UTC)


def watch(
    store: Store,
    bed: str,
    state: BedState = BedState.CALM,
    *,
    at: datetime | None = None,
    level: float | None = 0.1,
    reason: str = "",
) -> None:
    """Give a sign of life of a bed, as its monitor does every few seconds."""
    at = at or now()
    bed_log(store, bed).beat(Heartbeat(at, state, level, at, reason))


def alarm(store: Store, bed: str, *, s_ago: float = 60.0, lasted_s: float | None = None) -> None:
    """Write an alarm, which lasts if ``lasted_s`` is None."""
    raised_at = now() - timedelta(seconds=s_ago)
    cleared_at = None if lasted_s is None else raised_at + timedelta(seconds=lasted_s)
    bed_log(store, bed).write(levels=[], alarms=[AlarmRow(raised_at, cleared_at, 0.93)], faults=[])


def fault(store: Store, bed: str, reason: str, *, s_ago: float = 300.0) -> None:
    """Write a fault, which lasts."""
    start_at = now() - timedelta(seconds=s_ago)
    bed_log(store, bed).write(levels=[], alarms=[], faults=[FaultRow(start_at, None, reason)])


def levels(store: Store, bed: str, *, seed: float, minutes: int = 60, until: datetime | None = None) -> None:
    """Write a level a second for the last hour, with a rise at its end and a stretch that was not judged."""
    until = until or now()
    start = until - timedelta(minutes=minutes)
    rows: Sequence[LevelRow] = [
        LevelRow(start + timedelta(seconds=second), None if 900 <= second < 1200 else _level(second, seed))
        for second in range(60 * minutes)
    ]
    bed_log(store, bed).write(levels=rows, alarms=[], faults=[])


def _level(second: int, seed: float) -> float:
    rise = math.exp(-(((second - 2900 - 90 * seed) / 300) ** 2))
    return min(0.99, 0.12 + 0.08 * math.sin(second / 97 + seed) ** 2 + 0.6 * rise)


def sixteen_beds(store: Store) -> None:
    """Write a ward of 16 in every state."""
    for number in range(1, N_BEDS + 1):
        levels(store, f"bed {number}", seed=number % 7)
    alarm(store, "bed 3", s_ago=75)
    alarm(store, "bed 7", s_ago=1500, lasted_s=48)
    fault(store, "bed 5", "electrodes off or not connected")
    watch(store, "bed 11", at=now() - timedelta(minutes=7))
    beat_sixteen(store)


def beat_sixteen(store: Store) -> None:
    """Give a sign of life of all of them but bed 11."""
    for number in set(range(1, N_BEDS + 1)) - {11}:
        watch(store, f"bed {number}", level=0.12 + 0.01 * number)
    watch(store, "bed 2", BedState.ELEVATED, level=0.47)
    watch(store, "bed 3", BedState.ALARM, level=0.91)
    watch(store, "bed 5", BedState.FAULT, level=None, reason="electrodes off or not connected")


def feed(store: Store) -> None:
    """Write a level a second of every bed, and signs of life, without end."""
    logs = [bed_log(store, f"bed {number}") for number in range(1, N_BEDS + 1)]
    for turn in count():
        at = now()
        for log in logs:
            log.write(levels=[LevelRow(at, random.random())], alarms=[], faults=[])  # noqa: S311
            if turn % BEAT_EVERY == 0:
                log.beat(Heartbeat(at, BedState.CALM, 0.1, at))
        time.sleep(1.0)


if __name__ == "__main__":
    feed(open_store(Path(sys.argv[1])))
