"""What a rater did on the annotation page, on its way into the store.

The page keeps each thing she did, under a unique id, until it has been told that the store has it. So the same may come
several times, and is written once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eegwarn.errors import StoreError
from eegwarn.store.answer import DISPLAY, Answer, Display, Label
from eegwarn.store.labels import add_label, label_log, skip_query, undo_label
from eegwarn.store.store import Store

_NUMBERS = ("confidence", "onset_s", "response_s")


@dataclass(frozen=True)
class Written:
    """What became of what a rater did.

    Parameters
    ----------
    uids : tuple of str
        What the store has by now.
    problem : str
        Why the first of the rest, and with it what came after, could not be written; empty where all was.
    """

    uids: tuple[str, ...]
    problem: str = ""


def write_acts(store: Store, acts: Sequence[Mapping[str, Any]], *, rater: str) -> Written:
    """Write labels, skips and undos in their order; what follows one that cannot be written waits for it.

    Parameters
    ----------
    store : Store
        Where to.
    acts : sequence of mapping
        Each with ``uid``, ``action`` ("label", "skip" or "undo"), and: for a label ``clip_id``, ``query_id``,
        ``label``, ``confidence``, ``onset_s``, ``response_s``, ``comment``, ``display`` and ``saw_level``; for a skip
        ``query_id``; for an undo the ``uid`` of what it ``undoes``.
    rater : str
        Who did them.
    """
    uids: list[str] = []
    for act in acts:
        try:
            _write(store, act, rater)
        except StoreError as error:
            return Written(tuple(uids), str(error))
        except (KeyError, TypeError, ValueError) as error:
            return Written(tuple(uids), f"An answer of the page cannot be understood: {error!r}. Discard it.")
        uids.append(str(act["uid"]))
    return Written(tuple(uids))


def _write(store: Store, act: Mapping[str, Any], rater: str) -> None:
    uid = str(act["uid"])
    if act["action"] == "label":
        answer = answer_of(act)
        add_label(store, int(act["clip_id"]), answer, rater=rater, query_id=int(act["query_id"]), uid=uid)
    elif act["action"] == "skip":
        skip_query(store, int(act["query_id"]), rater=rater, uid=uid)
    elif act["action"] == "undo":
        _undo(store, str(act["undoes"]), rater, uid)
    else:
        raise ValueError(f"action {act['action']!r}")


def answer_of(act: Mapping[str, Any]) -> Answer:
    """Read a label as the page sends it.

    Raises
    ------
    KeyError, TypeError, ValueError, StoreError
        If it is no answer.
    """
    confidence, onset_s, response_s = (None if act.get(name) is None else float(act[name]) for name in _NUMBERS)
    shown = act.get("display") or {}
    display = Display(**{name: shown.get(name) for name in DISPLAY})
    saw_level = None if act.get("saw_level") is None else bool(act["saw_level"])
    comment = str(act.get("comment") or "")
    return Answer(Label(act["label"]), confidence, onset_s, response_s, comment, display, saw_level)


def _undo(store: Store, undone_uid: str, rater: str, uid: str) -> None:
    row = next((row for row in label_log(store, rater=rater) if row.uid == undone_uid), None)
    if row is None:
        raise StoreError("What is to be undone is not in the store. Discard the undo.")
    # Called again after nobody knew whether it went through: the undo may be there.
    undo_label(store, row.id, rater=rater, uid=uid)
