"""What the monitor page shows of every bed: read from the store, and put into plain tables for the browser.

Times are seconds since 1970 (UTC); the browser writes them by its own clock's zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.promoted import waiting_words
from eegwarn.cohort.listing import natural_key
from eegwarn.store import Store
from eegwarn.store.alarms import (
    SILENT_AFTER_S,
    ActionKind,
    AlarmAction,
    Bed,
    ShownState,
    StoredAlarm,
    alarms_between,
    present_beds,
)
from eegwarn.store.beds import faults_between, minutes_between

TREND_MINUTES = 60
MUTE_FOR = timedelta(minutes=5)
SILENCE_FOR = timedelta(minutes=2)
"""Of the sound of a fault, by who is at the bed."""
SET_ASIDE_AFTER = timedelta(hours=24)
"""A bed without a sign of life for so long is named below the others, and makes no sound any more."""

_MOST_HISTORY = 40
_UNWRITTEN = -1.0
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Ward:
    """All beds as they are at one moment.

    Parameters
    ----------
    at : datetime
        When they were read, UTC.
    beds : tuple of Bed
        In the natural order of their names, without those set aside.
    aside : tuple of Bed
        Those without a sign of life for `SET_ASIDE_AFTER`, and without an alarm that waits for somebody.
    history : tuple of StoredAlarm
        The latest alarms of all beds, the latest first.
    waits : mapping of str to str
        What beds wait for whose promoted model does not watch them, by bed.
    """

    at: datetime
    beds: tuple[Bed, ...]
    aside: tuple[Bed, ...]
    history: tuple[StoredAlarm, ...]
    waits: Mapping[str, str]


def read_ward(store: Store, now: datetime | None = None) -> Ward:
    """Read how all beds are now.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    now = now or datetime.now(UTC)
    beds = sorted(present_beds(store, now=now), key=lambda bed: natural_key(bed.name))
    aside = tuple(bed for bed in beds if _is_given_up(bed, now))
    shown = tuple(bed for bed in beds if bed not in aside)
    return Ward(now, shown, aside, alarms_between(store, most=_MOST_HISTORY), waiting_words(store))


def trend_until(bed: Bed, now: datetime) -> datetime:
    """Tell where a bed's trend ends: after the minute of its latest sample, which for a played file may be long ago."""
    heartbeat = bed.heartbeat
    latest = (heartbeat and (heartbeat.data_until or heartbeat.at)) or now
    if bed.is_offline and abs(now - latest) < timedelta(minutes=TREND_MINUTES):
        latest = now
    return latest.replace(second=0, microsecond=0) + _MINUTE


def trend(store: Store, bed: str, until: datetime, n_minutes: int = TREND_MINUTES) -> list[float | None]:
    """Give the highest warning level of each of the minutes before ``until``.

    Returns
    -------
    list of float or None
        One a minute: None where nothing could be judged, -1 where nothing was written.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    start = until - n_minutes * _MINUTE
    levels: list[float | None] = [_UNWRITTEN] * n_minutes
    for row in minutes_between(store, bed, start, until):
        levels[int((row.at - start) / _MINUTE)] = None if row.level is None else round(row.level, 3)
    return levels


def ward_scene(ward: Ward, trends: Mapping[str, Sequence[float | None]], *, may_act: bool) -> dict[str, Any]:
    """Gather what the board draws.

    Parameters
    ----------
    ward : Ward
        As it was read.
    trends : mapping
        For each bed what `trend` gives.
    may_act : bool
        Whether who looks may act on alarms.
    """
    return {
        "at": ward.at.timestamp(),
        "offline_after_s": SILENT_AFTER_S,
        "mute_min": MUTE_FOR.total_seconds() / 60,
        "silence_min": SILENCE_FOR.total_seconds() / 60,
        "may_act": may_act,
        "tiles": [
            _tile(bed, trends.get(bed.name, ()), ward.at) | {"waits": ward.waits.get(bed.name, "")} for bed in ward.beds
        ],
        "aside": [bed.name for bed in ward.aside],
    }


def log_scene(ward: Ward, *, may_act: bool) -> dict[str, Any]:
    """Gather what the log below the board draws: the latest alarms of all beds."""
    return {"may_act": may_act, "history": [_alarm_table(alarm, ward.at) for alarm in ward.history]}


def bed_scene(store: Store, bed: Bed, hours: int, now: datetime) -> dict[str, Any]:
    """Gather the last hours of one bed: levels by the minute, alarms and faults.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    until = trend_until(bed, now)
    since = until - timedelta(hours=hours)
    return {
        "bed": bed.name,
        "until": until.timestamp(),
        "hours": hours,
        "levels": trend(store, bed.name, until, 60 * hours),
        "alarms": [_alarm_table(alarm, now) for alarm in alarms_between(store, since, until, bed=bed.name)],
        "faults": [
            {"start_at": row.start_at.timestamp(), "end_at": _seconds(row.end_at), "reason": row.reason}
            for row in reversed(faults_between(store, bed.name, since, until))
        ],
    }


