"""The board of beds, and what is written below it, in the browser without a build step.

The board holds tiles and sound; the log holds the hours of the bed that is open, and the alarms of all.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_SCRIPTS = {
    "board": ("words", "trend", "sound", "tile", "why", "board"),
    "log": ("words", "trend", "why", "details", "log"),
}

__all__ = ["board", "log"]


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _component(name: str) -> Callable[..., Any]:
    return st.components.v2.component(
        f"eegwarn_{name}",
        html=_read(f"{name}.html").replace("<!-- why -->", _read("why.html")),
        css=_read("board.css"),
        js="\n".join(_read(f"{part}.js") for part in _SCRIPTS[name]),
    )


_mount_board, _mount_log = _component("board"), _component("log")


def board(scene: Mapping[str, Any], *, key: str, on_act: Callable[[], None], on_opened: Callable[[], None]) -> None:
    """Show the beds.

    Parameters
    ----------
    scene : mapping
        What `app.tiles.ward_scene` gives; or ``trouble``, why nothing can be known now: then the board says so of every
        bed that it showed.
    key : str
        Of this board in the session.
    on_act : callable
        Called when something was done about alarms; ``st.session_state[key]["act"]`` says what, once.
    on_opened : callable
        Called when a bed was opened; ``st.session_state[key]["opened"]`` says which.
    """
    _mount_board(data=dict(scene), key=key, on_act_change=on_act, on_opened_change=on_opened)


def log(scene: Mapping[str, Any], *, key: str, on_act: Callable[[], None], on_opened: Callable[[], None]) -> None:
    """Show the history of alarms and, above it, the hours of a bed.

    Parameters
    ----------
    scene : mapping
        ``history`` and ``may_act`` as in `app.tiles.ward_scene`, with ``details`` from `app.tiles.bed_scene` where a
        bed is open; or ``trouble``: then what was shown stays.
    key : str
        Of this log in the session.
    on_act : callable
        As of `board`.
    on_opened : callable
        Called when other hours of the bed are asked for; ``st.session_state[key]["opened"]`` says which.
    """
    _mount_log(data=dict(scene), key=key, on_act_change=on_act, on_opened_change=on_opened)
