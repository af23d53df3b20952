"""``eegwarn monitor`` as a process: killed, stopped, with a store that is locked or full, on files and live streams."""

import contextlib
import json
import os
import signal
import sqlite3
import time
from datetime import datetime
from pathlib import Path

import pytest

from eegwarn.bedside.recent import read_ring
from eegwarn.bedside.ring import ring_path
from eegwarn.store import open_store
from eegwarn.store.place import find_place, recent_folder
from tests.disks import disk_of
from tests.lsl_streams import need_lsl, sending
from tests.monitoring import (
    is_state,
    kill_when_stored,
    lines_until,
    monitoring,
    process,
    stored,
    write_model,
    write_night,
)
from training.benchmarks.lsl_sender import ELECTRODES, new_name

pytestmark = pytest.mark.timeout(150)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "small.eegwarn")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_night(tmp_path / "night.edf")


def test_a_monitor_killed_in_an_alarm_neither_loses_nor_doubles_it(
    model: Path, recording: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store.db"
    options = ("--source", recording, "--bed", "b", "--store", store)
    with monitoring(model, *options, "--speed", 5) as running:
        lines_until(running, lambda line: line["what"] == "alarm")
        kill_when_stored(running, lambda: stored(store)[0])
    (killed,) = stored(store)[0]
    assert killed[1] is None
    kept = read_ring(ring_path(recent_folder(find_place(store)), "b"), "b")
    assert kept is not None
    assert kept.data.any()
    # Written every half second, which is 2.5 s of what is played here.
    assert kept.end_s > datetime.fromisoformat(f"{killed[0]}+00:00").timestamp() - 5
    done = process(model, *options, "--speed", 0)
    out, err = done.communicate()
    assert done.returncode == 0, err
    assert "ALARM" in out
    (again,) = stored(store)[0]
    assert again[0] == killed[0]
    assert again[1] is not None


def test_a_locked_store_holds_nothing_up_and_loses_nothing(model: Path, recording: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    open_store(store).close()
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with monitoring(model, "--source", recording, "--speed", 30, "--bed", "b", "--store", store) as running:
            told = lines_until(running, lambda line: line["what"] == "alarm" and line["cleared_at"] is not None)
            assert not [line for line in told if line["what"] == "end"]
            other.execute("COMMIT")
            told += lines_until(running, lambda line: line["what"] == "end")
            assert running.wait(timeout=30) == 0
    alarms, n_levels = stored(store)
    assert len(alarms) == 1
    assert n_levels == 87


def test_a_full_disk_is_said_and_what_waits_is_written_when_there_is_room(
    model: Path, recording: Path, tmp_path: Path
) -> None:
    with disk_of("1m", tmp_path) as small:
        store = small / "store.db"
        open_store(store).close()
        filling = small / "filling"
        with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        with monitoring(model, "--source", recording, "--speed", 10, "--bed", "b", "--store", store) as running:
            told = lines_until(running, lambda line: line["what"] == "alarm")
            assert {"store", "eeg"} <= {line["what"] for line in told}
            filling.unlink()
            lines_until(running, lambda line: line["what"] == "end")
            assert running.wait(timeout=30) == 0
        alarms, n_levels = stored(store)
        assert len(alarms) == 1
        assert n_levels == 87


def test_a_live_stream_from_calm_to_alarm_to_fault_and_back_after_a_kill(model: Path, tmp_path: Path) -> None:
    need_lsl()
    store, name = tmp_path / "store.db", new_name()
    options = ("--source", f"lsl:{name}", "--store", store, "--set", "signal.notch_hz=0", "--bed", "b")
    with monitoring(model, *options) as running:
        told = lines_until(running, is_state("fault"))
        with sending(name) as sender:
            lines_until(running, is_state("calm"))
            sender.say("loud")
            raised = lines_until(running, lambda line: line["what"] == "alarm")[-1]
            kill_when_stored(running, lambda: stored(store)[0])
            with monitoring(model, *options) as again:
                told = lines_until(again, is_state("alarm"))
                assert not [line for line in told if line["what"] == "alarm"]
                sender.say("normal")
                cleared = lines_until(again, lambda line: line["what"] == "alarm")[-1]
                assert cleared["raised_at"] == raised["raised_at"]
                assert cleared["cleared_at"] is not None
                sender.kill()
                lost = lines_until(again, is_state("fault"))[-1]
                assert lost["reason"]
                levels = lines_until(again, lambda line: line["what"] == "level" and line["level"] is None)
                assert levels[-1]["state"] == "fault"
                with sending(name, labels=ELECTRODES[::-1]):
                    lines_until(again, is_state("calm"))
                    again.send_signal(signal.SIGTERM)
                    assert lines_until(again, lambda line: line["what"] == "end")[-1]["reason"] == "stopped"
                    assert again.wait(timeout=20) == 0
    alarms, _ = stored(store)
    assert len(alarms) == 1
    assert alarms[0][1] is not None


def test_a_monitor_killed_in_a_fault_leaves_none_open_or_twice(model: Path, tmp_path: Path) -> None:
    need_lsl()
    store = tmp_path / "store.db"
    options = ("--source", f"lsl:{new_name()}", "--store", store, "--bed", "b")

    def faults() -> list[tuple[str, str | None]]:
        with contextlib.closing(sqlite3.connect(store)) as connection:
            return connection.execute("SELECT start_at, end_at FROM faults").fetchall()

    with monitoring(model, *options) as running:
        lines_until(running, lambda line: "no stream" in line.get("reason", ""))
        kill_when_stored(running, faults)
    ((start_at, end_at),) = faults()
    assert end_at is None
    with monitoring(model, *options) as again:
        lines_until(again, lambda line: "no stream" in line.get("reason", ""))
        assert faults() == [(start_at, None)]
        again.send_signal(signal.SIGTERM)
        assert again.wait(timeout=20) == 0
    ((same, end_at),) = faults()
    assert same == start_at
    assert end_at is not None


def test_a_monitor_that_is_stopped_while_it_starts_ends_as_one_that_watches(
    model: Path, recording: Path, tmp_path: Path
) -> None:
    beds = tmp_path / "beds.toml"
    os.mkfifo(beds)
    running = process(model, "--beds", beds, "--store", tmp_path / "store.db", "--json")
    with beds.open("w") as file:  # there is somebody who reads it: the command has begun, and watches nothing yet
        running.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        file.write('["bed 1"]\nsource = "night.edf"\n')
    out, err = running.communicate()
    assert (running.returncode, err) == (0, "")
    assert json.loads(out.splitlines()[-1])["reason"] == "stopped"
