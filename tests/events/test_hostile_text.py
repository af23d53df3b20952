"""Whatever a file holds, reading it gives events or one line that says why not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eegwarn.errors import EventsError
from eegwarn.events import read_chbmit_seizures, read_chbmit_summary, read_siena_list, read_szcore_tsv, read_tusz_csv

READERS = [read_chbmit_summary, read_chbmit_seizures, read_siena_list, read_tusz_csv, read_szcore_tsv]
WORDS = [
    "File Name: a.edf", "File name: b.edf", "Seizure Start Time: ", "Seizure 1 End Time:", "seconds",
    "Registration start time: ", "Seizure start time: 19.58.36", "Channel 1:", "onset\tduration\teventType\n", "sz\t",
    "channel,start_time,stop_time,label,confidence\n", "TERM,", "seiz,", "\n", "\t", ",", '"', "1e999", "nan", "-5",
    "٣", "\0", "99999999999999999999", "## time resolution: 256", "25:61:61", "\r", "\ud7ff",
]  # fmt: skip


def read_or_refuse(read: Callable[[Path], object], path: Path) -> None:
    try:
        read(path)
    except EventsError as error:
        if "\n" in str(error):
            raise AssertionError(f"{error!r} is not one line") from error


@settings(max_examples=60)
@pytest.mark.parametrize("read", READERS)
@given(text=st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=30).map("".join))
@example(text="")
def test_garbled_text_gives_no_traceback(tmp_path_factory: pytest.TempPathFactory, read: Callable, text: str) -> None:
    path = tmp_path_factory.mktemp("garbled") / "file.txt"
    path.write_bytes(text.encode())
    read_or_refuse(read, path)


@settings(max_examples=60)
@pytest.mark.parametrize("read", READERS)
@given(content=st.binary(max_size=200), head=st.sampled_from([b"", b"\0X\x17\xfc## time resolution: 256\0"]))
def test_random_bytes_give_no_traceback(
    tmp_path_factory: pytest.TempPathFactory, read: Callable, content: bytes, head: bytes
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "file.bin"
    path.write_bytes(head + content)
    read_or_refuse(read, path)


@pytest.mark.parametrize("read", READERS)
def test_a_folder_or_nothing_is_refused(tmp_path: Path, read: Callable) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(EventsError, match="cannot be read"):
            read(path)
