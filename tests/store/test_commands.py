"""``eegwarn labels`` and ``eegwarn alarms``: text for people, JSON for machines."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from eegwarn.bedside.log import AlarmRow
from eegwarn.cli.labels import alarms_app, labels_app
from eegwarn.errors import EegwarnError, EventsError, OutputError, StoreError
from eegwarn.events import write_szcore_tsv
from eegwarn.store import open_store
from eegwarn.store.alarms import acknowledge, alarms_between
from eegwarn.store.beds import bed_log
from tests.signal.edf_files import noise_uv, write_edf

# As the command line puts them together.
EEGWARN = typer.Typer()
EEGWARN.add_typer(labels_app, name="labels")
EEGWARN.add_typer(alarms_app, name="alarms")
HEADER = "recording\tonset\tduration\teventType\n"


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(EEGWARN, [*map(str, arguments)])
    if isinstance(done.exception, EegwarnError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def as_json(*arguments: str | Path) -> Any:
    return json.loads(run(*arguments, "--json"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of two recordings, and a table of clips in them."""
    folder = tmp_path / "data"
    for patient in ("p1", "p2"):
        (folder / patient).mkdir(parents=True)
        write_edf(folder / patient / f"{patient}.edf", noise_uv(19, 30 * 256, seed=ord(patient[1])))
        write_szcore_tsv(folder / patient / f"{patient}.tsv", (), recording_duration_s=30.0)
    (tmp_path / "clips.tsv").write_text(HEADER + "p1.edf\t0\t10\tsz\np1.edf\t10\t10\tbckg\np2.edf\t0\t10\tbckg\n")
    return folder


def test_labels_go_in_are_listed_and_come_out_again(data: Path, tmp_path: Path) -> None:
    store = ("--store", tmp_path / "store.db")
    clips = tmp_path / "clips.tsv"
    assert as_json("labels", "import", clips, "--data", data, "--rater", "anna", *store) == {"new": 3, "known": 0}
    assert "3 were there" in run("labels", "import", clips, "--rater", "anna", *store)
    listed = as_json("labels", "list", *store)
    assert [(row["label"], row["start_s"], row["rater"]) for row in listed] == [
        ("seizure", 0, "anna"),
        ("not seizure", 10, "anna"),
        ("not seizure", 0, "anna"),
    ]
    assert run("labels", "list", "--patient", listed[2]["patient"], *store).count("\n") == 1
    table, edf = tmp_path / "labels.tsv", tmp_path / "labels.edf"
    assert "3 labels" in run("labels", "export", table, *store)
    assert as_json("labels", "export", edf, "--recording", "p1.edf", *store) == {"labels": 2, "file": str(edf)}
    other = ("--store", tmp_path / "other.db")
    assert as_json("labels", "import", table, "--data", data, *other)["new"] == 3
    assert as_json("labels", "list", *other) == listed
    assert as_json("labels", "import", edf, "--of", "p1.edf", *other) == {"new": 0, "known": 2}


def test_agreement_is_told_with_its_uncertainty(data: Path, tmp_path: Path) -> None:
    store = ("--store", tmp_path / "store.db")
    for rater in ("anna", "ben"):
        run("labels", "import", tmp_path / "clips.tsv", "--data", data, "--rater", rater, *store)
    (found,) = as_json("labels", "list", "--agreement", *store)
    assert (found["raters"], found["clips"], found["kappa"]) == (["anna", "ben"], 3, 1.0)
    assert "kappa 1.00" in run("labels", "list", "--agreement", *store)


def test_what_cannot_be_done_is_said_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    store = ("--store", tmp_path / "store.db")
    with pytest.raises(StoreError, match="There is no store"):
        run("labels", "list", *store)
    with pytest.raises(EventsError, match="--rater"):
        run("labels", "import", tmp_path / "clips.tsv", "--data", data, *store)
    with pytest.raises(StoreError, match="--of"):
        run("labels", "import", tmp_path / "unknown.edf", *store)
    with pytest.raises(EventsError, match="holds no labels"):
        run("labels", "import", data / "p1" / "p1.edf", *store)
    with pytest.raises(StoreError, match="--recording"):
        run("labels", "export", tmp_path / "out.edf", *store)
    with pytest.raises(OutputError, match=r"NAME\.tsv or NAME\.edf"):
        run("labels", "export", tmp_path / "out.csv", *store)
    assert run("labels", "list", *store) == "No labels yet.\n"


def test_alarms_are_listed_with_what_was_done(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db")
    now = datetime.now(UTC)
    bed_log(store, "bed 1").write(levels=[], alarms=[AlarmRow(now, None, 0.9)], faults=[])
    place = ("--store", tmp_path / "store.db")
    assert "not acknowledged" in run("alarms", "list", *place)
    acknowledge(store, [alarms_between(store)[0].id], by="anna")
    (alarm,) = as_json("alarms", "list", *place)
    assert (alarm["bed"], alarm["latched"], alarm["actions"][0]["by"]) == ("bed 1", False, "anna")
    assert run("alarms", "list", *place).strip().endswith("acknowledged by anna")
    assert run("alarms", "list", "--bed", "bed 2", *place) == "No alarm in the last 24 hours.\n"
    store.close()


def test_alarms_of_a_recording_that_was_played_years_after_it_was_made_are_found(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db")
    place = ("--store", tmp_path / "store.db")
    assert run("alarms", "list", "--hours", "0", *place) == "No alarm yet.\n"
    raised = datetime(2006, 1, 14, 18, tzinfo=UTC)
    bed_log(store, "bed 1").write(levels=[], alarms=[AlarmRow(raised, raised, 0.9)], faults=[])
    store.close()
    assert run("alarms", "list", *place) == (
        "No alarm in the last 24 hours. The latest before them is of 2006-01-14 18:00; --hours 0 lists all.\n"
    )
    assert "2006-01-14 18:00:00  bed 1" in run("alarms", "list", "--hours", "0", *place)
