"""Models, from which they descend, and what they said about recordings."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import select

from eegwarn.errors import ModelError, StoreError
from eegwarn.store.people import checked_person
from eegwarn.store.schema import models, predictions
from eegwarn.store.store import Store
from eegwarn.store.upsert import upsert


@dataclass(frozen=True)
class StoredModel:
    """A model that the store knows.

    Parameters
    ----------
    id : int
        Its number in this store.
    fingerprint : str
        SHA-256 of its file.
    path : Path
        Where it was last seen.
    parent_id : int or None
        The model that it was retrained or shrunk from.
    record : dict
        Its training record.
    added_at : datetime
        UTC.
    added_by : str
        Who.
    """

    id: int
    fingerprint: str
    path: Path
    parent_id: int | None
    record: dict[str, Any]
    added_at: datetime
    added_by: str


def add_model(
    store: Store, path: Path, *, by: str, record: Mapping[str, Any] | None = None, parent_id: int | None = None
) -> StoredModel:
    """Add a model file, or note where it is now; what is known of it stays.

    Raises
    ------
    ModelError
        If the file cannot be read.
    StoreError
        If there is no such parent, or the store cannot be written.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"Model {str(path)!r} cannot be read: {error.strerror}.") from error
    row = {
        "fingerprint": hashlib.sha256(content).hexdigest(),
        "path": str(path.absolute()),
        "parent_id": parent_id,
        "record": json.dumps(dict(record or {}), default=str),
        "added_at": datetime.now(UTC),
        "added_by": checked_person(by),
    }
    with store.writing() as connection:
        upsert(connection, models, [row], key=("fingerprint",), kept=("parent_id", "record", "added_at", "added_by"))
        found = connection.execute(select(models).where(models.c.fingerprint == row["fingerprint"])).one()
    return _model(found)


def stored_models(store: Store) -> tuple[StoredModel, ...]:
    """Give all models in the order in which they were added: a parent before its children.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    with store.reading() as connection:
        return tuple(_model(row) for row in connection.execute(select(models).order_by(models.c.id)))


def _model(row: Any) -> StoredModel:
    return StoredModel(
        row.id, row.fingerprint, Path(row.path), row.parent_id, json.loads(row.record), row.added_at, row.added_by
    )


def write_prediction(store: Store, model_id: int, recording_id: int, time_s: ArrayLike, level: ArrayLike) -> None:
    """Keep what a model says about a recording, in the place of what it said before.

    Parameters
    ----------
    store : Store
        Where to.
    model_id, recording_id : int
        Which.
    time_s : array_like, shape (n_windows,)
        When each window ended, s from the recording's start.
    level : array_like, shape (n_windows,)
        Warning level, NaN where it could not be judged.

    Raises
    ------
    StoreError
        If the shapes differ, there is no such model or recording, or the store cannot be written.
    """
    times, values = np.asarray(time_s, dtype="<f8"), np.asarray(level, dtype="<f4")
    if times.ndim != 1 or times.shape != values.shape:
        raise StoreError(f"A prediction has one level a time, but got {values.shape} levels at {times.shape} times.")
    row = {
        "model_id": model_id,
        "recording_id": recording_id,
        "made_at": datetime.now(UTC),
        "time_s": times.tobytes(),
        "level": values.tobytes(),
    }
    with store.writing() as connection:
        upsert(connection, predictions, [row], key=("model_id", "recording_id"))


def read_prediction(
    store: Store, model_id: int, recording_id: int
) -> tuple[NDArray[np.float64], NDArray[np.float32]] | None:
    """Give times in s and warning levels, both of shape (n_windows,), or None where none are kept.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    query = select(predictions.c.time_s, predictions.c.level).where(
        predictions.c.model_id == model_id, predictions.c.recording_id == recording_id
    )
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else (np.frombuffer(row.time_s, dtype="<f8"), np.frombuffer(row.level, dtype="<f4"))
