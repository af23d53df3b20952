"""The life of alarms: what people did about them, and what that makes of each bed now.

An alarm latches: once raised it stays until somebody acknowledges it, or marks it false, which also needs a reason.
To mute is to silence an alarm's sound for a while, nothing more: it ends by itself, and holds for that alarm alone.
Neither touches a fault or a silent monitor. Everything done is a row of its own, with who and when, and stays. The
sound of a fault is silenced by `eegwarn.store.fault_silences`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, exists, insert, select

from eegwarn.bedside.log import BedState, Heartbeat
from eegwarn.errors import StoreError
from eegwarn.store.fault_silences import silenced_beds
from eegwarn.store.people import checked_person
from eegwarn.store.schema import alarm_actions, alarms, beds, heartbeats
from eegwarn.store.store import Store

LONGEST_MUTE = timedelta(hours=1)
SILENT_AFTER_S = 30.0
"""A monitor that gave no sign of life for so long, in s, is taken for stopped."""


class ActionKind(StrEnum):
    """What can be done about an alarm; ``WITHDRAW_FALSE`` takes back a mark as false."""

    ACKNOWLEDGE = "acknowledge"
    MUTE = "mute"
    MARK_FALSE = "mark_false"
    WITHDRAW_FALSE = "withdraw_false"


@dataclass(frozen=True)
class AlarmAction:
    """What somebody did about an alarm: who, when (UTC), and until when it is muted or why it is false."""

    at: datetime
    actor: str
    kind: ActionKind
    muted_until: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True)
class StoredAlarm:
    """An alarm with all that was done about it, in time order.

    Parameters
    ----------
    id : int
        What actions name it by.
    bed : str
        Name of its bed.
    raised_at, cleared_at : datetime
        UTC; ``cleared_at`` is None while it lasts.
    peak_probability : float
        Highest warning level so far.
    actions : tuple of AlarmAction
        In the order in which they were written.
    """

    id: int
    bed: str
    raised_at: datetime
    cleared_at: datetime | None
    peak_probability: float
    actions: tuple[AlarmAction, ...] = ()

    @property
    def is_latched(self) -> bool:
        """Whether nobody has acknowledged it or marked it false yet."""
        return not any(action.kind in (ActionKind.ACKNOWLEDGE, ActionKind.MARK_FALSE) for action in self.actions)

    @property
    def is_false(self) -> bool:
        """Whether it counts as false: marked so, and not withdrawn since."""
        marks = [action.kind for action in self.actions if action.kind.value.endswith("false")]
        return bool(marks) and marks[-1] is ActionKind.MARK_FALSE

    def sounds(self, now: datetime) -> bool:
        """Whether it is to be heard: latched, and not muted just now."""
        return self.is_latched and not any(
            action.muted_until is not None and action.at <= now < action.muted_until for action in self.actions
        )


class ShownState(StrEnum):
    """The one word for a bed, the most urgent first."""

    ALARM = "alarm"
    OFFLINE = "offline"
    FAULT = "fault"
    ELEVATED = "elevated"
    CALM = "calm"


@dataclass(frozen=True)
class Bed:
    """A bed as it is now.

    Parameters
    ----------
    name : str
        Its name.
    heartbeat : Heartbeat or None
        The monitor's last sign of life.
    alarms : tuple of StoredAlarm
        Those latched or lasting, the latest first.
    is_offline : bool
        Whether the monitor is silent; then nothing is known of the patient, whatever it last said.
    silenced_until : datetime or None
        Until when the sound of the present fault is silenced; None where it is not, or was for an earlier fault.
    """

    name: str
    heartbeat: Heartbeat | None
    alarms: tuple[StoredAlarm, ...]
    is_offline: bool
    silenced_until: datetime | None = None

    @property
    def is_at_fault(self) -> bool:
        """Whether the monitor runs and cannot judge."""
        return not self.is_offline and self.heartbeat is not None and self.heartbeat.state is BedState.FAULT

    @property
    def state(self) -> ShownState:
        """The most urgent of what holds: a latched alarm, silence, a fault, and then what the monitor says."""
        if any(alarm.is_latched for alarm in self.alarms):
            return ShownState.ALARM
        if self.is_offline or self.heartbeat is None:
            return ShownState.OFFLINE
        return ShownState(self.heartbeat.state.value)

    def sounds(self, now: datetime) -> bool:
        """Whether the bed is to be heard: for an alarm or a fault that is not silenced, or a silent monitor."""
        is_silenced = self.silenced_until is not None and now < self.silenced_until
        is_heard = self.is_at_fault and not is_silenced
        return self.is_offline or is_heard or any(alarm.sounds(now) for alarm in self.alarms)


def acknowledge(store: Store, alarm_ids: Sequence[int], *, by: str, at: datetime | None = None) -> None:
    """Acknowledge alarms: somebody has seen them, and they no longer latch.

    Parameters
    ----------
    store : Store
        Where they are.
    alarm_ids : sequence of int
        Those that were shown; one raised meanwhile stays latched.
    by : str
        Who.
    at : datetime or None
        When; now if None.

    Raises
    ------
    StoreError
        If there is no such alarm, or the store cannot be written.
    """
    _act(store, alarm_ids, by, at, kind=ActionKind.ACKNOWLEDGE)


def mute(store: Store, alarm_ids: Sequence[int], *, until: datetime, by: str, at: datetime | None = None) -> None:
    """Silence alarms until a time at most `LONGEST_MUTE` ahead; later alarms, faults and silent monitors are heard.

    Raises
    ------
    StoreError
        If ``until`` is not ahead or too far, there is no such alarm, or the store cannot be written.
    """
    at = at or datetime.now(UTC)
    if not at < until <= at + LONGEST_MUTE:
        minutes = LONGEST_MUTE.total_seconds() / 60
        raise StoreError(f"An alarm can be muted for up to {minutes:g} minutes, but got {until - at}. Choose less.")
    _act(store, alarm_ids, by, at, kind=ActionKind.MUTE, muted_until=until)


def mark_false(store: Store, alarm_ids: Sequence[int], *, reason: str, by: str, at: datetime | None = None) -> None:
    """Mark alarms as false, which acknowledges them too.

    Raises
    ------
    StoreError
        If the reason is empty or longer than 500 characters, there is no such alarm, or the store cannot be written.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= 500:
        raise StoreError(f"A reason for the mark as false has 1 to 500 characters, but got {len(reason)}. Write why.")
    _act(store, alarm_ids, by, at, kind=ActionKind.MARK_FALSE, reason=reason)


