"""What is drawn in the browser, on canvases and without a build step: the EEG viewer, and the annotation page."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_SCRIPTS = ("canvas", "settings", "caliper", "traces", "overlays", "pane", "reasons", "overview", "viewer")
_MORE_SCRIPTS = {
    "viewer": (),
    "annotator": ("spectrogram", "outbox", "clip", "annotator"),
    "live": ("spectrogram", "live"),
}
_MORE_STYLES = {"viewer": (), "annotator": ("annotator",), "live": ("live",)}

__all__ = ["annotator", "live", "markup", "script", "style", "viewer"]


def script(name: str = "viewer") -> str:
    """Join the scripts of "viewer", "annotator" or "live" to the one module that Streamlit takes."""
    names = (*_SCRIPTS, *_MORE_SCRIPTS[name])
    return "\n".join((*(_read(f"{part}.js") for part in names), f"export default mount{name.capitalize()};"))


def markup(name: str = "viewer") -> str:
    """Give the HTML of "viewer", "annotator" or "live", with the pane of EEG in its place."""
    return _read(f"{name}.html").replace("<!-- pane -->", _read("pane.html"))


def style(name: str = "viewer") -> str:
    """Give the CSS of "viewer", "annotator" or "live"."""
    return "".join(_read(f"{part}.css") for part in ("viewer", "reasons", *_MORE_STYLES[name]))


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


_mount_viewer = st.components.v2.component("eegwarn_viewer", html=markup(), css=style(), js=script())
_mount_annotator = st.components.v2.component(
    "eegwarn_annotator", html=markup("annotator"), css=style("annotator"), js=script("annotator")
)
_mount_live = st.components.v2.component("eegwarn_live", html=markup("live"), css=style("live"), js=script("live"))


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


def live(scene: Mapping[str, Any], *, key: str, on_close: Callable[[], None]) -> None:
    """Show the EEG of a bed; what is to be seen of it is in ``st.session_state[key]["ask"]`` at the next run.

    Parameters
    ----------
    scene : mapping
        What `app.live.live_scene` gathers, and ``visit``: the reader is taken to it whenever that is new, and not 0.
    key : str
        Of this view in the session.
    on_close : callable
        Called when the reader closes it.
    """
    _mount_live(data=dict(scene), key=key, on_ask_change=lambda: None, on_close_change=on_close)
