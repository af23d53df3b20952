"""The patients' split that a model's record names, found again in a cohort whose files may have moved and grown."""

from collections.abc import Collection

from eegwarn.cohort import Cohort, CohortRecording, Split
from eegwarn.errors import CohortError, SplitError
from training.record import Origin, person_code


def split_as_recorded(cohort: Cohort, origin: Origin, labelled: Collection[str]) -> Split:
    """Divide a cohort as it was divided when a model was trained.

    A person is known by the content of a recording or by name. New recordings of a known person join that person's
    part. Somebody whom the model does not know joins the training part if one of his or her recordings was labelled,
    unless a test person of the model is missing from the cohort (`missing_test_persons`): then the unknown one may be
    that person under another name. Everybody else is held out.

    Parameters
    ----------
    cohort : Cohort
        Holds the recordings that the model was trained on, or some of them.
    origin : Origin
        The model's.
    labelled : collection of str
        Fingerprints of recordings that were labelled.

    Returns
    -------
    Split
        Its test part is everybody who is held out.

    Raises
    ------
    CohortError
        If the cohort holds nothing that the model was trained or validated on, or nobody to hold out.
    SplitError
        If a person belongs to two parts.
    """
    parts: dict[str, list[CohortRecording]] = {"training": [], "validation": [], "test": []}
    may_join = not missing_test_persons(cohort, origin)
    seen = _seen_contents(origin)
    if not any(each.content() in seen for each in cohort.recordings):
        raise CohortError(
            f"{str(cohort.folder)!r} holds none of the recordings that the model was trained on. Give the cohort that "
            "it was trained on; new recordings may lie beside them."
        )
    for person, recordings in _persons(cohort).items():
        part = _part_of(person, recordings, origin)
        if part is None:
            is_labelled = any(each.content() in labelled for each in recordings)
            part = "training" if is_labelled and may_join else "test"
        parts[part] += recordings
    for name, found in parts.items():
        if not found:
            raise CohortError(
                f"{str(cohort.folder)!r} holds nobody of the model's {name} part: retraining takes them all, to learn "
                "from, to calibrate by and to compare on. Give the cohort that it was trained on."
            )
    return Split(tuple(parts["training"]), tuple(parts["validation"]), tuple(parts["test"]), "patients")


def missing_test_persons(cohort: Cohort, origin: Origin) -> int:
    """Count the test persons of a model whose names the cohort does not hold."""
    here = {person_code(each.subject_id) for each in cohort.recordings}
    return len(set(origin.split.test_persons) - here)


def _persons(cohort: Cohort) -> dict[str, list[CohortRecording]]:
    persons: dict[str, list[CohortRecording]] = {}
    for recording in cohort.recordings:
        persons.setdefault(recording.subject_id, []).append(recording)
    return persons


def _seen_contents(origin: Origin) -> dict[str, str]:
    parts = {"training": origin.split.training, "validation": origin.split.validation}
    return {print_: name for name, part in parts.items() for prints in part.persons.values() for print_ in prints}


def _part_of(person: str, recordings: list[CohortRecording], origin: Origin) -> str | None:
    """Name the recorded part of a person; None for somebody whom the record does not know."""
    seen, code = _seen_contents(origin), person_code(person)
    found = {seen[content] for each in recordings if (content := each.content()) in seen}
    named = (
        ("training", origin.split.training.persons),
        ("validation", origin.split.validation.persons),
        ("test", origin.split.test_persons),
    )
    found |= {name for name, codes in named if code in codes}
    if len(found) > 1:
        raise SplitError(
            f"Patient {person!r} belongs to the {' and the '.join(sorted(found))} part of the model, by name and by "
            "the content of recordings. Give recordings the patients' names that they had when it was trained."
        )
    return found.pop() if found else None
