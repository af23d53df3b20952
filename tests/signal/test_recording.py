"""Opening real files: what is read, what is dropped, what is refused."""

import datetime
import os
from pathlib import Path

import mne
import numpy as np
import pytest
from edfio import EdfAnnotation, Patient

from eegwarn.errors import RecordingError
from eegwarn.signal import LONGITUDINAL_BIPOLAR, open_recording, plan_montage, process
from eegwarn.signal.chain import SignalConfig
from tests.signal.edf_files import ELECTRODES, noise_uv, write_edf

N_SIGNALS = 20
"""Of the files written here: 19 electrodes and the annotations."""


def test_samples_come_in_microvolts_whatever_the_unit(tmp_path: Path) -> None:
    data = noise_uv(19, 256 * 4)
    for unit, scale in (("uV", 1.0), ("mV", 1e-3), ("V", 1e-6)):
        recording = open_recording(write_edf(tmp_path / f"{unit}.edf", data, unit=unit, scale=scale))
        step_uv = 0.1 if unit == "V" else 0.02
        np.testing.assert_allclose(recording.read_uv(100, 900), data[:, 100:900], atol=step_uv)
        assert recording.read_uv(100, 900).dtype == np.float32


def test_nothing_of_the_patient_passes_the_door(tmp_path: Path) -> None:
    patient = Patient(code="MRN-4711", sex="F", birthdate=datetime.date(1980, 2, 3), name="Ada_Lovelace")
    recording = open_recording(write_edf(tmp_path / "named.edf", noise_uv(19, 512), patient=patient))
    shown = repr(recording)
    for secret in ("Ada", "Lovelace", "4711", "1980"):
        assert secret not in shown


def test_channels_that_are_not_eeg_are_set_aside_even_when_they_are_faster(tmp_path: Path) -> None:
    from edfio import Edf, EdfSignal

    data = noise_uv(19, 256 * 2)
    signals = [
        EdfSignal(row, 256, label=f"EEG {name}", physical_dimension="uV")
        for name, row in zip(ELECTRODES, data, strict=True)
    ]
    others = [
        EdfSignal(noise_uv(1, 1024)[0], 512, label=label, physical_dimension="uV") for label in ("ECG", "DC01", "-")
    ]
    Edf([*others, *signals], data_record_duration=1).write(tmp_path / "mixed.edf")
    recording = open_recording(tmp_path / "mixed.edf")
    assert recording.sfreq == 256
    assert recording.set_aside == ("ECG", "DC01", "-")
    assert [channel.name for channel in recording.channels] == [
        {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}.get(name.upper(), name.upper()) for name in ELECTRODES
    ]
    np.testing.assert_allclose(recording.read_uv(0, 512), data, atol=0.02)


def test_the_first_of_equal_labels_is_read(tmp_path: Path) -> None:
    data = noise_uv(20, 512)
    labels = [f"EEG {name}" for name in (*ELECTRODES, "Fp1")]
    recording = open_recording(write_edf(tmp_path / "twice.edf", data, labels=labels))
    assert recording.set_aside == ()
    assert plan_montage(recording.channels).formed.all()
    first = [channel.name for channel in recording.channels].index("FP1")
    np.testing.assert_allclose(recording.read_uv(0, 512)[first], data[0], atol=0.02)


def test_eeg_at_another_rate_than_most_is_set_aside(tmp_path: Path) -> None:
    from edfio import Edf, EdfSignal

    rates = [256] * 17 + [100] * 2
    signals = [
        EdfSignal(noise_uv(1, rate * 4, seed=i)[0], rate, label=f"EEG {name}", physical_dimension="uV")
        for i, (rate, name) in enumerate(zip(rates, ELECTRODES, strict=True))
    ]
    Edf(signals, data_record_duration=1).write(tmp_path / "rates.edf")
    recording = open_recording(tmp_path / "rates.edf")
    assert recording.sfreq == 256
    assert recording.set_aside == ("EEG Cz", "EEG Pz")
    whole = recording.read_uv(0, 1024)
    np.testing.assert_array_equal(np.hstack([recording.read_uv(0, 300), recording.read_uv(300, 1024)]), whole)


def test_channels_that_nobody_asks_for_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = open_recording(write_edf(tmp_path / "a.edf", noise_uv(19, 1024)))
    some = recording.of_channels([4, 2, 18])
    assert [channel.anode for channel in some.channels] == ["C3", "F3", "PZ"]
    whole = recording.read_uv(100, 900)
    read = mne.io.BaseRaw.__getitem__
    asked = []
    monkeypatch.setattr(mne.io.BaseRaw, "__getitem__", lambda raw, item: asked.append(item[0]) or read(raw, item))
    np.testing.assert_array_equal(some.read_uv(100, 900), whole[[4, 2, 18]])
    np.testing.assert_array_equal(some.of_channels([2]).read_uv(100, 900), whole[[18]])
    assert asked == [[4, 2, 18], [18]]


