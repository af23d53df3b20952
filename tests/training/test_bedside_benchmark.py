"""The benchmark of the bedside measures what it says."""

from pathlib import Path

import pytest

from eegwarn.bedside import write_bundle
from eegwarn.signal.recording import UNKNOWN_START
from eegwarn.store import open_store
from eegwarn.store.beds import levels_between
from tests.models import amplitude_model
from training.benchmarks.bedside import measure_beds, measure_network


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "model.eegwarn", amplitude_model())
    return tmp_path / "model.eegwarn"


def test_beds_are_watched_in_real_time_with_their_rows_stored(model: Path, tmp_path: Path) -> None:
    found = measure_beds(model, 3, 6, tmp_path / "store.db")
    assert len(found["latency_s"]) == 3 * 3
    assert min(found["latency_s"]) > 0
    assert max(found["latency_s"]) < 1
    assert found["n_missed"] == 0
    store = open_store(tmp_path / "store.db")
    beds = {name for (name,) in store.engine.raw_connection().cursor().execute("SELECT name FROM beds")}
    assert len(beds) == 3
    rows = [levels_between(store, bed, UNKNOWN_START, UNKNOWN_START.replace(year=1986)) for bed in beds]
    assert [len(each) for each in rows] == [3, 3, 3]
    store.close()


def test_the_network_alone_is_timed_a_window_at_once_and_many(model: Path) -> None:
    found = measure_network(model, 16)
    # Which is quicker is the benchmark's to say: beside other tests either may be.
    assert all(0 < found[f"{name}_ms"] < 1000 for name in ("one", "many", "one_bare", "many_bare"))
    assert found["file_kib"] == model.stat().st_size / 1024
