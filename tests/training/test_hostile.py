"""A fixed small corpus of damaged files for every reader; ``eegwarn benchmark reliability`` tries thousands."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eegwarn.errors import EventsError
from training.benchmarks.damage import damaged
from training.benchmarks.hostile import BLOW_UP, DOORS, READ, REFUSED, TRACEBACK, Door, open_door, outcome_of
from training.benchmarks.reliability import attack_reader


@pytest.fixture(scope="module", params=DOORS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Door, Path]:
    folder = tmp_path_factory.mktemp("door")
    door = open_door(request.param, folder)
    return door, folder / door.file_name


def test_what_is_whole_is_read(place: tuple[Door, Path]) -> None:
    door, path = place
    for example in door.examples:
        path.write_bytes(example)
        assert outcome_of(door, path) == (READ, "")


@settings(max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_damaged_is_read_or_refused_in_one_line(place: tuple[Door, Path], data: st.DataObject) -> None:
    door, path = place
    path.write_bytes(data.draw(damaged(door.examples)))
    outcome, what = outcome_of(door, path)
    assert outcome in (READ, REFUSED), what


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EventsError("one line"), REFUSED),
        (EventsError("two\nlines"), TRACEBACK),
        (IndexError("list index"), TRACEBACK),
        (MemoryError(), BLOW_UP),
    ],
)
def test_faults_of_a_reader_are_seen(tmp_path: Path, error: Exception, expected: str) -> None:
    def read(_: Path) -> None:
        raise error

    assert outcome_of(Door("a", [b""], read), tmp_path)[0] == expected


def test_every_input_is_counted(tmp_path: Path) -> None:
    counts = attack_reader("beds.toml", tmp_path / "beds", 40)
    assert counts["inputs"] == counts["read"] + counts["refused"] == 40
    assert counts["hangs"] == counts["crashes"] == 0
    assert not list((tmp_path / "beds").glob("fault-*"))
