"""The training record inside every model: from what, how and with which versions it was made."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eegwarn import __version__
from eegwarn.config import to_table
from eegwarn.errors import ModelError
from training.config import TrainConfig
from training.windows import LabelledRecording

_VERSIONED = ("mne", "numpy", "onnx", "scipy", "soxr", "torch")


def versions() -> dict[str, str]:
    """Give the versions that a result may depend on."""
    return {"eegwarn": __version__, "python": platform.python_version(), **{name: version(name) for name in _VERSIONED}}


def person_code(subject_id: str) -> str:
    """Stand in for a person's name, which in a folder of plain files may be a patient's: 16 hexadecimal digits.

    It hides the name from who reads a model file, but not from who guesses the name and tries.
    """
    return hashlib.sha256(f"eegwarn:{subject_id}".encode()).hexdigest()[:16]


def describe_part(recordings: Sequence[LabelledRecording]) -> dict[str, Any]:
    """Describe one part of a split: codes of the persons with the fingerprints of their recordings, hours, seizures."""
    persons: dict[str, list[str]] = {}
    for each in recordings:
        persons.setdefault(person_code(each.source.subject_id), []).append(each.fingerprint)
    return {
        "persons": persons,
        "hours": sum(float(each.windows.end_s[-1]) for each in recordings) / 3600,
        "n_seizures": sum(len(each.source.events) for each in recordings),
    }


@dataclass(frozen=True)
class RecordedPart:
    """Persons (their `person_code`) of a part, each with the fingerprints of the recordings."""

    persons: dict[str, list[str]]


@dataclass(frozen=True)
class RecordedSplit:
    """Whom training saw, and the codes of the persons it left for the test."""

    training: RecordedPart
    validation: RecordedPart
    test_persons: list[str]


@dataclass(frozen=True)
class Origin:
    """What a model's record says that an evaluation relies on."""

    seed: int
    data_fingerprint: str
    split: RecordedSplit
    config: dict[str, Any]

    @property
    def seen(self) -> dict[str, list[str]]:
        """Persons that training saw, in its training or its validation part, with their recordings."""
        return {**self.split.training.persons, **self.split.validation.persons}


def read_origin(record: Mapping[str, Any]) -> Origin:
    """Read the record of a model.

    Raises
    ------
    ModelError
        If it lacks something or holds a value that is none.
    """
    try:
        return TypeAdapter(Origin).validate_python(record)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ModelError(
            f"The model's training record is not valid: {where}: {first['msg']}. Train it again."
        ) from error


def run_key(training: Sequence[LabelledRecording], validation: Sequence[LabelledRecording], config: TrainConfig) -> str:
    """Tell a training run by its data, split, configuration and version: what a checkpoint belongs to."""
    parts = [
        sorted((each.fingerprint, each.source.events, each.clean.tobytes()) for each in part)
        for part in (training, validation)
    ]
    return hashlib.sha256(repr((parts, to_table(config), __version__)).encode()).hexdigest()
