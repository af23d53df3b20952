"""A folder scored whole: its tables, what is left out and why, and going on after an interruption."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from eegwarn.bedside import write_bundle
from eegwarn.cli import main
from eegwarn.events import read_szcore_tsv
from tests.app.examples import simulated_uv, write_edf
from tests.models import amplitude_model
from training.benchmarks.cluster import LocalCluster, local_cluster


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("nights")
    write_bundle(place / "model.eegwarn", amplitude_model())
    (place / "nights" / "ward 2").mkdir(parents=True)
    write_edf(place / "nights" / "a.edf", simulated_uv())
    write_edf(place / "nights" / "ward 2" / "a.edf", simulated_uv(60))
    (place / "nights" / "broken.edf").write_bytes(b"0       no header")
    return place


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    with local_cluster(tmp_path, 2) as started:
        yield started


def score(place: Path, out: Path, *options: str) -> int:
    return main(["score", str(place / "model.eegwarn"), str(place / "nights"), "--out", str(out), *options])


def tables(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_every_recording_gets_its_tables_and_a_line(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores"
    assert score(place, out) == 0
    said = capsys.readouterr().out
    assert "a.edf  1 alarm in 0:03:00" in said
    assert "broken.edf  NOT SCORED: " in said
    assert "2 recordings of 3 scored" in said
    assert set(tables(out)) == {
        *("a.edf.tsv", "a.edf.levels.tsv", "ward 2/a.edf.tsv", "ward 2/a.edf.levels.tsv"),
        *("recordings.tsv", "scored.toml"),
    }
    assert len(read_szcore_tsv(out / "a.edf.tsv")) == 1
    header, *lines = [line.split("\t") for line in (out / "recordings.tsv").read_text().splitlines()]
    alarms = {line[0]: line[header.index("n_alarms")] for line in lines}
    assert alarms == {"a.edf": "1", "broken.edf": "0", "ward 2/a.edf": "0"}


def test_an_interrupted_run_goes_on_and_a_changed_recording_is_scored_again(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores"
    assert score(place, out, "--json") == 0
    whole = tables(out)
    lines = whole["recordings.tsv"].decode().splitlines(keepends=True)
    (out / "recordings.tsv").write_text("".join(lines[:2]) + lines[2][:9])  # torn by a power cut
    (out / "ward 2" / "a.edf.tsv").unlink()
    (out / "a.edf.tsv").write_text("mine")
    assert score(place, out) == 0
    assert (out / "a.edf.tsv").read_text() == "mine", "it was done, and is not done again"
    assert tables(out) == whole | {"a.edf.tsv": b"mine"}
    night = place / "nights" / "a.edf"
    night.touch()
    assert score(place, out) == 0
    assert tables(out)["a.edf.tsv"] == whole["a.edf.tsv"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--set", "alarm.threshold=0.9"), "another model, or with other settings"),
        (("--probabilities", "levels.tsv"), "no --probabilities"),
        (("--engine", "dask"), "'local' or 'dask:ADDRESS'"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], told: str
) -> None:
    out = tmp_path / "scores"
    assert score(place, out) == 0
    before = tables(out)
    capsys.readouterr()
    assert score(place, out, *options) == 2
    assert told in capsys.readouterr().err
    assert tables(out) == before
    assert score(place, place / "nights" / "scores") == 2
    assert not (place / "nights" / "scores").exists()


def test_a_cluster_leaves_the_same_tables(
    place: Path, tmp_path: Path, cluster: LocalCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(place, tmp_path / "here", "--json") == 0
    assert score(place, tmp_path / "there", "--json", "--engine", f"dask:{cluster.address}") == 0
    assert tables(tmp_path / "here") == tables(tmp_path / "there")
    here, there = capsys.readouterr().out.split("]\n[")
    assert json.loads(f"{here}]") == json.loads(f"[{there}")
