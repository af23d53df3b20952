from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eegwarn.cohort import Cohort, Patient, Split, leave_one_seizure_out, read_cohort, split_in_time, split_patients
from eegwarn.errors import SplitError
from tests.cohort.folders import patient_of, write_edf

seizure_counts = st.lists(st.integers(0, 3), min_size=1, max_size=12)


@st.composite
def cohorts(draw: st.DrawFn) -> Cohort:
    patients = []
    for number, counts in enumerate(draw(st.lists(seizure_counts, min_size=1, max_size=12))):
        # Some persons come as several patients, as chb01 and chb21 do.
        person = draw(st.sampled_from([f"p{number:02d}", f"p{number // 2:02d}"]))
        patients.append(patient_of(f"p{number:02d}", counts, subject_id=person))
    return Cohort(Path("/data"), "plain", tuple(patients))


@given(cohorts(), st.floats(0.05, 0.5), st.sampled_from([0.0, 0.1, 0.3]), st.integers(0, 2**32 - 1))
def test_no_person_is_on_both_sides(
    cohort: Cohort, test_fraction: float, validation_fraction: float, seed: int
) -> None:
    persons = {one.subject_id for one in cohort.recordings if one.events}
    rng = np.random.default_rng(seed)
    if len(persons) < (3 if validation_fraction else 2):
        with pytest.raises(SplitError, match="persons with seizures"):
            split_patients(cohort, test_fraction=test_fraction, validation_fraction=validation_fraction, rng=rng)
        return
    split = split_patients(cohort, test_fraction=test_fraction, validation_fraction=validation_fraction, rng=rng)
    parts = [part for part in (split.train, split.validation, split.test) if part]
    assert len(parts) == (3 if validation_fraction else 2)
    assert sum(len({one.subject_id for one in part}) for part in parts) == len(
        {r.subject_id for r in cohort.recordings}
    )
    assert sorted(str(one.path) for part in parts for one in part) == sorted(str(one.path) for one in cohort.recordings)
    assert all(any(one.events for one in part) for part in parts)


def test_the_same_generator_gives_the_same_split() -> None:
    cohort = Cohort(Path("/data"), "plain", tuple(patient_of(f"p{i}", [1, 0]) for i in range(8)))
    first, second = (split_patients(cohort, rng=np.random.default_rng(7)) for _ in range(2))
    assert first == second
    assert first != split_patients(cohort, rng=np.random.default_rng(8))


@given(seizure_counts, st.floats(0.05, 0.6), st.sampled_from([0.0, 0.1, 0.3]))
def test_all_training_lies_before_all_testing(
    counts: list[int], test_fraction: float, validation_fraction: float
) -> None:
    patient = patient_of("p", counts)
    try:
        split = split_in_time(patient, test_fraction=test_fraction, validation_fraction=validation_fraction)
    except SplitError:
        ictal = [i for i, n in enumerate(counts) if n]
        assert len(ictal) < 2 or (validation_fraction and ictal[-1] - ictal[0] < 2)
        return
    assert (*split.train, *split.validation, *split.test) == patient.recordings
    assert any(one.events for one in split.train)
    assert any(one.events for one in split.test)
    assert bool(split.validation) == bool(validation_fraction)


def test_a_split_in_time_meets_the_fractions_where_it_can() -> None:
    split = split_in_time(patient_of("p", [1] * 10), test_fraction=0.3, validation_fraction=0.2)
    assert [len(split.train), len(split.validation), len(split.test)] == [5, 2, 3]


def test_validation_in_time_has_a_seizure_where_that_can_be_had() -> None:
    split = split_in_time(patient_of("p", [0, 1, 0, 0, 0, 0, 0, 1, 0, 1]), test_fraction=0.2, validation_fraction=0.2)
    assert any(one.events for one in split.validation)


