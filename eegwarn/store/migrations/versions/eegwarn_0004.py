"""Whether a rater had seen the model's level when she labelled, and a log of who silenced a fault until when."""

import sqlalchemy as sa
from alembic import op

from eegwarn.store.migrations.append_only import make_append_only

revision = "eegwarn_0004"
down_revision = "eegwarn_0003"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the column, which leaves the triggers of its table alone, and make the log."""
    op.add_column("labels", sa.Column("saw_level", sa.Boolean))
    op.create_table(
        "fault_silences",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("bed_id", sa.Integer, nullable=False),
        sa.Column("fault_start_at", _TIME),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("silenced_until", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fault_silences"),
        sa.ForeignKeyConstraint(["bed_id"], ["beds.id"], name="fk_fault_silences_bed_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fault_silences_bed_id", "fault_silences", ["bed_id"])
    make_append_only("fault_silences", "id")