def _is_given_up(bed: Bed, now: datetime) -> bool:
    is_silent = bed.heartbeat is not None and now - bed.heartbeat.at > SET_ASIDE_AFTER
    return is_silent and bed.state is ShownState.OFFLINE


def _tile(bed: Bed, levels: Sequence[float | None], now: datetime) -> dict[str, Any]:
    heartbeat = bed.heartbeat
    return {
        "bed": bed.name,
        "state": bed.state.value,
        "is_offline": bed.is_offline,
        "is_at_fault": bed.is_at_fault,
        "level": None if heartbeat is None or bed.is_offline else heartbeat.level,
        "reason": heartbeat.reason if heartbeat else "",
        "heartbeat_at": heartbeat and heartbeat.at.timestamp(),
        "has_ended": heartbeat is not None and heartbeat.recording_has_ended,
        "played_at": _seconds(played_at(bed)),
        "silenced_until": _seconds(bed.silenced_until),
        "alarms": [_alarm_table(alarm, now) for alarm in bed.alarms],
        "sound": _sound(bed, now),
        "trend": list(levels),
    }


def played_at(bed: Bed) -> datetime | None:
    """Give the time of the latest sample where it is not that of the day, as in a file that is played."""
    if bed.heartbeat is None or bed.heartbeat.data_until is None:
        return None
    is_of_today = abs(bed.heartbeat.at - bed.heartbeat.data_until) < timedelta(minutes=TREND_MINUTES)
    return None if is_of_today else bed.heartbeat.data_until


def _sound(bed: Bed, now: datetime) -> str:
    """Tell what is to be heard of a bed: an alarm; else that it is not watched."""
    if not bed.sounds(now):
        return ""
    return "alarm" if any(alarm.sounds(now) for alarm in bed.alarms) else "trouble"


def _alarm_table(alarm: StoredAlarm, now: datetime) -> dict[str, Any]:
    mutes = [action for action in alarm.actions if action.muted_until is not None and action.muted_until > now]
    return {
        "id": alarm.id,
        "bed": alarm.bed,
        "raised_at": alarm.raised_at.timestamp(),
        "cleared_at": _seconds(alarm.cleared_at),
        "peak": alarm.peak_probability,
        "is_latched": alarm.is_latched,
        "is_false": alarm.is_false,
        "muted_until": max((mute.muted_until.timestamp() for mute in mutes if mute.muted_until), default=None),
        "acts": [
            {"at": action.at.timestamp(), "who": action.actor, "what": _in_words(action)} for action in alarm.actions
        ],
    }


def _in_words(action: AlarmAction) -> str:
    if action.kind is ActionKind.MUTE and action.muted_until is not None:
        return f"muted for {(action.muted_until - action.at).total_seconds() / 60:g} min"
    return {
        ActionKind.ACKNOWLEDGE: "acknowledged",
        ActionKind.MARK_FALSE: f"marked false: {action.reason}",
        ActionKind.WITHDRAW_FALSE: "took back the mark as false",
    }[action.kind]


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
