"""Clips keep what a clinician said about every second of them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.errors import EventsError
from eegwarn.events import KnownStretch, known_labels, read_clips, write_clips

HEADER = "recording\tonset\tduration\teventType\n"


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**5), st.booleans()), max_size=5))
def test_clips_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    path = tmp_path_factory.mktemp("clips") / "clips.tsv"
    clips = {"a.edf": tuple(KnownStretch(start, start + duration, seizure) for start, duration, seizure in rows)}
    write_clips(path, clips)
    assert read_clips(path) == {name: stretches for name, stretches in clips.items() if stretches}


def test_an_artefact_is_no_seizure_and_an_unsure_answer_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "clips.tsv"
    path.write_text(HEADER + "a.edf\t0\t10\tartefact\na.edf\t20\t10\tunsure\na.edf\t40\t10\tsz_foc\n")
    assert read_clips(path)["a.edf"] == (KnownStretch(0, 10, False), KnownStretch(40, 50, True))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "recording\tonset\n",
        HEADER + "a.edf\tx\t10\tsz\n",
        HEADER + "a.edf\t5\t-1\tsz\n",
        HEADER + "a\t1\tnan\tsz\n",
    ],
)
def test_what_is_no_table_of_clips_is_one_clear_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clips.tsv"
    path.write_text(text)
    with pytest.raises(EventsError) as caught:
        read_clips(path)
    assert "\n" not in str(caught.value)
    assert "clips.tsv" in str(caught.value)


def test_a_window_is_known_by_its_middle_and_the_later_answer_counts() -> None:
    stretches = [KnownStretch(10, 20, False), KnownStretch(15, 20, True)]
    known = known_labels([9.9, 10.0, 14.9, 15.0, 19.9, 20.0], stretches)
    np.testing.assert_array_equal(known, [np.nan, 0, 0, 1, 1, np.nan])
