"""The EEG of the bed that is open, below the tiles: drawn anew with every run of the page's fragment."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from app.live import live_ask, live_scene
from app.viewer import live
from eegwarn.store import Store
from eegwarn.store.alarms import Bed

_LIVE = "live"
# Streamlit fades what is about to be drawn anew; EEG that is being read must stay as it is.
_STYLE = "<style>.st-key-live, .st-key-live * { opacity: 1 !important; transition: none !important; }</style>"


def show_bed_eeg(store: Store, bed: Bed, now: datetime, *, visit: float, on_close: Callable[[], None]) -> None:
    """Show the last seconds of a bed's EEG, ten minutes of its power, and on demand why it warned.

    Parameters
    ----------
    store : Store
        Of the ward.
    bed : Bed
        Which.
    now : datetime
        When the ward was read, UTC.
    visit : float
        Another one whenever somebody opens the bed, who is then taken to it; 0 after a reload.
    on_close : callable
        Called when the bed is to be closed.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    st.html(_STYLE)
    ask = live_ask(st.session_state.get(_LIVE, {}).get("ask"))
    live(live_scene(store, bed, ask, now) | {"visit": visit}, key=_LIVE, on_close=on_close)
