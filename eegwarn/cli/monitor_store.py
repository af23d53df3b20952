"""What a monitor asks of its store: which models were promoted to its beds, and where to write of them."""

import getpass
import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from eegwarn.errors import ModelError, StoreError

if TYPE_CHECKING:
    from eegwarn.bedside.log import BedLog, Retention
    from eegwarn.bedside.ring import Ring
    from eegwarn.store import Store
    from eegwarn.store.promotions import Promotion

Tell = Callable[[str, str, str], None]
"""Called with a bed (empty for all), one word for what it is about, and a sentence."""


class StoreOpener:
    """Opens the store when it is first needed, and again after a failure: one for all beds.

    Parameters
    ----------
    place : str or None
        As ``--store`` gives it.
    retention : Retention
        How long levels are kept.
    """

    def __init__(self, place: str | None, retention: "Retention") -> None:
        self._place, self._retention = place, retention
        self._store: Store | None = None
        self._lock = Lock()
        self._to_note: dict[str, tuple[str, Path]] = {}

    def models_of(self, named: Mapping[str, str], tell: Tell) -> dict[str, str]:
        """Say with which model each bed is to be watched: the one promoted to it, else the one that was named.

        No bed stays unwatched for want of a promotion: where the store cannot be read, or the promoted file is gone or
        another, that is told, and the bed keeps the model that was named.

        Parameters
        ----------
        named : mapping of str to str
            Path of the model that the command or ``beds.toml`` names, by bed.
        tell : callable
            Told of every bed whose model is not the one named, or not the one promoted.
        """
        models = dict(named)
        for bed, promotion in self._promotions(tell).items():
            if bed not in named or promotion.path is None:
                continue
            day = promotion.at.strftime("%Y-%m-%d %H:%M UTC")
            said = f"{str(promotion.path)!r}, promoted by {promotion.by} on {day}"
            trouble = _trouble(promotion.path, promotion.fingerprint)
            if trouble:
                tell(bed, "model", f"{named[bed]!r}, and not {said}: {trouble}")
                continue
            models[bed] = str(promotion.path)
            if Path(named[bed]).resolve() != promotion.path.resolve():
                tell(bed, "model", f"{said}, in place of {named[bed]!r}")
        files = {bed: Path(model).absolute() for bed, model in models.items()}
        self._to_note = {bed: (_fingerprint(path), path) for bed, path in files.items() if path.is_file()}
        return models

    def log(self, bed: str) -> "BedLog":
        """Open the log of a bed; the first time also write down which model watches it."""
        from eegwarn.store.beds import bed_log
        from eegwarn.store.promotions import add_watch

        with self._lock:
            try:
                store = self._open()
                log = bed_log(store, bed, self._retention)
                if bed in self._to_note:
                    add_watch(store, bed, *self._to_note[bed], by=_user())
                    del self._to_note[bed]
                return log
            except StoreError:
                if self._store is not None:
                    self._store.close()
                self._store = None
                raise

    def ring(self, bed: str, sfreq: float, *, goes_on: bool) -> "Ring":
        """Open the file in which the last minutes of a bed's EEG are kept; errors as for `Ring` and `find_place`."""
        from eegwarn.bedside.ring import Ring, remove_old, ring_path
        from eegwarn.store.place import find_place, recent_folder

        folder = recent_folder(find_place(self._place))
        remove_old(folder, time.time())
        return Ring(ring_path(folder, bed), bed, sfreq, goes_on=goes_on)

    def _open(self) -> "Store":
        from eegwarn.store import open_store

        self._store = self._store or open_store(self._place)
        return self._store

    def _promotions(self, tell: Tell) -> dict[str, "Promotion"]:
        from eegwarn.store.place import find_place
        from eegwarn.store.promotions import present_promotions

        try:
            path = find_place(self._place).path
            if path is not None and not path.exists():
                return {}
            return present_promotions(self._open())
        except StoreError as error:
            tell("", "model", f"{error} If models were promoted, they do not watch now: those that were named do.")
            return {}


def _trouble(path: Path, fingerprint: str | None) -> str:
    """Say why a promoted model cannot watch; empty where it can."""
    from eegwarn.bedside import read_bundle

    try:
        read_bundle(path)
        is_same = _fingerprint(path) == fingerprint
    except (ModelError, OSError) as error:
        return str(error)
    return "" if is_same else "the file holds another model by now. Promote it anew."


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return "unknown"
