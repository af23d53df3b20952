"""Beds: levels, alarms and what people did about them, faults, signs of life."""

import sqlalchemy as sa
from alembic import op

from eegwarn.store.migrations.append_only import make_append_only

revision = "eegwarn_0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables that a monitor writes to, and the log of what people did about its alarms."""
    op.create_table(
        "beds",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("thinned_until", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_beds"),
        sa.UniqueConstraint("name", name="uq_beds_name"),
    )
    op.create_table(
        "levels",
        sa.Column("bed_id", sa.Integer, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("level", sa.Float),
        sa.PrimaryKeyConstraint("bed_id", "at", name="pk_levels"),
        sa.ForeignKeyConstraint(["bed_id"], ["beds.id"], name="fk_levels_bed_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alarms",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("bed_id", sa.Integer, nullable=False),
        sa.Column("raised_at", _TIME, nullable=False),
        sa.Column("cleared_at", _TIME),
        sa.Column("peak_probability", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
        sa.ForeignKeyConstraint(["bed_id"], ["beds.id"], name="fk_alarms_bed_id"),
        sa.UniqueConstraint("bed_id", "raised_at", name="uq_alarms_bed_id_raised_at"),
    )
    op.create_index("ix_alarms_open", "alarms", ["bed_id", "cleared_at"])
    _make_actions()
    op.create_table(
        "faults",
        sa.Column("bed_id", sa.Integer, nullable=False),
        sa.Column("start_at", _TIME, nullable=False),
        sa.Column("end_at", _TIME),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("bed_id", "start_at", name="pk_faults"),
        sa.ForeignKeyConstraint(["bed_id"], ["beds.id"], name="fk_faults_bed_id"),
    )
    op.create_table(
        "heartbeats",
        sa.Column("bed_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("level", sa.Float),
        sa.Column("data_until", _TIME),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("bed_id", name="pk_heartbeats"),
        sa.ForeignKeyConstraint(["bed_id"], ["beds.id"], name="fk_heartbeats_bed_id"),
    )


def _make_actions() -> None:
    op.create_table(
        "alarm_actions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("alarm_id", sa.Integer, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("muted_until", _TIME),
        sa.Column("reason", sa.String(500)),
        sa.PrimaryKeyConstraint("id", name="pk_alarm_actions"),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name="fk_alarm_actions_alarm_id"),
        sa.CheckConstraint("kind IN ('acknowledge', 'mute', 'mark_false', 'withdraw_false')", name="kind"),
        sa.CheckConstraint("(kind = 'mute') = (muted_until IS NOT NULL)", name="mute_ends"),
        sa.CheckConstraint("kind <> 'mark_false' OR length(reason) > 0", name="false_has_reason"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alarm_actions_alarm_id", "alarm_actions", ["alarm_id"])
    make_append_only("alarm_actions", "id")
