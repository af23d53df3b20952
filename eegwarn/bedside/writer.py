"""Writing what monitors judged, beside the judging: a store that is away, locked or full holds nobody up."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Condition, Thread

from eegwarn.bedside.log import AlarmRow, BedLog, FaultRow, Heartbeat, LevelRow
from eegwarn.errors import StoreError

MOST_LEVELS = 86_400
"""Warning levels of one bed that wait for the store: a day at a hop of 1 s. Then the oldest are lost, and counted."""

MOST_SPELLS = 10_000
"""Alarms, and as many faults, of one bed that wait for the store."""

WRITE_EVERY_S = 2.0
"""Levels are written this often, in s; alarms, faults and changes of state at once."""

_BACK_OFF_S = (1.0, 2.0, 5.0, 10.0, 30.0)
_BATCH = 2000

OpenLog = Callable[[], BedLog]
Tell = Callable[[str, str], None]
"""Called with a bed's name and a sentence."""


@dataclass
class _Waiting:
    """What one bed has to be written; alarms and faults by their start, the latest word on each."""

    levels: deque[LevelRow] = field(default_factory=deque)
    alarms: dict[object, AlarmRow] = field(default_factory=dict)
    faults: dict[object, FaultRow] = field(default_factory=dict)
    heartbeat: Heartbeat | None = None
    n_lost: int = 0
    told: set[datetime] = field(default_factory=set)  # begins of alarms that were said not to be stored

    @property
    def n_rows(self) -> int:
        return len(self.levels) + len(self.alarms) + len(self.faults)


