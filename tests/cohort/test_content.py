import datetime
from pathlib import Path

import edfio
import numpy as np

from eegwarn.cohort import content
from eegwarn.cohort.content import file_fingerprint


def test_a_fingerprint_tells_a_changed_byte_and_a_changed_length(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    data = np.random.default_rng(0).bytes(300_000)
    prints = set()
    for each in (data, data[:-1], data + b"x", b"\x00" + data[1:], data[:150_000] + bytes(150_000)):
        path.write_bytes(each)
        prints.add(file_fingerprint(path))
    assert len(prints) == 5
    path.write_bytes(data)
    assert file_fingerprint(path) in prints


def test_a_copy_with_another_name_and_date_in_its_header_is_the_same_recording(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = rng.integers(-2000, 2000, 256 * 20).astype(float)
    for name, patient, date, data in (
        ("a", "Doe", datetime.date(2001, 2, 3), samples),
        ("b", "X", datetime.date(1999, 1, 1), samples),
        ("c", "Doe", datetime.date(2001, 2, 3), samples[::-1]),
    ):
        signal = edfio.EdfSignal(data, 256, label="EEG Cz", physical_range=(-3000, 3000))
        edf = edfio.Edf([signal], patient=edfio.Patient(name=patient), recording=edfio.Recording(startdate=date))
        edf.write(tmp_path / f"{name}.edf")
    one, renamed, other = (file_fingerprint(tmp_path / f"{name}.edf") for name in "abc")
    assert one == renamed != other


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    with path.open("wb") as file:
        file.truncate(2**33)
    file_fingerprint(path)
    assert content._N_PROBES * content._PROBE_BYTES < 2**21
