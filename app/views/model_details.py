"""What the models page shows of one model: against its parent, the marks it moved, its size, and how it was made."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from app.corrections import Correction, corrections_of, moves_in_words
from app.findings import clock
from app.folder import find_files, fingerprint
from app.model_files import SHORT, HeldOut, ModelFile, caveats, comparison, promotion_advice
from app.model_plots import MOST_MARKS, moves_plot, pareto_plot
from app.model_rows import difference_row, sized_models, small_rows
from app.scores import content_of
from app.views import recording
from eegwarn.cohort.listing import RECORDING_SUFFIXES
from eegwarn.errors import RecordingError

_METRICS = {"auroc": "AUROC", "f1": "event F1"}
_BEFORE_MARK_S = 5.0


def show_comparison(model: ModelFile) -> None:
    """Show how a model compares with the one that it was retrained from, or made small from."""
    compared, small = comparison(model), small_rows(model)
    if small:
        st.dataframe(small, hide_index=True, width="stretch")
        st.caption("On the same patients that training never saw; plain 8 bits is rounded, and nothing trained.")
        return
    if not compared:
        st.info(
            "Nothing to compare: this model was trained anew. Retrain it or make it small, and choose the new one here."
        )
        return
    advice = str(compared.get("advice", ""))
    show_as = {"promote": st.success, "do not promote": st.error}.get(advice, st.warning)
    show_as(f"Recommendation: **{promotion_advice(model)}**.")
    st.dataframe([difference_row(row) for row in compared.get("differences", ())], hide_index=True, width="stretch")
    labels = model.record["retrain"].get("labels", {})
    st.caption(
        f"Held-out patients with seizures: {compared.get('n_patients', '?')}; their seizures: "
        f"{compared.get('n_seizures', '?')}. Means over patients; the difference is paired, patient by patient. "
        f"Learned from {labels.get('n_used', '?')} labels of {labels.get('n_patients', '?')} patients."
    )


def show_corrections(folder: Path, model: ModelFile) -> None:
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


def show_sizes(models: Sequence[ModelFile], model: ModelFile, judged: Mapping[str, HeldOut | None]) -> None:
    """Draw quality against size, of the models that were judged on the same patients as this one."""
    own = judged[model.fingerprint]
    if own is None:
        st.info("This model was not evaluated on held-out patients yet. Use Evaluate.")
        return
    metric = st.radio(
        "Metric",
        list(_METRICS),
        format_func=lambda key: _METRICS[key],
        horizontal=True,
        label_visibility="collapsed",
    )
    sized, left_out = sized_models(models, judged, own, metric)
    st.vega_lite_chart(pareto_plot(sized, _METRICS[metric], model.name), width="stretch")
    said = f"{own.data}, {own.n_patients} patients that training never saw; bars are 95 % intervals over patients."
    others = f" Not drawn, as not judged on these patients: {', '.join(left_out)}." if left_out else ""
    st.caption(said + others)


def show_making(model: ModelFile, judged: HeldOut | None) -> None:
    """Show what the model's file tells of itself."""
    for caveat in caveats(model):
        st.warning(caveat)
    source = f"How it did on held-out patients is from {judged.source}." if judged else "It was not evaluated yet."
    parent = f"Made from `{model.parent[:SHORT]}`." if model.parent else "Made from no other model."
    st.markdown(f"`{model.fingerprint}` · {parent} {source}")
    st.json({name: part for name, part in model.record.items() if name not in ("labels", "split")}, expanded=1)