class LogWriter:
    """Writes the rows of all beds of a process in a thread of its own, and again and again where that fails.

    Parameters
    ----------
    logs : mapping of str to callable
        For each bed what opens its log; called in the thread, and again after a failure.
    tell : callable
        Told when rows cannot be written, why, and when they are written again.

    Attributes
    ----------
    trouble : str
        Why rows cannot be written at present; empty where they can.
    """

    def __init__(self, logs: Mapping[str, OpenLog], tell: Tell) -> None:
        self._open_log = dict(logs)
        self._tell = tell
        self._logs: dict[str, BedLog] = {}
        self._waiting = {bed: _Waiting() for bed in logs}
        self._changed = Condition()
        self._urgent = self._closing = False
        self.trouble = ""
        self._n_failed = 0
        self._thread = Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def add(
        self,
        bed: str,
        *,
        levels: Sequence[LevelRow] = (),
        alarms: Sequence[AlarmRow] = (),
        faults: Sequence[FaultRow] = (),
        heartbeat: Heartbeat | None = None,
        urgent: bool = False,
    ) -> None:
        """Take rows to be written soon, or at once where ``urgent``; returns without waiting.

        Raises
        ------
        RuntimeError
            If the thread has ended of an error of its own: nothing would ever be written again.
        """
        if not self._thread.is_alive():
            raise RuntimeError("The thread that writes rows has ended; see the error above.")
        with self._changed:
            waiting = self._waiting[bed]
            waiting.levels.extend(levels)
            while len(waiting.levels) > MOST_LEVELS:
                waiting.levels.popleft()
                waiting.n_lost += 1
            waiting.alarms |= {row.raised_at: row for row in alarms}
            waiting.faults |= {row.start_at: row for row in faults}
            waiting.n_lost += _drop_oldest(waiting.alarms) + _drop_oldest(waiting.faults)
            waiting.heartbeat = heartbeat or waiting.heartbeat
            if urgent:
                self._urgent = True
                self._changed.notify()

    def latest_alarm(self, bed: str) -> AlarmRow | None:
        """Ask the store for a bed's latest alarm, now.

        Raises
        ------
        StoreError
            If it cannot be asked.
        """
        return self._open_log[bed]().latest_alarm()

    def open_fault(self, bed: str) -> FaultRow | None:
        """Ask the store for the fault of a bed that has no end, now.

        Raises
        ------
        StoreError
            If it cannot be asked.
        """
        return self._open_log[bed]().open_fault()

    def close(self, *, wait_s: float = 10.0) -> int:
        """Write what still waits, trying for ``wait_s`` seconds; gives how many rows were lost, now or before."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(wait_s)
        with self._changed:
            return sum(waiting.n_rows + waiting.n_lost for waiting in self._waiting.values())

    def _run(self) -> None:
        beds = deque(self._waiting)
        while True:
            back_off_s = _BACK_OFF_S[min(self._n_failed, len(_BACK_OFF_S)) - 1] if self._n_failed else 0.0
            with self._changed:
                if self._closing and not any(each.n_rows or each.heartbeat for each in self._waiting.values()):
                    return
                if not self._closing and (self._n_failed or not self._urgent):
                    self._changed.wait_for(lambda: self._closing or self._urgent, back_off_s or WRITE_EVERY_S)
                self._urgent = False
            self._rest(back_off_s)
            try:
                for _ in range(len(beds)):
                    beds.rotate(-1)
                    self._write(beds[-1])
            except StoreError as error:
                self._failed(beds[-1], str(error))
            else:
                self._worked(beds[-1])

    def _rest(self, back_off_s: float) -> None:
        """After a failure an alarm may be tried at once, but never without any pause."""
        if back_off_s:
            time.sleep(min(back_off_s, 0.5))

    def _write(self, bed: str) -> None:
        """Write all that waits of one bed, alarms with the first batch."""
        waiting = self._waiting[bed]
        while True:
            with self._changed:
                levels = [waiting.levels[number] for number in range(min(_BATCH, len(waiting.levels)))]
                alarms, faults = list(waiting.alarms.values()), list(waiting.faults.values())
                heartbeat = waiting.heartbeat
            if not (levels or alarms or faults or heartbeat):
                return
            if bed not in self._logs:
                self._logs[bed] = self._open_log[bed]()
            if levels or alarms or faults:
                self._logs[bed].write(levels=levels, alarms=alarms, faults=faults)
            with self._changed:
                for row in levels:
                    if waiting.levels and waiting.levels[0] is row:
                        waiting.levels.popleft()
                for alarm in alarms:
                    if waiting.alarms.get(alarm.raised_at) is alarm:
                        del waiting.alarms[alarm.raised_at]
                for fault in faults:
                    if waiting.faults.get(fault.start_at) is fault:
                        del waiting.faults[fault.start_at]
            if heartbeat is not None:
                self._logs[bed].beat(heartbeat)
                with self._changed:
                    waiting.heartbeat = None if waiting.heartbeat is heartbeat else waiting.heartbeat

    def _failed(self, bed: str, why: str) -> None:
        self._n_failed += 1
        # It may have been moved or replaced: opened anew, it may be there again.
        self._logs.clear()
        if why != self.trouble:
            self.trouble = why
            self._tell(bed, f"{why} Rows are kept and written later.")
        for name, raised_at in self._untold():
            self._tell(name, f"The alarm raised at {raised_at:%Y-%m-%d %H:%M:%S} is not in the store yet: {why}")

    def _untold(self) -> list[tuple[str, datetime]]:
        """Alarms are told before they are stored: whoever saw one must see that it is not."""
        with self._changed:
            untold = [
                (bed, row.raised_at)
                for bed, waiting in self._waiting.items()
                for row in waiting.alarms.values()
                if row.raised_at not in waiting.told
            ]
            for bed, raised_at in untold:
                self._waiting[bed].told.add(raised_at)
        return untold

    def _worked(self, bed: str) -> None:
        if self._n_failed:
            self._tell(bed, "The store is written again; nothing is missing in it." if not self._lost() else _LOST)
        self._n_failed, self.trouble = 0, ""
        with self._changed:
            for waiting in self._waiting.values():
                waiting.told.clear()

    def _lost(self) -> int:
        with self._changed:
            return sum(waiting.n_lost for waiting in self._waiting.values())


_LOST = "The store is written again; it was away for so long that the oldest rows are lost."


def _drop_oldest(rows: dict[object, AlarmRow] | dict[object, FaultRow]) -> int:
    n_lost = max(0, len(rows) - MOST_SPELLS)
    for key in list(rows)[:n_lost]:
        del rows[key]
    return n_lost
