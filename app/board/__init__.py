"""The board of beds: tiles, sound, details of a bed and the history of alarms, in the browser without a build step."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_SCRIPTS = ("words.js", "trend.js", "sound.js", "tile.js", "details.js", "board.js")

__all__ = ["board"]

_mount = st.components.v2.component(
    "eegwarn_board",
    html=(_FOLDER / "board.html").read_text(encoding="utf-8"),
    css=(_FOLDER / "board.css").read_text(encoding="utf-8"),
    js="\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS),
)


def board(scene: Mapping[str, Any], *, key: str, on_act: Callable[[], None], on_opened: Callable[[], None]) -> None:
    """Show the beds.

    Parameters
    ----------
    scene : mapping
        What `app.tiles.ward_scene` gives, with ``details`` from `app.tiles.bed_scene` where a bed is open; or
        ``trouble``, why nothing can be known now: then the board says so of every bed that it showed.
    key : str
        Of this board in the session.
    on_act : callable
        Called when something was done about alarms; ``st.session_state[key]["act"]`` says what, once.
    on_opened : callable
        Called when a bed was opened or closed; ``st.session_state[key]["opened"]`` says which, and for how many hours.
    """
    _mount(data=dict(scene), key=key, on_act_change=on_act, on_opened_change=on_opened)
