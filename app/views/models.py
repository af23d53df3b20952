"""The view of the models: what there is, from what it was made, how good it is, and which one watches which bed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.access import Person, Right
from app.folder import MODEL_SUFFIX, dashboard_folder, find_files, fingerprint
from app.jobs import Job, JobState, read_jobs, standing
from app.model_files import HeldOut, ModelFile, family_tree, held_out, read_model_file
from app.model_rows import model_row
from app.opened_store import dashboard_store
from app.scores import Print
from app.views.model_beds import show_beds
from app.views.model_details import show_comparison, show_corrections, show_making, show_sizes
from app.views.model_jobs import evaluate_dialog, quantize_dialog, retrain_dialog, show_job, train_dialog
from app.views.title import title_line
from app.visitor import name_field, visitor
from eegwarn.errors import EegwarnError, ModelError

_TABLE, _CHOSEN = "models-table", "chosen-model"
_VIEWS = ("Old against new", "Corrected marks", "Size and quality", "Beds", "How it was made")
_MOST_COMPLAINTS = 5
_ROW_PX, _MOST_ROWS = 28, 9
# The numbers below the list are what the page is for: on a small screen they must not lie out of sight.
_STYLE = "<style>.st-key-models { gap: 0.5rem; }</style>"


def show() -> None:
    """Lay out the page."""
    person = visitor()
    if person is None:
        return
    st.html(_STYLE)
    with st.container(key="models"):
        words, name = st.columns([4, 1], vertical_alignment="center")
        title_line(words)
        with name:
            name_field()
        _show_models(dashboard_folder(), person)


def _show_models(folder: Path, person: Person) -> None:
    show_job(folder, person)
    jobs = tuple(read_jobs(folder))
    models = _read_models(folder)
    if not models:
        st.info(f"No model in {str(folder)!r}. Train one here, or run `eegwarn demo`.")
        _acts(folder, person, None, jobs, st.columns(4))
        return
    judged = {model.fingerprint: held_out(model, models, jobs) for model in models}
    _list(models, judged)
    chosen, *columns = st.columns([2.4, 1.4, 0.9, 0.9, 1.1])
    with chosen:
        model = _choose(models)
    _acts(folder, person, model, jobs, columns)
    view = st.radio("Show", _VIEWS, horizontal=True, label_visibility="collapsed", key="models-view")
    if view == "Old against new":
        show_comparison(model)
    elif view == "Corrected marks":
        show_corrections(folder, model)
    elif view == "Size and quality":
        show_sizes(models, model, judged)
    elif view == "Beds":
        _show_beds(person, model)
    else:
        show_making(model, judged[model.fingerprint])


def _read_models(folder: Path) -> list[ModelFile]:
    """Read all models; each that is refused is a line."""
    models, complaints = [], []
    for path in find_files(folder, (MODEL_SUFFIX,)):
        try:
            models.append(_read(fingerprint(path), folder))
        except ModelError as error:
            complaints.append(str(error))
        except OSError as error:
            complaints.append(f"{str(path)!r} cannot be read: {error.strerror}.")
    for complaint in complaints[:_MOST_COMPLAINTS]:
        st.warning(complaint)
    if len(complaints) > _MOST_COMPLAINTS:
        st.warning(f"{len(complaints) - _MOST_COMPLAINTS} more models were refused.")
    return models


@st.cache_resource(max_entries=512, show_spinner=False)
def _read(file_print: Print, folder: Path) -> ModelFile:
    return read_model_file(Path(file_print[0]), folder.resolve())


def _list(models: Sequence[ModelFile], judged: dict[str, HeldOut | None]) -> None:
    """List the models, each below the one that it was made from; a click on a row chooses it."""
    tree = family_tree(models)

    def take() -> None:
        rows = st.session_state[_TABLE]["selection"]["rows"]
        if rows:
            st.session_state[_CHOSEN] = tree[rows[0]][1].name

    st.dataframe(
        [model_row(depth, model, judged[model.fingerprint]) for depth, model in tree],
        hide_index=True,
        width="stretch",
        height=_ROW_PX * (min(len(tree), _MOST_ROWS) + 1) + 10,
        row_height=_ROW_PX,
        key=_TABLE,
        on_select=take,
        selection_mode="single-row",
    )


def _choose(models: Sequence[ModelFile]) -> ModelFile:
    """Give the model to look at; the address of the page keeps it over a reload."""
    found = {model.name: model for _, model in family_tree(models)}
    if st.session_state.get(_CHOSEN) not in found:
        asked = st.query_params.get("model")
        st.session_state[_CHOSEN] = asked if asked in found else next(iter(found))
    name = st.selectbox("Model", list(found), key=_CHOSEN, label_visibility="collapsed")
    if st.query_params.get("model") != name:
        st.query_params["model"] = name
    return found[name]


def _acts(folder: Path, person: Person, model: ModelFile | None, jobs: Sequence[Job], columns: Sequence[Any]) -> None:
    """Offer what may be done; who may not is told so."""
    if not person.may(Right.RETRAIN):
        columns[0].caption(
            f"You are {person.name}, here as {person.role.value}: only an admin trains and promotes models."
        )
        return
    is_busy = bool(jobs) and standing(jobs[0]).state is JobState.RUNNING
    why = "A job runs; there is one at a time in a folder" if is_busy else ""
    has_weights = model is not None and not model.is_small
    without = why or ("" if has_weights else "It was made small and holds no weights to train on")
    if columns[0].button("Train a new model …", key="train", disabled=is_busy, help=why or None, width="stretch"):
        train_dialog(folder, person)
    if model is None:
        return
    if columns[1].button("Evaluate …", key="evaluate", disabled=is_busy, help=why or None, width="stretch"):
        evaluate_dialog(folder, person, model)
    if columns[2].button("Retrain …", key="retrain", disabled=bool(without), help=without or None, width="stretch"):
        retrain_dialog(folder, person, model)
    if columns[3].button("Make small …", key="quantize", disabled=bool(without), help=without or None, width="stretch"):
        quantize_dialog(folder, person, model)


def _show_beds(person: Person, model: ModelFile) -> None:
    try:
        show_beds(dashboard_store(), person, model)
    except EegwarnError as error:
        st.error(str(error))
