"""Models that are promoted to beds: what their reports say about it, who did it, and what waits for a monitor."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.access import Person, Right
from app.model_files import SHORT, ModelFile, promotion_advice, read_model_file
from eegwarn.errors import ModelError
from eegwarn.store import Store
from eegwarn.store.models import add_model
from eegwarn.store.promotions import Promotion, Watch, present_promotions, present_watches, promote


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


def waiting_words(store: Store) -> dict[str, str]:
    """Say of each bed whose promoted model does not watch it what it waits for; the other beds are left out.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    return waits(present_promotions(store), present_watches(store))


def waits(promotions: Mapping[str, Promotion], watches: Mapping[str, Watch]) -> dict[str, str]:
    """As `waiting_words`, from the latest promotion and the latest watch of each bed."""
    words = {bed: _waits(promotion, watches.get(bed)) for bed, promotion in promotions.items()}
    return {bed: said for bed, said in words.items() if said}


def bed_rows(beds: Sequence[str], promotions: dict[str, Promotion], watches: dict[str, Watch]) -> list[dict[str, str]]:
    """List for each bed which model watches it, which one was promoted, and what waits."""
    waiting = waits(promotions, watches)
    return [
        {
            "Bed": bed,
            "Watched with": _watch_words(watches.get(bed)),
            "Promoted": _promotion_words(promotions.get(bed)),
            "At the next start": waiting.get(bed, ""),
        }
        for bed in beds
    ]


def promotion_row(promotion: Promotion) -> dict[str, str]:
    """List a promotion: when, by whom, which model to which bed, and what its report said."""
    model = "its own" if promotion.path is None else f"{promotion.path.name} {(promotion.fingerprint or '')[:SHORT]}"
    return {
        "When (UTC)": _day(promotion.at),
        "Who": promotion.by,
        "Bed": promotion.bed,
        "Model": model,
        "What its report said": promotion.advice,
    }


def _waits(promotion: Promotion, watch: Watch | None) -> str:
    is_started = watch is not None and watch.at >= promotion.at
    if promotion.path is None:
        return "" if is_started else f"given back by {promotion.by}: its own model waits for a restart of the monitor"
    name = promotion.path.name
    if watch is not None and watch.fingerprint == promotion.fingerprint:
        return ""
    if watch is not None and is_started:
        return f"watched with {watch.path.name}: {name}, promoted by {promotion.by}, could not be used"
    return f"{name}, promoted by {promotion.by}, waits for a restart of the monitor"


def _watch_words(watch: Watch | None) -> str:
    return "" if watch is None else f"{watch.path.name} {watch.fingerprint[:SHORT]}, since {_day(watch.at)} UTC"


def _promotion_words(promotion: Promotion | None) -> str:
    if promotion is None:
        return ""
    name = "given back" if promotion.path is None else f"{promotion.path.name} {(promotion.fingerprint or '')[:SHORT]}"
    return f"{name}, by {promotion.by}, {_day(promotion.at)} UTC"


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")
