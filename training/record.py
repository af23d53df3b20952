"""The training record inside every model: from what, how and with which versions it was made."""

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from eegwarn import __version__
from eegwarn.config import to_table
from training.config import TrainConfig
from training.windows import LabelledRecording

_VERSIONED = ("mne", "numpy", "onnx", "scipy", "soxr", "torch")


def versions() -> dict[str, str]:
    """Give the versions that a result may depend on."""
    return {"eegwarn": __version__, "python": platform.python_version(), **{name: version(name) for name in _VERSIONED}}


def describe_part(recordings: Sequence[LabelledRecording]) -> dict[str, Any]:
    """Describe one part of a split: persons with the fingerprints of their recordings, hours and seizures."""
    persons: dict[str, list[str]] = {}
    for each in recordings:
        persons.setdefault(each.source.subject_id, []).append(each.fingerprint)
    return {
        "persons": persons,
        "hours": sum(float(each.windows.end_s[-1]) for each in recordings) / 3600,
        "n_seizures": sum(len(each.source.events) for each in recordings),
    }


def run_key(training: Sequence[LabelledRecording], validation: Sequence[LabelledRecording], config: TrainConfig) -> str:
    """Tell a training run by its data, split, configuration and version: what a checkpoint belongs to."""
    parts = [sorted((each.fingerprint, each.source.events) for each in part) for part in (training, validation)]
    return hashlib.sha256(repr((parts, to_table(config), __version__)).encode()).hexdigest()
