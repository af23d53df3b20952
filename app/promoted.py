"""What was promoted to a bed and does not watch it yet, in words."""

from collections.abc import Mapping

from eegwarn.store import Store
from eegwarn.store.promotions import Promotion, Watch, present_promotions, present_watches


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
