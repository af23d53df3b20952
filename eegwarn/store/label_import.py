"""Labels from elsewhere, written all or none, and never twice."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from eegwarn.errors import StoreError
from eegwarn.store.answer import Answer
from eegwarn.store.labels import append_label
from eegwarn.store.recordings import StoredRecording, clips_in, stored_recordings
from eegwarn.store.schema import labels
from eegwarn.store.store import Store

_SPACE = uuid.UUID("6f3d9d2e-3c63-4c0e-9f2b-7a1f5f0d8c11")


@dataclass(frozen=True)
class GivenLabel:
    """A label that a file holds.

    Parameters
    ----------
    recording : str
        File name.
    fingerprint : str or None
        Of the recording's content, which goes before its name.
    start_s, duration_s : float
        The clip, in s from the recording's start.
    answer : Answer
        What is said.
    rater : str
        By whom.
    uid : str or None
        The label's unique id; one that follows from all the above if None.
    at : datetime or None
        When it was given; the time of the import if None.
    model, policy : str or None
        What asked.
    """

    recording: str
    fingerprint: str | None
    start_s: float
    duration_s: float
    answer: Answer
    rater: str
    uid: str | None = None
    at: datetime | None = None
    model: str | None = None
    policy: str | None = None


@dataclass(frozen=True)
class Imported:
    """How many labels were written, and how many were there already."""

    n_new: int
    n_known: int


def import_labels(store: Store, given: Sequence[GivenLabel]) -> Imported:
    """Write labels that a file holds; those that the store has already are left as they are.

    Raises
    ------
    StoreError
        If a recording is not known, or its name is that of several; if a clip or an onset does not lie where it should;
        or if the store cannot be written. Nothing is written then.
    """
    known = stored_recordings(store)
    found = [_recording_of(one, known) for one in given]
    with store.writing() as connection:
        spans_s = [(where.id, one.start_s, one.duration_s) for one, where in zip(given, found, strict=True)]
        clips = clips_in(connection, spans_s)
        there = set(connection.execute(select(labels.c.uid)).scalars())
        new: set[str] = set()
        for one, where, clip in zip(given, found, clips, strict=True):
            uid = one.uid or _uid(one, where)
            if uid in there or uid in new:
                continue
            asked = {"model": one.model, "policy": one.policy}
            append_label(connection, clip.id, one.answer, rater=one.rater, uid=uid, at=one.at, asked=asked)
            new.add(uid)
    return Imported(len(new), len(given) - len(new))


def _recording_of(label: GivenLabel, known: Sequence[StoredRecording]) -> StoredRecording:
    if label.fingerprint is not None:
        same = [one for one in known if one.fingerprint == label.fingerprint]
    else:
        same = [one for one in known if one.name == label.recording]
    if len(same) != 1:
        what = f"is the name of {len(same)} recordings" if same else "is no recording that the store knows"
        raise StoreError(f"{label.recording!r} {what}. Name the folder that holds it with --data.")
    return same[0]


def _uid(label: GivenLabel, recording: StoredRecording) -> str:
    said = (
        recording.fingerprint,
        label.start_s,
        label.duration_s,
        label.rater,
        label.answer.label,
        label.answer.onset_s,
    )
    return str(uuid.uuid5(_SPACE, "|".join(map(str, said))))
