"""A model is trained again with the clinician's labels, never on a held-out patient, and says whether it got better."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from eegwarn.backbones.resnet import ResNetConfig
from eegwarn.cli.retrain import retrain, retrained_text
from eegwarn.cohort import Cohort, CohortRecording, Patient
from eegwarn.errors import CohortError, ConfigError, EegwarnError, ModelError, OutputError, SplitError, StoreError
from eegwarn.store import Store, open_store
from eegwarn.store.answer import Answer, Label
from eegwarn.store.label_import import GivenLabel, import_labels
from eegwarn.store.models import stored_models
from eegwarn.store.recordings import NewRecording, add_recordings
from training.label_use import DISAGREED, GONE, HELD_OUT, UNJUDGED, UNSURE, VALIDATION
from training.record import Origin, person_code, read_origin
from training.recorded_split import split_as_recorded
from training.retrain import Retrained, retrain_model
from training.train import Trained

from .conftest import TINY

SEIZURE, CALM, IN_DOUBT = (Answer(label) for label in (Label.SEIZURE, Label.NOT_SEIZURE, Label.UNSURE))


@pytest.fixture(scope="module")
def origin(trained: Trained) -> Origin:
    return read_origin(trained.bundle.record)


def of_part(cohort: Cohort, codes: Sequence[str]) -> list[CohortRecording]:
    return [each for each in cohort.recordings if person_code(each.subject_id) in codes]


def given(
    recording: CohortRecording, start_s: float, answer: Answer, rater: str = "anna", *, s: float = 10.0
) -> GivenLabel:
    return GivenLabel(recording.name, recording.content(), start_s, s, answer, rater)


def store_with(folder: Path, cohort: Cohort, labels: Sequence[GivenLabel] = ()) -> Store:
    """A store that knows the cohort's recordings where they lay once, and one that is gone."""
    store = open_store(folder / "store.db")
    known = [
        NewRecording(each.patient_id, each.content(), Path("/once") / each.name, each.duration_s)
        for each in cohort.recordings
    ]
    add_recordings(store, [*known, NewRecording("p9", "gone", Path("/once/lost.edf"), 900.0)], by="engineer")
    import_labels(store, labels)
    return store


@pytest.fixture(scope="module")
def some_labels(cohort: Cohort, origin: Origin) -> list[GivenLabel]:
    """Of the training patients each mark and what comes before, and one label of every kind that cannot be used."""
    learned = of_part(cohort, [*origin.split.training.persons])
    (validation, *_), (test, *_) = (
        of_part(cohort, [*origin.split.validation.persons]),
        of_part(cohort, origin.split.test_persons),
    )
    marks = [(each, event) for each in learned for event in each.events]
    useful = [given(each, event.onset_s, SEIZURE) for each, event in marks]
    useful += [given(each, max(0.0, event.onset_s - 30), CALM) for each, event in marks]
    first = learned[0]
    return [
        *useful,
        given(first, 100, SEIZURE, "anna"),
        given(first, 100, CALM, "bert"),
        given(first, 120, IN_DOUBT),
        given(first, 140.3, CALM, s=0.1),
        given(validation, 50, CALM),
        given(test, 50, CALM),
        GivenLabel("lost.edf", "gone", 50, 10, CALM, "anna"),
    ]


def run(
    trained: Trained, cohort: Cohort, cache: Path, store: Store, out: Path, config=TINY, **options: object
) -> Retrained:
    return retrain_model(
        trained.path, cohort, out, config, store=store, by="engineer", cache=cache, device="cpu", **options
    )  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, cohort: Cohort, some_labels: list[GivenLabel]) -> Store:
    return store_with(tmp_path_factory.mktemp("store"), cohort, some_labels)


