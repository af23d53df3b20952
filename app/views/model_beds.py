"""The part of the models page that puts models to beds, and tells which one watches which."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import streamlit as st

from app.access import Person, Right
from app.model_files import SHORT, ModelFile, caveats, promotion_advice, read_model_file
from app.promoted import waits
from eegwarn.errors import EegwarnError, ModelError
from eegwarn.store import Store
from eegwarn.store.alarms import present_beds
from eegwarn.store.models import add_model
from eegwarn.store.promotions import (
    Promotion,
    Watch,
    present_promotions,
    present_watches,
    promote,
    promotion_log,
)

_MOST_LISTED = 50
_NO_BED = (
    "No bed was watched yet, so there is none to promote to. Watch one: "
    "`eegwarn monitor MODEL.eegwarn --source RECORDING.edf --bed 'bed 1'`."
)
_MEANS = (
    "A monitor takes the model that was promoted to its bed when it is started again. Nothing changes under one that "
    "runs; its tile on the Monitor page says what waits."
)


def show_beds(store: Store | None, person: Person, model: ModelFile) -> None:
    """Show which model watches which bed, offer to promote this one, and list what was promoted before."""
    beds = [bed.name for bed in present_beds(store)] if store is not None else []
    if store is None or not beds:
        st.info(_NO_BED)
        return
    promotions, watches = present_promotions(store), present_watches(store)
    st.dataframe(bed_rows(beds, promotions, watches), hide_index=True, width="stretch")
    st.markdown(f":small[{_MEANS}]")
    if person.may(Right.RETRAIN):
        left, right, _ = st.columns([2, 2, 5])
        if left.button(f"Promote {Path(model.name).name} …", type="primary", key="promote", width="stretch"):
            _promote_dialog(store, person, beds, model)
        if right.button("Give beds back …", key="give-back", width="stretch"):
            _promote_dialog(store, person, [bed for bed in beds if bed in promotions], None)
    log = promotion_log(store, most=_MOST_LISTED)
    if log:
        st.markdown("**What was promoted**")
        st.dataframe([_row(one) for one in log], hide_index=True, width="stretch")


def bed_rows(beds: Sequence[str], promotions: dict[str, Promotion], watches: dict[str, Watch]) -> list[dict[str, str]]:
    """List for each bed which model watches it, which one was promoted, and what waits."""
    waiting = waits(promotions, watches)
    return [
        {
            "Bed": bed,
            "Watched with": _watch_words(watches.get(bed)),
            "Promoted": _promotion_words(promotions.get(bed)),
            "Waits": waiting.get(bed, ""),
        }
        for bed in beds
    ]


def advice_words(model: ModelFile) -> tuple[str, str]:
    """Say what a model's own report advises, and how to show that: "success", "warning" or "error"."""
    advice = promotion_advice(model)
    if advice.startswith("promote"):
        return f"Its own report says: {advice}.", "success"
    if advice.startswith("do not"):
        return f"Its own report advises against it: {advice}.", "error"
    if advice:
        return f"Its own report does not speak for it: {advice}.", "warning"
    return "No report compares it with the model in use: nothing speaks for it but what you know yourself.", "warning"


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


def write_promotion(store: Store, person: Person, beds: Sequence[str], model: ModelFile | None) -> None:
    """Write down who promotes which model to which beds, with what its report advised.

    Raises
    ------
    ConfigError
        If they may not.
    ModelError, StoreError
        If the model's file is gone or another by now, or the store cannot be written.
    """
    person.refuse_without(Right.RETRAIN)
    if model is None:
        promote(store, beds, None, by=person.name)
        return
    if read_model_file(model.path, model.path.parent).fingerprint != model.fingerprint:
        raise ModelError(f"{model.name!r} has changed since this page was read. Reload it.")
    known = add_model(store, model.path, by=person.name, record=model.record)
    promote(store, beds, known.id, by=person.name, advice=advice_words(model)[0])


def _row(promotion: Promotion) -> dict[str, str]:
    model = "its own" if promotion.path is None else f"{promotion.path.name} {(promotion.fingerprint or '')[:SHORT]}"
    return {
        "When (UTC)": _day(promotion.at),
        "Who": promotion.by,
        "Bed": promotion.bed,
        "Model": model,
        "What its report said": promotion.advice,
    }


def _watch_words(watch: Watch | None) -> str:
    return "" if watch is None else f"{watch.path.name} {watch.fingerprint[:SHORT]}, since {_day(watch.at)} UTC"


def _promotion_words(promotion: Promotion | None) -> str:
    if promotion is None:
        return ""
    name = "given back" if promotion.path is None else f"{promotion.path.name} {(promotion.fingerprint or '')[:SHORT]}"
    return f"{name}, by {promotion.by}, {_day(promotion.at)} UTC"


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")
