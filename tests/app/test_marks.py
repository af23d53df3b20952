from datetime import datetime
from pathlib import Path

import pytest

from app.marks import marked_seizures
from eegwarn.errors import EventsError
from eegwarn.events import SeizureEvent, write_szcore_tsv
from eegwarn.signal.recording import open_recording
from tests.app.examples import SFREQ, simulated_uv, write_edf

SHORT = {label: values[: 20 * SFREQ] for label, values in simulated_uv().items()}
SUMMARY = """Data Sampling Rate: 256 Hz
*************************

File Name: chb01_03.edf
File Start Time: 13:43:04
File End Time: 14:43:04
Number of Seizures in File: 1
Seizure Start Time: 5 seconds
Seizure End Time: 9 seconds
"""


def test_annotations_of_the_file_are_found_where_nothing_else_tells(folder: Path) -> None:
    path = folder / "a_seizure.edf"
    assert marked_seizures(path, folder, open_recording(path)) == (SeizureEvent(90.0, 120.0),)


def test_table_beside_the_recording_goes_before_its_annotations(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "night.edf", SHORT)
    event = SeizureEvent(3.0, 8.0)
    write_szcore_tsv(tmp_path / "night_events.tsv", (event,), recording_duration_s=20.0, start=datetime(2020, 1, 1))
    (found,) = marked_seizures(path, tmp_path, open_recording(path))
    assert (found.onset_s, found.offset_s) == (3.0, 8.0)


def test_summary_of_chbmit_is_found_above_the_recording(tmp_path: Path) -> None:
    patient = tmp_path / "cohort" / "chb01"
    patient.mkdir(parents=True)
    (patient / "chb01-summary.txt").write_text(SUMMARY)
    path = write_edf(patient / "chb01_03.edf", SHORT)
    (found,) = marked_seizures(path, tmp_path, open_recording(path))
    assert (found.onset_s, found.offset_s) == (5.0, 9.0)


def test_summary_of_which_a_seizure_cannot_be_read_is_not_taken_for_no_seizure(tmp_path: Path) -> None:
    paths = [write_edf(tmp_path / f"chb01_0{number}.edf", SHORT) for number in (3, 4)]
    whole = "\nFile Name: chb01_04.edf\nNumber of Seizures in File: 0\n"
    (tmp_path / "chb01-summary.txt").write_text("File Name: chb01_03.edf\nNumber of Seizures in File: 9\n" + whole)
    with pytest.raises(EventsError, match="cannot be read"):
        marked_seizures(paths[0], tmp_path, open_recording(paths[0]))
    assert marked_seizures(paths[1], tmp_path, open_recording(paths[1])) == ()


def test_search_does_not_climb_out_of_the_dashboards_folder(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    path = write_edf(tmp_path / "night.edf", SHORT)
    write_szcore_tsv(tmp_path / "night_events.tsv", (SeizureEvent(3.0, 8.0),), recording_duration_s=20.0)
    assert marked_seizures(path, inner, open_recording(path)) == ()


def test_table_that_cannot_be_read_is_named_and_not_taken_for_no_seizure(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "night.edf", SHORT)
    (tmp_path / "night_events.tsv").write_text("onset\tduration\teventType\nsoon\t5\tsz\n")
    with pytest.raises(EventsError, match="night"):
        marked_seizures(path, tmp_path, open_recording(path))