def test_a_long_stretch_is_read_in_pieces_and_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = open_recording(write_edf(tmp_path / "a.edf", noise_uv(19, 1024)))
    whole = recording.read_uv(0, 1024)
    monkeypatch.setattr("eegwarn.signal.recording._AT_ONCE", 19 * 100)
    np.testing.assert_array_equal(recording.read_uv(0, 1024), whole)
    np.testing.assert_array_equal(recording.read_uv(90, 311), whole[:, 90:311])


def test_what_a_terminal_would_obey_is_dropped_from_names(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "bell.edf", noise_uv(20, 512), labels=[*(f"EEG {n}" for n in ELECTRODES), "XXXX"])
    path.write_bytes(path.read_bytes().replace(b"XXXX", b"X\x1b\x07X"))
    assert open_recording(path).set_aside == ("XX",)


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.edf")
    with pytest.raises(RecordingError, match="is no file"):
        open_recording(tmp_path / "pipe.edf")


def test_a_cropped_recording_keeps_its_times(tmp_path: Path) -> None:
    raw = mne.io.RawArray(noise_uv(19, 256 * 30) * 1e-6, mne.create_info(ELECTRODES, 256, "eeg"), verbose="ERROR")
    raw.set_meas_date(datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.UTC))
    raw.set_annotations(mne.Annotations([20.0], [2.0], ["seizure"], orig_time=raw.info["meas_date"]))
    raw.crop(15, 29).save(tmp_path / "crop_raw.fif", verbose="ERROR")
    recording = open_recording(tmp_path / "crop_raw.fif")
    assert [mark.onset_s for mark in recording.marks] == [pytest.approx(5.0, abs=0.01)]
    assert recording.start == datetime.datetime(2020, 1, 1, 12, 0, 15, tzinfo=datetime.UTC)


def test_formats_other_than_edf_come_through_mne(tmp_path: Path) -> None:
    data = noise_uv(19, 256 * 4)
    raw = mne.io.RawArray(data * 1e-6, mne.create_info(ELECTRODES, 256, "eeg"), verbose="ERROR")
    raw.save(tmp_path / "test_raw.fif", verbose="ERROR")
    recording = open_recording(tmp_path / "test_raw.fif")
    np.testing.assert_allclose(recording.read_uv(10, 300), data[:, 10:300], atol=1e-3)


def test_annotations_come_as_marks(tmp_path: Path) -> None:
    marks = (EdfAnnotation(1.5, 2.0, "seizure"), EdfAnnotation(3.0, None, "movement"))
    recording = open_recording(write_edf(tmp_path / "marked.edf", noise_uv(19, 256 * 5), annotations=marks))
    assert [(mark.onset_s, mark.duration_s, mark.text) for mark in recording.marks] == [
        (1.5, 2.0, "seizure"),
        (3.0, 0.0, "movement"),
    ]


def test_a_truncated_file_is_refused_wherever_it_was_cut_and_read_on_request(tmp_path: Path) -> None:
    data = noise_uv(19, 256 * 6)
    content = write_edf(tmp_path / "whole.edf", data).read_bytes()
    header_bytes, record_bytes = 256 * (N_SIGNALS + 1), (19 * 256 + 3) * 2
    cuts = [0, 1, 100, 255, 256, 300, header_bytes - 1, header_bytes, header_bytes + 1, header_bytes + record_bytes]
    cuts += [header_bytes + int(record_bytes * share) for share in (1.5, 2.0, 3.37, 5.999)]
    for cut in cuts:
        path = tmp_path / f"cut{cut}.edf"
        path.write_bytes(content[:cut])
        with pytest.raises(RecordingError) as refused:
            open_recording(path)
        assert "\n" not in str(refused.value)
        n_whole = max(0, cut - header_bytes) // record_bytes
        if n_whole:
            recording = open_recording(path, damaged=True)
            assert recording.n_times == 256 * n_whole
            np.testing.assert_allclose(recording.read_uv(0, 256 * n_whole), data[:, : 256 * n_whole], atol=0.02)


def header_with(content: bytes, offset: int, field: bytes) -> bytes:
    return content[:offset] + field + content[offset + len(field) :]


