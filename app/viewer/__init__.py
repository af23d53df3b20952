"""The EEG viewer: a canvas in the browser, without a build step."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_SCRIPTS = ("canvas.js", "overview.js", "traces.js", "viewer.js")

__all__ = ["script", "viewer"]


def script() -> str:
    """Join the scripts to the one module that Streamlit takes."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS)


_mount = st.components.v2.component(
    "eegwarn_viewer",
    html=(_FOLDER / "viewer.html").read_text(encoding="utf-8"),
    css=(_FOLDER / "viewer.css").read_text(encoding="utf-8"),
    js=script(),
)


def viewer(scene: Mapping[str, Any], *, key: str) -> None:
    """Show a scene; what the viewer asks for next is in ``st.session_state[key]["ask"]`` at the next run.

    Parameters
    ----------
    scene : mapping
        ``visit`` and ``start_s`` (the viewer goes to ``start_s`` whenever ``visit`` is new), and what
        `app.scene` gathers.
    key : str
        Of this viewer in the session.
    """
    _mount(data=dict(scene), key=key, on_ask_change=lambda: None)
