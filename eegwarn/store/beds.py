"""What monitors write down about their beds, and what a trend shows of it.

Warning levels thin out as `Retention` says. Alarms, faults and what people did about alarms are kept for good.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, String, cast, delete, func, insert, literal_column, select, update

from eegwarn.bedside.log import AlarmRow, BedLog, FaultRow, Heartbeat, LevelRow, Retention
from eegwarn.errors import StoreError
from eegwarn.store.schema import alarms, beds, faults, heartbeats, levels
from eegwarn.store.store import Store
from eegwarn.store.upsert import upsert

_THIN_EVERY = timedelta(hours=1)


class _StoredBed:
    def __init__(self, store: Store, name: str, retention: Retention) -> None:
        self._store, self._retention = store, retention
        with store.writing() as connection:
            upsert(connection, beds, [{"name": name}], key=("name",))
            self._id = connection.execute(select(beds.c.id).where(beds.c.name == name)).scalar_one()

    def latest_alarm(self) -> AlarmRow | None:
        """Give the bed's latest alarm, cleared or not."""
        query = (
            select(alarms.c.raised_at, alarms.c.cleared_at, alarms.c.peak_probability)
            .where(alarms.c.bed_id == self._id)
            .order_by(alarms.c.raised_at.desc())
            .limit(1)
        )
        with self._store.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else AlarmRow(*row)

    def open_fault(self) -> FaultRow | None:
        """Give the bed's fault that has no end, if there is one."""
        query = (
            select(faults.c.start_at, faults.c.end_at, faults.c.reason)
            .where(faults.c.bed_id == self._id, faults.c.end_at.is_(None))
            .order_by(faults.c.start_at.desc())
            .limit(1)
        )
        with self._store.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else FaultRow(*row)

    def write(self, *, levels: Sequence[LevelRow], alarms: Sequence[AlarmRow], faults: Sequence[FaultRow]) -> None:
        """Write all rows or none; a row that is there already is brought up to date, an open fault left behind ends."""
        with self._store.writing() as connection:
            self._write_levels(connection, levels)
            self._write_spells(connection, alarms, faults)

    def beat(self, heartbeat: Heartbeat) -> None:
        """Replace the bed's last sign of life."""
        row = {
            "bed_id": self._id,
            "at": heartbeat.at,
            "state": heartbeat.state.value,
            "level": _number(heartbeat.level),
            "data_until": heartbeat.data_until,
            "reason": heartbeat.reason[:500],
        }
        with self._store.writing() as connection:
            upsert(connection, heartbeats, [row], key=("bed_id",))

    def _write_levels(self, connection: Connection, rows: Sequence[LevelRow]) -> None:
        if rows:
            values = [{"bed_id": self._id, "at": row.at, "level": _number(row.level)} for row in rows]
            upsert(connection, levels, values, key=("bed_id", "at"))
            _thin(connection, self._id, max(row.at for row in rows), self._retention)

    def _write_spells(
        self, connection: Connection, alarm_rows: Sequence[AlarmRow], fault_rows: Sequence[FaultRow]
    ) -> None:
        of_bed = {"bed_id": self._id}
        values: list[dict[str, Any]] = [
            of_bed
            | {"raised_at": row.raised_at, "cleared_at": row.cleared_at, "peak_probability": row.peak_probability}
            for row in alarm_rows
        ]
        upsert(connection, alarms, values, key=("bed_id", "raised_at"))
        values = [
            of_bed | {"start_at": row.start_at, "end_at": row.end_at, "reason": row.reason[:500]} for row in fault_rows
        ]
        upsert(connection, faults, values, key=("bed_id", "start_at"))
        if fault_rows:
            self._end_left_behind(connection, max(row.start_at for row in fault_rows))

    def _end_left_behind(self, connection: Connection, start_at: datetime) -> None:
        open_ones = (faults.c.bed_id == self._id) & faults.c.end_at.is_(None) & (faults.c.start_at != start_at)
        earlier = faults.c.start_at < start_at
        connection.execute(update(faults).where(open_ones, earlier).values(end_at=start_at))
        connection.execute(update(faults).where(open_ones, ~earlier).values(end_at=faults.c.start_at))


