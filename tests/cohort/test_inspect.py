import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from edfio import Edf, EdfSignal, Patient

from eegwarn.cohort.inspect import Report, inspect_path
from eegwarn.cohort.report_text import report_text
from eegwarn.events import SeizureEvent, write_szcore_tsv
from tests.cohort.folders import BIPOLAR, write_edf, write_summary


def inspect(path: Path) -> Report:
    report = inspect_path(path)
    json.dumps(report.to_table(), allow_nan=False)
    assert report_text(report)
    return report


def test_a_bipolar_recording_is_described(tmp_path: Path) -> None:
    report = inspect(write_edf(tmp_path / "a.edf", labels=[*BIPOLAR, "ECG"], annotations=[(2.0, 3.0, "seizure")]))
    (recording,) = report.recordings
    assert report.usable
    assert (recording.duration_s, recording.sfreq, recording.montage) == (10, 64, "bipolar")
    assert recording.channels == recording.derivations == tuple(BIPOLAR)
    assert recording.set_aside == ("ECG",)
    assert recording.missing_derivations == recording.gaps_s == recording.problems == ()
    assert recording.events == (SeizureEvent(2, 5),)
    # The median absolute deviation of a normal distribution is 0.6745 of its standard deviation.
    assert recording.amplitude_uv == pytest.approx(30 * 0.6745, rel=0.05)


@pytest.mark.parametrize(
    ("labels", "montage", "derivations"),
    [
        (["EEG Fp1-REF", "EEG F7-REF", "EEG T3-REF"], "referential", ("FP1-F7", "F7-T7")),
        (["FP1-F7", "Cz", "Pz"], "mixed", ("FP1-F7", "CZ-PZ")),
    ],
)
def test_the_montage_is_told_from_the_channels(
    tmp_path: Path, labels: list[str], montage: str, derivations: tuple[str, ...]
) -> None:
    (recording,) = inspect(write_edf(tmp_path / "a.edf", labels=labels)).recordings
    assert (recording.montage, recording.derivations) == (montage, derivations)
    assert len(recording.missing_derivations) == 18 - len(derivations)


def test_flat_saturated_and_implausible_channels_are_named(tmp_path: Path) -> None:
    data_uv = np.random.default_rng(0).normal(0, 30, (18, 640))
    data_uv[3], data_uv[5], data_uv[7] = 12.0, data_uv[5] * 2000, np.clip(data_uv[7] * 20, -400, 400)
    path = tmp_path / "a.edf"
    signals = [
        EdfSignal(row, 64, label=label, physical_dimension="uV", physical_range=(-400_000, 400_000))
        for label, row in zip(BIPOLAR, data_uv, strict=True)
    ]
    Edf(signals, data_record_duration=1).write(path)
    (recording,) = inspect(path).recordings
    assert recording.flat_channels == (BIPOLAR[3],)
    assert recording.saturated_channels == (BIPOLAR[7],)
    assert recording.implausible_channels == (BIPOLAR[5],)
    assert recording.usable


def test_a_recording_of_flat_channels_only_is_not_usable(tmp_path: Path) -> None:
    report = inspect(write_edf(tmp_path / "a.edf", data_uv=np.zeros((18, 640))))
    assert not report.usable
    assert report.recordings[0].flat_channels == tuple(BIPOLAR)
    assert report.recordings[0].amplitude_uv is None


def test_a_recording_in_the_wrong_unit_is_not_usable(tmp_path: Path) -> None:
    data = np.random.default_rng(0).normal(0, 30, (18, 640))
    path = tmp_path / "a.edf"
    signals = [
        EdfSignal(row, 64, label=label, physical_dimension="mV") for label, row in zip(BIPOLAR, data, strict=True)
    ]
    Edf(signals, data_record_duration=1).write(path)
    report = inspect(path)
    assert not report.usable
    assert "unit" in report.recordings[0].problems[0]


@pytest.mark.parametrize("sfreq", [1, 10, 49])
def test_a_recording_too_slow_for_eeg_is_not_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sfreq: int
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a sample was read")

    monkeypatch.setattr("eegwarn.signal.recording._read_uv", refuse)
    report = inspect(write_edf(tmp_path / "a.edf", sfreq=sfreq))
    assert not report.usable
    assert f"{sfreq} Hz is too slow" in report.recordings[0].problems[0]


def test_mains_are_seen(tmp_path: Path) -> None:
    time_s = np.arange(2560) / 256
    data_uv = np.random.default_rng(0).normal(0, 10, (18, 2560)) + 40 * np.sin(2 * np.pi * 50 * time_s)
    (recording,) = inspect(write_edf(tmp_path / "a.edf", sfreq=256, data_uv=data_uv)).recordings
    assert recording.mains_hz == 50


def test_gaps_of_a_discontinuous_file_are_told(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "a.edf", annotations=[])
    content = bytearray(path.read_bytes())
    content[192:197] = b"EDF+D"
    stamp_at = [content.index(f"+{second}\x14\x14".encode()) for second in range(10)]
    for second, at in enumerate(stamp_at[4:], start=4):
        content[at : at + 6] = f"+{second + 70}\x14\x14\0".encode()
    path.write_bytes(content)
    (recording,) = inspect(path).recordings
    assert recording.gaps_s == ((4.0, 70.0),)
    assert recording.duration_s == 80
    assert recording.nan_channels == ()


def test_nothing_about_the_patient_is_reported(tmp_path: Path) -> None:
    patient = Patient(code="MRN-4711", sex="F", birthdate=date(1990, 5, 17), name="Jane_Doe")
    path = write_edf(tmp_path / "a.edf", patient=patient, annotations=[(1.0, None, "Jane Doe awake")])
    report = inspect(path)
    written = json.dumps(report.to_table()) + report_text(report)
    assert report.recordings[0].usable
    for secret in ("Jane", "Doe", "4711", "1990", "17.05", "MAY"):
        assert secret not in written


