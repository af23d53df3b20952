"""Recordings of patients, and clips of recordings.

A recording is known by the fingerprint of its content: one that was moved or renamed is the same, and is found under
its new path once it has been added again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from eegwarn.cohort import CohortRecording
from eegwarn.errors import StoreError
from eegwarn.store.people import checked_person, checked_pseudonym
from eegwarn.store.schema import clips, patients, recordings
from eegwarn.store.store import Store
from eegwarn.store.upsert import upsert


@dataclass(frozen=True)
class StoredRecording:
    """A recording that the store knows.

    Parameters
    ----------
    id : int
        Its number in this store.
    patient : str
        Pseudonym.
    fingerprint : str
        Of its content; see `eegwarn.cohort.content.file_fingerprint`.
    path : Path
        Where it was last seen.
    duration_s : float
        Length in seconds.
    """

    id: int
    patient: str
    fingerprint: str
    path: Path
    duration_s: float

    @property
    def name(self) -> str:
        """File name."""
        return self.path.name


@dataclass(frozen=True)
class Clip:
    """A stretch of a recording that people are asked about; times in seconds from the recording's start."""

    id: int
    recording: StoredRecording
    start_s: float
    duration_s: float

    @property
    def end_s(self) -> float:
        """End, not part of it."""
        return self.start_s + self.duration_s


@dataclass(frozen=True)
class NewRecording:
    """A recording to add: its content's fingerprint, its file, its length in s, and its patient's pseudonym."""

    patient: str
    fingerprint: str
    path: Path
    duration_s: float


def add_recordings(store: Store, found: Sequence[NewRecording], *, by: str) -> tuple[StoredRecording, ...]:
    """Add recordings, or note where they are now.

    Parameters
    ----------
    store : Store
        Where to.
    found : sequence of NewRecording
        ``path`` is written absolute.
    by : str
        Who adds them.

    Returns
    -------
    tuple of StoredRecording
        In the order given.

    Raises
    ------
    StoreError
        If a patient's name is no pseudonym, a recording is known as another patient's, or the store cannot be written.
    """
    added = {"added_at": datetime.now(UTC), "added_by": checked_person(by)}
    names = sorted({checked_pseudonym(one.patient) for one in found})
    with store.writing() as connection:
        upsert(
            connection, patients, [{"pseudonym": name, **added} for name in names], key=("pseudonym",), kept=(*added,)
        )
        ids = {row.pseudonym: row.id for row in connection.execute(select(patients.c.pseudonym, patients.c.id))}
        rows = [
            {
                "patient_id": ids[one.patient],
                "fingerprint": one.fingerprint,
                "path": str(one.path.absolute()),
                "duration_s": one.duration_s,
                **added,
            }
            for one in found
        ]
        upsert(connection, recordings, rows, key=("fingerprint",), kept=("patient_id", *added))
        known = {one.fingerprint: one for one in _read(connection, _recordings())}
        for one in found:
            if known[one.fingerprint].patient != one.patient:
                raise StoreError(
                    f"Recording {one.path.name!r} was given as patient {one.patient!r}, but is known as "
                    f"{known[one.fingerprint].patient!r}'s. Use one pseudonym for a person."
                )
    return tuple(known[one.fingerprint] for one in found)


def add_cohort(
    store: Store, recordings: Sequence[tuple[CohortRecording, str]], *, by: str
) -> tuple[StoredRecording, ...]:
    """Add recordings of a cohort, each given with its content's fingerprint; see `add_recordings`.

    The data set's names of patients are taken for pseudonyms.
    """
    return add_recordings(
        store, [NewRecording(one.patient_id, print_, one.path, one.duration_s) for one, print_ in recordings], by=by
    )


def stored_recordings(store: Store, *, patient: str | None = None) -> tuple[StoredRecording, ...]:
    """Give the recordings of one patient or all, in the order in which they were added.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    query = _recordings() if patient is None else _recordings().where(patients.c.pseudonym == patient)
    with store.reading() as connection:
        return _read(connection, query.order_by(recordings.c.id))


def add_clips(store: Store, spans_s: Iterable[tuple[int, float, float]]) -> tuple[Clip, ...]:
    """Add clips; one that is there already is given as it is.

    Parameters
    ----------
    store : Store
        Where to.
    spans_s : iterable of (int, float, float)
        Each the recording's id, the start and the duration in s; both are rounded to the millisecond.

    Returns
    -------
    tuple of Clip
        In the order given.

    Raises
    ------
    StoreError
        If a clip does not lie in its recording, there is no such recording, or the store cannot be written.
    """
    with store.writing() as connection:
        return clips_in(connection, spans_s)


def clips_in(connection: Connection, spans_s: Iterable[tuple[int, float, float]]) -> tuple[Clip, ...]:
    """Add clips inside a transaction; see `add_clips`."""
    keys = [(recording_id, round(start_s, 3), round(duration_s, 3)) for recording_id, start_s, duration_s in spans_s]
    wanted = sorted({recording_id for recording_id, _, _ in keys})
    known = {one.id: one for one in _read(connection, _recordings().where(recordings.c.id.in_(wanted)))}
    for recording_id, start_s, duration_s in keys:
        _check_span(known.get(recording_id), start_s, duration_s)
    rows = [dict(zip(("recording_id", "start_s", "duration_s"), key, strict=True)) for key in keys]
    upsert(connection, clips, rows, key=("recording_id", "start_s", "duration_s"))
    found = connection.execute(select(clips).where(clips.c.recording_id.in_(wanted)))
    ids = {(row.recording_id, row.start_s, row.duration_s): row.id for row in found}
    return tuple(Clip(ids[key], known[key[0]], key[1], key[2]) for key in keys)


def _check_span(recording: StoredRecording | None, start_s: float, duration_s: float) -> None:
    if recording is None:
        raise StoreError("A clip was given for a recording that the store does not know. Add the recording first.")
    end_s = start_s + duration_s
    # A millisecond: what rounding may add.
    if not (isfinite(end_s) and 0 <= start_s < end_s <= recording.duration_s + 0.001):
        raise StoreError(
            f"A clip from {start_s:g} s to {end_s:g} s does not lie in {recording.name!r}, which lasts "
            f"{recording.duration_s:g} s."
        )


def recording_columns() -> tuple[Any, ...]:
    """Give what `recording_of` reads from a row."""
    return (
        recordings.c.id.label("recording_id"),
        patients.c.pseudonym,
        recordings.c.fingerprint,
        recordings.c.path,
        recordings.c.duration_s.label("recording_duration_s"),
    )


def recording_of(row: Row[Any]) -> StoredRecording:
    """Make a recording of a row that holds `recording_columns`."""
    return StoredRecording(row.recording_id, row.pseudonym, row.fingerprint, Path(row.path), row.recording_duration_s)


def _recordings() -> Select[Any]:
    return select(*recording_columns()).join(patients)


def _read(connection: Connection, query: Select[Any]) -> tuple[StoredRecording, ...]:
    return tuple(recording_of(row) for row in connection.execute(query))
