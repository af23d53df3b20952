"""The script that Streamlit runs: who may enter, and which pages there are."""

import streamlit as st

from app.access import is_loopback, login_is_configured
from app.views import recording

_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 2.6rem 1.2rem 0.4rem 1.2rem; }
[data-testid="stSidebarHeader"] { height: 2.2rem; padding-bottom: 0; margin-bottom: 0; }
[data-testid="stSidebarUserContent"] { padding-bottom: 1rem; }
[class*="st-key-event-"] button { min-height: 1.7rem; padding-top: 0; padding-bottom: 0; text-align: left; }
</style>"""


def _may_enter() -> bool:
    """Whether the visitor may see anything; says why not, and offers the login where there is one."""
    if login_is_configured():
        if st.user.is_logged_in:
            return True
        st.button("Log in", on_click=st.login)
        return False
    if is_loopback(st.get_option("server.address")):
        return True
    st.error("Others can reach this address, and no login is set up. Start the dashboard with: eegwarn dashboard")
    return False


st.set_page_config(page_title="eegwarn", layout="wide", initial_sidebar_state="expanded")
st.html(_STYLE)
if _may_enter():
    st.navigation([st.Page(recording.show, title="Recording", url_path="recording")], position="top").run()