@given(seizure_counts)
def test_every_recording_with_seizures_is_left_out_once(counts: list[int]) -> None:
    patient = patient_of("p", counts)
    ictal = [one for one in patient.recordings if one.events]
    if len(ictal) < 2:
        with pytest.raises(SplitError, match="needs two"):
            list(leave_one_seizure_out(patient))
        return
    splits = list(leave_one_seizure_out(patient))
    assert [[one for one in split.test if one.events] for split in splits] == [[one] for one in ictal]
    assert [one for split in splits for one in split.test] == list(patient.recordings)
    for split in splits:
        everything = [*split.train, *split.validation, *split.test]
        assert sorted(one.position for one in everything) == list(range(len(patient.recordings)))
        positions = [one.position for one in split.test]
        assert positions == list(range(positions[0], positions[-1] + 1))
        assert bool(split.validation) == (len(ictal) > 2)


@given(st.integers(2, 8), st.data())
def test_any_shared_recording_is_refused(n: int, data: st.DataObject) -> None:
    recordings = patient_of("p", [1] * n).recordings
    parts = data.draw(st.tuples(*[st.lists(st.sampled_from(recordings), min_size=1, unique=True).map(tuple)] * 3))
    names = [{one.name for one in part} for part in parts]
    assume(names[0] & names[1] or names[0] & names[2] or names[1] & names[2])
    with pytest.raises(SplitError, match="in both the"):
        Split(*parts, "seizures")


def test_a_recording_is_known_by_its_place_and_not_by_its_spelling() -> None:
    one, other = patient_of("p", [1, 1]).recordings
    alias = replace(one, path=Path("/data/p/../p") / one.name)
    with pytest.raises(SplitError, match=r"'p_00\.edf' is in both the train and the test part"):
        Split((one, other), (), (alias,), "seizures")


def test_a_person_under_two_names_is_refused() -> None:
    first = patient_of("chb01", [1], subject_id="chb01").recordings
    second = patient_of("chb21", [1], subject_id="chb01").recordings
    with pytest.raises(SplitError, match=r"'chb21' of the test part is the person of patient 'chb01' of the train"):
        Split(first, (), second, "patients")


def test_a_copy_of_a_recording_under_another_patient_is_refused(tmp_path: Path) -> None:
    for patient in "abcd":
        write_edf(tmp_path / patient / f"{patient}.edf", annotations=[(1.0, 3.0, "seizure")])
    cohort = read_cohort(tmp_path)
    with pytest.raises(SplitError, match="is a copy of"):
        split_patients(cohort, rng=np.random.default_rng(0))
    noise_uv = np.random.default_rng(1).normal(0, 30, (4, 18, 640))
    for patient, data_uv in zip("abcd", noise_uv, strict=True):
        write_edf(tmp_path / patient / f"{patient}.edf", annotations=[(1.0, 3.0, "seizure")], data_uv=data_uv)
    assert split_patients(cohort, rng=np.random.default_rng(0)).test


def test_learning_from_the_future_is_refused() -> None:
    early, late = patient_of("p", [1, 1]).recordings
    with pytest.raises(SplitError, match=r"'p_01\.edf' was recorded after 'p_00\.edf'"):
        Split((late,), (), (early,), "time")
    middle = patient_of("p", [1, 1, 1]).recordings
    with pytest.raises(SplitError, match="future"):
        Split((middle[0],), (middle[2],), (middle[1],), "time")


def test_a_personal_split_of_two_patients_is_refused() -> None:
    with pytest.raises(SplitError, match="of one patient, but got p, q"):
        Split(patient_of("p", [1]).recordings, (), patient_of("q", [1]).recordings, "time")


@pytest.mark.parametrize("part", ["train", "test"])
def test_an_empty_part_is_refused(part: str) -> None:
    recordings = patient_of("p", [1]).recordings
    parts = {"train": recordings, "validation": (), "test": recordings, part: ()}
    with pytest.raises(SplitError, match=f"The {part} part of a split is empty"):
        Split(**parts, scope="patients")


@pytest.mark.parametrize(
    ("test_fraction", "validation_fraction"), [(0, 0.1), (0.6, 0.5), (-0.1, 0.1), (float("nan"), 0)]
)
def test_impossible_fractions_are_refused(test_fraction: float, validation_fraction: float) -> None:
    patient: Patient = patient_of("p", [1] * 5)
    with pytest.raises(SplitError, match="fractions"):
        split_in_time(patient, test_fraction=test_fraction, validation_fraction=validation_fraction)
