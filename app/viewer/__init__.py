"""What is drawn in the browser, on canvases and without a build step: the EEG viewer, and the annotation page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_SCRIPTS = ("canvas", "settings", "caliper", "traces", "overlays", "pane", "overview", "viewer")
_ANNOTATOR_SCRIPTS = (*_SCRIPTS, "spectrogram", "outbox", "clip", "annotator")

__all__ = ["annotator", "markup", "script", "style", "viewer"]


def script(name: str = "viewer") -> str:
    """Join the scripts of "viewer" or "annotator" to the one module that Streamlit takes."""
    names = _SCRIPTS if name == "viewer" else _ANNOTATOR_SCRIPTS
    return "\n".join((*(_read(f"{part}.js") for part in names), f"export default mount{name.capitalize()};"))


def markup(name: str = "viewer") -> str:
    """Give the HTML of "viewer" or "annotator", with the pane of EEG in its place."""
    return _read(f"{name}.html").replace("<!-- pane -->", _read("pane.html"))


def style(name: str = "viewer") -> str:
    """Give the CSS of "viewer" or "annotator"."""
    return _read("viewer.css") if name == "viewer" else _read("viewer.css") + _read("annotator.css")


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


_mount_viewer = st.components.v2.component("eegwarn_viewer", html=markup(), css=style(), js=script())
_mount_annotator = st.components.v2.component(
    "eegwarn_annotator", html=markup("annotator"), css=style("annotator"), js=script("annotator")
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
    _mount_viewer(data=dict(scene), key=key, on_ask_change=lambda: None)


def annotator(scene: Mapping[str, Any], *, key: str) -> None:
    """Show the annotation page; what was done on it is in ``st.session_state[key]["work"]`` at the next run.

    Parameters
    ----------
    scene : mapping
        What `app.annotate` gathers.
    key : str
        Of this page in the session.
    """
    _mount_annotator(data=dict(scene), key=key, on_work_change=lambda: None)
