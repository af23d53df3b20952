"""Patients, recordings, models and their predictions, clips, the questions about them, and the labels."""

import sqlalchemy as sa
from alembic import op

from eegwarn.store.migrations.append_only import make_append_only

revision = "eegwarn_0002"
down_revision = "eegwarn_0001"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of what is labelled, and the two logs: questions and labels."""
    _make_patients_and_recordings()
    _make_models()
    op.create_table(
        "clips",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("recording_id", sa.Integer, nullable=False),
        sa.Column("start_s", sa.Float, nullable=False),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clips"),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name="fk_clips_recording_id"),
        sa.UniqueConstraint("recording_id", "start_s", "duration_s", name="uq_clips_recording_id_start_s_duration_s"),
        sa.CheckConstraint("start_s >= 0 AND duration_s > 0", name="inside"),
    )
    _make_queries()
    _make_labels()


def _make_patients_and_recordings() -> None:
    op.create_table(
        "patients",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("pseudonym", sa.String(64), nullable=False),
        sa.Column("added_at", _TIME, nullable=False),
        sa.Column("added_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_patients"),
        sa.UniqueConstraint("pseudonym", name="uq_patients_pseudonym"),
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("patient_id", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.Column("added_at", _TIME, nullable=False),
        sa.Column("added_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recordings"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_recordings_patient_id"),
        sa.UniqueConstraint("fingerprint", name="uq_recordings_fingerprint"),
        sa.CheckConstraint("duration_s > 0", name="duration"),
    )
    op.create_index("ix_recordings_patient_id", "recordings", ["patient_id"])


def _make_models() -> None:
    op.create_table(
        "models",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Integer),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("added_at", _TIME, nullable=False),
        sa.Column("added_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.ForeignKeyConstraint(["parent_id"], ["models.id"], name="fk_models_parent_id"),
        sa.UniqueConstraint("fingerprint", name="uq_models_fingerprint"),
    )
    op.create_table(
        "predictions",
        sa.Column("model_id", sa.Integer, nullable=False),
        sa.Column("recording_id", sa.Integer, nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("time_s", sa.LargeBinary, nullable=False),
        sa.Column("level", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("model_id", "recording_id", name="pk_predictions"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_predictions_model_id"),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name="fk_predictions_recording_id"),
    )
    op.create_index("ix_predictions_recording_id", "predictions", ["recording_id"])


def _make_queries() -> None:
    op.create_table(
        "queries",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("clip_id", sa.Integer, nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("model_id", sa.Integer),
        sa.Column("policy", sa.String(128)),
        sa.Column("rater", sa.String(128)),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("is_repeat", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_queries"),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name="fk_queries_clip_id"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_queries_model_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_queries_clip_id", "queries", ["clip_id"])
    make_append_only("queries", "id")


def _make_labels() -> None:
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("action", sa.String(8), nullable=False),
        sa.Column("undoes", sa.Integer),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("rater", sa.String(128), nullable=False),
        sa.Column("clip_id", sa.Integer, nullable=False),
        sa.Column("query_id", sa.Integer),
        sa.Column("model", sa.String(64)),
        sa.Column("policy", sa.String(128)),
        sa.Column("label", sa.String(16)),
        *(sa.Column(name, sa.Float) for name in ("confidence", "onset_s")),
        sa.Column("montage", sa.String(64)),
        *(sa.Column(name, sa.Float) for name in ("high_pass_hz", "low_pass_hz", "notch_hz", "sensitivity_uv_mm")),
        sa.Column("response_s", sa.Float),
        sa.Column("comment", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_labels"),
        sa.UniqueConstraint("uid", name="uq_labels_uid"),
        sa.UniqueConstraint("undoes", name="uq_labels_undoes"),
        sa.ForeignKeyConstraint(["undoes"], ["labels.id"], name="fk_labels_undoes"),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name="fk_labels_clip_id"),
        sa.ForeignKeyConstraint(["query_id"], ["queries.id"], name="fk_labels_query_id"),
        sa.CheckConstraint("action IN ('label', 'undo', 'skip')", name="action"),
        sa.CheckConstraint("label IN ('seizure', 'not seizure', 'artefact', 'unsure')", name="label"),
        sa.CheckConstraint("(action = 'label') = (label IS NOT NULL)", name="label_given"),
        sa.CheckConstraint("(action = 'undo') = (undoes IS NOT NULL)", name="undo_named"),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_labels_rater_clip_id", "labels", ["rater", "clip_id"])
    op.create_index("ix_labels_clip_id", "labels", ["clip_id"])
    op.create_index("ix_labels_query_id", "labels", ["query_id"])
    make_append_only("labels", "id", "uid")
