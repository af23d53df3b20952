"""The view of all beds: their state now, what to do about alarms, and what was done."""

from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st

from app.access import Right
from app.alarm_acts import perform
from app.board import board, log
from app.opened_store import dashboard_store, store_option
from app.tiles import Ward, bed_scene, log_scene, read_ward, trend, trend_until, ward_scene
from app.views.bed_eeg import show_bed_eeg
from app.views.title import title_line
from app.visitor import name_field, visitor
from eegwarn.errors import EegwarnError, StoreError
from eegwarn.store import Store
from eegwarn.store.alarms import Bed

_BOARD, _LOG = "board", "log"
_BED = "bed"
_VISIT = "bed was opened"
_SEEN = "beds were seen"
_REFRESH_S = 2.0
_TREND_KEPT_S = 15.0
_HOURS = (1, 6, 24)
_NOTHING_YET = (
    "No bed is watched yet. Watch a recording as if it were live, or a live stream (`--source lsl:NAME`): "
    "`eegwarn monitor MODEL.eegwarn --source RECORDING.edf --speed 10 {store}`. "
    "This page shows beds as soon as they are watched."
)


def show() -> None:
    """Lay out the page."""
    words, name = st.columns([4, 1], vertical_alignment="center")
    title_line(words)
    with name:
        name_field()
    _show_beds()


@st.fragment(run_every=_REFRESH_S)
def _show_beds() -> None:
    """Show the beds as the store has them; this part runs again by itself."""
    message = st.empty()
    below = {"trouble": ""}
    opened: Bed | None = None
    try:
        person, store = visitor(), _store()
        if person is None or store is None:
            scene: dict[str, Any] = {"tiles": [], "aside": []}
        else:
            ward = read_ward(store)
            may_act = person.may(Right.ACKNOWLEDGE)
            st.session_state[_SEEN] = bool(ward.beds or ward.aside)
            opened = next((bed for bed in (*ward.beds, *ward.aside) if bed.name == st.query_params.get(_BED)), None)
            scene = ward_scene(ward, _trends(store, ward), may_act=may_act)
            below = log_scene(ward, may_act=may_act)
            if opened is not None:
                below["details"] = bed_scene(store, opened, _hours(), ward.at) | {"choices": list(_HOURS)}
    except EegwarnError as error:
        message.error(str(error))
        scene = below = {"trouble": str(error)}
        opened = None
    if not scene.get("tiles", True) and not scene["aside"]:
        message.info(_NOTHING_YET.format(store=store_option()))
    refused = st.session_state.get("refused", "")
    board(scene | {"refused": refused}, key=_BOARD, on_act=partial(_act, _BOARD), on_opened=_open)
    if opened is not None and store is not None:
        _show_eeg(store, opened, ward.at)
    log(below, key=_LOG, on_act=partial(_act, _LOG), on_opened=_choose_hours)


def _store() -> Store | None:
    store = dashboard_store()
    if store is None and st.session_state.get(_SEEN):
        raise StoreError("The store is gone: it was moved or removed. Put it back.")
    return store


def _show_eeg(store: Store, bed: Bed, now: datetime) -> None:
    """Show the EEG of the open bed; what goes wrong with it touches nothing else on the page."""
    try:
        show_bed_eeg(store, bed, now, visit=st.session_state.get(_VISIT, 0.0), on_close=_close)
    except EegwarnError as error:
        st.error(str(error))


def _trends(store: Store, ward: Ward) -> dict[str, list[float | None]]:
    return {bed.name: _trend(store, str(store.place), bed.name, trend_until(bed, ward.at)) for bed in ward.beds}


@st.cache_resource(show_spinner=False, ttl=_TREND_KEPT_S, max_entries=512)
def _trend(_store: Store, place: str, bed: str, until: datetime) -> list[float | None]:
    return trend(_store, bed, until)


def _hours() -> int:
    asked = st.query_params.get("hours", "")
    return int(asked) if asked in map(str, _HOURS) else 6


def _open() -> None:
    """Keep which bed is open in the address of the page, so that a reload opens it again."""
    opened = st.session_state[_BOARD]["opened"] or {}
    if opened.get("bed"):
        st.query_params[_BED] = str(opened["bed"])
        st.session_state[_VISIT] = opened.get("at_ms", 0.0)


def _choose_hours() -> None:
    st.query_params["hours"] = str((st.session_state[_LOG]["opened"] or {}).get("hours", ""))


def _close() -> None:
    for name in (_BED, "hours"):
        st.query_params.pop(name, None)


def _act(where: str) -> None:
    """Write what was done; where that fails the page says so, and nothing looks done."""
    act = st.session_state[where]["act"]
    try:
        person, store = visitor(), dashboard_store()
        if person is None or store is None:
            raise StoreError("Nothing was written: the store or the login is gone. Reload the page.")
        perform(store, act, person)
        st.session_state["refused"] = ""
    except EegwarnError as error:
        st.session_state["refused"] = f"Not written: {error}"
