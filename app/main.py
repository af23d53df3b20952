"""The script that Streamlit runs: who may enter, and which pages there are."""

import streamlit as st

from app.access import Person
from app.views import annotate, models, monitor, patients, recording, tryit
from app.visitor import visitor
from eegwarn.errors import ConfigError

_STYLE = """<style>
[data-testid="stHeader"] { height: 2.6rem; min-height: 2.6rem; }
[data-testid="stMainBlockContainer"] { padding: 2.8rem 1.2rem 0.4rem 1.2rem; }
[data-testid="stSidebarHeader"] { height: 2.2rem; padding-bottom: 0; margin-bottom: 0; }
[data-testid="stSidebarUserContent"] { padding-bottom: 1rem; }
[class*="st-key-event-"] button { min-height: 1.7rem; padding-top: 0; padding-bottom: 0; text-align: left; }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] * { color: inherit; }
[data-testid="stCaptionContainer"] { opacity: 0.8; }
</style>"""


def _enter() -> Person | None:
    """Give who may see something; else say why not, and offer the login where there is one."""
    try:
        person = visitor()
    except ConfigError as error:
        st.error(str(error))
        return None
    if person is None:
        st.button("Log in", on_click=st.login)
    return person


st.set_page_config(page_title="eegwarn", layout="wide", initial_sidebar_state="expanded")
st.html(_STYLE)
if _enter() is not None:
    pages = [
        st.Page(monitor.show, title="Monitor", url_path="monitor"),
        recording.page(),
        st.Page(annotate.show, title="Annotate", url_path="annotate"),
        st.Page(patients.show, title="Patients", url_path="patients"),
        st.Page(tryit.show, title="Try it", url_path="try"),
        st.Page(models.show, title="Models", url_path="models"),
    ]
    st.navigation(pages, position="top").run()
