from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.errors import EventsError
from eegwarn.events import SeizureEvent, read_tusz_csv

HEAD = (
    "# version = csv_v1.0.0\n# bname = aaaaaaac_s001_t000\n# duration = 301.00 secs\n# montage_file = 02_tcp_le\n#\n"
    "channel,start_time,stop_time,label,confidence\n"
)


def read(tmp_path: Path, rows: str, head: str = HEAD) -> tuple[SeizureEvent, ...]:
    path = tmp_path / "aaaaaaac_s001_t000.csv"
    path.write_text(head + rows)
    return read_tusz_csv(path)


def test_rows_of_channels_that_overlap_become_one_event(tmp_path: Path) -> None:
    rows = (
        "FP1-F7,0.0000,36.8868,bckg,1.0000\nF7-T3,40.0,90.5,cpsz,0.9\nFP1-F7,36.8868,80.0,cpsz,1.0000\n"
        "FP1-F7,80.0,120.0,bckg,1.0\nT3-T5,200.0,210.0,gnsz,1.0\n"
    )
    assert read(tmp_path, rows) == (
        SeizureEvent(36.8868, 90.5, "sz_foc_ia", 0.9, ("FP1-F7", "F7-T3")),
        SeizureEvent(200.0, 210.0, "sz_gen", 1.0, ("T3-T5",)),
    )


def test_the_recording_wide_form_names_no_channel(tmp_path: Path) -> None:
    rows = "TERM,0.0000,36.8868,bckg,1.0000\nTERM,36.8868,183.3055,seiz,1.0000\n"
    assert read(tmp_path, rows) == (SeizureEvent(36.8868, 183.3055, "sz", 1.0),)


def test_the_label_is_the_one_that_covers_most(tmp_path: Path) -> None:
    assert read(tmp_path, "C3-CZ,10,12,fnsz,1\nC4-CZ,11,40,tcsz,1\n")[0].kind == "sz_gen_m_tonicClonic"


@pytest.mark.parametrize("label", ["bckg", "eyem", "musc", "artf", "spsw", "nesz", ""])
def test_other_labels_are_no_seizures(tmp_path: Path, label: str) -> None:
    assert read(tmp_path, f"FP1-F7,1,2,{label},1\n") == ()


def test_a_table_without_rows_holds_no_seizure(tmp_path: Path) -> None:
    assert read(tmp_path, "") == ()


@pytest.mark.parametrize(
    "row", ["TERM,x,2,seiz,1", "TERM,3,2,seiz,1", "TERM,1,nan,seiz,1", "TERM,1,2,seiz,7", "TERM,1,,seiz"]
)
def test_a_seizure_without_valid_times_is_refused(tmp_path: Path, row: str) -> None:
    with pytest.raises(EventsError, match="invalid seizure"):
        read(tmp_path, row)


@pytest.mark.parametrize("row", ["TERM,1,2", "TERM,seiz", "TERM,1,2,,seiz,1"])
def test_a_row_that_the_header_does_not_fit_is_refused(tmp_path: Path, row: str) -> None:
    with pytest.raises(EventsError, match="has a row"):
        read(tmp_path, row)


def test_a_table_that_lacks_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="label"):
        read(tmp_path, "TERM,1,2,1\n", head="channel,start_time,stop_time,confidence\n")
    with pytest.raises(EventsError, match="lacks the columns"):
        read(tmp_path, "", head="")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 200), st.integers(1, 30)), min_size=1, max_size=15))
def test_merged_events_cover_exactly_what_the_rows_cover(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int, int]]
) -> None:
    text = "".join(f"{channel},{onset},{onset + length},fnsz,1\n" for channel, onset, length in rows)
    events = read(tmp_path_factory.mktemp("tusz"), text)
    wanted, covered = np.zeros(300, bool), np.zeros(300, bool)
    for _, onset, length in rows:
        wanted[onset : onset + length] = True
    for event in events:
        assert event.offset_s is not None
        covered[int(event.onset_s) : int(event.offset_s)] = True
    np.testing.assert_array_equal(covered, wanted)
    assert all(one.offset_s < other.onset_s for one, other in pairwise(events))
