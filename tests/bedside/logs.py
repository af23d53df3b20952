"""A log in memory that can be made to fail, for tests of what does not need a database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from eegwarn.bedside.log import AlarmRow, FaultRow, Heartbeat, LevelRow
from eegwarn.errors import StoreError


class MemoryLog:
    """Keeps rows by their keys, as a `BedLog` must."""

    def __init__(self) -> None:
        self.levels: dict[datetime, float | None] = {}
        self.alarms: dict[datetime, AlarmRow] = {}
        self.faults: dict[datetime, FaultRow] = {}
        self.heartbeats: list[Heartbeat] = []
        self.why_away = ""
        self.n_refused = 0
        self._lock = Lock()

    def _check(self) -> None:
        if self.why_away:
            self.n_refused += 1
            raise StoreError(self.why_away)

    def latest_alarm(self) -> AlarmRow | None:
        self._check()
        return self.alarms[max(self.alarms)] if self.alarms else None

    def open_fault(self) -> FaultRow | None:
        self._check()
        return next((row for row in self.faults.values() if row.end_at is None), None)

    def write(self, *, levels: Sequence[LevelRow], alarms: Sequence[AlarmRow], faults: Sequence[FaultRow]) -> None:
        with self._lock:
            self._check()
            self.levels |= {row.at: row.level for row in levels}
            self.alarms |= {row.raised_at: row for row in alarms}
            self.faults |= {row.start_at: row for row in faults}
            latest = max((row.start_at for row in faults), default=None)
            for row in list(self.faults.values()):
                if latest is not None and row.end_at is None and row.start_at != latest:
                    self.faults[row.start_at] = replace(row, end_at=max(latest, row.start_at))

    def beat(self, heartbeat: Heartbeat) -> None:
        self._check()
        self.heartbeats.append(heartbeat)
