"""How every page says whose it is."""

from typing import Any

import streamlit as st

_WARNING = "Research software, not a medical device."


def sidebar_title() -> None:
    """Say it at the head of the sidebar."""
    st.markdown("#### eegwarn", help="Early warning of epileptic seizures from EEG")
    st.caption(_WARNING)


def title_line(place: Any) -> None:
    """Say it in one line, on a page that needs its width."""
    place.markdown(f"**eegwarn** · :small[{_WARNING}]")
