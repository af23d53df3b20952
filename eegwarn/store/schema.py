"""The tables as they are now; `eegwarn.store.migrations` holds the way to them from every earlier state.

Tables named in `APPEND_ONLY` are logs: the database itself refuses to change or remove their rows.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

from eegwarn.errors import StoreError

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
APPEND_ONLY = ("alarm_actions",)


class UtcTime(TypeDecorator[datetime]):
    """A moment: any time zone in, UTC out; SQLite keeps it as text that sorts in time order."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn into UTC; a time without a zone could be any of them and is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise StoreError(f"The time {value.isoformat()} has no time zone. Give it one, such as datetime.UTC.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _bed(**options: Any) -> Column[int]:
    return Column("bed_id", ForeignKey("beds.id"), nullable=False, **options)


beds = Table(
    "beds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("thinned_until", UtcTime),
)

levels = Table(
    "levels",
    metadata,
    _bed(primary_key=True),
    Column("at", UtcTime, primary_key=True),
    Column("level", Float),
    sqlite_with_rowid=False,
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Integer, primary_key=True),
    _bed(),
    Column("raised_at", UtcTime, nullable=False),
    Column("cleared_at", UtcTime),
    Column("peak_probability", Float, nullable=False),
    UniqueConstraint("bed_id", "raised_at"),
)

alarm_actions = Table(
    "alarm_actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alarm_id", ForeignKey("alarms.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("muted_until", UtcTime),
    Column("reason", String(500)),
    CheckConstraint("kind IN ('acknowledge', 'mute', 'mark_false', 'withdraw_false')", name="kind"),
    CheckConstraint("(kind = 'mute') = (muted_until IS NOT NULL)", name="mute_ends"),
    CheckConstraint("kind <> 'mark_false' OR length(reason) > 0", name="false_has_reason"),
    sqlite_autoincrement=True,
)

faults = Table(
    "faults",
    metadata,
    _bed(primary_key=True),
    Column("start_at", UtcTime, primary_key=True),
    Column("end_at", UtcTime),
    Column("reason", String(500), nullable=False),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    _bed(primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("level", Float),
    Column("data_until", UtcTime),
    Column("reason", String(500), nullable=False),
)

Index("ix_alarms_open", alarms.c.bed_id, alarms.c.cleared_at)
