"""Splits of recordings into training, validation and test that cannot leak.

Windows are never split at random: neighbours in time are nearly copies of each other. Recordings stay whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal

import numpy as np

from eegwarn.cohort.cohort import Cohort, CohortRecording, Patient
from eegwarn.errors import SplitError

Scope = Literal["patients", "time", "seizures"]


@dataclass(frozen=True)
class Split:
    """Three parts of a cohort, or of one patient, that share nothing.

    Parameters
    ----------
    train, validation, test : tuple of CohortRecording
        ``validation`` may be empty; early stopping, calibration and thresholds are fitted on it or on ``train``.
    scope : {"patients", "time", "seizures"}
        What is kept apart besides recordings. "patients": persons, for a model that must work on new ones. "time": one
        patient, all training before all validation before all test. "seizures": one patient, seizures left out by whole
        recordings.

    Raises
    ------
    SplitError
        If a part leaks into another, be it by a copy of a file under another name.
    RecordingError
        If a file cannot be read.
    """

    train: tuple[CohortRecording, ...]
    validation: tuple[CohortRecording, ...]
    test: tuple[CohortRecording, ...]
    scope: Scope

    def __post_init__(self) -> None:
        for name in ("train", "test"):
            if not getattr(self, name):
                raise SplitError(f"The {name} part of a split is empty. Give it at least one recording.")
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        for (name, part), (other_name, other) in combinations(parts.items(), 2):
            _refuse_shared(name, {one.path.resolve(): one.name for one in part}, other_name, other)
            if self.scope == "patients":
                _refuse_shared_persons(name, part, other_name, other)
        _refuse_shared_content(parts)
        if self.scope != "patients":
            self._check_one_patient()
        if self.scope == "time":
            self._check_time_order()

    def _check_one_patient(self) -> None:
        ids = sorted({one.patient_id for one in (*self.train, *self.validation, *self.test)})
        if len(ids) > 1:
            raise SplitError(f"A split by {self.scope} is of one patient, but got {', '.join(ids)}. Split each alone.")

    def _check_time_order(self) -> None:
        parts = [part for part in (self.train, self.validation, self.test) if part]
        for earlier, later in pairwise(parts):
            last, first = max(earlier, key=_position), min(later, key=_position)
            if last.position >= first.position:
                raise SplitError(
                    f"A personal model must not learn from the future: {last.name!r} was recorded after {first.name!r} "
                    "of a later part. Exchange them."
                )


def _position(recording: CohortRecording) -> int:
    return recording.position


def _refuse_shared(name: str, paths: dict[object, str], other_name: str, other: Sequence[CohortRecording]) -> None:
    for recording in other:
        if recording.path.resolve() in paths:
            raise SplitError(
                f"Recording {recording.name!r} is in both the {name} and the {other_name} part. Take it out of one."
            )


def _refuse_shared_persons(
    name: str, part: Sequence[CohortRecording], other_name: str, other: Sequence[CohortRecording]
) -> None:
    patients = {one.subject_id: one.patient_id for one in part}
    for recording in other:
        if recording.subject_id in patients:
            raise SplitError(
                f"Patient {recording.patient_id!r} of the {other_name} part is the person of patient "
                f"{patients[recording.subject_id]!r} of the {name} part. Keep a person's recordings together."
            )


def _refuse_shared_content(parts: Mapping[str, Sequence[CohortRecording]]) -> None:
    first: dict[str, tuple[str, CohortRecording]] = {}
    for name, part in parts.items():
        # A recording that is only described can be held against others by its name alone.
        for recording in (one for one in part if one.path.is_file()):
            other_name, other = first.setdefault(recording.content(), (name, recording))
            if other_name != name:
                raise SplitError(
                    f"Recording {recording.name!r} of patient {recording.patient_id!r} in the {name} part is a copy of "
                    f"{other.name!r} of patient {other.patient_id!r} in the {other_name} part. Take one out of the "
                    "cohort."
                )


def split_patients(
    cohort: Cohort, *, test_fraction: float = 0.25, validation_fraction: float = 0.25, rng: np.random.Generator
) -> Split:
    """Leave persons out, for a model that must work on patients it has never seen.

    Persons with seizures and persons without are dealt out separately, so that every part has a seizure.

    Parameters
    ----------
    cohort : Cohort
        What to split.
    test_fraction, validation_fraction : float
        Shares of the persons, at least one person each; ``validation_fraction`` may be 0 for none.
    rng : numpy.random.Generator
        Shuffles the persons.

    Raises
    ------
    SplitError
        If fewer persons have seizures than there are parts.
    """
    _check_fractions(test_fraction, validation_fraction)
    persons: dict[str, list[CohortRecording]] = {}
    for recording in cohort.recordings:
        persons.setdefault(recording.subject_id, []).append(recording)
    with_seizures = [person for person, found in persons.items() if any(one.events for one in found)]
    without = [person for person in persons if person not in with_seizures]
    n_parts = 3 if validation_fraction else 2
    if len(with_seizures) < n_parts:
        raise SplitError(
            f"A split into {n_parts} parts by patient needs {n_parts} persons with seizures; this cohort has "
            f"{len(with_seizures)}. Add patients, leave validation out, or split one patient in time."
        )
    parts: list[list[CohortRecording]] = [[], [], []]
    for group, least in ((with_seizures, 1), (without, 0)):
        shuffled = [group[i] for i in rng.permutation(len(group))]
        n_test = max(least, round(test_fraction * len(group)))
        n_validation = max(least, round(validation_fraction * len(group))) if validation_fraction else 0
        n_test = min(n_test, len(group) - n_validation - least)
        n_validation = min(n_validation, len(group) - n_test - least)
        bounds = (0, n_test, n_test + n_validation, len(group))
        for part, (first, last) in zip((2, 1, 0), pairwise(bounds), strict=True):
            parts[part] += [recording for person in shuffled[first:last] for recording in persons[person]]
    return Split(tuple(parts[0]), tuple(parts[1]), tuple(parts[2]), "patients")


def split_in_time(patient: Patient, *, test_fraction: float = 0.3, validation_fraction: float = 0.2) -> Split:
    """Split a patient's recordings at two moments, for a personal model: the past trains, the future tests.

    Of all ways to cut that leave a seizure in training and in test (and in validation, where that can be had), the one
    nearest to the fractions of the recorded time is taken.

    Parameters
    ----------
    patient : Patient
        Recordings in order of time.
    test_fraction, validation_fraction : float
        Shares of the recorded time; ``validation_fraction`` may be 0 for none.

    Raises
    ------
    SplitError
        If no cut leaves a seizure both in training and in test.
    """
    _check_fractions(test_fraction, validation_fraction)
    recordings = patient.recordings
    n = len(recordings)
    until_s = np.concatenate(([0.0], np.cumsum([one.duration_s for one in recordings])))
    seizures = np.concatenate(([0], np.cumsum([len(one.events) for one in recordings])))
    first, second = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    usable = (seizures[first] > 0) & (seizures[n] > seizures[second])
    usable &= first < second if validation_fraction else first == second
    validated = usable & (seizures[second] > seizures[first])
    usable = validated if validated.any() else usable
    if not usable.any():
        raise SplitError(
            f"Patient {patient.id!r} has {n} recordings, {sum(bool(one.events) for one in recordings)} of them with "
            "seizures. A split in time needs one with a seizure before the test part, one in it, and for validation "
            "a third recording between them (validation_fraction=0 goes without)."
        )
    wanted_s = until_s[n] * np.array([1 - test_fraction - validation_fraction, 1 - test_fraction])
    miss_s = np.abs(until_s[first] - wanted_s[0]) + np.abs(until_s[second] - wanted_s[1])
    cut, second_cut = np.unravel_index(np.argmin(np.where(usable, miss_s, np.inf)), miss_s.shape)
    return Split(recordings[:cut], recordings[cut:second_cut], recordings[second_cut:], "time")


def leave_one_seizure_out(patient: Patient) -> Iterator[Split]:
    """Test on each recording with seizures in turn, together with the interictal recordings around it.

    The time line is cut midway between recordings with seizures, so that interictal recordings are left out in blocks
    of time too. Validation is the block after the tested one (the first after the last), where there are three or more.

    Yields
    ------
    Split
        One for each recording with seizures.

    Raises
    ------
    SplitError
        If fewer than two recordings have seizures.
    """
    ictal = np.array([i for i, one in enumerate(patient.recordings) if one.events])
    if len(ictal) < 2:
        raise SplitError(
            f"Patient {patient.id!r} has seizures in {len(ictal)} of {len(patient.recordings)} recordings; leaving one "
            "out needs two."
        )
    cuts = [0, *((ictal[:-1] + ictal[1:] + 1) // 2), len(patient.recordings)]
    blocks = [patient.recordings[begin:end] for begin, end in pairwise(cuts)]
    for tested, test in enumerate(blocks):
        validated = (tested + 1) % len(blocks) if len(blocks) > 2 else None
        train = tuple(one for number, block in enumerate(blocks) if number not in (tested, validated) for one in block)
        yield Split(train, () if validated is None else blocks[validated], test, "seizures")


def _check_fractions(test_fraction: float, validation_fraction: float) -> None:
    if not (test_fraction > 0 and validation_fraction >= 0 and test_fraction + validation_fraction < 1):
        raise SplitError(
            "The fractions of test (above 0) and validation (0 or more) must sum to less than 1, but got "
            f"{test_fraction!r} and {validation_fraction!r}."
        )
