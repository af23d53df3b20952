"""The view of the models: what there is, from what it was made, how good it is, and which one watches which bed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.access import Person, Right
from app.corrections import Correction, corrections_of, moves_in_words
from app.findings import clock
from app.folder import MODEL_SUFFIX, dashboard_folder, find_files, fingerprint
from app.jobs import Job, JobState, read_jobs, standing
from app.model_files import (
    SHORT,
    HeldOut,
    ModelFile,
    caveats,
    comparison,
    family_tree,
    held_out,
    promotion_advice,
    read_model_file,
)
from app.model_plots import MOST_MARKS, SizedModel, moves_plot, pareto_plot
from app.opened_store import dashboard_store
from app.scores import Print, content_of
from app.views import recording
from app.views.model_beds import show_beds
from app.views.model_jobs import evaluate_dialog, quantize_dialog, retrain_dialog, show_job, train_dialog
from app.visitor import name_field, visitor
from eegwarn.cohort.listing import RECORDING_SUFFIXES
from eegwarn.errors import EegwarnError, ModelError, RecordingError
from eegwarn.store import Store

_TABLE, _CHOSEN = "models-table", "chosen-model"
_VIEWS = ("Old against new", "Corrected marks", "Size and quality", "Beds", "How it was made")
_METRICS = {"auroc": ("AUROC", 3), "f1": ("event F1", 2)}
_BEFORE_MARK_S = 5.0
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
        words.markdown("**eegwarn** · :small[Research software, not a medical device.]")
        with name:
            name_field()
        _show_models(dashboard_folder(), person)


def _show_models(folder: Path, person: Person) -> None:
    show_job(folder, person)
    jobs = read_jobs(folder)
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
        _show_comparison(model)
    elif view == "Corrected marks":
        _show_corrections(folder, model)
    elif view == "Size and quality":
        _show_sizes(models, model, judged)
    elif view == "Beds":
        _show_beds(person, model)
    else:
        _show_making(model, judged[model.fingerprint])


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
        [_row(depth, model, judged[model.fingerprint]) for depth, model in tree],
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


def _row(depth: int, model: ModelFile, judged: HeldOut | None) -> dict[str, Any]:
    numbers = {
        title: judged.number(metric, digits) if judged else "not judged yet"
        for metric, title, digits in (
            ("auroc", "AUROC", 2),
            ("f1", "Event F1", 2),
            ("false_alarms_per_day", "False alarms a day", 1),
        )
    }
    return {
        "Model": f"{'    ' * depth}{'└ ' if depth else ''}{model.name}",
        "Made": model.made_by,
        "Network": str(model.config.backbone.get("kind", "?")),
        "Task": model.task,
        "Rough marks": model.method,
        "KiB": round(model.n_bytes / 1024),
        **numbers,
        "Written (UTC)": model.made_at.strftime("%Y-%m-%d %H:%M"),
        "Print": model.fingerprint[:SHORT],
    }


def _acts(folder: Path, person: Person, model: ModelFile | None, jobs: Sequence[Job], columns: Sequence[Any]) -> None:
    """Offer what may be done; who may not is told so."""
    if not person.may(Right.RETRAIN):
        columns[0].caption(f"You are {person.name}, a {person.role.value}: only an admin trains and promotes models.")
        return
    is_busy = bool(jobs) and standing(jobs[0]).state is JobState.RUNNING
    why = "A job runs; there is one at a time in a folder" if is_busy else ""
    has_weights = model is not None and not model.is_small
    without = why or ("" if has_weights else "It was made small and holds no weights to train on")
    if columns[0].button("Train a new model …", key="train", disabled=is_busy, help=why or None, width="stretch"):
        train_dialog(folder, person)
    if model is None:
        return
    if columns[1].button("Judge …", key="evaluate", disabled=is_busy, help=why or None, width="stretch"):
        evaluate_dialog(folder, person, model)
    if columns[2].button("Retrain …", key="retrain", disabled=bool(without), help=without or None, width="stretch"):
        retrain_dialog(folder, person, model)
    if columns[3].button("Make small …", key="quantize", disabled=bool(without), help=without or None, width="stretch"):
        quantize_dialog(folder, person, model)


def _show_comparison(model: ModelFile) -> None:
    """Show how a retrained model compares with the one that it was retrained from."""
    compared = comparison(model)
    if not compared:
        st.info("This model was not retrained from another, so there is nothing to hold it against. Use Retrain.")
        return
    advice = str(compared.get("advice", ""))
    show_as = {"promote": st.success, "do not promote": st.error}.get(advice, st.warning)
    show_as(f"Recommendation: **{promotion_advice(model)}**.")
    st.dataframe([_difference(row) for row in compared.get("differences", ())], hide_index=True, width="stretch")
    labels = model.record["retrain"].get("labels", {})
    st.caption(
        f"Held-out patients with seizures: {compared.get('n_patients', '?')}; their seizures: "
        f"{compared.get('n_seizures', '?')}. Means over patients; the difference is paired, patient by patient. "
        f"Learned from {labels.get('n_used', '?')} labels of {labels.get('n_patients', '?')} patients."
    )


def _difference(row: dict[str, Any]) -> dict[str, str]:
    digits = int(row.get("digits", 3))

    def number(name: str, sign: str = "") -> str:
        return "–" if row.get(name) is None else f"{row[name]:{sign}.{digits}f}"

    interval = "none" if row.get("low") is None else f"{number('low', '+')} to {number('high', '+')}"
    unit = f" ({row['unit']})" if row.get("unit") else ""
    return {
        "Metric": f"{row.get('title', row.get('metric'))}{unit}",
        "Old": number("old"),
        "New": number("new"),
        "New - old": number("gain", "+"),
        "95 % interval": interval,
        "Patients": str(row.get("n_patients", "")),
    }


def _show_corrections(folder: Path, model: ModelFile) -> None:
    """Show where the marks went that its training corrected, each leading to its EEG."""
    corrections = corrections_of(model.record)
    if not corrections:
        st.info("The training of this model took the marks as they are: none was moved.")
        return
    st.markdown(moves_in_words(model.record) or f"None of {len(corrections)} marks is taken for a seizure.")
    places = _contents(folder)
    names = [places[one.recording].stem if one.recording in places else one.recording[:SHORT] for one in corrections]
    left, right = st.columns([3, 2])
    with left:
        st.vega_lite_chart(moves_plot(corrections, names), width="stretch")
        if len(corrections) > MOST_MARKS:
            st.caption(f"The {MOST_MARKS} largest of {len(corrections)} moves.")
    with right, st.container(height=340, border=False, gap=None):
        for number, (one, name) in enumerate(zip(corrections, names, strict=True)):
            path = places.get(one.recording)
            if st.button(
                f"{name} {clock(one.mark_s)} {_moved(one)}",
                key=f"event-mark-{number}",
                type="tertiary",
                disabled=path is None,
                help="See the EEG around it" if path else "Its recording is not in this folder",
            ):
                start_s = one.mark_s if one.onset_s is None else min(one.mark_s, one.onset_s)
                recording.go_to(folder, path, model.name, start_s - _BEFORE_MARK_S)


def _moved(one: Correction) -> str:
    if one.moved_s is None:
        return f"○ no seizure ({one.p_seizure:.2f})"
    return f"{'◀' if one.moved_s < 0 else '▶'} {one.moved_s:+.1f} s"


def _contents(folder: Path) -> dict[str, Path]:
    """Find the recordings of the folder by their content."""
    found = {}
    for path in find_files(folder, RECORDING_SUFFIXES):
        try:
            found[content_of(fingerprint(path))] = path
        except (RecordingError, OSError):
            continue
    return found


def _show_sizes(models: Sequence[ModelFile], model: ModelFile, judged: dict[str, HeldOut | None]) -> None:
    """Draw quality against size, of the models that were judged on the same patients as this one."""
    own = judged[model.fingerprint]
    if own is None:
        st.info("This model was not judged on held-out patients yet. Use Judge.")
        return
    metric = st.radio(
        "Metric",
        list(_METRICS),
        format_func=lambda key: _METRICS[key][0],
        horizontal=True,
        label_visibility="collapsed",
    )
    sized, left_out = [], []
    for each in models:
        found = judged[each.fingerprint]
        value = found.mean.get(metric, {}).get("value") if found and found.fingerprint == own.fingerprint else None
        if found is None or value is None:
            left_out.append(each.name)
            continue
        bounds = found.mean[metric]
        sized.append(SizedModel(each.name, each.n_bytes, value, bounds.get("low"), bounds.get("high")))
    st.vega_lite_chart(pareto_plot(sized, _METRICS[metric][0], model.name), width="stretch")
    said = f"{own.data}, {own.n_patients} patients that training never saw; bars are 95 % intervals over patients."
    others = f" Not drawn, as not judged on these patients: {', '.join(left_out)}." if left_out else ""
    st.caption(said + others)


def _show_beds(person: Person, model: ModelFile) -> None:
    try:
        store: Store | None = dashboard_store()
        show_beds(store, person, model)
    except EegwarnError as error:
        st.error(str(error))


def _show_making(model: ModelFile, judged: HeldOut | None) -> None:
    """Show what the model's file tells of itself."""
    for caveat in caveats(model):
        st.warning(caveat)
    source = f"How it did on held-out patients is from {judged.source}." if judged else "It was not judged yet."
    parent = f"Made from `{model.parent[:SHORT]}`." if model.parent else "Made from no other model."
    st.markdown(f"`{model.fingerprint}` · {parent} {source}")
    st.json({name: part for name, part in model.record.items() if name not in ("labels", "split")}, expanded=1)
