"""A model is made small with the patients it was trained on, goes on after an interruption, and says what it lost."""

import hashlib
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from eegwarn.bedside import read_bundle, write_bundle
from eegwarn.cli.quantize import quantize, shrunk_table, shrunk_text
from eegwarn.cohort import Cohort, Patient
from eegwarn.errors import CohortError, ConfigError, ModelError, OutputError
from eegwarn.evaluate.bootstrap import Interval
from training.finetune import QuantizeConfig, fine_tune, trained_network
from training.footprint import measure_footprints
from training.loop import Place, repeatable
from training.quantize import Shrunk, quantize_model, seen_again
from training.record import person_code, read_origin
from training.small import PLAIN
from training.train import Trained
from training.windows import LabelledRecording

from .conftest import TINY, louder_in_seizures

SHORT = QuantizeConfig(steps=6, validate_every=2, calibration_windows=8)
Parts = tuple[tuple[LabelledRecording, ...], tuple[LabelledRecording, ...]]


@pytest.fixture(scope="module")
def shrunk(trained: Trained, cohort: Cohort, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Shrunk:
    out = tmp_path_factory.mktemp("small") / "small.eegwarn"
    return quantize_model(trained.path, cohort, out, SHORT, cache=cache, device="cpu")


def test_a_small_model_is_judged_on_the_patients_that_training_left(shrunk: Shrunk, trained: Trained) -> None:
    held_out = set(read_origin(trained.bundle.record).split.test_persons)
    for each in (shrunk.before, shrunk.plain, shrunk.small):
        assert {person_code(one.patient_id) for one in each.evaluated.recordings} == held_out
    assert shrunk.small.footprint.n_bytes < shrunk.plain.footprint.n_bytes < shrunk.before.footprint.n_bytes
    assert shrunk.small.footprint.latency_ms > 0
    assert 20 < shrunk.small.footprint.peak_memory_mb < 500


def test_a_small_model_says_what_it_is_and_cannot_be_trained_further(shrunk: Shrunk) -> None:
    bundle = read_bundle(shrunk.path)
    assert (bundle.config.precision.weight_bits, bundle.config.precision.activation_bits) == (1, 8)
    with pytest.raises(ModelError, match="no weights to train further"):
        trained_network(bundle)
    assert bundle.record["quantize"]["logit_rms_difference"] < 0.15
    assert not list(shrunk.path.parent.glob("*.checkpoint*"))


def test_a_small_model_names_its_parent_and_keeps_how_it_was_judged(shrunk: Shrunk, trained: Trained) -> None:
    record = read_bundle(shrunk.path).record
    about = record["quantize"]
    assert about["parent"] == hashlib.sha256(trained.path.read_bytes()).hexdigest()
    assert about["before"]["n_bytes"] == shrunk.before.footprint.n_bytes
    assert about["plain"]["n_bytes"] == shrunk.plain.footprint.n_bytes
    for kept, measured in ((record["evaluation"], shrunk.small), (about["before"], shrunk.before)):
        auroc = next(one for one in measured.evaluated.report.estimates if one.metric.key == "auroc")
        assert kept["mean"]["auroc"]["value"] == auroc.mean
        assert kept["n_patients"] == len(measured.evaluated.report.patients)


def test_the_report_says_when_plain_8_bits_are_as_good(shrunk: Shrunk) -> None:
    as_good = replace(shrunk, gain=0.001, gain_interval=Interval(-0.01, 0.02))
    assert "Not worth it" in shrunk_text(as_good)
    assert not shrunk_table(as_good)["worth_it"]
    assert "judges worse" in shrunk_text(replace(shrunk, gain=-0.1, gain_interval=Interval(-0.2, -0.05)))
    better = shrunk_text(replace(shrunk, gain=0.1, gain_interval=Interval(0.05, 0.2)))
    assert " Worth it" in better
    assert "too few patients" in shrunk_text(replace(shrunk, gain_interval=Interval(math.nan, math.nan)))
    plain = replace(shrunk.small, evaluated=shrunk.plain.evaluated)
    assert shrunk_text(replace(shrunk, small=plain)).endswith("small.eegwarn: plain 8 bits.")
    assert all(word in better for word in ("AUROC", "event F1", "file (KiB)", "one thread", "peak memory"))


def test_an_existing_file_is_kept_unless_asked(shrunk: Shrunk, trained: Trained, cohort: Cohort) -> None:
    with pytest.raises(OutputError, match="already exists"):
        quantize_model(trained.path, cohort, shrunk.path, SHORT)


def test_a_cohort_without_the_patients_of_training_is_refused(
    shrunk: Shrunk, trained: Trained, cohort: Cohort, tmp_path: Path
) -> None:
    held_out = read_origin(trained.bundle.record).split.test_persons
    others = [patient for patient in cohort.patients if person_code(patient.id) in held_out]
    strangers = replace(cohort, patients=tuple(Patient(each.id, each.recordings) for each in others))
    with pytest.raises(CohortError, match="none of the recordings that the model's training part was made of"):
        quantize_model(trained.path, strangers, tmp_path / "small.eegwarn", SHORT)


def test_recordings_of_training_that_the_cohort_lacks_are_named(trained: Trained, cohort: Cohort, cache: Path) -> None:
    origin = read_origin(trained.bundle.record)
    gone = next(patient for patient in cohort.patients if person_code(patient.id) in origin.split.training.persons)
    fewer = replace(cohort, patients=tuple(patient for patient in cohort.patients if patient is not gone))
    _, skipped = seen_again(fewer, origin.split.training, origin.split.validation, TINY, cache=cache)
    assert skipped == (("1 recordings of the training part", f"not in {str(cohort.folder)!r}"),)


def state_after(parts: Parts, trained: Trained, config: QuantizeConfig, checkpoint: Path, stop_at: int = 0) -> object:
    def interrupt(step: str, done: int, total: int) -> None:
        if done == stop_at:
            raise KeyboardInterrupt

    place = Place(checkpoint, "run", torch.device("cpu"), interrupt)
    with repeatable(1):
        network, state = fine_tune(trained_network(trained.bundle), *parts, TINY, config, place)
    assert state is not None
    return {**network.state_dict(), **state.network.state_dict()}, state.history


@pytest.mark.parametrize("meta", ["ste", "fcgrad", "lstmfc"])
def test_an_interrupted_quantisation_goes_on_as_if_nothing_had_happened(
    meta: str, parts: Parts, trained: Trained, tmp_path: Path
) -> None:
    method = "ste" if meta == "ste" else "metaquant"
    learned = replace(SHORT.metaquant, meta="multifc" if meta == "ste" else meta)  # type: ignore[arg-type]
    config = replace(SHORT, method=method, metaquant=learned)
    with pytest.raises(KeyboardInterrupt):
        state_after(parts, trained, config, tmp_path / "checkpoint", stop_at=5)
    assert (tmp_path / "checkpoint.quantize").exists()
    resumed, resumed_history = state_after(parts, trained, config, tmp_path / "checkpoint")  # type: ignore[misc]
    unbroken, history = state_after(parts, trained, config, tmp_path / "unbroken")  # type: ignore[misc]
    assert resumed_history == history
    assert all(torch.equal(value, unbroken[name]) for name, value in resumed.items())


def test_a_network_of_one_bit_learns_to_tell_loud_from_quiet(parts: Parts, trained: Trained, tmp_path: Path) -> None:
    loud = [[louder_in_seizures(each) for each in part] for part in parts]
    fast = replace(SHORT.metaquant, learning_rate=5e-3, other_learning_rate=5e-3)
    config = replace(SHORT, steps=80, validate_every=40, teacher_share=0.0, metaquant=fast)
    place = Place(tmp_path / "loud", "run", torch.device("cpu"))
    network, state = fine_tune(
        trained_network(trained.bundle), loud[0], loud[1], replace(TINY, batch_size=16), config, place
    )
    assert state is not None
    assert state.best_score > 0.9
    assert all(
        len(value.unique()) <= 2 for name, value in network.state_dict().items() if name.endswith("conv_in.weight")
    )


def test_plain_8_bits_are_not_trained(parts: Parts, trained: Trained, tmp_path: Path) -> None:
    network = trained_network(trained.bundle)
    place = Place(tmp_path / "none", "run", torch.device("cpu"))
    rounded, state = fine_tune(network, *parts, TINY, PLAIN, place)
    assert state is None
    assert all(torch.equal(value, rounded.state_dict()[name]) for name, value in network.state_dict().items())


def test_weights_that_do_not_fit_the_network_are_one_clear_line(trained: Trained) -> None:
    table = {**trained.bundle.config.backbone, "widths": [16, 16]}
    config = replace(trained.bundle.config, backbone=table)
    with pytest.raises(ModelError, match="do not fit its network") as caught:
        trained_network(replace(trained.bundle, config=config))
    assert "\n" not in str(caught.value)


def test_a_model_that_cannot_be_run_is_one_clear_line(trained: Trained, tmp_path: Path) -> None:
    write_bundle(tmp_path / "broken.eegwarn", replace(trained.bundle, onnx=b"broken"))
    with pytest.raises(ModelError, match="cannot be run") as caught:
        measure_footprints([tmp_path / "broken.eegwarn"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"teacher_share": 2.0}, {"method": "metaquant"}])
def test_a_setting_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    rule = replace(SHORT.metaquant, meta="ones")
    with pytest.raises(ConfigError, match="but got"):
        replace(SHORT, metaquant=rule, **wrong)  # type: ignore[arg-type]


def test_the_command_refuses_bits_that_a_quantiser_does_not_have_before_any_work(
    trained: Trained, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="'bwn' takes bits = 1, but got 4"):
        quantize(trained.path, tmp_path, tmp_path / "small.eegwarn", bits=4, quantizer="bwn")
    for bits in (0, 3):
        with pytest.raises(ConfigError, match=f"takes bits = 1, 2, 4 or 8, but got {bits}"):
            quantize(trained.path, tmp_path, tmp_path / "small.eegwarn", bits=bits)
    with pytest.raises(OutputError, match="written over a file"):
        quantize(trained.path, tmp_path, trained.path, overwrite=True)
