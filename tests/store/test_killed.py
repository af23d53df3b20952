"""What was acknowledged is there, and nothing is there twice, however the writing program ends."""

import multiprocessing
import sys
import time
import types
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from eegwarn.errors import StoreError
from eegwarn.store import Store, open_store
from eegwarn.store.labels import add_label, label_log
from tests.disks import disk_of
from tests.store.labelled import SEIZURE, clips

N_LABELS, N_KILLS = 1000, 50
ENDLESS = 10**9
# Imported once, not by each of the writers.
PRELOADED = [
    __name__,
    "sqlalchemy.dialects.sqlite.pysqlite",
    "sqlalchemy.dialects.postgresql.psycopg",
    "psycopg",
]


def uid_of(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


def write_labels(place: str, clip_ids: list[int], first: int, until: int, acknowledged: Path) -> None:
    """Write labels from the first that nobody knows of on, and note each that the store has taken."""
    store = open_store(place)
    with acknowledged.open("ab", buffering=0) as notes:
        for number in range(first, until):
            add_label(store, clip_ids[number % len(clip_ids)], SEIZURE, rater="anna", uid=uid_of(number))
            notes.write(uid_of(number).encode() + b"\n")


def test_a_killed_writer_loses_no_acknowledged_label_and_doubles_none(
    place: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A test of a page leaves its script as the main module, and each writer would run that page first.
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    rng = np.random.default_rng()
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOADED)
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    clip_ids = [clip.id for clip in clips(store, 7)]

    def start(until: int = ENDLESS) -> tuple[multiprocessing.process.BaseProcess, int]:
        first = acknowledged.stat().st_size // 37
        writer = processes.Process(target=write_labels, args=(place, clip_ids, first, until, acknowledged))
        writer.start()
        return writer, first

    for n_more in rng.integers(0, 2 * (N_LABELS - 100) // N_KILLS - 1, N_KILLS):
        writer, first = start()
        while writer.is_alive() and acknowledged.stat().st_size < 37 * (first + n_more):
            time.sleep(0.0002)
        time.sleep(rng.uniform(0, 0.004))
        assert writer.is_alive(), "it ended by itself"
        writer.kill()
        writer.join()
    taken = acknowledged.read_text().split()
    stored = [row.uid for row in label_log(store)]
    assert stored == [uid_of(number) for number in range(len(stored))]
    # The one under way when the writer was killed may have been stored and not acknowledged.
    assert len(taken) <= len(stored) <= len(taken) + 1
    n_labels = max(N_LABELS, len(stored))
    writer, _ = start(n_labels)
    writer.join()
    assert writer.exitcode == 0
    rows = label_log(store)
    assert [row.uid for row in rows] == [uid_of(number) for number in range(n_labels)]
    assert [row.clip.id for row in rows] == [clip_ids[number % 7] for number in range(n_labels)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disk_of("1m", tmp_path) as disk:
        yield disk


def test_a_full_disk_is_reported_loses_nothing_and_works_again_when_there_is_room(small_disk: Path) -> None:
    filler = small_disk / "filler"
    store = open_store(small_disk / "store.db")
    (clip,) = clips(store, 1)
    add_label(store, clip.id, SEIZURE, rater="anna")
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(bytes(2**21))
    taken: list[int] = []
    with pytest.raises(StoreError, match="disk is full") as caught:
        taken.extend(add_label(store, clip.id, SEIZURE, rater="anna") for _ in range(1000))
    assert "\n" not in str(caught.value)
    assert [row.id for row in label_log(store)] == [1, *taken]
    store.close()
    filler.unlink()
    again = open_store(small_disk / "store.db")
    add_label(again, clip.id, SEIZURE, rater="anna")
    assert len(label_log(again)) == len(taken) + 2
    again.close()


def test_a_store_on_a_full_disk_is_not_begun(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        (small_disk / "filler").write_bytes(bytes(2**21))
    with pytest.raises(StoreError, match="disk is full"):
        open_store(small_disk / "store.db")


def test_a_lost_connection_is_reported_and_the_next_call_works(place: str, store: Store) -> None:
    if store.place.path is not None:
        pytest.skip("a file has no connection to lose")
    other = open_store(place)

    def lose() -> None:
        with store.writing() as connection:
            with other.writing() as killer:
                others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                killer.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
            connection.execute(text("SELECT 1"))

    with pytest.raises(StoreError) as caught:
        lose()
    assert "\n" not in str(caught.value)
    (clip,) = clips(store, 1)
    add_label(store, clip.id, SEIZURE, rater="anna")
    assert len(label_log(store)) == 1
    other.close()
