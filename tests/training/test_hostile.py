"""A fixed small corpus of damaged files for every reader; ``eegwarn benchmark reliability`` tries thousands."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eegwarn.errors import EegwarnError, EventsError
from training.benchmarks import reliability
from training.benchmarks.door import Door
from training.benchmarks.doors import DOORS, PLANTED, open_door
from training.benchmarks.hostile import BLOW_UP, READ, REFUSED, TRACEBACK, outcome_of
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


@settings(max_examples=25, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_damaged_is_read_or_refused_in_one_line(place: tuple[Door, Path], data: st.DataObject) -> None:
    door, path = place
    assert door.damage is not None
    path.write_bytes(data.draw(door.damage(door.examples)))
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


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_made_to_harm_is_refused_each_and_all(tmp_path: Path, name: str) -> None:
    door = open_door(name, tmp_path)
    assert len(door.examples) >= 5
    for example in door.examples:
        (tmp_path / door.file_name).write_bytes(example)
        assert outcome_of(door, tmp_path / door.file_name)[0] == REFUSED


def test_a_model_that_was_altered_and_sealed_again_passes_its_seal(tmp_path: Path) -> None:
    door = open_door("altered model, sealed again", tmp_path)
    assert door.damage is not None
    seen: Counter[str] = Counter()

    @settings(max_examples=60, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(content=door.damage(door.examples))
    def each(content: bytes) -> None:
        path = tmp_path / door.file_name
        path.write_bytes(content)
        try:
            door.read(path)
        except EegwarnError as error:
            seen.update({"network": "etwork" in str(error), "seal": "SHA-256" in str(error)})
        else:
            seen["run"] += 1

    each()
    assert not seen["seal"]
    assert seen["run"] >= 3
    assert seen["network"] >= 20


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("hangs", {"inputs": 1, "hangs": 1}),
        ("eats memory", {"inputs": 1, "memory": 1}),
        ("dies", {"inputs": 2, "crashes": 2}),
        ("fails", {"inputs": 1, "tracebacks": 1}),
    ],
)
def test_a_reader_that_does_harm_on_purpose_is_counted(
    tmp_path: Path, name: str, counted: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = subprocess.run
    monkeypatch.setattr(
        reliability.subprocess,
        "run",
        lambda command: run([command[0], "-m", "tests.training.harmful_readers", *command[3:]], check=False),
    )
    counts = attack_reader(name, tmp_path / "harmful", counted["inputs"])
    assert {key: number for key, number in counts.items() if number and key != "peak_mb"} == counted