@pytest.fixture(scope="module")
def retrained(
    trained: Trained, cohort: Cohort, cache: Path, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Retrained:
    return run(trained, cohort, cache, store, tmp_path_factory.mktemp("new") / "new.eegwarn")


def test_labels_are_found_by_content_and_those_left_out_are_counted_with_the_reason(
    retrained: Retrained, some_labels: list[GivenLabel]
) -> None:
    assert len(retrained.labels.used) == len(some_labels) - 7
    assert retrained.labels.unused == {DISAGREED: 2, UNSURE: 1, UNJUDGED: 1, VALIDATION: 1, HELD_OUT: 1, GONE: 1}
    assert retrained.labels.gone == ("lost.edf",)
    assert any("lost.edf" in name for name, _ in retrained.skipped)
    assert retrained.bundle.record["labels"]["n_known_windows"] > 0


def test_patients_stay_in_their_parts_and_both_models_are_judged_on_those_held_out(
    retrained: Retrained, origin: Origin, cohort: Cohort
) -> None:
    assert read_origin(retrained.bundle.record).split == origin.split
    held_out = {each.patient_id for each in of_part(cohort, origin.split.test_persons)}
    for each in (retrained.old, retrained.new):
        assert {one.patient_id for one in each.recordings} == held_out


def test_the_new_model_names_its_parent_and_its_labels(retrained: Retrained, store: Store, trained: Trained) -> None:
    parent, child = stored_models(store)[:2]
    assert (parent.path, child.parent_id) == (trained.path, parent.id)
    assert child == retrained.model
    about = retrained.bundle.record["retrain"]
    assert (about["parent"], about["start"], about["method"]) == (parent.fingerprint, "scratch", "changepoint")
    assert about["labels"]["n_used"] == len(retrained.labels.used)
    assert len(about["labels"]["fingerprint"]) == 64
    assert child.record["retrain"]["comparison"]["advice"] == str(retrained.comparison.advice)
    for kept, measured in ((child.record["evaluation"], retrained.new), (about["before"], retrained.old)):
        auroc = next(one for one in measured.report.estimates if one.metric.key == "auroc")
        assert kept["mean"]["auroc"]["value"] == auroc.mean


def test_one_held_out_patient_cannot_tell_which_model_is_better(retrained: Retrained) -> None:
    text = retrained_text(retrained)
    assert "Recommendation: cannot tell; 1 held-out patient with" in text
    assert ": too few, since it takes 6 patients" in text
    assert all(
        word in text for word in ("event F1", "false alarms", "AUROC", "Not used: 2 labels", "method changepoint")
    )


def test_an_interrupted_retraining_ends_with_the_weights_of_an_unbroken_one(
    retrained: Retrained,
    trained: Trained,
    cohort: Cohort,
    cache: Path,
    some_labels: list[GivenLabel],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    # A store of its own: the same model at two places is one model, found where it was seen last.
    store = store_with(tmp_path_factory.mktemp("own"), cohort, some_labels)

    def interrupt(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("train on corrected labels", 7):
            raise KeyboardInterrupt

    out = tmp_path / "new.eegwarn"
    with pytest.raises(KeyboardInterrupt):
        run(trained, cohort, cache, store, out, progress=interrupt)
    assert list(tmp_path.glob("*.checkpoint*"))
    resumed = run(trained, cohort, cache, store, out)
    assert resumed.bundle.weights == retrained.bundle.weights
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    with pytest.raises(OutputError, match="already exists"):
        run(trained, cohort, cache, store, out)


def test_from_weights_a_single_label_is_learned_by_the_old_network(
    trained: Trained, cohort: Cohort, cache: Path, some_labels: list[GivenLabel], tmp_path: Path
) -> None:
    store = store_with(tmp_path, cohort, some_labels[:1])
    origin = read_origin(trained.bundle.record)
    *_, gone = of_part(cohort, [*origin.split.training.persons])
    fewer = replace(cohort, patients=tuple(each for each in cohort.patients if each.id != gone.patient_id))
    frozen = replace(TINY, optimiser=replace(TINY.optimiser, learning_rate=1e-12), steps=1, validate_every=1)
    going_on = run(trained, fewer, cache, store, tmp_path / "new.eegwarn", frozen, start="weights")
    before, after = load(trained.bundle.trainable_weights()), load(going_on.bundle.trainable_weights())
    torch.testing.assert_close(after["head.weight"], before["head.weight"], rtol=0, atol=1e-6)
    about = going_on.bundle.record["retrain"]
    assert (about["start"], about["labels"]["n_used"]) == ("weights", 1)
    assert read_origin(going_on.bundle.record).split == origin.split, "the old weights have seen who is gone now"
    assert going_on.skipped == (
        ("1 of the recordings that the model was trained on", f"not in {str(cohort.folder)!r}"),
    )
    wider = replace(TINY, resnet=ResNetConfig(widths=(16, 8), kernel=3))
    with pytest.raises(ConfigError, match="From weights the network stays"):
        run(trained, cohort, cache, store, tmp_path / "wider.eegwarn", wider, start="weights")


def contradictory_labels(cohort: Cohort, origin: Origin) -> list[GivenLabel]:
    """A thousand, of two raters who call the same clips, which overlap, by turns this and that."""
    learned = [(each.name, each.content()) for each in of_part(cohort, [*origin.split.training.persons])]
    said = [SEIZURE if n % 4 in (0, 3) or n % 5 == 0 else CALM for n in range(1000)]
    return [
        GivenLabel(*learned[n // 2 % 3], 1.5 * (n // 2), 10.0, answer, f"rater {n % 2}")
        for n, answer in enumerate(said)
    ]


def refused(error: type[EegwarnError], *arguments: object, **options: object) -> str:
    with pytest.raises(error) as caught:
        run(*arguments, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_a_label_there_is_nothing_to_learn_from(
    trained: Trained, cohort: Cohort, cache: Path, store: Store, tmp_path: Path
) -> None:
    out = tmp_path / "new.eegwarn"
    said = refused(StoreError, trained, cohort, cache, store_with(tmp_path, cohort), out)
    assert "nothing to learn from. Label clips in the dashboard, or import" in said
    assert "by 'nobody'" in refused(StoreError, trained, cohort, cache, store, out, rater="nobody")


def test_labels_of_patients_that_must_not_be_learned_from_are_not_and_what_is_gone_is_named(
    trained: Trained, cohort: Cohort, cache: Path, some_labels: list[GivenLabel], origin: Origin, tmp_path: Path
) -> None:
    store = store_with(tmp_path, cohort, some_labels[-3:])
    said = refused(StoreError, trained, cohort, cache, store, tmp_path / "new.eegwarn")
    assert f"None of 3 labels can be learned from: 1 {VALIDATION}; 1 {HELD_OUT}; 1 {GONE} (lost.edf)." in said
    assert of_part(cohort, [*origin.split.training.persons])[0].patient_id in said
    assert len(stored_models(store)) == 0


def test_a_model_of_another_task_and_other_labels_on_the_way_are_refused(
    trained: Trained, cohort: Cohort, cache: Path, store: Store, tmp_path: Path
) -> None:
    early = replace(TINY, horizon_s=300.0)
    assert "another task" in refused(ConfigError, trained, cohort, cache, store, tmp_path / "new.eegwarn", early)
    (tmp_path / "new.eegwarn.checkpoint.train-on-the-marks").write_bytes(b"broken")
    assert "no checkpoint" in refused(ModelError, trained, cohort, cache, store, tmp_path / "new.eegwarn")


def test_the_command_learns_from_a_thousand_contradictory_labels_and_prints_a_table_for_machines(
    trained: Trained,
    cohort: Cohort,
    cache: Path,
    origin: Origin,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EEGWARN_CACHE", str(cache))
    store, out = store_with(tmp_path, cohort, contradictory_labels(cohort, origin)), tmp_path / "new.eegwarn"
    retrain(trained.path, cohort.folder, out, seed=3, settings=["steps=4"], store=str(store.place), as_json=True)
    said = capsys.readouterr()
    table = json.loads(said.out)
    (disagreed,) = table["labels"]["unused"]
    assert disagreed["reason"] == DISAGREED
    assert table["labels"]["n_used"] + disagreed["n"] == 1000
    assert table["labels"]["n_used"] > 0
    assert table["comparison"]["differences"][0]["metric"] == "f1"
    assert table["model_id"] != table["parent_id"]
    assert "read training patients: done" in said.err


def with_stranger(cohort: Cohort, tmp_path: Path, name: str = "stranger") -> tuple[Cohort, str]:
    """The cohort, and somebody of whom nobody has heard."""
    path = tmp_path / f"{name}.edf"
    content = cohort.recordings[0].path.read_bytes()
    path.write_bytes(content[:-5000] + bytes([content[-5000] ^ 1]) + content[-4999:])
    recording = replace(cohort.recordings[0], path=path, patient_id=name, subject_id=name)
    return replace(cohort, patients=(*cohort.patients, Patient(name, (recording,)))), recording.content()


def persons(recordings: Sequence[CohortRecording]) -> set[str]:
    return {each.subject_id for each in recordings}


def test_somebody_new_is_learned_from_if_labelled_and_held_out_if_not(
    cohort: Cohort, origin: Origin, tmp_path: Path
) -> None:
    more, content = with_stranger(cohort, tmp_path)
    assert "stranger" in persons(split_as_recorded(more, origin, ()).test)
    assert "stranger" in persons(split_as_recorded(more, origin, {content}).train)


def test_somebody_new_may_be_a_missing_test_patient_under_another_name_and_is_held_out(
    cohort: Cohort, origin: Origin, tmp_path: Path
) -> None:
    more, content = with_stranger(cohort, tmp_path)
    tested = persons(of_part(cohort, origin.split.test_persons))
    renamed = replace(more, patients=tuple(each for each in more.patients if each.id not in tested))
    assert persons(split_as_recorded(renamed, origin, {content}).test) == {"stranger"}


def test_new_recordings_of_a_patient_stay_in_that_patient_s_part(
    cohort: Cohort, origin: Origin, tmp_path: Path
) -> None:
    tested = of_part(cohort, origin.split.test_persons)[0]
    more, content = with_stranger(cohort, tmp_path, name=tested.subject_id)
    assert persons(split_as_recorded(more, origin, {content}).test) == {tested.subject_id}


def test_somebody_who_belongs_to_two_parts_is_refused(cohort: Cohort, origin: Origin) -> None:
    seen, tested = (
        of_part(cohort, codes)[0] for codes in ([*origin.split.training.persons], origin.split.test_persons)
    )
    mixed = replace(seen, patient_id=tested.patient_id, subject_id=tested.subject_id)
    patients = [each for each in cohort.patients if each.id not in (seen.patient_id, tested.patient_id)]
    with pytest.raises(SplitError, match="belongs to the test and the training part"):
        split_as_recorded(
            replace(cohort, patients=(*patients, Patient(tested.patient_id, (mixed, tested)))), origin, ()
        )


def test_another_cohort_is_refused(cohort: Cohort, origin: Origin, tmp_path: Path) -> None:
    more, _ = with_stranger(cohort, tmp_path)
    with pytest.raises(CohortError, match="none of the recordings that the model was trained on"):
        split_as_recorded(replace(more, patients=more.patients[-1:]), origin, ())
    known = [*origin.split.training.persons, *origin.split.validation.persons]
    seen = tuple(each for each in cohort.patients if person_code(each.id) in known)
    with pytest.raises(CohortError, match="nobody of the model's test part"):
        split_as_recorded(replace(cohort, patients=seen), origin, ())
