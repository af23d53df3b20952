"""The view of all beds: their state now, what to do about alarms, and what was done."""

from datetime import datetime
from typing import Any

import streamlit as st

from app.access import Right
from app.alarm_acts import perform
from app.board import board
from app.opened_store import dashboard_store
from app.tiles import bed_scene, read_ward, trend, trend_until, ward_scene
from app.views.title import title_line
from app.visitor import name_field, visitor
from eegwarn.errors import EegwarnError, StoreError
from eegwarn.store import Store

_BOARD = "board"
_BED = "bed"
_SEEN = "beds were seen"
_REFRESH_S = 2.0
_TREND_KEPT_S = 15.0
_HOURS = (1, 6, 24)
_NOTHING_YET = (
    "No bed is watched yet. Watch a recording as if it were live: "
    "`eegwarn monitor MODEL.eegwarn --source RECORDING.edf --speed 10`, or a live stream: "
    "`eegwarn monitor MODEL.eegwarn --source lsl:NAME`. This page shows beds as soon as they are watched."
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
    try:
        scene = _scene()
    except EegwarnError as error:
        message.error(str(error))
        scene = {"trouble": str(error)}
    if not scene.get("tiles", True) and not scene["aside"]:
        message.info(_NOTHING_YET)
    scene["refused"] = st.session_state.get("refused", "")
    board(scene, key=_BOARD, on_act=_act, on_opened=_open)


def _scene() -> dict[str, Any]:
    person = visitor()
    store = dashboard_store()
    if store is None and st.session_state.get(_SEEN):
        raise StoreError("The store is gone: it was moved or removed. Put it back.")
    if person is None or store is None:
        return {"tiles": [], "aside": [], "history": []}
    ward = read_ward(store)
    st.session_state[_SEEN] = bool(ward.beds or ward.aside)
    trends = {bed.name: _trend(store, str(store.place), bed.name, trend_until(bed, ward.at)) for bed in ward.beds}
    scene = ward_scene(ward, trends, may_act=person.may(Right.ACKNOWLEDGE))
    opened = next((bed for bed in (*ward.beds, *ward.aside) if bed.name == st.query_params.get(_BED)), None)
    if opened is not None:
        scene["details"] = bed_scene(store, opened, _hours(), ward.at) | {"choices": list(_HOURS)}
    return scene


@st.cache_resource(show_spinner=False, ttl=_TREND_KEPT_S, max_entries=512)
def _trend(_store: Store, place: str, bed: str, until: datetime) -> list[float | None]:
    return trend(_store, bed, until)


def _hours() -> int:
    asked = st.query_params.get("hours", "")
    return int(asked) if asked in map(str, _HOURS) else 6


def _open() -> None:
    """Keep which bed is open in the address of the page, so that a reload opens it again."""
    opened = st.session_state[_BOARD]["opened"] or {}
    for name in (_BED, "hours"):
        if opened.get(name):
            st.query_params[name] = str(opened[name])
        else:
            st.query_params.pop(name, None)


def _act() -> None:
    """Write what was done; where that fails the page says so, and nothing looks done."""
    act = st.session_state[_BOARD]["act"]
    try:
        person, store = visitor(), dashboard_store()
        if person is None or store is None:
            raise StoreError("Nothing was written: the store or the login is gone. Reload the page.")
        perform(store, act, person)
        st.session_state["refused"] = ""
    except EegwarnError as error:
        st.session_state["refused"] = f"Not written: {error}"
