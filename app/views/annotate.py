"""The annotation page: clips that a rater is asked about, one after the other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from app.access import Right
from app.annotate import agreement_in_words, annotation_scene, page_state, work_of
from app.annotate_answers import Written
from app.opened_store import dashboard_store, store_option
from app.viewer import annotator
from app.views.title import sidebar_title
from app.visitor import name_field, visitor
from eegwarn.errors import StoreError
from eegwarn.store import Store
from eegwarn.store.labels import label_log

_ANNOTATOR = "annotator"
# Streamlit fades what is about to be drawn anew; a clip that is being read must stay as it is.
_STYLE = "<style>.st-key-annotator, .st-key-annotator * { opacity: 1 !important; transition: none !important; }</style>"
_NOTHING = "Nothing is asked of you. `eegwarn query MODEL.eegwarn DATA {store}` puts clips into the queue."


def show() -> None:
    """Lay out the page."""
    person = visitor()
    if person is None:
        return
    if not person.may(Right.LABEL):
        st.info(f"You are {person.name}, a {person.role.value}: only annotators label. An admin can make you one.")
        return
    with st.sidebar:
        sidebar_title()
        name_field()
    st.html(_STYLE)
    _show_clips(person.name)


@st.fragment
def _show_clips(rater: str) -> None:
    """Write what was done and show what is next; only this part runs again after a key."""
    sent = st.session_state.get(_ANNOTATOR, {}).get("work")
    try:
        scene = _scene(sent, rater)
    except StoreError as error:
        if not sent:
            st.error(str(error))
            return
        # What was done stays in the browser, which says so, until it is in the store.
        scene = page_state(rater, sent["place"], Written((), str(error)))
    if scene["queue"] == [] and not sent and not scene["n_answered"]:
        st.info(_NOTHING.format(store=store_option()))
    if scene["place"]:
        annotator(scene, key=_ANNOTATOR)


def _scene(sent: Mapping[str, Any] | None, rater: str) -> dict[str, Any]:
    store = dashboard_store()
    if store is not None:
        agreement = _agreement(str(store.place), rater, store)
        return annotation_scene(store, work_of(sent, rater), rater) | {"agreement": agreement}
    if sent:
        raise StoreError("The store is gone. Put it back.")
    return page_state(rater, "", Written(())) | {"queue": []}


@st.cache_data(ttl=20, max_entries=16, show_spinner=False)
def _agreement(place: str, rater: str, _store: Store) -> list[str]:
    return agreement_in_words(label_log(_store), rater, np.random.default_rng(0))
