"""Which clips people are asked about, by whom or what, and why.

Questions are a log too. One is open for a rater until she has answered it; a clip that she has labelled already is not
asked again by a later batch, unless it is shown once more on purpose, to see whether she agrees with herself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, exists, func, insert, select

from eegwarn.store.answer import Label
from eegwarn.store.people import checked_person
from eegwarn.store.recordings import Clip, clips_in, recording_columns, recording_of
from eegwarn.store.schema import clips, labels, models, patients, queries, recordings
from eegwarn.store.store import Store


@dataclass(frozen=True)
class Question:
    """A clip to ask about.

    Parameters
    ----------
    recording_id : int
        Its recording.
    start_s, duration_s : float
        The clip, in s from the recording's start.
    reason : mapping of str to float
        What moved the policy to choose it: features and their shares.
    is_repeat : bool
        Whether the clip was labelled before and is asked again on purpose.
    rater : str or None
        Who is asked; everybody if None.
    """

    recording_id: int
    start_s: float
    duration_s: float
    reason: Mapping[str, float] = field(default_factory=dict)
    is_repeat: bool = False
    rater: str | None = None


@dataclass(frozen=True)
class OpenQuery:
    """A question that a rater has not answered yet.

    Parameters
    ----------
    id : int
        What the answer names it by.
    clip : Clip
        About what.
    reason : dict of str to float
        Why it is asked.
    asked_at : datetime
        UTC, the same for all of a batch.
    asked_by : str
        Who asked for the batch.
    model, policy : str or None
        Fingerprint of the model, and name and version of the policy, that chose it.
    """

    id: int
    clip: Clip
    reason: dict[str, float]
    asked_at: datetime
    asked_by: str
    model: str | None
    policy: str | None


def ask(
    store: Store,
    questions: Sequence[Question],
    *,
    by: str,
    model_id: int | None = None,
    policy: str | None = None,
    at: datetime | None = None,
) -> tuple[int, ...]:
    """Put a batch of questions into the queue, all or none.

    Parameters
    ----------
    store : Store
        Where to.
    questions : sequence of Question
        In the order in which to ask them.
    by : str
        Who asks.
    model_id : int or None
        The model whose doubts they are.
    policy : str or None
        Name and version of what chose them.
    at : datetime or None
        When; now if None.

    Returns
    -------
    tuple of int
        Ids of the questions.

    Raises
    ------
    StoreError
        If a clip does not lie in its recording, there is no such model, or the store cannot be written.
    """
    if not questions:
        return ()
    batch = {
        "asked_at": at or datetime.now(UTC),
        "asked_by": checked_person(by),
        "model_id": model_id,
        "policy": policy,
    }
    with store.writing() as connection:
        found = clips_in(connection, [(one.recording_id, one.start_s, one.duration_s) for one in questions])
        rows = [
            {
                **batch,
                "clip_id": clip.id,
                "rater": None if one.rater is None else checked_person(one.rater),
                "position": position,
                "reason": json.dumps(dict(one.reason)),
                "is_repeat": one.is_repeat,
            }
            for position, (one, clip) in enumerate(zip(questions, found, strict=True))
        ]
        ids = connection.execute(insert(queries).returning(queries.c.id, sort_by_parameter_order=True), rows)
        return tuple(ids.scalars())


def open_queries(store: Store, *, rater: str, limit: int | None = None) -> tuple[OpenQuery, ...]:
    """Give a rater's open questions: the latest batch first, each in its order, and what she skipped last of all.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    undo = labels.alias("undo")
    labelled = and_(
        labels.c.rater == rater,
        labels.c.action == "label",
        ~exists().where(undo.c.undoes == labels.c.id).correlate(labels),
    )
    answered = exists().where(labels.c.query_id == queries.c.id, labelled)
    known = exists().where(labels.c.clip_id == queries.c.clip_id, labelled)
    skips = labels.alias("skips")
    skipped = (
        select(func.max(skips.c.id))
        .where(skips.c.query_id == queries.c.id, skips.c.rater == rater, skips.c.action == "skip")
        .scalar_subquery()
    )
    query = (
        select(
            queries.c.id.label("query_id"),
            queries.c.reason,
            queries.c.asked_at,
            queries.c.asked_by,
            queries.c.policy,
            models.c.fingerprint.label("model"),
            clips.c.id.label("clip_id"),
            clips.c.start_s,
            clips.c.duration_s,
            *recording_columns(),
        )
        .join(clips, queries.c.clip_id == clips.c.id)
        .join(recordings)
        .join(patients)
        .join(models, queries.c.model_id == models.c.id, isouter=True)
        .where(queries.c.rater.is_(None) | (queries.c.rater == rater), ~answered, queries.c.is_repeat | ~known)
        .order_by(func.coalesce(skipped, 0), queries.c.asked_at.desc(), queries.c.position, queries.c.id)
        .limit(limit)
    )
    with store.reading() as connection:
        return tuple(_open_query(row) for row in connection.execute(query))


def _open_query(row: Any) -> OpenQuery:
    clip = Clip(row.clip_id, recording_of(row), row.start_s, row.duration_s)
    return OpenQuery(row.query_id, clip, json.loads(row.reason), row.asked_at, row.asked_by, row.model, row.policy)


def asked_questions(store: Store) -> tuple[Question, ...]:
    """Give all that was ever asked, answered or not, in the order of asking.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    query = (
        select(queries.c.reason, queries.c.is_repeat, queries.c.rater, clips)
        .join(clips, queries.c.clip_id == clips.c.id)
        .order_by(queries.c.id)
    )
    with store.reading() as connection:
        return tuple(
            Question(row.recording_id, row.start_s, row.duration_s, json.loads(row.reason), row.is_repeat, row.rater)
            for row in connection.execute(query)
        )


def n_answered(store: Store, *, rater: str) -> dict[Label, int]:
    """Count a rater's answers by what she said, undone ones left out: how far she has come, for a bar of progress.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    undo = labels.alias("undo")
    query = (
        select(labels.c.label, func.count().label("n"))
        .where(labels.c.rater == rater, labels.c.action == "label", ~exists().where(undo.c.undoes == labels.c.id))
        .group_by(labels.c.label)
    )
    with store.reading() as connection:
        counted = {row.label: row.n for row in connection.execute(query)}
    return {label: counted.get(label.value, 0) for label in Label}