def bed_log(store: Store, bed: str, retention: Retention | None = None) -> BedLog:
    """Open the log of a bed, which is made where it is new.

    Parameters
    ----------
    store : Store
        Where to write.
    bed : str
        Name of the bed, up to 64 characters; never the name of who lies in it.
    retention : Retention, optional
        How long this bed's levels are kept.

    Raises
    ------
    StoreError
        If the name is empty or too long, or the store cannot be written.
    """
    if not (bed.strip() == bed and 0 < len(bed) <= 64 and bed.isprintable()):
        raise StoreError(f"A bed's name has 1 to 64 characters and no space around it, but got {bed!r}.")
    return _StoredBed(store, bed, retention or Retention())


def levels_between(store: Store, bed: str, start: datetime, end: datetime) -> tuple[LevelRow, ...]:
    """Give a bed's warning levels in time order, with ``start`` and without ``end``; see above for what is kept.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    query = (
        select(levels.c.at, levels.c.level)
        .join(beds)
        .where(beds.c.name == bed, levels.c.at >= start, levels.c.at < end)
        .order_by(levels.c.at)
    )
    with store.reading() as connection:
        return tuple(LevelRow(*row) for row in connection.execute(query))


def minutes_between(store: Store, bed: str, start: datetime, end: datetime) -> tuple[LevelRow, ...]:
    """Give the highest warning level of every minute in which there is one, at the minute's start, in time order.

    It is made for drawing: the database looks at the levels, and one row a minute comes back. The level is None where
    nothing in the minute could be judged.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    # Both databases write a moment as YYYY-MM-DD HH:MM:SS, in UTC.
    minute = func.substr(cast(levels.c.at, String), literal_column("1"), literal_column("16"))
    query = (
        select(minute, func.max(levels.c.level))
        .join(beds)
        .where(beds.c.name == bed, levels.c.at >= start, levels.c.at < end)
        .group_by(minute)
        .order_by(minute)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return tuple(LevelRow(datetime.fromisoformat(at).replace(tzinfo=UTC), level) for at, level in rows)


def faults_between(store: Store, bed: str, start: datetime, end: datetime) -> tuple[FaultRow, ...]:
    """Give a bed's faults that touch a stretch of time, in time order.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    query = (
        select(faults.c.start_at, faults.c.end_at, faults.c.reason)
        .join(beds)
        .where(beds.c.name == bed, faults.c.start_at < end, faults.c.end_at.is_(None) | (faults.c.end_at >= start))
        .order_by(faults.c.start_at)
    )
    with store.reading() as connection:
        return tuple(FaultRow(*row) for row in connection.execute(query))


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _thin(connection: Connection, bed_id: int, latest: datetime, retention: Retention) -> None:
    """Once an hour of written levels, keep the highest of each minute that has become old, and drop the oldest."""
    done = connection.execute(select(beds.c.thinned_until).where(beds.c.id == bed_id)).scalar_one()
    until = (latest - timedelta(hours=retention.keep_whole_hours)).replace(second=0, microsecond=0)
    if done is not None and done <= until < done + _THIN_EVERY:
        return
    old = (levels.c.bed_id == bed_id) & (levels.c.at < until)
    if done is not None and done < until:
        old &= levels.c.at >= done
    rows = connection.execute(select(levels.c.at, levels.c.level).where(old).order_by(levels.c.at)).all()
    kept = [
        max(minute, key=lambda row: -math.inf if row.level is None else row.level)
        for _, minute in groupby(rows, key=lambda row: row.at.replace(second=0, microsecond=0))
    ]
    if len(kept) < len(rows):
        connection.execute(delete(levels).where(old))
        connection.execute(insert(levels), [{"bed_id": bed_id, "at": row.at, "level": row.level} for row in kept])
    oldest = latest - timedelta(days=retention.keep_days)
    connection.execute(delete(levels).where(levels.c.bed_id == bed_id, levels.c.at < oldest))
    connection.execute(update(beds).where(beds.c.id == bed_id).values(thinned_until=until))
