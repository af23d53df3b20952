"""Two logs: which model somebody promoted to which bed, and which model watched it from when."""

import sqlalchemy as sa
from alembic import op

from eegwarn.store.migrations.append_only import make_append_only

revision = "eegwarn_0003"
down_revision = "eegwarn_0002"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the two logs."""
    op.create_table(
        "promotions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("bed_id", sa.Integer, nullable=False),
        sa.Column("model_id", sa.Integer),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("advice", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_promotions"),
        sa.ForeignKeyConstraint(["bed_id"], ["beds.id"], name="fk_promotions_bed_id"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_promotions_model_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "watches",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("bed_id", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
        sa.ForeignKeyConstraint(["bed_id"], ["beds.id"], name="fk_watches_bed_id"),
        sqlite_autoincrement=True,
    )
    for table in ("promotions", "watches"):
        op.create_index(f"ix_{table}_bed_id", table, ["bed_id"])
        make_append_only(table, "id")
