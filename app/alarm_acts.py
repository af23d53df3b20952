"""What somebody does about an alarm or a fault on the monitor page, on its way into the store."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.access import Person, Right
from app.tiles import MUTE_FOR, SILENCE_FOR
from eegwarn.errors import StoreError
from eegwarn.store import Store
from eegwarn.store.alarms import ActionKind, acknowledge, mark_false, mute, withdraw_false
from eegwarn.store.fault_silences import silence_fault

SILENCE_FAULT = "silence_fault"


def perform(store: Store, act: Mapping[str, Any], person: Person, now: datetime | None = None) -> None:
    """Write an act under the name of the person.

    Parameters
    ----------
    store : Store
        Where the alarms are.
    act : mapping
        From the browser: ``kind`` as in `ActionKind`, ``alarms`` (their ids), and for a mark as false its ``reason``;
        or the kind ``"silence_fault"`` and the ``bed``.
    person : Person
        Who acts.
    now : datetime or None
        When; the clock if None.

    Raises
    ------
    ConfigError
        If the person's role may not act on alarms.
    StoreError
        If the act cannot be understood, is refused, or cannot be written now.
    """
    person.refuse_without(Right.ACKNOWLEDGE)
    now = now or datetime.now(UTC)
    kind, alarms = act.get("kind"), act.get("alarms")
    if kind == SILENCE_FAULT:
        silence_fault(store, str(act.get("bed")), until=now + SILENCE_FOR, by=person.name, at=now)
        return
    if not (isinstance(alarms, list) and all(type(alarm) is int for alarm in alarms)):
        raise StoreError(f"Alarms are named by their numbers, but got {alarms!r}. Reload the page.")
    if kind == ActionKind.ACKNOWLEDGE:
        acknowledge(store, alarms, by=person.name, at=now)
    elif kind == ActionKind.MUTE:
        mute(store, alarms, until=now + MUTE_FOR, by=person.name, at=now)
    elif kind == ActionKind.MARK_FALSE:
        mark_false(store, alarms, reason=str(act.get("reason") or ""), by=person.name, at=now)
    elif kind == ActionKind.WITHDRAW_FALSE:
        withdraw_false(store, alarms, by=person.name, at=now)
    else:
        raise StoreError(f"An alarm cannot be {kind!r}; allowed are {', '.join(ActionKind)}. Reload the page.")
