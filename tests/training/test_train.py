"""From a cohort to a model file that says how it came to be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load

from eegwarn.backbones.resnet import ResNet, ResNetConfig
from eegwarn.bedside import read_bundle, score_recording
from eegwarn.bedside.runtime import Runtime
from eegwarn.cohort import Cohort, Patient
from eegwarn.config import from_table, to_toml
from eegwarn.errors import ModelError, OutputError, SplitError
from eegwarn.signal.windows import stream_windows
from training.config import TrainConfig
from training.evaluate import Seen, evaluate_model, seen_persons
from training.export import check_equal
from training.network import new_network
from training.record import person_code, read_origin
from training.train import Trained, divide, train

from .conftest import TINY


def test_the_file_holds_what_was_trained(trained: Trained) -> None:
    assert read_bundle(trained.path) == trained.bundle
    assert [path.name for path in trained.path.parent.iterdir()] == [trained.path.name]


def test_the_record_tells_how_the_model_came_to_be(trained: Trained, cohort: Cohort) -> None:
    record = read_bundle(trained.path).record
    assert from_table(TrainConfig, record["config"]) == TINY.settled()
    assert set(record["versions"]) >= {"eegwarn", "torch", "numpy", "mne", "python"}
    persons = [set(record["split"][part]["persons"]) for part in ("training", "validation")]
    persons.append(set(record["split"]["test_persons"]))
    assert sum(map(len, persons)) == len(set.union(*persons)) == len(cohort.patients)
    assert len(record["training"]["history"]) == 3
    assert 0 <= record["training"]["validation_auroc"] <= 1


def test_bedside_and_torch_give_the_same_logits_on_every_window(trained: Trained, cohort: Cohort) -> None:
    backbone = {key: value for key, value in trained.bundle.config.backbone.items() if key != "kind"}
    network = ResNet(from_table(ResNetConfig, backbone))
    network.load_state_dict(load(trained.bundle.weights))
    runtime, config = Runtime(trained.bundle), trained.bundle.config
    whole = cohort.recordings[0].open()
    start = replace(whole, n_times=round(300 * whole.sfreq))
    for windows in stream_windows(start, config.signal, config.windows):
        eeg_uv = torch.from_numpy(np.where(windows.bad[:, :, None], 0, windows.data).astype(np.float32))
        with torch.no_grad():
            expected = network.eval()(eeg_uv).numpy()
        judged = windows.usable
        np.testing.assert_allclose(runtime.logit(windows)[judged], expected[judged], rtol=1e-5, atol=1e-5)


def test_an_existing_model_is_kept_unless_asked(trained: Trained, cohort: Cohort, cache: Path) -> None:
    with pytest.raises(OutputError, match="already exists"):
        train(cohort, trained.path, TINY, cache=cache)


def test_the_same_seed_divides_the_same_way(cohort: Cohort) -> None:
    assert divide(cohort, TINY) == divide(cohort, TINY)


def held_out_persons(trained: Trained, cohort: Cohort) -> set[str]:
    codes = trained.bundle.record["split"]["test_persons"]
    return {patient.id for patient in cohort.patients if person_code(patient.id) in codes}


def test_evaluation_leaves_out_whom_the_model_has_seen(trained: Trained, cohort: Cohort) -> None:
    evaluated = evaluate_model(trained.bundle, cohort, model="tiny")
    held_out = held_out_persons(trained, cohort)
    assert {each.patient_id for each in evaluated.recordings} == held_out
    assert set(evaluated.left_out) == {patient.id for patient in cohort.patients} - held_out
    assert "none was seen" in evaluated.report.context.split
    scored = score_recording(trained.bundle, cohort.patient(min(held_out)).recordings[0].open())
    np.testing.assert_array_equal(evaluated.recordings[0].probability, scored.probability)


def seen_only(cohort: Cohort, trained: Trained) -> Cohort:
    held_out = held_out_persons(trained, cohort)
    return replace(cohort, patients=tuple(each for each in cohort.patients if each.id not in held_out))


def test_evaluation_on_patients_it_has_seen_is_refused_unless_asked(trained: Trained, cohort: Cohort) -> None:
    seen = seen_only(cohort, trained)
    with pytest.raises(SplitError, match="trained on every patient"):
        evaluate_model(trained.bundle, seen, model="tiny")
    evaluated = evaluate_model(trained.bundle, seen, model="tiny", include_seen=True)
    assert "too good" in evaluated.report.context.split


def test_a_new_recording_of_a_seen_patient_is_seen_too(trained: Trained, cohort: Cohort, tmp_path: Path) -> None:
    (known, *_) = seen_only(cohort, trained).patients
    new = tmp_path / "new.edf"
    new.write_bytes(known.recordings[0].path.read_bytes() + b"\0")
    more = replace(known, recordings=(*known.recordings, replace(known.recordings[0], path=new)))
    seen = seen_persons(read_origin(trained.bundle.record), replace(cohort, patients=(more,)))
    assert seen == Seen({known.id}, set())


def test_a_copy_under_another_name_is_seen_too(trained: Trained, cohort: Cohort, tmp_path: Path) -> None:
    (known, *_) = seen_only(cohort, trained).patients
    content = known.recordings[0].path.read_bytes()
    (tmp_path / "anonymous.edf").write_bytes(content[:8] + b"X X X X".ljust(80) + content[88:])
    copied = replace(known.recordings[0], path=tmp_path / "anonymous.edf", patient_id="X", subject_id="X")
    renamed = replace(cohort, patients=(Patient("X", (copied,)),))
    assert seen_persons(read_origin(trained.bundle.record), renamed) == Seen({"X"}, set())


def altered(cohort: Cohort, folder: Path) -> Cohort:
    """The same persons, with another sample in each file."""
    patients = []
    for patient in cohort.patients:
        path = folder / patient.recordings[0].name
        content = patient.recordings[0].path.read_bytes()
        path.write_bytes(content[:-5000] + bytes([content[-5000] ^ 1]) + content[-4999:])
        patients.append(replace(patient, recordings=(replace(patient.recordings[0], path=path),)))
    return replace(cohort, patients=tuple(patients))


def test_whoever_has_a_name_from_training_is_left_out_and_the_report_says_so(
    trained: Trained, cohort: Cohort, tmp_path: Path
) -> None:
    stranger = altered(cohort, tmp_path)
    evaluated = evaluate_model(trained.bundle, stranger, model="tiny")
    held_out = held_out_persons(trained, cohort)
    assert {each.patient_id for each in evaluated.recordings} == held_out
    assert not evaluated.left_out, "nobody is known to have been seen"
    named = ", ".join(sorted({patient.id for patient in cohort.patients} - held_out))
    assert evaluated.report.context.split.endswith(f"unless --include-seen is given: {named}")


def test_a_cohort_with_nothing_but_names_from_training_is_refused_unless_asked(
    trained: Trained, cohort: Cohort, tmp_path: Path
) -> None:
    stranger = altered(seen_only(cohort, trained), tmp_path)
    with pytest.raises(SplitError, match=r"name that occurs in the model's training.*--include-seen"):
        evaluate_model(trained.bundle, stranger, model="tiny")
    evaluated = evaluate_model(trained.bundle, stranger, model="tiny", include_seen=True)
    assert "too good if they are the same persons" in evaluated.report.context.split


def test_a_model_file_names_nobody(trained: Trained, cohort: Cohort) -> None:
    record = to_toml(trained.bundle.record)
    assert not [patient.id for patient in cohort.patients if patient.id in record]


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": "x"},
        {"seed": float("inf")},
        {"split": 3},
        {"split": {"training": {"persons": 3}, "validation": {"persons": {}}, "test_persons": []}},
        {"split": {}},
        {"config": []},
    ],
)
def test_a_record_that_is_none_is_one_clear_line(trained: Trained, cohort: Cohort, wrong: dict[str, object]) -> None:
    bundle = replace(trained.bundle, record=trained.bundle.record | wrong)
    with pytest.raises(ModelError, match="training record is not valid") as caught:
        evaluate_model(bundle, cohort, model="tiny")
    assert "\n" not in str(caught.value)


def test_seizures_of_the_next_recording_are_known_and_not_counted_twice(trained: Trained, cohort: Cohort) -> None:
    whole = next(each for each in cohort.recordings if each.events)
    first, later = replace(whole, events=(), start_s=0.0), replace(whole, start_s=1000.0)
    both = replace(cohort, patients=(Patient(whole.patient_id, (first, later)),))
    evaluated = evaluate_model(trained.bundle, both, model="tiny", include_seen=True)
    onset_s = whole.events[0].onset_s
    assert [each.neighbours[:1] == () for each in evaluated.recordings] == [False, True]
    assert evaluated.recordings[0].neighbours[0].onset_s == onset_s + 1000
    assert evaluated.report.pooled.n_seizures == len(whole.events)


def test_an_export_that_differs_from_the_network_is_refused(trained: Trained) -> None:
    network = new_network(TINY)
    network.load_state_dict(load(trained.bundle.weights))
    network.eval()
    check_equal(network, trained.bundle.onnx, n_channels=18, n_times=512)
    with torch.no_grad():
        network.head.bias += 1e-4
    with pytest.raises(ModelError, match="differs from the trained one"):
        check_equal(network, trained.bundle.onnx, n_channels=18, n_times=512)


def test_an_exported_network_does_not_tell_where_it_was_made(trained: Trained) -> None:
    assert str(Path(__file__).parents[2]).encode() not in trained.bundle.onnx
    assert b".py" not in trained.bundle.onnx