def withdraw_false(store: Store, alarm_ids: Sequence[int], *, by: str, at: datetime | None = None) -> None:
    """Take back that alarms are false; the mark stays in the log. They do not latch again.

    Raises
    ------
    StoreError
        If there is no such alarm, or the store cannot be written.
    """
    _act(store, alarm_ids, by, at, kind=ActionKind.WITHDRAW_FALSE)


def _act(store: Store, alarm_ids: Sequence[int], by: str, at: datetime | None, **what: Any) -> None:
    row = {"at": at or datetime.now(UTC), "actor": checked_person(by), **what}
    if not alarm_ids:
        raise StoreError("No alarm was named. Give the id of at least one.")
    with store.writing() as connection:
        connection.execute(insert(alarm_actions), [row | {"alarm_id": alarm_id} for alarm_id in alarm_ids])


def alarms_between(
    store: Store,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    bed: str | None = None,
    most: int | None = None,
) -> tuple[StoredAlarm, ...]:
    """Give the alarms raised from ``start`` until before ``end``, of one bed or all, the latest first.

    Where ``most`` is given, only so many of the latest.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    conditions = [] if bed is None else [beds.c.name == bed]
    conditions += [] if start is None else [alarms.c.raised_at >= start]
    conditions += [] if end is None else [alarms.c.raised_at < end]
    with store.reading() as connection:
        return _read_alarms(connection, *conditions, most=most)


def present_beds(
    store: Store, *, now: datetime | None = None, silent_after_s: float = SILENT_AFTER_S
) -> tuple[Bed, ...]:
    """Tell how every bed is now, in the order of their names.

    Parameters
    ----------
    store : Store
        Where the monitors write.
    now : datetime or None
        The present moment; the clock if None. Monitors and readers must go by clocks that agree: one that is wrong by
        more than ``silent_after_s`` either way makes a bed offline.
    silent_after_s : float
        After how many seconds without a sign of life a monitor is taken for stopped.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    now = now or datetime.now(UTC)
    acknowledged = exists().where(
        alarm_actions.c.alarm_id == alarms.c.id, alarm_actions.c.kind.in_(("acknowledge", "mark_false"))
    )
    columns = [column for column in heartbeats.c if column.name != "bed_id"]
    signs = select(beds.c.id, beds.c.name, *columns).join(heartbeats, isouter=True).order_by(beds.c.name)
    with store.reading() as connection:
        rows = connection.execute(signs).all()
        open_alarms = _read_alarms(connection, alarms.c.cleared_at.is_(None) | ~acknowledged)
        silenced = silenced_beds(connection, now)
    found = []
    for number, name, *sign in rows:
        at, state, level, data_until, reason = sign
        heartbeat = None if at is None else Heartbeat(at, BedState(state), level, data_until, reason)
        is_offline = heartbeat is None or abs((now - heartbeat.at).total_seconds()) > silent_after_s
        of_bed = tuple(alarm for alarm in open_alarms if alarm.bed == name)
        found.append(Bed(name, heartbeat, of_bed, is_offline, silenced.get(number)))
    return tuple(found)


def _read_alarms(connection: Connection, *conditions: Any, most: int | None = None) -> tuple[StoredAlarm, ...]:
    latest_first = alarms.c.raised_at.desc(), alarms.c.id.desc()
    these = select(alarms.c.id).join(beds).where(*conditions).order_by(*latest_first).limit(most)
    raised = (
        select(alarms.c.id, beds.c.name, alarms.c.raised_at, alarms.c.cleared_at, alarms.c.peak_probability)
        .join(beds)
        .where(alarms.c.id.in_(these))
        .order_by(*latest_first)
    )
    rows = connection.execute(raised).all()
    done: dict[int, list[AlarmAction]] = {}
    of_these = alarm_actions.c.alarm_id.in_(these)
    for action in connection.execute(select(alarm_actions).where(of_these).order_by(alarm_actions.c.id)):
        kind = ActionKind(action.kind)
        done.setdefault(action.alarm_id, []).append(
            AlarmAction(action.at, action.actor, kind, action.muted_until, action.reason)
        )
    return tuple(StoredAlarm(*row, tuple(done.get(row.id, ()))) for row in rows)
