"""The part of the models page that puts models to beds, and tells which one watches which."""

from pathlib import Path

import streamlit as st

from app.access import Person, Right
from app.model_files import SHORT, ModelFile, caveats
from app.opened_store import store_option
from app.promoted import advice_words, bed_rows, promotion_row, write_promotion
from eegwarn.errors import EegwarnError
from eegwarn.store import Store
from eegwarn.store.alarms import present_beds
from eegwarn.store.promotions import present_promotions, present_watches, promotion_log

_MOST_LISTED = 50
_NO_BED = (
    "No bed was watched yet, so there is none to promote to. Watch one: "
    "`eegwarn monitor MODEL.eegwarn --source RECORDING.edf --bed 'bed 1' {store}`."
)
_MEANS = (
    "A monitor takes the model that was promoted to its bed when it is started again. Nothing changes under one that "
    "runs; its tile on the Monitor page says what waits."
)


def show_beds(store: Store | None, person: Person, model: ModelFile) -> None:
    """Show which model watches which bed, offer to promote this one, and list what was promoted before."""
    beds = [bed.name for bed in present_beds(store)] if store is not None else []
    if store is None or not beds:
        st.info(_NO_BED.format(store=store_option()))
        return
    promotions, watches = present_promotions(store), present_watches(store)
    st.dataframe(bed_rows(beds, promotions, watches), hide_index=True, width="stretch")
    st.markdown(f":small[{_MEANS}]")
    if person.may(Right.RETRAIN):
        left, right, _ = st.columns([2, 2, 5])
        if left.button(f"Promote {Path(model.name).name} …", type="primary", key="promote", width="stretch"):
            _promote_dialog(store, person, beds, model)
        none = "" if promotions else "No model was promoted yet: every bed has the one that its own command names"
        if right.button("Give beds back …", key="give-back", disabled=bool(none), help=none or None, width="stretch"):
            _promote_dialog(store, person, [bed for bed in beds if bed in promotions], None)
    log = promotion_log(store, most=_MOST_LISTED)
    if log:
        st.markdown("**What was promoted**")
        st.dataframe([promotion_row(one) for one in log], hide_index=True, width="stretch")


@st.dialog("Which model is to watch", width="medium")
def _promote_dialog(store: Store, person: Person, beds: list[str], model: ModelFile | None) -> None:
    """Ask which beds, show what the model's report advises, and write it down once it is confirmed."""
    chosen = st.multiselect("Beds", beds, default=beds, key="promote-to")
    advice, kind = ("", "success") if model is None else advice_words(model)
    if model is None:
        st.markdown("From their monitors' next start the beds have the model that their own command names.")
    else:
        st.markdown(f"**{model.name}** `{model.fingerprint[:SHORT]}` watches them from their monitors' next start.")
        {"success": st.success, "warning": st.warning, "error": st.error}[kind](advice)
        for caveat in caveats(model):
            st.warning(caveat)
    sure = kind == "success" or st.checkbox("I have read this and promote it all the same", key="promote-sure")
    words = "Give back" if model is None else "Promote"
    if st.button(words, type="primary", key="promote-now", disabled=not (chosen and sure)):
        try:
            write_promotion(store, person, chosen, model)
        except EegwarnError as error:
            st.error(f"Not written: {error}")
            return
        st.rerun()
