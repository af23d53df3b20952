"""What raters said about clips: a log to which rows are only ever added.

A label is never changed. A later one of the same rater on the same clip counts instead, and undoing one is a row of its
own, after which the one before it counts again. Every row has a unique id that its writer chooses, so that a call may
be made again when nobody knows whether it went through: it is written once.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from eegwarn.errors import StoreError
from eegwarn.store.answer import DISPLAY, Answer, Display, Label
from eegwarn.store.people import checked_person
from eegwarn.store.recordings import Clip, recording_columns, recording_of
from eegwarn.store.schema import clips, labels, models, patients, queries, recordings
from eegwarn.store.store import Store


@dataclass(frozen=True)
class LabelRow:
    """A row of the log.

    Parameters
    ----------
    id : int
        Its number in this store; later rows of a rater have higher ones.
    uid : str
        Its unique id, the same in every store.
    action : {"label", "undo", "skip"}
        What was done; only a label has an answer.
    undoes : int or None
        The row that an undo takes back.
    at : datetime
        UTC.
    rater : str
        Who.
    clip : Clip
        About what.
    answer : Answer or None
        What was said.
    query_id : int or None
        The question that was answered, if one was.
    model, policy : str or None
        Fingerprint of the model, and name and version of the policy, that asked.
    is_repeat : bool
        Whether the rater had labelled the clip before and was asked again, to see whether she agrees with herself.
    is_undone : bool
        Whether a later row takes it back.
    """

    id: int
    uid: str
    action: str
    undoes: int | None
    at: datetime
    rater: str
    clip: Clip
    answer: Answer | None
    query_id: int | None
    model: str | None
    policy: str | None
    is_repeat: bool
    is_undone: bool


def add_label(
    store: Store,
    clip_id: int,
    answer: Answer,
    *,
    rater: str,
    query_id: int | None = None,
    uid: str | None = None,
    at: datetime | None = None,
) -> int:
    """Write a label; when this returns, it is on disk.

    Parameters
    ----------
    store : Store
        Where to.
    clip_id : int
        About what.
    answer : Answer
        What is said.
    rater : str
        By whom.
    query_id : int or None
        The question that is answered; the model and policy that asked it are written beside the label.
    uid : str or None
        The row's unique id, a UUID; a new one if None. Give one to be able to call again after an error.
    at : datetime or None
        When; now if None.

    Returns
    -------
    int
        The row's id, the same however often it is written.

    Raises
    ------
    StoreError
        If the onset lies outside the clip, the question is about another clip, there is another row with this ``uid``,
        or the store cannot be written; then call again with the same ``uid``.
    """
    with store.writing() as connection:
        asked = _asked(connection, query_id, clip_id)
        return append_label(connection, clip_id, answer, rater=rater, uid=uid, at=at, asked=asked)


def append_label(
    connection: Connection,
    clip_id: int,
    answer: Answer,
    *,
    rater: str,
    uid: str | None,
    at: datetime | None,
    asked: Mapping[str, Any],
) -> int:
    """Write a label inside a transaction; see `add_label`. ``asked`` holds query_id, model and policy, where known."""
    onset_s = None if answer.onset_s is None else round(answer.onset_s, 3)
    if onset_s is not None:
        _check_onset(connection, clip_id, onset_s)
    said = {
        "label": answer.label.value,
        "confidence": answer.confidence,
        "onset_s": onset_s,
        "response_s": answer.response_s,
        "comment": answer.comment,
        "saw_level": answer.saw_level,
        **{name: getattr(answer.display, name) for name in DISPLAY},
    }
    return _append(connection, uid, at, {"action": "label", "rater": rater, **asked, "clip_id": clip_id, **said})


def undo_label(store: Store, label_id: int, *, rater: str, uid: str | None = None, at: datetime | None = None) -> int:
    """Take one's own label back; both stay in the log.

    Returns
    -------
    int
        The id of the row that takes it back.

    Raises
    ------
    StoreError
        If it is no label of this rater, was taken back already, or the store cannot be written.
    """
    with store.writing() as connection:
        row = connection.execute(select(labels).where(labels.c.id == label_id)).one_or_none()
        if row is None or row.action != "label" or row.rater != rater.strip():
            raise StoreError(f"{label_id} is no label by {rater!r}. Everybody takes back their own labels only.")
        undo = {"action": "undo", "rater": rater, "clip_id": row.clip_id, "undoes": label_id, "comment": ""}
        return _append(connection, uid, at, {**undo, "query_id": row.query_id})


def skip_query(store: Store, query_id: int, *, rater: str, uid: str | None = None, at: datetime | None = None) -> int:
    """Leave a question for later: it comes again after all others.

    Returns
    -------
    int
        The id of the row.

    Raises
    ------
    StoreError
        If there is no such question, or the store cannot be written.
    """
    with store.writing() as connection:
        asked = _asked(connection, query_id, None)
        return _append(connection, uid, at, {"action": "skip", "rater": rater, "comment": "", **asked})


def _check_onset(connection: Connection, clip_id: int, onset_s: float) -> None:
    clip = connection.execute(select(clips).where(clips.c.id == clip_id)).one_or_none()
    if clip is None:
        raise StoreError(f"There is no clip {clip_id}. Add it first.")
    if not (isfinite(onset_s) and clip.start_s <= onset_s < clip.start_s + clip.duration_s):
        raise StoreError(
            f"An onset lies in its clip, from {clip.start_s:g} s to {clip.start_s + clip.duration_s:g} s, but got "
            f"{onset_s:g} s."
        )


def _asked(connection: Connection, query_id: int | None, clip_id: int | None) -> dict[str, Any]:
    if query_id is None:
        return {}
    query = (
        select(queries.c.clip_id, queries.c.policy, models.c.fingerprint)
        .join(models, isouter=True)
        .where(queries.c.id == query_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None or clip_id not in (None, row.clip_id):
        raise StoreError(f"There is no question {query_id} about this clip. Take one from the queue.")
    return {"query_id": query_id, "clip_id": row.clip_id, "model": row.fingerprint, "policy": row.policy}


def _append(connection: Connection, uid: str | None, at: datetime | None, row: dict[str, Any]) -> int:
    row |= {"uid": str(uuid.UUID(uid)) if uid else str(uuid.uuid4()), "rater": checked_person(row["rater"])}
    there = connection.execute(select(labels).where(labels.c.uid == row["uid"])).mappings().one_or_none()
    if there is None:
        if row["action"] == "undo" and _is_undone(connection, row["undoes"]):
            raise StoreError(f"Label {row['undoes']} has been taken back already.")
        row["at"] = at or datetime.now(UTC)
        return int(connection.execute(insert(labels).values(row).returning(labels.c.id)).scalar_one())
    if any(there[name] != value for name, value in row.items()):
        raise StoreError(f"Another row has the unique id {row['uid']!r}. Choose a new one for each row.")
    return int(there["id"])


def _is_undone(connection: Connection, label_id: int) -> bool:
    return connection.execute(select(labels.c.id).where(labels.c.undoes == label_id)).first() is not None


def label_log(store: Store, *, rater: str | None = None, patient: str | None = None) -> tuple[LabelRow, ...]:
    """Give all rows of the log in the order in which they were written: labels, undone ones too, undos and skips.

    Parameters
    ----------
    store : Store
        Where they are.
    rater, patient : str or None
        Only those of this rater, or on recordings of this patient.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    undo = labels.alias("undo")
    query = (
        select(
            labels,
            clips.c.start_s,
            clips.c.duration_s,
            queries.c.is_repeat,
            undo.c.id.label("undo_id"),
            *recording_columns(),
        )
        .join(clips, labels.c.clip_id == clips.c.id)
        .join(recordings)
        .join(patients)
        .join(queries, labels.c.query_id == queries.c.id, isouter=True)
        .join(undo, undo.c.undoes == labels.c.id, isouter=True)
        .order_by(labels.c.id)
    )
    query = query if rater is None else query.where(labels.c.rater == rater)
    query = query if patient is None else query.where(patients.c.pseudonym == patient)
    with store.reading() as connection:
        return tuple(_label_row(row) for row in connection.execute(query))


def _label_row(row: Row[Any]) -> LabelRow:
    display = Display(*(getattr(row, name) for name in DISPLAY))
    answer = None
    if row.action == "label":
        said = row.confidence, row.onset_s, row.response_s, row.comment, display, row.saw_level
        answer = Answer(Label(row.label), *said)
    return LabelRow(
        id=row.id,
        uid=row.uid,
        action=row.action,
        undoes=row.undoes,
        at=row.at,
        rater=row.rater,
        clip=Clip(row.clip_id, recording_of(row), row.start_s, row.duration_s),
        answer=answer,
        query_id=row.query_id,
        model=row.model,
        policy=row.policy,
        is_repeat=bool(row.is_repeat),
        is_undone=row.undo_id is not None,
    )


def present_labels(log: Sequence[LabelRow]) -> tuple[LabelRow, ...]:
    """Give what counts now: each rater's latest label on each clip that is not undone, in the order written."""
    latest = {(row.rater, row.clip.id): row for row in log if row.answer is not None and not row.is_undone}
    return tuple(sorted(latest.values(), key=lambda row: row.id))
