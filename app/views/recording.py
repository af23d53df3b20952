"""The view of one scored recording: its EEG, the warning level, and the list of alarms."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from app import findings
from app.access import is_loopback
from app.corrections import Correction, corrections_of
from app.display import asked_display
from app.folder import MODEL_SUFFIX, dashboard_folder, find_files
from app.kept_levels import keep_levels
from app.montages import BIPOLAR, montages_for
from app.opened_store import dashboard_store
from app.reasons import reasons_on
from app.scene import LONGEST_PAGE_S, N_PAGES, PAGE_S, Level, level_of, page_scene, recording_scene
from app.scores import (
    OpenedModel,
    OpenedRecording,
    content_of,
    kept_score,
    labels_of,
    open_file,
    open_model,
    page_of,
    score,
    seizures_of,
)
from app.viewer import viewer
from app.views.title import sidebar_title
from app.visitor import visitor
from eegwarn.bedside.scoring import Scored
from eegwarn.cohort.listing import RECORDING_SUFFIXES
from eegwarn.errors import EegwarnError
from eegwarn.events.event import SeizureEvent
from eegwarn.store.answer import Display
from eegwarn.store.labels import LabelRow

_VIEWER = "viewer"
_BEFORE_EVENT_S = 3.0
_ASKED = "asked for in the address"
_MOST_LISTED = 200


def page() -> Any:
    """Give the page, the first one that is shown."""
    return st.Page(show, title="Recording", url_path="recording", default=True)


def go_to(folder: Path, path: Path, model: str, second: float) -> None:
    """Leave the page that is shown for this one, at a second of a recording that lies in the folder."""
    address = {"recording": str(path.relative_to(folder)), "model": model, "at_s": f"{max(second, 0.0):g}"}
    st.switch_page(page(), query_params=address)


def show() -> None:
    """Lay out the page."""
    folder = dashboard_folder()
    _take_address(folder)
    with st.sidebar:
        sidebar_title()
        recording_path = _choose("Recording", folder, RECORDING_SUFFIXES)
        model_path = _choose("Model", folder, (MODEL_SUFFIX,))
        below = st.empty()
    if recording_path is None:
        st.info(
            f"No recording in {str(folder)!r}. Run `eegwarn demo` to make some, or type the path of an EDF file "
            "at the left."
        )
        return
    try:
        opened = open_file(recording_path)
    except EegwarnError as error:
        st.error(str(error))
        return
    model, scored, why_not = _score(opened, model_path)
    seizures = _marks(opened, folder)
    key = key_of(opened, model)
    if (asked_s := st.session_state.pop(_ASKED, None)) is not None:
        _go_to(key, asked_s)
    with below.container():
        list_findings(key, recording_path.stem, scored, seizures)
    show_eeg(key, opened, model, scored, seizures, why_not)


def _take_address(folder: Path) -> None:
    """Choose what the page's address names, once: what is chosen from then on counts."""
    for what, name, suffixes in (
        ("Recording", "recording", RECORDING_SUFFIXES),
        ("Model", "model", (MODEL_SUFFIX,)),
    ):
        asked = st.query_params.pop(name, None)
        if asked is not None and folder / asked in find_files(folder, suffixes):
            st.session_state[f"choose-{what}"] = asked
    asked_s = st.query_params.pop("at_s", "")
    if asked_s.replace(".", "", 1).isdecimal():
        st.session_state[_ASKED] = float(asked_s)


def _choose(what: str, folder: Path, suffixes: tuple[str, ...]) -> Path | None:
    """Offer the files of the folder; at this computer a path may be typed instead."""
    is_local = is_loopback(st.get_option("server.address"))  # those who logged in from elsewhere keep to the folder
    names = [str(path.relative_to(folder)) for path in find_files(folder, suffixes)]
    chosen = st.selectbox(
        what,
        names,
        index=0 if names else None,
        accept_new_options=is_local,
        placeholder="Choose, or type a path" if is_local else "Choose",
        key=f"choose-{what}",
    )
    return folder / Path(chosen).expanduser() if chosen else None


def _score(opened: OpenedRecording, model_path: Path | None) -> tuple[OpenedModel | None, Scored | None, str]:
    """Score the recording, with progress; where that cannot be, say why in a line, and show the EEG all the same."""
    if model_path is None:
        st.info("No model chosen, so nothing was judged. `eegwarn demo` or `eegwarn train` makes one.")
        return None, None, "not judged: no model chosen"
    try:
        model = open_model(model_path)
    except EegwarnError as error:
        st.error(str(error))
        return None, None, "not judged: the model was refused"
    bar = st.empty()
    try:
        if (scored := kept_score(opened, model)) is None:
            st.empty()  # in place of the viewer: the recording before this one must not stay in sight
            score(opened, model, partial(tell, bar))
            st.rerun()
        keep_found(model, [(opened, scored)])
        return model, scored, ""
    except EegwarnError as error:
        bar.error(str(error))
        return model, None, "not judged"


def _marks(opened: OpenedRecording, folder: Path) -> Sequence[SeizureEvent]:
    try:
        return seizures_of(opened.file_print, folder, opened.recording)
    except EegwarnError as error:
        st.warning(str(error))
        return ()


def tell(bar: Any, step: str, done: int, total: int) -> None:
    """Show how far the judging of a recording is."""
    del step
    bar.progress(min(done / total, 1.0), text=f"Judging window {done} of {total} …")


def key_of(opened: OpenedRecording, model: OpenedModel | None) -> str:
    """Tell what is shown from whatever else the viewer shows: a recording as a model sees it."""
    prints = repr((opened.file_print, model.file_print if model else None))
    return sha256(prints.encode()).hexdigest()[:16]


