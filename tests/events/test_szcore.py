import csv
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.errors import EventsError, OutputError
from eegwarn.events import SeizureEvent, in_time_order, read_szcore_tsv, write_szcore_tsv
from eegwarn.events.szcore import is_found_by_model
from tests.events.strategies import seizure_events

START = datetime(2024, 3, 1, 22, 30, 5)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@given(st.lists(seizure_events(), max_size=8))
def test_events_come_back_as_written(tmp_path_factory: pytest.TempPathFactory, events: list[SeizureEvent]) -> None:
    path = tmp_path_factory.mktemp("tsv") / "a_events.tsv"
    write_szcore_tsv(path, events, recording_duration_s=90_000.0, start=START)
    found = read_szcore_tsv(path)
    for one, other in zip(found, in_time_order(events), strict=True):
        assert (one.kind, one.confidence, one.channels) == (other.kind, other.confidence, other.channels)
        assert one.onset_s == pytest.approx(other.onset_s, abs=5e-4)
        assert one.offset_s == (None if other.offset_s is None else pytest.approx(other.offset_s, abs=1.1e-3))


def test_a_seizure_that_began_before_the_recording_comes_back(tmp_path: Path) -> None:
    write_szcore_tsv(tmp_path / "a_events.tsv", [SeizureEvent(-5.0, 55.0)], recording_duration_s=100.0)
    assert read_szcore_tsv(tmp_path / "a_events.tsv") == (SeizureEvent(-5.0, 55.0),)


def test_the_columns_are_those_of_szcore(tmp_path: Path) -> None:
    path = tmp_path / "a_events.tsv"
    write_szcore_tsv(
        path, [SeizureEvent(12.5, 40.0, "sz_foc", 0.75, ("T7", "P7"))], recording_duration_s=3600.0, start=START
    )
    assert rows(path) == [
        {
            "onset": "12.500",
            "duration": "27.500",
            "eventType": "sz_foc",
            "confidence": "0.7500",
            "channels": "T7,P7",
            "dateTime": "2024-03-01 22:30:05",
            "recordingDuration": "3600.000",
        }
    ]


@pytest.mark.parametrize("events", [(), (SeizureEvent(3.0, 5.0),)])
def test_what_a_model_found_is_told_apart(tmp_path: Path, events: tuple[SeizureEvent, ...]) -> None:
    path = tmp_path / "a_events.tsv"
    for by_model in (True, False):
        write_szcore_tsv(path, events, recording_duration_s=500.0, by_model=by_model)
        assert is_found_by_model(path) is by_model
        assert read_szcore_tsv(path) == events


def test_a_recording_without_a_seizure_is_one_row_of_background(tmp_path: Path) -> None:
    path = tmp_path / "a_events.tsv"
    write_szcore_tsv(path, [], recording_duration_s=500.0)
    (row,) = rows(path)
    assert (row["onset"], row["duration"], row["eventType"]) == ("0.000", "500.000", "bckg")
    assert datetime.strptime(row["dateTime"], "%Y-%m-%d %H:%M:%S").year == 1985
    assert read_szcore_tsv(path) == ()


def test_tables_of_other_bids_data_sets_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a_events.tsv"
    path.write_text(
        "onset\tduration\ttrial_type\tnote\n"
        '7\tn/a\tseizure\tsaid "stop\n1\t2\tsz_foc_ia\tx\n3\t4\timpd\tx\n9\t1\tn/a\tx\n'
    )
    assert read_szcore_tsv(path) == (SeizureEvent(1, 3, "sz_foc_ia"), SeizureEvent(7))


@pytest.mark.parametrize(
    "text", ["", "onset\tduration\n1\t2\n", "eventType\nsz\n", "onset,duration,eventType\n1,2,sz\n"]
)
def test_a_table_without_the_columns_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a_events.tsv"
    path.write_text(text)
    with pytest.raises(EventsError, match="no event table"):
        read_szcore_tsv(path)


@pytest.mark.parametrize(
    "row", ["x\t1\tsz", "1\t-1\tsz", "1\tinf\tsz", "nan\t1\tsz", "1\tx\tsz", "\t\tsz", "1\t1e999\tsz"]
)
def test_a_seizure_without_valid_times_is_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "a_events.tsv"
    path.write_text(f"onset\tduration\teventType\n{row}\n")
    with pytest.raises(EventsError, match="not valid"):
        read_szcore_tsv(path)


@pytest.mark.parametrize("row", ["100\tsz", "100", "1\t100\t60\tsz"])
def test_a_row_that_the_header_does_not_fit_is_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "a_events.tsv"
    path.write_text(f"onset\tduration\teventType\n1\t2\tbckg\t\n \n{row}\n")
    with pytest.raises(EventsError, match="has a row"):
        read_szcore_tsv(path)


def test_nothing_is_left_behind_where_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_szcore_tsv(tmp_path / "absent" / "a.tsv", [], recording_duration_s=1.0)
    (tmp_path / "a.tsv").mkdir()
    with pytest.raises(OutputError):
        write_szcore_tsv(tmp_path / "a.tsv", [], recording_duration_s=1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tsv"]