@pytest.mark.parametrize(
    ("offset", "field", "reason"),
    [
        (0, b"7       ", "not an EDF"),
        (236, b"9       ", "header promises 9 data records"),
        (236, b"3       ", "header promises 3 data records"),
        (236, b"many    ", "number of data records"),
        (236, b"99999999", "header promises 1e\\+08 data records"),
        (244, b"0       ", "describes no signal"),
        (244, b"-1      ", "describes no signal"),
        (184, b"512     ", "its length is not"),
        (252, b"0   ", "0 signals"),
        (252, b"-3  ", "-3 signals"),
        (252, b"9999", "truncated"),
        (252, b"\xff\xfe\x00\x01", "number of signals"),
        (256 + N_SIGNALS * 216, b"0       ", "describes no signal"),
        (256 + N_SIGNALS * 216, b"nan     ", "samples per data record"),
        (256 + N_SIGNALS * 104, b"5       5       ", "range|header"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused_with_the_reason(
    tmp_path: Path, offset: int, field: bytes, reason: str
) -> None:
    content = write_edf(tmp_path / "good.edf", noise_uv(19, 256 * 6)).read_bytes()
    bad = tmp_path / "bad.edf"
    bad.write_bytes(header_with(content, offset, field))
    if offset == 256 + N_SIGNALS * 104:
        bad.write_bytes(header_with(header_with(content, offset, b"5       "), 256 + N_SIGNALS * 112, b"5       "))
    with pytest.raises(RecordingError, match=reason):
        open_recording(bad)


def test_a_recorder_that_was_cut_off_leaves_minus_one_and_is_read(tmp_path: Path) -> None:
    content = write_edf(tmp_path / "good.edf", noise_uv(19, 256 * 6)).read_bytes()
    (tmp_path / "open.edf").write_bytes(header_with(content, 236, b"-1      ")[:-1000])
    assert open_recording(tmp_path / "open.edf").duration_s == 5


@pytest.mark.parametrize("name", ["notes.edf", "notes.bdf", "notes.fif", "notes.vhdr", "notes.xyz", "notes.set"])
def test_a_text_file_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("This is not EEG.\n" * 100)
    with pytest.raises(RecordingError) as refused:
        open_recording(tmp_path / name)
    assert "\n" not in str(refused.value)
    assert name in str(refused.value)


def test_a_file_without_eeg_and_an_absent_one_are_refused(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "ecg.edf", noise_uv(2, 512), labels=["ECG", "SpO2"])
    with pytest.raises(RecordingError, match="no EEG channel among ECG, SpO2"):
        open_recording(path)
    with pytest.raises(RecordingError, match="does not exist"):
        open_recording(tmp_path / "absent.edf")
    with pytest.raises(RecordingError):
        open_recording(tmp_path)


def discontinuous(path: Path, onsets_s: list[float]) -> Path:
    """Turn a file of 1 s records into EDF+D whose records begin at the given times."""
    data = noise_uv(19, 256 * len(onsets_s))
    write_edf(path, data, annotations=(EdfAnnotation(0.5, None, "mark with room for time stamps"),))
    content = bytearray(path.read_bytes())
    content[192:197] = b"EDF+D"
    annotation_samples = int(content[256 + N_SIGNALS * 216 + 8 * 19 :][:8])
    record_bytes = (19 * 256 + annotation_samples) * 2
    for record, onset_s in enumerate(onsets_s):
        at = 256 * (N_SIGNALS + 1) + record * record_bytes + 19 * 256 * 2
        stamp = f"+{onset_s:g}".encode() + b"\x14\x14\x00"
        content[at : at + annotation_samples * 2] = stamp.ljust(annotation_samples * 2, b"\x00")
    path.write_bytes(content)
    return path


def test_gaps_of_a_discontinuous_file_are_nan_and_times_stay_right(tmp_path: Path) -> None:
    recording = open_recording(discontinuous(tmp_path / "gaps.edf", [0, 1, 2, 7, 8]))
    data = noise_uv(19, 256 * 5)
    assert recording.duration_s == 9
    read = recording.read_uv(0, recording.n_times)
    assert np.isnan(read[:, 3 * 256 : 7 * 256]).all()
    np.testing.assert_allclose(read[:, : 3 * 256], data[:, : 3 * 256], atol=0.02)
    np.testing.assert_allclose(read[:, 7 * 256 :], data[:, 3 * 256 :], atol=0.02)
    np.testing.assert_array_equal(recording.read_uv(600, 2000), read[:, 600:2000])


def test_time_stamps_without_bound_are_refused(tmp_path: Path) -> None:
    for last_s in (1e9, float("inf")):
        with pytest.raises(RecordingError, match=r"days from its first|run backwards"):
            open_recording(discontinuous(tmp_path / "far.edf", [0, 1, last_s]))


def test_time_stamps_that_run_backwards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="run backwards"):
        open_recording(discontinuous(tmp_path / "back.edf", [0, 1, 5, 2]))


def test_the_real_recording_opens_and_forms_all_derivations(shared_data: Path) -> None:
    recording = open_recording(shared_data / "michigan_tle" / "michigan_tle.edf")
    assert (recording.sfreq, recording.duration_s, len(recording.channels)) == (100, 500, 21)
    assert plan_montage(recording.channels).formed.all()
    assert [(mark.onset_s, mark.text) for mark in recording.marks] == [(350.0, "seizure onset")]
    parts = list(process(recording, SignalConfig()))
    data = np.concatenate([part.data for part in parts], axis=1)
    quality = np.concatenate([part.quality for part in parts], axis=1)
    before, during = data[:, 128 * 100 : 128 * 300], data[:, 128 * 370 : 128 * 420]
    assert during.std() > 1.5 * before.std()
    assert (quality[:, 3 * 128 :] != 0).mean() < 0.02


def test_every_shipped_layout_file_opens_and_forms_the_montage(shared_data: Path) -> None:
    paths = sorted((shared_data / "dataset_layouts").rglob("*.edf"))
    assert paths
    for path in paths:
        assert plan_montage(open_recording(path).channels).formed.all(), path.name
    assert len(LONGITUDINAL_BIPOLAR) == 18
