"""The part of the models page that starts long commands, and shows how the one that runs, or ran last, stands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from app.access import Person, Right
from app.jobs import Job, JobState, Standing, cancel, read_jobs, standing, start_job
from app.model_commands import (
    checked_name,
    data_folders,
    evaluate_arguments,
    free_name,
    quantize_arguments,
    read_settings,
    retrain_arguments,
    title_of,
    train_arguments,
)
from app.model_files import ModelFile
from app.opened_store import folder_store
from eegwarn.errors import EegwarnError

_REFRESH_S, _LOOK_AGAIN_S = 2.0, 10.0
_RAN = "job that ran"
_ALONE = "One job runs at a time in a folder, in a process of its own: it goes on when this page is closed."
_METHODS = ("auto", "plain", "context", "changepoint", "meta")
_SIGNS = {
    JobState.RUNNING: "▶",
    JobState.DONE: "✔",
    JobState.FAILED: "✖",
    JobState.CANCELLED: "■",
    JobState.LOST: "✖",
}


def show_job(folder: Path, person: Person) -> None:
    """Show the latest job, again and again by itself; when it ends, the whole page is read anew."""
    job = next(read_jobs(folder), None)
    is_running = job is not None and standing(job).state is JobState.RUNNING
    if job is not None and is_running:
        st.session_state[_RAN] = job.number
    # One that was started on another screen is seen a little later.
    st.fragment(_show_job, run_every=_REFRESH_S if is_running else _LOOK_AGAIN_S)(folder, person)


def _show_job(folder: Path, person: Person) -> None:
    job = next(read_jobs(folder), None)
    if job is None:
        return
    now = standing(job)
    if st.session_state.get(_RAN) == job.number and now.state is not JobState.RUNNING:
        st.session_state[_RAN] = None
        st.rerun()
    if now.state is JobState.RUNNING and st.session_state.get(_RAN) != job.number:
        st.session_state[_RAN] = job.number
        st.rerun()
    with st.container(border=True, gap=None):
        words, log, act = st.columns([6, 1, 1], vertical_alignment="center")
        words.markdown(f"{_SIGNS[now.state]} **{job.title}** · {_in_words(job, now)}")
        with log.popover("Log", width="stretch"):
            st.code("\n".join(now.said.tail) or "nothing yet", language=None)
            st.caption(f"`eegwarn {' '.join(job.arguments)}`")
            st.caption(f"In full: `{job.folder / 'log.txt'}`")
        with act:
            _offer(folder, job, now, person)
        if now.state is JobState.RUNNING:
            st.progress(now.said.share, text=now.said.step or "starting …")


def _in_words(job: Job, now: Standing) -> str:
    since = f"by {job.by}, {job.started_at[:16].replace('T', ' ')} UTC"
    if now.state is JobState.RUNNING:
        return f"{now.said.left} left of this step · {since}" if now.said.left else since
    return f"done · {since}" if now.state is JobState.DONE else f"{now.problem} · {since}"


def _offer(folder: Path, job: Job, now: Standing, person: Person) -> None:
    """Offer to cancel what runs, and to go on with what was ended: training goes on where it was."""
    if not person.may(Right.RETRAIN) or now.state is JobState.DONE:
        return
    if now.state is JobState.RUNNING:
        if st.button("Cancel", key="cancel-job", width="stretch"):
            _try(lambda: cancel(job, by=person.name))
        return
    words = "Try again" if now.state is JobState.FAILED else "Go on"
    if st.button(words, key="go-on", width="stretch", help="The same command again: training goes on where it was"):
        _start(folder, person, job.model, lambda: job.arguments)


@st.dialog("Train a new model")
def train_dialog(folder: Path, person: Person) -> None:
    """Ask on what and how to train."""
    data = _ask_data(folder)
    out = st.text_input("Name of the new model", free_name(folder, "model"), key="new-name")
    left, right = st.columns(2)
    backbone = left.selectbox("Network", ["resnet", "lstm"], key="new-network")
    method = right.selectbox("Rough marks", _METHODS, key="new-method", help="auto corrects onsets for a detector")
    horizon_s = left.number_input(
        "Warn so many seconds before (0 detects)", 0.0, 86_400.0, 0.0, 60.0, key="new-horizon"
    )
    config = right.selectbox("Start from", ["default", "demo"], key="new-config")
    settings = _ask_settings()
    if _submit("Train", "train-now"):
        _start(
            folder,
            person,
            "",
            lambda: train_arguments(
                data,
                checked_name(out, folder),
                config=config,
                backbone=backbone,
                method=method,
                horizon_s=horizon_s,
                settings=read_settings(settings),
            ),
        )


@st.dialog("Train again with the labels in the store")
def retrain_dialog(folder: Path, person: Person, model: ModelFile) -> None:
    """Ask on what to train a model again."""
    data = _ask_data(folder)
    out = st.text_input("Name of the new model", free_name(folder, Path(model.name).stem), key="new-name")
    starts = {"scratch": "new networks", "weights": "the old model's weights"}
    start = st.selectbox("Start from", list(starts), format_func=starts.__getitem__, key="new-start")
    settings = _ask_settings()
    if _submit("Train again", "retrain-now"):
        _start(
            folder,
            person,
            model.fingerprint,
            lambda: retrain_arguments(
                model.name,
                data,
                checked_name(out, folder),
                start=start,
                by=person.name,
                store=folder_store(),
                settings=read_settings(settings),
            ),
        )


@st.dialog("Make a small model of it")
def quantize_dialog(folder: Path, person: Person, model: ModelFile) -> None:
    """Ask how small."""
    data = _ask_data(folder)
    left, right = st.columns(2)
    bits = left.selectbox("Bits of a weight", [8, 4, 2, 1], key="new-bits")
    methods = {"post-training": "no training", "ste": "straight gradient", "metaquant": "learned gradient"}
    method = right.selectbox("Training", list(methods), format_func=methods.__getitem__, key="new-way")
    proposed = free_name(folder, Path(model.name).stem, f"-{bits}bit")
    out = st.text_input("Name of the new model", proposed, key=f"new-name-{bits}")
    settings = _ask_settings()
    if _submit("Make small", "quantize-now"):
        _start(
            folder,
            person,
            model.fingerprint,
            lambda: quantize_arguments(
                model.name,
                data,
                checked_name(out, folder),
                bits=bits,
                method=method,
                settings=read_settings(settings),
            ),
        )


@st.dialog("Evaluate on patients it never saw")
def evaluate_dialog(folder: Path, person: Person, model: ModelFile) -> None:
    """Ask on which cohort."""
    data = _ask_data(folder)
    if _submit("Evaluate", "evaluate-now"):
        _start(folder, person, model.fingerprint, lambda: evaluate_arguments(model.name, data))


def _ask_data(folder: Path) -> str:
    found = data_folders(folder)
    chosen = st.selectbox(
        "Recordings", found, index=0 if found else None, key="new-data", help="A folder of patients with marks"
    )
    return str(chosen or ".")


def _ask_settings() -> str:
    return st.text_area(
        "Other settings", key="new-settings", height=68, placeholder="steps=2000", help="One a line, as with --set"
    )


def _submit(words: str, key: str) -> bool:
    st.caption(_ALONE)
    return st.button(words, key=key, type="primary")


def _start(folder: Path, person: Person, model: str, arguments: Callable[[], tuple[str, ...]]) -> None:
    def begin() -> Any:
        person.refuse_without(Right.RETRAIN)
        given = arguments()
        return start_job(folder, given, title=title_of(given), by=person.name, model=model)

    _try(begin)


def _try(act: Callable[[], Any]) -> None:
    """Do it and show the page anew; where it cannot be done, say why."""
    try:
        act()
    except EegwarnError as error:
        st.error(str(error))
        return
    st.rerun()