def list_findings(key: str, stem: str, scored: Scored | None, seizures: Sequence[SeizureEvent]) -> None:
    """List alarms and marked seizures, each leading to its EEG in the viewer, and offer the table of alarms."""
    if scored is not None:
        st.markdown(f":small[{findings.in_words(scored, seizures)}]")
        rows = findings.alarm_table(scored, seizures)
    else:
        rows = findings.seizure_table(seizures)
    with st.container(height=230 if len(rows) > 8 else "content", border=False, gap=None):
        for number, row in enumerate(rows[:_MOST_LISTED]):
            level = f" · {row['Level']}" if row["Level"] else ""
            st.button(
                f"{row['Time']} {row['What']}{level} · {row['Lasts']}",
                key=f"event-{key}-{number}",
                help="Time, peak warning level of an alarm, and how long it lasts. Click to see the EEG around it.",
                type="tertiary",
                on_click=_go_to,
                args=(key, float(row["at_s"]) - _BEFORE_EVENT_S),
            )
    if len(rows) > _MOST_LISTED:
        st.caption(f"The first {_MOST_LISTED} of {len(rows)}; the file below holds all alarms.")
    if scored is not None:
        st.download_button(
            "Save alarms (TSV)",
            findings.alarms_tsv(scored),
            file_name=f"{stem}_alarms.tsv",
            mime="text/tab-separated-values",
            help="A table of events as SzCORE and BIDS define it",
            on_click="ignore",
        )


def _go_to(key: str, second: float) -> None:
    visits = st.session_state.get("visits", 0) + 1
    st.session_state["visits"] = visits
    st.session_state["visit"] = {"key": key, "name": f"{key}/{visits}", "start_s": max(second, 0.0)}


@st.fragment
def show_eeg(
    key: str,
    opened: OpenedRecording,
    model: OpenedModel | None,
    scored: Scored | None,
    seizures: Sequence[SeizureEvent],
    why_not: str,
) -> None:
    """Show the viewer; only this part runs again when pages are turned."""
    visit, start_s, page_s = _place(key)
    level: Level | None = None
    if scored is not None and model is not None:
        level = level_of(scored, model.bundle.config.alarm)
    duration_s = opened.recording.duration_s
    scene = recording_scene(
        key=key,
        duration_s=duration_s,
        seizures=seizures,
        scored=scored,
        level=level,
        why_not_scored=why_not,
        labels=find_labels(opened),
        corrections=_corrections(opened, model),
        montages=montages_for(opened.recording.channels),
    )
    first_s = max(0.0, min(start_s, duration_s - page_s) - page_s)
    display = asked_display((_ask() or {}).get("display"))
    try:
        page = page_of(opened, model.bundle.config.signal if model else None, first_s, N_PAGES * page_s, display)
    except EegwarnError as error:
        st.error(str(error))
        return
    scene |= {"page": page_scene(page, level), "visit": visit, "start_s": start_s}
    if (_ask() or {}).get("weighs"):
        scene["weights"] = _weights(opened, model, start_s, page_s)
    viewer(scene, key=_VIEWER)


def _weights(opened: OpenedRecording, model: OpenedModel | None, start_s: float, page_s: float) -> dict[str, Any]:
    """Weigh what is in the window of a page that speaks most for a seizure, or say why that cannot be."""
    asked = {"view_s": start_s}
    if model is None:
        return asked | {"problem": "No model is chosen whose decision could be weighed."}
    config = model.bundle.config
    try:
        long_s = max(page_s, config.windows.window_s)
        page = page_of(opened, config.signal, start_s, long_s, Display(BIPOLAR))
        return asked | reasons_on(page, model)
    except EegwarnError as error:
        return asked | {"problem": str(error)}


def find_labels(opened: OpenedRecording, complaint: str = "") -> tuple[LabelRow, ...]:
    """Find labels of the recording; without a store there are none, and where it cannot be read a line says so."""
    try:
        store = dashboard_store()
        return labels_of(opened.file_print, store) if store else ()
    except EegwarnError as error:
        st.warning(f"{complaint}{error}")
        return ()


def keep_found(model: OpenedModel, found: Sequence[tuple[OpenedRecording, Scored]]) -> None:
    """Keep levels for the annotation page where who looks may label; where the store cannot be used a line says so."""
    try:
        person, store = visitor(), dashboard_store()
        if store is not None and person is not None:
            keep_levels(store, person, model, found)
    except EegwarnError as error:
        st.warning(f"The warning levels are not kept for the annotation page: {error}")


def _corrections(opened: OpenedRecording, model: OpenedModel | None) -> tuple[Correction, ...]:
    """Find where the model's training put the onsets of this recording's marks, if it learned from them."""
    found = corrections_of(model.bundle.record) if model else ()
    content = content_of(opened.file_print) if found else ""
    return tuple(one for one in found if one.recording == content)


def _place(key: str) -> tuple[str, float, float]:
    """Tell which visit of which recording this is, where the viewer last asked for EEG, and how much fills its page."""
    visit = st.session_state.get("visit")
    if visit is None or visit["key"] != key:
        _go_to(key, 0.0)
        visit = st.session_state["visit"]
    ask = _ask()
    page_s = min(max(float(ask["page_s"]), 1.0), LONGEST_PAGE_S) if ask else PAGE_S
    if ask and ask["visit"] == visit["name"]:
        return visit["name"], float(ask["start_s"]), page_s
    return visit["name"], float(visit["start_s"]), page_s


def _ask() -> Mapping[str, Any] | None:
    return st.session_state.get(_VIEWER, {}).get("ask")
