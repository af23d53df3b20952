"""The tables as they are now; `eegwarn.store.migrations` holds the way to them from every earlier state.

Tables named in `APPEND_ONLY` are logs: the database itself refuses to change or remove their rows.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
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
APPEND_ONLY = ("alarm_actions", "fault_silences", "queries", "labels", "promotions", "watches")


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

fault_silences = Table(
    "fault_silences",
    metadata,
    Column("id", Integer, primary_key=True),
    _bed(index=True),
    Column("fault_start_at", UtcTime),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("silenced_until", UtcTime, nullable=False),
    sqlite_autoincrement=True,
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

patients = Table(
    "patients",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pseudonym", String(64), nullable=False, unique=True),
    Column("added_at", UtcTime, nullable=False),
    Column("added_by", String(128), nullable=False),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("patient_id", ForeignKey("patients.id"), nullable=False, index=True),
    Column("fingerprint", String(64), nullable=False, unique=True),
    Column("path", Text, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("added_by", String(128), nullable=False),
    CheckConstraint("duration_s > 0", name="duration"),
)

models = Table(
    "models",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String(64), nullable=False, unique=True),
    Column("path", Text, nullable=False),
    Column("parent_id", ForeignKey("models.id")),
    Column("record", Text, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("added_by", String(128), nullable=False),
)

predictions = Table(
    "predictions",
    metadata,
    Column("model_id", ForeignKey("models.id"), primary_key=True),
    Column("recording_id", ForeignKey("recordings.id"), primary_key=True, index=True),
    Column("made_at", UtcTime, nullable=False),
    Column("time_s", LargeBinary, nullable=False),
    Column("level", LargeBinary, nullable=False),
)

clips = Table(
    "clips",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", ForeignKey("recordings.id"), nullable=False),
    Column("start_s", Float, nullable=False),
    Column("duration_s", Float, nullable=False),
    UniqueConstraint("recording_id", "start_s", "duration_s"),
    CheckConstraint("start_s >= 0 AND duration_s > 0", name="inside"),
)

queries = Table(
    "queries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("clip_id", ForeignKey("clips.id"), nullable=False, index=True),
    Column("asked_at", UtcTime, nullable=False),
    Column("asked_by", String(128), nullable=False),
    Column("model_id", ForeignKey("models.id")),
    Column("policy", String(128)),
    Column("rater", String(128)),
    Column("position", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_repeat", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("action", String(8), nullable=False),
    Column("undoes", ForeignKey("labels.id"), unique=True),
    Column("at", UtcTime, nullable=False),
    Column("rater", String(128), nullable=False),
    Column("clip_id", ForeignKey("clips.id"), nullable=False),
    Column("query_id", ForeignKey("queries.id"), index=True),
    Column("model", String(64)),
    Column("policy", String(128)),
    Column("label", String(16)),
    Column("confidence", Float),
    Column("onset_s", Float),
    Column("montage", String(64)),
    Column("high_pass_hz", Float),
    Column("low_pass_hz", Float),
    Column("notch_hz", Float),
    Column("sensitivity_uv_mm", Float),
    Column("response_s", Float),
    Column("comment", Text, nullable=False),
    Column("saw_level", Boolean),
    CheckConstraint("action IN ('label', 'undo', 'skip')", name="action"),
    CheckConstraint("label IN ('seizure', 'not seizure', 'artefact', 'unsure')", name="label"),
    CheckConstraint("(action = 'label') = (label IS NOT NULL)", name="label_given"),
    CheckConstraint("(action = 'undo') = (undoes IS NOT NULL)", name="undo_named"),
    CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
    Index("ix_labels_rater_clip_id", "rater", "clip_id"),
    Index("ix_labels_clip_id", "clip_id"),
    sqlite_autoincrement=True,
)

promotions = Table(
    "promotions",
    metadata,
    Column("id", Integer, primary_key=True),
    _bed(index=True),
    Column("model_id", ForeignKey("models.id")),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("advice", String(500), nullable=False),
    sqlite_autoincrement=True,
)

watches = Table(
    "watches",
    metadata,
    Column("id", Integer, primary_key=True),
    _bed(index=True),
    Column("fingerprint", String(64), nullable=False),
    Column("path", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(128), nullable=False),
    sqlite_autoincrement=True,
)
