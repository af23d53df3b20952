"""The view of a recording that somebody brings: scored on the spot, and gone with the session."""

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app.access import Right
from app.folder import dashboard_folder
from app.scores import OpenedModel, Print
from app.upload import SUFFIXES, Upload, channels_in_words, keep_upload
from app.views.patients import choose_model
from app.views.recording import key_of, list_findings, show_eeg, tell
from app.views.title import sidebar_title
from app.visitor import visitor
from eegwarn.bedside.scoring import Scored, score_recording
from eegwarn.errors import EegwarnError

_UPLOAD, _SCORES, _ROUND = "upload", "scores of the upload", "round of uploads"
_REFUSED = "why the upload was refused"


def show() -> None:
    """Lay out the page."""
    person = visitor()
    if person is None:
        return
    if not person.may(Right.UPLOAD):
        st.info(f"You are {person.name}, a {person.role.value}: only annotators upload. An admin can make you one.")
        return
    upload: Upload | None = st.session_state.get(_UPLOAD)
    with st.sidebar:
        sidebar_title()
        _, model = choose_model(dashboard_folder())
        below = st.container()
    if upload is None:
        _ask()
    else:
        _show(upload, model, below)


def _ask() -> None:
    """Ask for a file, and refuse it with the reason where it cannot be used."""
    st.markdown("**Try it on a recording of your own**")
    st.markdown(
        f"An EDF, EDF+ or BDF file of up to {st.get_option('server.maxUploadSize')} MB. It is kept in a private place "
        "on the computer that runs this dashboard, for this session only, and its name and what its header says of "
        "the patient are dropped. Nothing is written to the store."
    )
    if why := st.session_state.get(_REFUSED):
        st.error(why)
    sent = st.file_uploader("Recording", type=[suffix[1:] for suffix in SUFFIXES], key=_widget())
    if sent is None:
        return
    _forget()
    try:
        st.session_state[_UPLOAD] = keep_upload(sent.getbuffer(), Path(sent.name).suffix)
    except EegwarnError as error:
        st.session_state[_REFUSED] = str(error)
    st.rerun()


def _widget() -> str:
    return f"upload-{st.session_state.get(_ROUND, 0)}"


def _forget() -> None:
    """Forget what was uploaded; the next one gets a widget of its own, since this one shows the name of its file."""
    for name in (_UPLOAD, _SCORES, _REFUSED):
        st.session_state.pop(name, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _show(upload: Upload, model: OpenedModel | None, below: Any) -> None:
    recording = upload.opened.recording
    below.button("Remove the file", key="remove-upload", icon=":material/delete:", on_click=_forget, width="stretch")
    scored, why_not = _score(upload, model)
    key = key_of(upload.opened, model)
    with below:
        try:
            st.caption(channels_in_words(recording))
        except EegwarnError as error:
            st.warning(str(error))
        list_findings(key, "upload", scored, upload.seizures)
    show_eeg(key, upload.opened, model, scored, upload.seizures, why_not)


def _score(upload: Upload, model: OpenedModel | None) -> tuple[Scored | None, str]:
    """Score the recording once with each model, with progress; else say why not, and show the EEG all the same."""
    if model is None:
        return None, "not judged: no model chosen"
    kept: dict[Print, Scored] = st.session_state.setdefault(_SCORES, {})
    scored = kept.get(model.file_print)
    if scored is not None:
        return scored, ""
    bar = st.empty()
    try:
        scored = kept[model.file_print] = score_recording(model.bundle, upload.opened.recording, partial(tell, bar))
    except EegwarnError as error:
        bar.error(str(error))
        return None, "not judged"
    bar.empty()
    return scored, ""
