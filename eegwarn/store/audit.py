"""Who did what, in the order of time.

There is no log beside the logs: every row that a person causes names them and the moment, and is never changed or
removed. Actions on alarms, silenced faults, questions, labels, promotions of models and the starts of monitors are
append-only by triggers in the database; patients, recordings and models keep who added them. Whoever administers the
database itself can drop the triggers: keep copies elsewhere.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, case, cast, func, literal, null, select, union_all

from eegwarn.store.schema import (
    alarm_actions,
    beds,
    fault_silences,
    labels,
    models,
    patients,
    promotions,
    queries,
    recordings,
    watches,
)
from eegwarn.store.store import Store


@dataclass(frozen=True)
class Act:
    """Something that somebody did.

    Parameters
    ----------
    at : datetime
        UTC.
    who : str
        By the name they log in with.
    what : str
        Such as "label", "undo", "acknowledge", "silence fault", "ask", "promote", "watch" or "add recording".
    about : str
        What it was done to: the clip, the alarm, the bed, the pseudonym, the fingerprint, or how many were asked.
    detail : str
        The label, the reason, or the model's fingerprint; empty where there is none.
    """

    at: datetime
    who: str
    what: str
    about: str
    detail: str


def acts(store: Store, *, since: datetime | None = None, until: datetime | None = None) -> tuple[Act, ...]:
    """Give all that was done from ``since`` until before ``until``, in the order of time.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    done = union_all(
        select(
            labels.c.at.label("at"),
            labels.c.rater.label("who"),
            labels.c.action.label("what"),
            (literal("clip ") + cast(labels.c.clip_id, String)).label("about"),
            labels.c.label.label("detail"),
        ),
        select(
            alarm_actions.c.at,
            alarm_actions.c.actor,
            alarm_actions.c.kind,
            literal("alarm ") + cast(alarm_actions.c.alarm_id, String),
            alarm_actions.c.reason,
        ),
        select(fault_silences.c.at, fault_silences.c.actor, literal("silence fault"), beds.c.name, null()).join_from(
            fault_silences, beds
        ),
        select(
            queries.c.asked_at,
            queries.c.asked_by,
            literal("ask"),
            cast(func.count(), String) + literal(" clips"),
            queries.c.policy,
        ).group_by(queries.c.asked_at, queries.c.asked_by, queries.c.policy),
        select(patients.c.added_at, patients.c.added_by, literal("add patient"), patients.c.pseudonym, null()),
        select(
            recordings.c.added_at, recordings.c.added_by, literal("add recording"), recordings.c.fingerprint, null()
        ),
        select(
            promotions.c.at,
            promotions.c.actor,
            case((promotions.c.model_id.is_(None), "give back"), else_="promote"),
            beds.c.name,
            models.c.fingerprint,
        )
        .select_from(promotions)
        .join(beds)
        .join(models, isouter=True),
        select(watches.c.at, watches.c.actor, literal("watch"), beds.c.name, watches.c.fingerprint).join_from(
            watches, beds
        ),
        select(models.c.added_at, models.c.added_by, literal("add model"), models.c.fingerprint, null()),
    ).subquery()
    query = select(done).order_by(done.c.at)
    query = query if since is None else query.where(done.c.at >= since)
    query = query if until is None else query.where(done.c.at < until)
    with store.reading() as connection:
        return tuple(Act(row.at, row.who, row.what, row.about, row.detail or "") for row in connection.execute(query))
