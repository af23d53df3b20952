"""What is said of one bed and written down about it: its state, its alarms and its faults, in the order of time."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from eegwarn.bedside.live import NOT_YET, Hops
from eegwarn.bedside.log import AlarmRow, BedState, FaultRow, Heartbeat, LevelRow
from eegwarn.bedside.writer import LogWriter
from eegwarn.warning.alarm import Alarm, AlarmConfig, Fault

HEARTBEAT_S = 5.0
"""A sign of life is given this often, in s, and at every change of state."""

_UNJUDGED = "it could not be judged"


@dataclass(frozen=True)
class Told:
    """What a monitor tells of its bed.

    Parameters
    ----------
    bed : str
        Its name.
    at : datetime
        UTC of the signal that it is about.
    what : str
        ``level`` at every hop, ``state`` at a change of state, ``alarm`` when one is raised or cleared, ``note`` about
        the stream, ``end``.
    state : BedState
        At that time.
    level : float or None
        The warning level, None where it could not be judged.
    reason : str
        Why it is at fault, or what the note says.
    alarm : AlarmRow or None
        The alarm that it is about.
    """

    bed: str
    at: datetime
    what: str
    state: BedState
    level: float | None
    reason: str = ""
    alarm: AlarmRow | None = None


Tell = Callable[[Told], None]


class Diary:
    """Keeps the state of one bed, tells of its changes, and hands rows to the writer.

    The state is ``alarm`` while an alarm lasts, whatever else; ``fault`` while nothing can be judged or no samples
    come; ``elevated`` where the level is one at which an alarm would last. It begins with ``fault``: nothing is judged
    yet.

    Parameters
    ----------
    bed : str
        Its name.
    rule : AlarmConfig
        The model's.
    writer : LogWriter
        Takes the rows.
    tell : callable
        Told of everything.

    Attributes
    ----------
    state, reason : BedState, str
        As it is now, and why it is at fault.
    data_until : datetime or None
        UTC of the latest sample; kept by who takes the samples.
    """

    def __init__(self, bed: str, rule: AlarmConfig, writer: LogWriter, tell: Tell) -> None:
        self.bed = bed
        self.state, self.reason = BedState.FAULT, NOT_YET
        self.data_until: datetime | None = None
        self._rule, self._writer, self._tell = rule, writer, tell
        self._level: float | None = None
        self._alarms: dict[float, AlarmRow] = {}
        self._faults: dict[float, FaultRow] = {}
        self._silence: FaultRow | None = None
        self._has_judged = False
        self._beaten_s = -math.inf

    def say(self, what: str, at: datetime, reason: str = "", *, alarm: AlarmRow | None = None) -> None:
        """Tell something of the bed as it is now."""
        self._tell(Told(self.bed, at, what, self.state, self._level, reason, alarm))

    def go_on_with(self, raised_s: float, row: AlarmRow, now: datetime) -> None:
        """Take up an alarm that was on before this diary began."""
        self._alarms[raised_s] = row
        self.explain(BedState.ALARM, NOT_YET, now)

    def go_on_with_fault(self, row: FaultRow) -> None:
        """Take up a fault that was open before this diary began: it lasts until a window is judged."""
        self._silence = row

    def judged(self, hops: Hops, at: Callable[[float], datetime], trouble: str = "") -> None:
        """Write down what was judged, and tell of every hop in turn.

        Parameters
        ----------
        hops : Hops
            As the scorer gives them.
        at : callable
            From the scorer's seconds to UTC.
        trouble : str
            Why no samples come at present; empty where they do.
        """
        if not hops.time_s.size:
            return
        reason = trouble or hops.reason
        before = set(self._alarms)
        alarms = {alarm.raised_s: self._alarm_row(alarm, at) for alarm in hops.alarms}
        times = [at(float(time_s)) for time_s in hops.time_s]
        at_once = any(fault.start_s <= hops.time_s[0] for fault in hops.faults)
        faults = [] if self._has_judged or trouble or at_once else self._ended_silence(times[0])
        self._has_judged = True
        faults += [self._fault_row(fault, at, reason) for fault in hops.faults]
        levels = [None if math.isnan(level) else float(level) for level in hops.probability]
        rows = list(alarms.values())
        self._writer.add(
            self.bed,
            levels=[LevelRow(when, level) for when, level in zip(times, levels, strict=True)],
            alarms=rows,
            faults=faults,
            urgent=bool(set(alarms) ^ before) or any(row.cleared_at for row in rows),
        )
        raised = {row.raised_at: row for raised_s, row in alarms.items() if raised_s not in before}
        cleared = {row.cleared_at: row for row in rows if row.cleared_at}
        for when, level, smoothed in zip(times, levels, hops.smoothed, strict=True):
            self._level = level
            on = any(row.raised_at <= when and not (row.cleared_at and row.cleared_at <= when) for row in rows)
            state = self._state_of(math.nan if trouble else float(smoothed), on=on)
            at_fault = reason or _UNJUDGED
            self._take(when, state, at_fault if state is BedState.FAULT else trouble)
            if when in raised:
                self.say("alarm", when, alarm=replace(raised[when], cleared_at=None))
            if when in cleared:
                self.say("alarm", when, alarm=cleared[when])
            self.say("level", when, self.reason)
        self._alarms = {raised_s: row for raised_s, row in alarms.items() if row.cleared_at is None}
        self._faults = {start_s: row for start_s, row in self._faults.items() if row.end_at is None}

    def follow_trouble(self, trouble: str, now: datetime) -> None:
        """Say that no samples come, and why, or that they come again.

        It is a fault of its own, from the latest sample on, as long as windows that reach back can still be judged;
        before the first window it goes over into that of the filters, which settle.
        """
        if trouble:
            self.explain(BedState.ALARM if self._alarms else BedState.FAULT, trouble, now)
        if trouble and self._silence is None and not self._faults:
            self._silence = FaultRow(min(self.data_until or now, now), None, trouble)
            self._writer.add(self.bed, faults=[self._silence], urgent=True)
        elif not trouble and self._silence is not None and self._has_judged:
            self._writer.add(self.bed, faults=self._ended_silence(now))

    def explain(self, state: BedState, reason: str, now: datetime) -> None:
        """Take a state that no hop gives, and tell of it where it or its reason is new."""
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason = state, reason
            self.say("state", now, reason)
            self.beat(at_once=True)

    def beat(self, *, at_once: bool = False) -> None:
        """Give a sign of life, where one is due."""
        if at_once or time.monotonic() - self._beaten_s >= HEARTBEAT_S:
            self._beaten_s = time.monotonic()
            heartbeat = Heartbeat(datetime.now(UTC), self.state, self._level, self.data_until, self.reason)
            self._writer.add(self.bed, heartbeat=heartbeat, urgent=at_once)

    def end(self, now: datetime, why: str) -> None:
        """Leave rows that are true: a fault ends with the signal, an alarm that is on has not been seen to end.

        The last sign of life says that nothing is judged any more: the state of before would be taken for the present.
        """
        open_rows = [*self._faults.values(), *([self._silence] if self._silence else [])]
        ended = [FaultRow(row.start_at, max(now, row.start_at), row.reason) for row in open_rows]
        last = Heartbeat(datetime.now(UTC), BedState.FAULT, None, self.data_until, why)
        self._writer.add(self.bed, faults=ended, heartbeat=last, urgent=True)
        self.say("end", now, why)

    def _ended_silence(self, now: datetime) -> list[FaultRow]:
        over, self._silence = self._silence, None
        return [] if over is None else [replace(over, end_at=max(now, over.start_at))]

    def _take(self, when: datetime, state: BedState, reason: str) -> None:
        """Take the state of a hop; why it is at fault may change without being told anew."""
        if state is not self.state:
            self.explain(state, reason, when)
        self.reason = reason

    def _state_of(self, smoothed: float, *, on: bool) -> BedState:
        if on:
            return BedState.ALARM
        if math.isnan(smoothed):
            return BedState.FAULT
        return BedState.ELEVATED if smoothed >= self._rule.release * self._rule.threshold else BedState.CALM

    def _alarm_row(self, alarm: Alarm, at: Callable[[float], datetime]) -> AlarmRow:
        known = self._alarms.get(alarm.raised_s)
        raised_at = known.raised_at if known else at(alarm.raised_s)
        cleared_at = None if alarm.cleared_s is None else at(alarm.cleared_s)
        return AlarmRow(raised_at, cleared_at, float(alarm.peak_probability))

    def _fault_row(self, fault: Fault, at: Callable[[float], datetime], reason: str) -> FaultRow:
        known = self._faults.get(fault.start_s)
        if known is None and self._silence is not None:
            # The stream was seen to be silent before its windows could not be judged: it is one fault.
            known, self._silence = self._silence, None
        start_at = known.start_at if known else at(fault.start_s)
        end_at = None if fault.end_s is None else at(fault.end_s)
        row = FaultRow(start_at, end_at, known.reason if known else reason or _UNJUDGED)
        self._faults[fault.start_s] = row
        return row
