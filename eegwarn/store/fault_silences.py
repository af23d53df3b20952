"""The sound of a fault, silenced for a few minutes by who is at the bed.

Nothing that is shown of the fault changes, and it is that one fault alone: another one, or a monitor that falls
silent, is heard. Every silence is a row of its own, with who and when, and stays.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, insert, select

from eegwarn.bedside.log import BedState
from eegwarn.errors import StoreError
from eegwarn.store.people import checked_person
from eegwarn.store.schema import beds, fault_silences, faults, heartbeats
from eegwarn.store.store import Store

LONGEST_SILENCE = timedelta(minutes=10)
"""Of the sound of a fault: for so long nobody is warned of what cannot be judged."""


def silence_fault(store: Store, bed: str, *, until: datetime, by: str, at: datetime | None = None) -> None:
    """Silence the fault that a bed has now until a time at most `LONGEST_SILENCE` ahead; what is shown stays.

    It comes back by itself then, and at once with another fault or when the monitor falls silent.

    Raises
    ------
    StoreError
        If ``until`` is not ahead or too far, the bed has no fault, or the store cannot be written.
    """
    at = at or datetime.now(UTC)
    if not at < until <= at + LONGEST_SILENCE:
        minutes = LONGEST_SILENCE.total_seconds() / 60
        raise StoreError(f"A fault can be silenced for up to {minutes:g} minutes, but got {until - at}. Choose less.")
    row = {"at": at, "actor": checked_person(by), "silenced_until": until}
    state = select(beds.c.id, heartbeats.c.state).join(heartbeats).where(beds.c.name == bed)
    with store.writing() as connection:
        found = connection.execute(state).one_or_none()
        if found is None or found.state != BedState.FAULT:
            raise StoreError(f"Bed {bed!r} has no fault any more. Reload the page.")
        fault_start_at = _open_faults(connection).get(found.id)
        connection.execute(insert(fault_silences).values(bed_id=found.id, fault_start_at=fault_start_at, **row))


def silenced_beds(connection: Connection, now: datetime) -> dict[int, datetime]:
    """Tell until when the fault that a bed has now is silenced, by the bed's number; another fault's does not count."""
    query = select(fault_silences).where(fault_silences.c.at <= now, fault_silences.c.silenced_until > now)
    rows = connection.execute(query.order_by(fault_silences.c.id)).all()
    present = _open_faults(connection) if rows else {}
    return {row.bed_id: row.silenced_until for row in rows if row.fault_start_at == present.get(row.bed_id)}


def _open_faults(connection: Connection) -> dict[int, datetime]:
    """Give the start of the latest fault without an end, by bed."""
    query = select(faults.c.bed_id, func.max(faults.c.start_at)).where(faults.c.end_at.is_(None))
    return {row[0]: row[1] for row in connection.execute(query.group_by(faults.c.bed_id))}
