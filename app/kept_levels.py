"""Warning levels that the pages found, in the store: told again after a restart, or without the model's file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from app.access import Person, Right
from app.folder import fingerprint
from app.scores import OpenedModel, OpenedRecording, Print, content_of, sha256_of
from eegwarn.bedside.scoring import Scored
from eegwarn.errors import RecordingError
from eegwarn.store import Store
from eegwarn.store.models import stored_models, write_prediction
from eegwarn.store.recordings import stored_recordings


def keep_levels(
    store: Store, person: Person, model: OpenedModel, found: Sequence[tuple[OpenedRecording, Scored]]
) -> None:
    """Keep what a model said about recordings, in the place of what it said before; once while the dashboard runs.

    What the store does not know, be it the model or a recording, is passed over: nobody can be asked about it.

    Parameters
    ----------
    store : Store
        Where to.
    person : Person
        Who sees the scores. Of those who may not label nothing is kept: they change nothing.
    model : OpenedModel
        Known to the store by the SHA-256 of its file.
    found : sequence of (OpenedRecording, Scored)
        Each known to the store by its content, with what the model said.

    Raises
    ------
    StoreError
        If the store cannot be read or written.
    """
    done, where = _kept(), (str(store.place), store.inode, model.file_print)
    new = [(opened, scored) for opened, scored in found if (*where, opened.file_print) not in done]
    if not new or not person.may(Right.LABEL):
        return
    model_ids = {one.fingerprint: one.id for one in stored_models(store)}
    model_id = model_ids.get(_known_by(sha256_of, model.file_print))
    if model_id is None:
        return
    recording_ids = {one.fingerprint: one.id for one in stored_recordings(store)}
    for opened, scored in new:
        recording_id = recording_ids.get(_known_by(content_of, opened.file_print))
        if recording_id is not None:
            write_prediction(store, model_id, recording_id, scored.time_s, scored.probability)
            done.add((*where, opened.file_print))


def _known_by(hash_of: Callable[[Print], str], file_print: Print) -> str:
    """Give what the store knows a file by; nothing where it is no longer the file that was opened."""
    try:
        found = hash_of(file_print)
        return found if fingerprint(Path(file_print[0])) == file_print else ""
    except (OSError, RecordingError):
        return ""


@st.cache_resource(show_spinner=False)
def _kept() -> set[tuple[str, int | None, Print, Print]]:
    return set()
