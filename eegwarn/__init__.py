"""Early warning of epileptic seizures from EEG. Research software, not a medical device.

What most programs need is here by name, and loaded when it is first used::

    import eegwarn

    scored = eegwarn.score_recording(eegwarn.read_bundle("model.eegwarn"), eegwarn.open_recording("night.edf"))

Times are seconds from the start of a recording, amplitudes µV, warning levels probabilities: NaN where nothing could be
judged. What can go wrong is an `EegwarnError`, whose message says what to do.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from eegwarn.bedside import Bundle, Scored, read_bundle, score_recording, write_probabilities
    from eegwarn.cohort import Cohort, read_cohort
    from eegwarn.errors import EegwarnError
    from eegwarn.events import SeizureEvent, read_szcore_tsv, write_szcore_tsv
    from eegwarn.signal import Recording, open_recording
    from eegwarn.store import Store, open_store

_PLACES = {
    "eegwarn.bedside": ("Bundle", "Scored", "read_bundle", "score_recording", "write_probabilities"),
    "eegwarn.cohort": ("Cohort", "read_cohort"),
    "eegwarn.errors": ("EegwarnError",),
    "eegwarn.events": ("SeizureEvent", "read_szcore_tsv", "write_szcore_tsv"),
    "eegwarn.signal": ("Recording", "open_recording"),
    "eegwarn.store": ("Store", "open_store"),
}

__all__ = [
    "__version__",
    "Bundle",
    "Cohort",
    "EegwarnError",
    "Recording",
    "Scored",
    "SeizureEvent",
    "Store",
    "open_recording",
    "open_store",
    "read_bundle",
    "read_cohort",
    "read_szcore_tsv",
    "score_recording",
    "write_probabilities",
    "write_szcore_tsv",
]


def __getattr__(name: str) -> Any:
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(place), name)
    raise AttributeError(f"module 'eegwarn' has no attribute {name!r}")
