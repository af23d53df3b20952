"""What the patients page shows of one patient: the diary, warnings against seizures, scores, and what can be saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app.diary import diary_plot, patient_diary
from app.patient_files import MOST_EDF_BYTES, annotated_edf, edf_bytes, tables_zip
from app.patient_report import false_alarms, for_diary, metric_rows, n_seen, report_html, report_of
from app.patient_rows import Scores, findings_of, recording_rows, summary
from app.patients import OpenedPatient
from app.scores import OpenedModel, OpenedRecording, content_of
from app.views import recording
from eegwarn.evaluate import Report

_VIEWS = ("Recordings", "Scores", "Save")
_BEFORE_EVENT_S = 5.0
_MOST_LISTED = 300
_ROW_PX, _MOST_ROWS = 28, 8


@dataclass(frozen=True)
class JudgedPatient:
    """A patient, and what a model said of the recordings.

    Parameters
    ----------
    folder : Path
        The dashboard's.
    opened : OpenedPatient
        Whose recordings.
    files : mapping
        The recordings as they were opened, by path.
    scores : mapping
        Of those that were scored, by path.
    model_name : str
        The model's path below the folder; empty without one.
    model : OpenedModel or None
        None where there is none.
    """

    folder: Path
    opened: OpenedPatient
    files: Mapping[Path, OpenedRecording]
    scores: Scores
    model_name: str
    model: OpenedModel | None


def show_patient(judged: JudgedPatient) -> None:
    """Lay out what there is of a patient."""
    report = _report(judged)
    st.markdown(f"{summary(judged.opened, judged.scores)} {false_alarms(report) if report else ''}")
    left, right = st.columns([3, 2], gap="medium")
    with right:
        _list_findings(judged)
    with left, st.container(key="patient"):
        rows = patient_diary(for_diary(judged.opened, judged.scores))
        st.vega_lite_chart(diary_plot(rows), width="stretch")
        view = st.radio("Show", _VIEWS, horizontal=True, label_visibility="collapsed", key="patients-view")
        if view == "Recordings":
            _list_recordings(judged)
        elif view == "Scores":
            _show_scores(report)
        else:
            _offer_tables(judged, report)
            _offer_edf(judged)


def _report(judged: JudgedPatient) -> Report | None:
    """Score the patient, once for every state of the recordings, the marks and the model."""
    if judged.model is None or not judged.scores:
        return None
    prints = tuple(judged.files[path].file_print for path in judged.scores)
    return _kept_report((prints, judged.model.file_print, judged.opened), judged)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs={OpenedPatient: repr})
def _kept_report(state: tuple[Any, ...], _judged: JudgedPatient) -> Report | None:
    bundle = _judged.model.bundle
    seen = n_seen(bundle, [content_of(file_print) for file_print in state[0]])
    return report_of(_judged.opened, _judged.scores, bundle, _judged.model_name, seen)


def _list_findings(judged: JudgedPatient) -> None:
    """List seizures and alarms, each leading to its EEG."""
    st.markdown("**Seizures and warnings**")
    found = findings_of(judged.opened, judged.scores)
    if not found:
        st.caption("No seizure is marked, and no alarm was raised in what was scored.")
    with st.container(height=500 if len(found) > 16 else "content", border=False, gap=None):
        for number, one in enumerate(found[:_MOST_LISTED]):
            key = f"event-patient-{number}"
            if st.button(one.text, key=key, type="tertiary", help="See the EEG around it"):
                recording.go_to(judged.folder, one.path, judged.model_name, one.at_s - _BEFORE_EVENT_S)
    if len(found) > _MOST_LISTED:
        st.caption(f"The first {_MOST_LISTED} of {len(found)}; the tables to save hold all.")


def _list_recordings(judged: JudgedPatient) -> None:
    """List the recordings; choosing a row opens one."""
    rows = recording_rows(judged.opened, judged.scores)
    chosen = st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height=_ROW_PX * (min(len(rows), _MOST_ROWS) + 1) + 10,
        row_height=_ROW_PX,
        key="patient-recordings",
        on_select="rerun",
        selection_mode="single-row",
    )
    st.caption("The box at the left of a row opens the recording.")
    if chosen["selection"]["rows"]:
        path = judged.opened.patient.recordings[chosen["selection"]["rows"][0]].path
        recording.go_to(judged.folder, path, judged.model_name, 0.0)


def _show_scores(report: Report | None) -> None:
    if report is None:
        st.info("There is nothing to hold the warnings against: score recordings that have marks.")
        return
    said = report.context.split
    show_as = st.warning if "too good" in said else st.caption
    show_as(f"{said[0].upper()}{said[1:]}.")
    st.dataframe(metric_rows(report), hide_index=True, width="stretch", row_height=_ROW_PX)
    with st.expander("How it was counted"):
        st.markdown("\n".join(f"- {rule}" for rule in report.rules))


def _offer_tables(judged: JudgedPatient, report: Report | None) -> None:
    """Offer tables and the report, made when they are asked for."""
    patient, model = judged.opened.patient, judged.model
    st.download_button(
        "Marks and warnings of all recordings (TSV)",
        lambda: tables_zip(judged.opened, judged.scores),
        file_name=f"{patient.id}_events.zip",
        mime="application/zip",
        help="A zip of tables of events as SzCORE and BIDS define them: marks and warnings of each recording",
        on_click="ignore",
    )
    if report is None or model is None:
        st.caption("A report to print needs recordings that are marked and scored.")
        return
    st.download_button(
        "Report to print (HTML)",
        lambda: report_html(judged.opened, judged.scores, model.bundle, report),
        file_name=f"{patient.id}_report.html",
        mime="text/html",
        help="Scores, diary and figures in one file",
        on_click="ignore",
    )


def _offer_edf(judged: JudgedPatient) -> None:
    """Offer the EEG of a recording with marks, warnings and labels as annotations."""
    recordings = {each.name: each for each in judged.opened.patient.recordings}
    each = recordings[st.selectbox("EEG with marks, warnings and labels of", list(recordings), key="patient-edf")]
    file = judged.files[each.path]
    if edf_bytes(file.recording) > MOST_EDF_BYTES:
        st.caption(f"Too long to save from here: more than {MOST_EDF_BYTES / 1e9:g} GB.")
        return
    labels = recording.find_labels(file, "The file will hold no labels: ")
    st.download_button(
        "EEG with annotations (EDF+)",
        lambda: annotated_edf(file.recording, each.events, judged.scores.get(each.path), labels),
        file_name=f"{each.path.stem}_annotated.edf",
        mime="application/octet-stream",
        help="The EEG channels, without anything about the patient, and annotations: sz, warning, and labels",
        on_click="ignore",
    )
