"""A store with a recording, its clips, and answers about them."""

from pathlib import Path

from eegwarn.store import Store
from eegwarn.store.answer import Answer, Label
from eegwarn.store.recordings import Clip, NewRecording, StoredRecording, add_clips, add_recordings

SEIZURE, NOT_SEIZURE = Answer(Label.SEIZURE), Answer(Label.NOT_SEIZURE)


def recording(store: Store, name: str = "night.edf", patient: str = "p1") -> StoredRecording:
    found = NewRecording(patient, f"print-of-{name}", Path("/data") / name, 3600.0)
    return add_recordings(store, [found], by="engineer")[0]


def clips(store: Store, n: int, name: str = "night.edf") -> tuple[Clip, ...]:
    known = recording(store, name)
    return add_clips(store, [(known.id, 10.0 * number, 10.0) for number in range(n)])