@pytest.mark.parametrize("content", [b"", b"no EDF at all", b"0       " + b" " * 300])
def test_a_file_that_is_no_recording_is_explained(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.edf"
    path.write_bytes(content)
    report = inspect(path)
    assert not report.usable
    assert len(report.recordings[0].problems) == 1
    assert "\n" not in report.recordings[0].problems[0]


def test_a_recording_cut_anywhere_is_explained(tmp_path: Path) -> None:
    whole = write_edf(tmp_path / "whole.edf", duration_s=3).read_bytes()
    path = tmp_path / "cut.edf"
    for length in np.linspace(0, len(whole) - 1, 23).astype(int):
        path.write_bytes(whole[:length])
        report = inspect(path)
        assert not report.usable
        assert report.recordings[0].problems


def test_a_folder_adds_up_what_can_be_used(tmp_path: Path) -> None:
    for name in ("chb01_01.edf", "chb01_02.edf"):
        write_edf(tmp_path / "chb01" / name)
    write_edf(tmp_path / "chb01/chb01_03.edf").write_bytes(b"damaged")
    write_edf(tmp_path / "chb01/chb01_77.edf")
    write_summary(
        tmp_path / "chb01/chb01-summary.txt",
        {"chb01_01.edf": (None, [(1, 2), (4, 5)]), "chb01_02.edf": (None, [(20, 30)]), "chb01_03.edf": (None, [])},
    )
    report = inspect(tmp_path)
    assert report.layout == "chb-mit"
    (patient,) = report.patients
    assert (patient.id, patient.n_recordings, patient.duration_s, patient.n_seizures) == ("chb01", 2, 20, 2)
    problems = {Path(recording.path).name: " ".join(recording.problems) for recording in report.recordings}
    assert problems["chb01_01.edf"] == ""
    assert "outside" in problems["chb01_02.edf"]
    assert "too few" in problems["chb01_03.edf"]
    assert "no summary names it" in problems["chb01_77.edf"]


def test_the_event_table_beside_a_recording_is_found(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "sub-01/eeg/sub-01_task-rest_eeg.edf")
    table = path.with_name("sub-01_task-rest_events.tsv")
    write_szcore_tsv(table, [SeizureEvent(3, 4)], recording_duration_s=10)
    assert inspect(path).recordings[0].events == (SeizureEvent(3, 4),)
    assert inspect(tmp_path).patients[0].n_seizures == 1
    assert inspect(table).annotations[0].n_seizures == 1
    table.write_text("garbled")
    assert inspect(path).problems
    assert not inspect(table).usable


def test_nothing_that_steers_a_terminal_is_shown(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "sub\x1b[2J/night\a.edf")
    table = path.with_name("night\a_events.tsv")
    table.write_text("onset\tduration\teventType\n1\t\x1b\tsz\n")
    for each in (path, table, tmp_path):
        shown = report_text(inspect(each))
        assert "night�" in shown
        assert shown.replace("\n", "").isprintable()


def test_a_path_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    report = inspect(tmp_path / "absent.edf")
    assert not report.usable
    assert "does not exist" in report.problems[0]


def test_an_empty_folder_is_reported(tmp_path: Path) -> None:
    report = inspect(tmp_path)
    assert not report.usable
    assert "no recording" in report.problems[0]


def test_every_shared_recording_gets_a_correct_report(shared_data: Path) -> None:
    paths = sorted((shared_data / "dataset_layouts").rglob("*.edf"))
    assert len(paths) == 66
    for path in paths:
        (recording,) = inspect(path).recordings
        is_chbmit = path.name.startswith("chb")
        assert recording.usable
        assert recording.duration_s == 2
        assert recording.sfreq == (256 if is_chbmit else 512)
        assert recording.montage == ("bipolar" if is_chbmit else "referential")
        assert len(recording.derivations) == 18
        assert recording.events is not None
        # All annotated times lie beyond these two seconds.
        assert len(recording.problems) == len(recording.events)


def test_every_other_shared_file_gets_a_report(shared_data: Path) -> None:
    folders = (shared_data / "dataset_layouts", shared_data / "chbmit_annotations")
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    n_marks = 0
    for path in paths:
        if path.suffix == ".edf":
            continue
        report = inspect(path)
        marks = path.name.endswith(("-summary.txt", ".seizures")) or path.name.startswith("Seizures-list")
        assert bool(report.annotations) == report.usable == marks
        assert marks or report.problems
        n_marks += sum(one.n_seizures for one in report.annotations if "/summaries/" in one.path)
    assert n_marks == 202


def test_shared_folders_get_reports(shared_data: Path) -> None:
    layouts = inspect(shared_data / "dataset_layouts")
    assert [patient.id for patient in layouts.patients] == ["chb05", "chb08", "PN00", "PN16"]
    assert [problem.split()[0] for problem in layouts.problems[:2]] == ["chbmit", "siena"]
    annotations = inspect(shared_data / "chbmit_annotations")
    assert annotations.usable
    assert len(annotations.annotations) == 24 + 1 + 7 + 7
    for folder in (shared_data / "chbmit_annotations/summaries").iterdir():
        assert inspect(folder).annotations[0].n_seizures > 0
    real = inspect(shared_data / "michigan_tle/michigan_tle.edf").recordings[0]
    assert (real.sfreq, real.duration_s, len(real.channels)) == (100, 500, 21)
    assert real.events == (SeizureEvent(350),)
