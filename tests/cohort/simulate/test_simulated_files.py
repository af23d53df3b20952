"""Rules of a cohort on disk."""

import contextlib
import shutil
import sys
from pathlib import Path

import edfio
import numpy as np
import pytest

from eegwarn.cohort import read_cohort
from eegwarn.cohort.simulate import (
    PatientSignal,
    SimulationConfig,
    patient_recording,
    simulate_patient,
    write_cohort,
)
from eegwarn.cohort.simulate.write import DERIVATIVES
from eegwarn.config import from_table
from eegwarn.errors import CohortError, ConfigError, OutputError
from eegwarn.events.chbmit import read_chbmit_summary

TINY_TRAINING = {
    "steps": 3,
    "batch_size": 4,
    "validate_every": 3,
    "split": {"test_fraction": 0.3, "validation_fraction": 0.4},
    "signal": {"missing": "mask"},
}
MINUTES = SimulationConfig(recording_h=0.05, seizures_per_hour=4.0, changing_channels_fraction=1.0)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("layout", ["chb-mit", "bids"])
def test_the_same_seed_writes_the_same_bytes(tmp_path, layout):
    for name in ("first", "second"):
        write_cohort(tmp_path / name, n_patients=2, hours=0.06, seed=3, layout=layout, config=MINUTES)
    assert _contents(tmp_path / "first") == _contents(tmp_path / "second")


def test_a_stopped_run_is_taken_up_where_it_stopped(tmp_path):
    write_cohort(tmp_path, n_patients=1, hours=0.1, seed=3, config=MINUTES)
    kept, lost = sorted((tmp_path / "sim01").glob("*.edf"))
    whole = lost.read_bytes()
    kept_time = kept.stat().st_mtime_ns
    lost.unlink()
    write_cohort(tmp_path, n_patients=1, hours=0.1, seed=3, config=MINUTES)
    assert lost.read_bytes() == whole
    assert kept.stat().st_mtime_ns == kept_time


def test_another_seed_is_refused_in_the_same_folder(tmp_path):
    write_cohort(tmp_path, n_patients=1, hours=0.01, seed=3)
    with pytest.raises(CohortError, match="other settings"):
        write_cohort(tmp_path, n_patients=1, hours=0.01, seed=4)


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CohortError, match="not empty"):
        write_cohort(tmp_path, n_patients=1, hours=0.01, seed=3)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_cohort(tmp_path / "file" / "cohort", n_patients=1, hours=0.01, seed=3)


@pytest.mark.parametrize(
    "wrong", [{"n_patients": 0}, {"hours": 0.0}, {"hours": float("nan")}, {"seed": -1}, {"layout": "tusz"}]
)
def test_numbers_out_of_bounds_are_refused_before_anything_is_written(tmp_path, wrong):
    with pytest.raises(ConfigError):
        write_cohort(tmp_path / "cohort", **{"n_patients": 1, "hours": 0.01, "seed": 0, **wrong})
    assert not (tmp_path / "cohort").exists()


def test_chbmit_files_have_its_channels_and_a_summary_that_names_them(tmp_path):
    write_cohort(tmp_path, n_patients=1, hours=0.1, seed=3, config=MINUTES)
    summary = read_chbmit_summary(tmp_path / "sim01" / "sim01-summary.txt")
    assert [file.name for file in summary.files] == ["sim01_01.edf", "sim01_02.edf"]
    for file in summary.files:
        edf = edfio.read_edf(tmp_path / "sim01" / file.name)
        assert tuple(signal.label for signal in edf.signals) == tuple(file.channels)
        assert edf.duration == 180
        assert edf.patient.name == "X"
        assert {signal.sampling_frequency for signal in edf.signals} == {summary.sfreq}


def test_progress_rises_to_the_whole(tmp_path):
    reports = []
    write_cohort(
        tmp_path, n_patients=2, hours=0.06, seed=3, config=MINUTES, progress=lambda *hours: reports.append(hours)
    )
    done = [hours for hours, _ in reports]
    assert done == sorted(done)
    assert reports[-1] == pytest.approx((0.12, 0.12))


@pytest.fixture
def opened():
    """Every file opened while the test runs."""
    names: list[str] = []
    listening = [True]
    sys.addaudithook(lambda event, args: names.append(str(args[0])) if listening[0] and event == "open" else None)
    yield names
    listening[0] = False


def test_training_reads_neither_the_truth_nor_the_other_raters(tmp_path, opened):
    config = SimulationConfig(sfreqs=(200.0,), recording_h=0.15, seizures_per_hour=4.0)
    write_cohort(tmp_path / "cohort", n_patients=3, hours=0.15, seed=3, config=config)
    opened.clear()
    cohort = read_cohort(tmp_path / "cohort")
    assert len(cohort.patients) == 3
    assert not cohort.skipped
    train = pytest.importorskip("training.train").train
    settings = from_table(pytest.importorskip("training.config").TrainConfig, TINY_TRAINING)
    with contextlib.suppress(CohortError):  # three patients may leave a part without seizures: they were read by then
        train(cohort, tmp_path / "model.eegwarn", settings, cache=tmp_path / "cache")
    assert sum(name.endswith(".edf") for name in opened) >= 2
    assert not [name for name in opened if DERIVATIVES in Path(name).parts]


def test_a_cohort_without_truth_is_the_same_cohort(tmp_path):
    write_cohort(tmp_path, n_patients=2, hours=0.06, seed=3, config=MINUTES)
    with_truth = read_cohort(tmp_path)
    shutil.rmtree(tmp_path / DERIVATIVES)
    assert read_cohort(tmp_path) == with_truth


@pytest.mark.parametrize("layout", ["chb-mit", "bids"])
def test_a_cohort_is_read_as_it_was_simulated(tmp_path, layout):
    write_cohort(tmp_path, n_patients=1, hours=0.1, seed=3, layout=layout, config=MINUTES)
    patient = simulate_patient(0, seed=3, config=MINUTES)
    simulated = PatientSignal(patient)
    (read,) = read_cohort(tmp_path).patients
    assert [recording.duration_s for recording in read.recordings] == [180, 180]
    for number, listed in enumerate(read.recordings):
        recording = listed.open()
        expected = patient_recording(
            simulated, start_s=180.0 * number, duration_s=180.0, layout=layout, file_number=number
        )
        assert recording.channels == expected.channels
        assert recording.set_aside == expected.set_aside
        assert recording.start == expected.start
        # A file keeps a tenth of a microvolt.
        np.testing.assert_allclose(recording.read_uv(0, 4000), expected.read_uv(0, 4000), atol=0.06)
