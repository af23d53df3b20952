import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.errors import EventsError
from eegwarn.events import SeizureEvent, read_chbmit_seizures, read_chbmit_summary

SUMMARY = """Data Sampling Rate: 256 Hz
*************************

Channels in EDF Files:
**********************
Channel 1: FP1-F7
Channel 2: -

File Name: chb99_01.edf
File Start Time: 23:21:32
File End Time: 24:21:32
Number of Seizures in File: 1
Seizure Start Time: 417 seconds
Seizure End Time:   532 seconds

Channels changed:
*****************
Channel 1: FZ

File Name: chb99_02+.edf
File Start Time: 0:21:39
File End Time: 1:21:39
Number of Seizures in File: 2
Seizure 1 Start Time:  10 seconds
Seizure 1 End Time:  20 seconds
Seizure 2 Start Time: 30 seconds
Seizure 1 End Time: 40 seconds
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "chb99-summary.txt"
    path.write_text(text)
    return path


def test_both_forms_of_seizure_times_are_read(tmp_path: Path) -> None:
    summary = read_chbmit_summary(write(tmp_path, SUMMARY))
    assert summary.sfreq == 256
    assert summary.problems == ()
    assert [file.name for file in summary.files] == ["chb99_01.edf", "chb99_02+.edf"]
    assert summary.files[0].events == (SeizureEvent(417, 532),)
    assert summary.files[1].events == (SeizureEvent(10, 20), SeizureEvent(30, 40))


def test_clocks_may_run_past_24_hours(tmp_path: Path) -> None:
    first, second = read_chbmit_summary(write(tmp_path, SUMMARY)).files
    assert (first.start_clock_s, first.end_clock_s) == (84092, 87692)
    assert (second.start_clock_s, second.end_clock_s) == (1299, 4899)


def test_channels_are_those_of_the_last_change(tmp_path: Path) -> None:
    first, second = read_chbmit_summary(write(tmp_path, SUMMARY)).files
    assert first.channels == ("FP1-F7", "-")
    assert second.channels == ("FZ",)


@pytest.mark.parametrize(
    ("lines", "events", "problem"),
    [
        (
            "Number of Seizures in File: 2\nSeizure Start Time: 5 seconds\nSeizure End Time: 9 seconds",
            [(5, 9)],
            "2 seiz",
        ),
        ("Seizure Start Time: 5 seconds", [(5, None)], "no end"),
        ("Seizure End Time: 5 seconds", [], "no start"),
        ("Seizure Start Time: 9 seconds\nSeizure End Time: 5 seconds", [], "no start before"),
        ("Seizure Start Time: soon\nSeizure End Time: 5 seconds", [], "'soon'"),
    ],
)
def test_a_statement_that_cannot_be_right_is_reported(
    tmp_path: Path, lines: str, events: list[tuple[float, float | None]], problem: str
) -> None:
    summary = read_chbmit_summary(write(tmp_path, f"File Name: a.edf\n{lines}\n"))
    assert [(event.onset_s, event.offset_s) for event in summary.files[0].events] == events
    assert any(problem in one for one in summary.problems)


@pytest.mark.parametrize(
    "lines",
    [
        "Number of Seizures in File: 99999999",
        "Number of Seizures in File: one",
        "File Start Time: 10:00:00",
        "Number of Seizures in File: 2\nSeizure Start Time: 5 seconds\nSeizure End Time: 9 seconds",
        "Number of Seizures in File: 0\nSeizure Start Time: soon",
        "Number of Seizures in File: 0\nSeizure End Time: 5 seconds",
        "Number of Seizures in File: 1\nSeizure Start Time: 5 seconds\nFile Name: a.edf\nNumber of Seizures in File: 0",
    ],
)
def test_a_recording_of_which_a_seizure_is_lost_is_told(tmp_path: Path, lines: str) -> None:
    whole = "File Name: b.edf\nNumber of Seizures in File: 1\nSeizure Start Time: 5 seconds\n"
    *_, lost, known = read_chbmit_summary(write(tmp_path, f"File Name: a.edf\n{lines}\n{whole}")).files
    assert (lost.complete, known.complete) == (False, True)


def test_a_text_that_names_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="no summary"):
        read_chbmit_summary(write(tmp_path, "Dear diary"))
    with pytest.raises(EventsError, match="cannot be read"):
        read_chbmit_summary(tmp_path / "absent.txt")


def test_every_summary_of_chbmit_is_read_whole(shared_data: Path) -> None:
    paths = sorted(shared_data.glob("chbmit_annotations/summaries/*/*-summary.txt"))
    assert len(paths) == 24
    n_files = n_seizures = 0
    for path in paths:
        summary, text = read_chbmit_summary(path), path.read_text()
        assert summary.problems == ()
        assert summary.sfreq == 256
        assert len(summary.files) == len(re.findall(r"File Name", text))
        assert sum(len(file.events) for file in summary.files) == len(re.findall(r"Start Time: +\d+ seconds", text))
        assert all(file.channels for file in summary.files)
        assert all((file.start_clock_s is None) == ("chb24" in file.name) for file in summary.files)
        n_files += len(summary.files)
        n_seizures += sum(len(file.events) for file in summary.files if "chb24" not in file.name)
    # 198 in the published data set, 16 of them in chb24, of which the folder here holds another version.
    assert n_seizures == 198 - 16
    assert n_files == 677


def test_the_binary_files_of_chb01_agree_with_its_summary(shared_data: Path) -> None:
    annotations = shared_data / "chbmit_annotations"
    summary = read_chbmit_summary(annotations / "summaries/chb01/chb01-summary.txt")
    paths = list((annotations / "seizures_bin/chb01").glob("*.seizures"))
    events = {file.name: file.events for file in summary.files}
    assert {path.stem for path in paths} == {name for name in events if events[name]}
    for path in paths:
        assert read_chbmit_seizures(path) == events[path.stem]


def encode(events: list[tuple[int, int]], sfreq: int = 256) -> bytes:
    """The MIT format, written by its specification: a NOTE with the resolution, then skips and codes 32 and 33."""
    note = f"## time resolution: {sfreq}".encode()
    content = struct.pack("<HH", 22 << 10, 63 << 10 | len(note)) + note + b"\0" * (len(note) % 2)
    now = 0
    for time, code in sorted((time, code) for event in events for time, code in zip(event, (32, 33), strict=True)):
        step = time - now
        content += struct.pack("<HHHH", 59 << 10, step >> 16 & 0xFFFF, step & 0xFFFF, code << 10)
        now = time
    return content + b"\0\0"


@given(st.lists(st.integers(0, 2**31 - 1), min_size=2, max_size=20, unique=True), st.sampled_from([128, 256, 1000]))
def test_binary_marks_come_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, times: list[int], sfreq: int
) -> None:
    times = sorted(times)[: len(times) // 2 * 2]
    pairs = list(zip(times[::2], times[1::2], strict=True))
    path = tmp_path_factory.mktemp("binary") / "a.edf.seizures"
    path.write_bytes(encode(pairs, sfreq))
    assert read_chbmit_seizures(path) == tuple(SeizureEvent(on / sfreq, off / sfreq) for on, off in pairs)


def test_a_binary_file_cut_anywhere_is_refused_or_loses_no_time(tmp_path: Path) -> None:
    whole = encode([(766976, 777216)])
    path = tmp_path / "a.edf.seizures"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(EventsError):
            read_chbmit_seizures(path)


def test_a_binary_end_without_a_start_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.edf.seizures"
    content = encode([(256, 512)])
    path.write_bytes(content.replace(struct.pack("<H", 32 << 10), struct.pack("<H", 1 << 10)))
    with pytest.raises(EventsError, match="never began"):
        read_chbmit_seizures(path)
