"""The view of one patient: who, judged by which model, and what is not scored yet."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import streamlit as st

from app.folder import MODEL_SUFFIX, dashboard_folder, find_files
from app.patient_rows import Scores
from app.patients import FoundPatient, find_patients, open_patient
from app.scores import OpenedModel, OpenedRecording, kept_score, open_file, open_model, score
from app.views import recording
from app.views.title import title_line
from app.visitor import visitor
from eegwarn.cohort.cohort import Skipped
from eegwarn.errors import EegwarnError, ModelError

_REFUSED = "recordings that could not be scored"
_MOST_COMPLAINTS = 5
_STYLE = "<style>.st-key-patients, .st-key-patient { gap: 0.5rem; }</style>"


def show() -> None:
    """Lay out the page."""
    if visitor() is None:
        return
    st.html(_STYLE)
    folder = dashboard_folder()
    with st.container(key="patients"):
        title_line(st)
        if find_spec("timescoring") is None:
            st.info(
                "This page counts events as evaluations do. Install what that takes: `pip install 'eegwarn[train]'`."
            )
            return
        patients, left_out = _find(folder)
        if patients:
            _show_chosen(folder, patients)
        else:
            st.info(
                f"No patient's recordings in {str(folder)!r}. Run `eegwarn demo` to make some, or start the dashboard "
                "with a folder that holds recordings: `eegwarn dashboard FOLDER`."
            )
        _complain(left_out)


@st.cache_data(ttl=10, max_entries=8, show_spinner=False)
def _find(folder: Path) -> tuple[tuple[FoundPatient, ...], tuple[Skipped, ...]]:
    return find_patients(folder)


def _show_chosen(folder: Path, patients: Sequence[FoundPatient]) -> None:
    # What evaluates takes seconds to load at first, which no other page should wait for.
    with st.spinner("Loading …"):
        from app.views.patient_details import JudgedPatient, show_patient

    chosen, model_at, act = st.columns([2, 2, 3], vertical_alignment="center")
    with chosen:
        found = _choose("Patient", {one.name: one for one in patients})
    with model_at:
        model_name, model = choose_model(folder)
    opened, left_out = open_patient(found, lambda path: open_file(path).recording)
    if opened is None:
        st.error(f"No recording of {found.name} can be used. Choose another patient.")
    else:
        files = {each.path: open_file(each.path) for each in opened.patient.recordings}
        with act:
            scores = _scores(files, model) if model else {}
        if model and scores:
            recording.keep_found(model, [(files[path], scored) for path, scored in scores.items()])
        show_patient(JudgedPatient(folder, opened, files, scores, model_name, model))
    _complain(left_out)


def _choose(what: str, offered: dict[str, Any]) -> Any:
    """Give what is chosen; the session keeps it while other pages are looked at, the address over a reload."""
    kept, names = f"patients-{what}", list(offered)
    asked = st.session_state.get(kept) or st.query_params.get(what.lower())
    name = st.selectbox(what, names, index=names.index(asked) if asked in offered else 0, label_visibility="collapsed")
    st.session_state[kept] = name
    if st.query_params.get(what.lower()) != name:
        st.query_params[what.lower()] = name
    return offered[name]


def choose_model(folder: Path) -> tuple[str, OpenedModel | None]:
    """Offer the models of the folder; give the name and the model, which is None where there is none, or it is refused.

    The page says why then.
    """
    paths = {str(path.relative_to(folder)): path for path in find_files(folder, (MODEL_SUFFIX,))}
    if not paths:
        st.caption("No model in the folder, so nothing is judged. `eegwarn train` makes one.")
        return "", None
    path = _choose("Model", paths)
    try:
        return str(path.relative_to(folder)), open_model(path)
    except ModelError as error:
        st.error(str(error))
        return "", None


def _scores(files: Mapping[Path, OpenedRecording], model: OpenedModel) -> Scores:
    """Give the scores that there are, and offer to make the others."""
    refused: dict[Any, str] = st.session_state.setdefault(_REFUSED, {})
    scores, waiting = {}, []
    for path, file in files.items():
        if (scored := kept_score(file, model)) is not None:
            scores[path] = scored
        elif why := refused.get((file.file_print, model.file_print)):
            st.warning(why)
        else:
            waiting.append(file)
    if waiting:
        place = st.empty()
        hours = sum(file.recording.duration_s for file in waiting) / 3600
        words = f"Score {len(waiting)} of {len(files)} recordings ({hours:.1f} h)"
        why = "They were not scored with this model since the dashboard was started"
        if place.button(words, key="score-patient", type="primary", help=why):
            _score_all(waiting, model, place, refused)
            st.rerun()
    return scores


def _score_all(files: Sequence[OpenedRecording], model: OpenedModel, place: Any, refused: dict[Any, str]) -> None:
    for number, file in enumerate(files):
        try:
            score(file, model, _progress(place, number, len(files)))
        except EegwarnError as error:
            refused[(file.file_print, model.file_print)] = str(error)


def _progress(place: Any, number: int, n_files: int) -> Callable[[str, int, int], None]:
    def tell(step: str, done: int, total: int) -> None:
        text = f"Recording {number + 1} of {n_files}: window {done} of {total}"
        place.progress(min((number + done / total) / n_files, 1.0), text=text)

    return tell


def _complain(left_out: Sequence[Skipped]) -> None:
    if left_out:
        with st.expander(f"{len(left_out)} left out", expanded=len(left_out) == 1):
            for one in left_out[:_MOST_COMPLAINTS]:
                st.warning(f"{one.path.name}: {one.reason}")
            if len(left_out) > _MOST_COMPLAINTS:
                st.caption(f"The first {_MOST_COMPLAINTS} of {len(left_out)}; `eegwarn inspect` tells all.")
