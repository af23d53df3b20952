"""``eegwarn monitor`` as a process: killed, stopped, with a store that is locked or full, on files and live streams."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eegwarn.bedside import read_bundle, score_recording, write_bundle
from eegwarn.bedside.bundle import Bundle, ModelConfig
from eegwarn.bedside.log import AlarmRow, LevelRow
from eegwarn.bedside.recent import read_ring
from eegwarn.bedside.ring import ring_path
from eegwarn.cli.entry import main
from eegwarn.signal import open_recording
from eegwarn.signal.recording import UNKNOWN_START
from eegwarn.store import Store, open_store
from eegwarn.store.alarms import present_beds
from eegwarn.store.beds import bed_log, faults_between, levels_between
from eegwarn.store.models import add_model
from eegwarn.store.place import find_place, recent_folder
from eegwarn.store.promotions import present_promotions, present_watches, promote
from eegwarn.warning import AlarmConfig
from tests.lsl_streams import need_lsl
from tests.models import amplitude_onnx
from tests.signal.edf_files import write_edf
from training.benchmarks.lsl_sender import ELECTRODES, new_name, sending

ROOT = Path(__file__).parents[1]
COMMAND = "import sys; from eegwarn.cli.entry import main; sys.exit(main())"
pytestmark = pytest.mark.timeout(150)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.eegwarn"
    config = ModelConfig(alarm=AlarmConfig(threshold=0.8, refractory_s=5))
    write_bundle(path, Bundle(config, amplitude_onnx(), b"weights"))
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A minute and a half with a seizure of 25 s, and electrodes off for 10 s."""
    time_s = np.arange(90 * 128) / 128
    data_uv = 15 * np.random.default_rng(2).standard_normal((19, time_s.size))
    seizure = (time_s >= 20) & (time_s < 45)
    data_uv[:, seizure] += 90 * np.sin(2 * np.pi * 5 * time_s[seizure]) * np.linspace(-1, 1, 19)[:, None] * 4
    data_uv[:, (time_s >= 60) & (time_s < 70)] = 0
    return write_edf(tmp_path / "night.edf", data_uv, sfreq=128)


def process(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", COMMAND, "monitor", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1, **options
    )


def lines_until(running: subprocess.Popen[str], done: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    assert running.stdout is not None
    told = []
    for line in running.stdout:
        told.append(json.loads(line))
        if done(told[-1]):
            return told
    raise AssertionError((told[-3:], running.stderr and running.stderr.read()))


def is_state(*states: str) -> Callable[[dict[str, Any]], bool]:
    return lambda line: line["what"] == "state" and line["state"] in states


@contextlib.contextmanager
def monitoring(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    running = process(*arguments, "--json")
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def stored(store: Path) -> tuple[list[tuple[str, str | None]], int]:
    """Alarms as begin and end, and how many levels there are."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        alarms = connection.execute("SELECT raised_at, cleared_at FROM alarms ORDER BY raised_at").fetchall()
        (n_levels,) = connection.execute("SELECT count(*) FROM levels").fetchone()
    return alarms, n_levels


def test_a_played_file_gives_what_score_gives_and_needs_no_torch(model: Path, recording: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    blocked = (
        "import importlib.abc, sys\n"
        "class Blocked(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'streamlit', 'sklearn', 'safetensors', 'mne_lsl', 'pandas'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
    )
    options = ["--source", recording, "--speed", "inf", "--json", "--bed", "bed 7", "--store", store]
    done = subprocess.run(
        [sys.executable, "-c", blocked + COMMAND, "monitor", model, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    scored = score_recording(read_bundle(model), open_recording(recording))
    levels = [np.nan if each["level"] is None else each["level"] for each in told if each["what"] == "level"]
    np.testing.assert_allclose(levels, scored.probability, atol=1e-6)
    assert len(scored.alarms) == 1
    start = open_recording(recording).start or UNKNOWN_START
    opened = open_store(store)
    latest = bed_log(opened, "bed 7").latest_alarm()
    assert latest == AlarmRow(
        start + timedelta(seconds=scored.alarms[0].raised_s),
        start + timedelta(seconds=scored.alarms[0].cleared_s or 0),
        pytest.approx(scored.alarms[0].peak_probability),
    )
    rows = levels_between(opened, "bed 7", start, start + timedelta(days=1))
    assert len(rows) == len(scored.probability)
    faults = faults_between(opened, "bed 7", start, start + timedelta(days=1))
    assert [(row.start_at - start).total_seconds() for row in faults] == [fault.start_s for fault in scored.faults]
    (shown,) = present_beds(opened)
    assert shown.heartbeat is not None
    assert shown.heartbeat.recording_has_ended
    opened.close()


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


def kill_when_stored(running: subprocess.Popen[str], rows: Callable[[], list[Any]]) -> None:
    """Kill without a warning, not before what was just told has reached the disk: milliseconds later."""
    end_s = time.monotonic() + 10
    while time.monotonic() < end_s:
        with contextlib.suppress(sqlite3.Error):
            if rows():
                break
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()


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
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a file system of 1 MB can only be mounted by root, outside a container")
    try:
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
    finally:
        subprocess.run(["umount", str(small)], check=False)


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


@pytest.mark.parametrize(
    ("options", "above", "n_hours_ago", "n_days_ago"),
    [
        ([], "", 60, 1),
        (["--keep-whole-hours", "1"], "", 1, 1),
        ([], "keep_whole_hours = 1\nkeep_days = 1\n", 1, 0),
        (["--keep-days", "30", "--keep-whole-hours", "6"], "keep_whole_hours = 1\nkeep_days = 1\n", 60, 1),
    ],
)
def test_levels_are_kept_for_as_long_as_options_or_beds_toml_say(
    model: Path, recording: Path, tmp_path: Path, options: list[str], above: str, n_hours_ago: int, n_days_ago: int
) -> None:
    store, beds = tmp_path / "store.db", tmp_path / "beds.toml"
    beds.write_text(f'{above}["b"]\nsource = "night.edf"\nspeed = 0\n')
    start = open_recording(recording).start or UNKNOWN_START
    hours_ago, days_ago = start - timedelta(hours=2), start - timedelta(days=3)
    opened = open_store(store)
    rows = [LevelRow(at + timedelta(seconds=second), 0.5) for at in (days_ago, hours_ago) for second in range(60)]
    bed_log(opened, "b").write(levels=rows, alarms=[], faults=[])
    running = process(model, "--beds", beds, "--store", store, *options)
    _, err = running.communicate()
    assert running.returncode == 0, err
    minute = timedelta(minutes=1)
    assert len(levels_between(opened, "b", hours_ago, hours_ago + minute)) == n_hours_ago
    assert len(levels_between(opened, "b", days_ago, days_ago + minute)) == n_days_ago
    opened.close()


def test_many_beds_are_watched_and_one_that_fails_leaves_the_others(
    model: Path, recording: Path, tmp_path: Path
) -> None:
    store, beds = tmp_path / "store.db", tmp_path / "beds.toml"
    beds.write_text(
        '["bed 1"]\nsource = "night.edf"\nspeed = 0\n["bed 2"]\nsource = "night.edf"\nspeed = 60\n'
        'model = "small.eegwarn"\n'
    )
    done = process(model, "--beds", beds, "--store", store, "--json")
    out, err = done.communicate()
    assert done.returncode == 0, err
    told = [json.loads(line) for line in out.splitlines()]
    for bed in ("bed 1", "bed 2"):
        assert sum(line["what"] == "level" for line in told if line["bed"] == bed) == 87
    alarms, n_levels = stored(store)
    assert (len(alarms), n_levels) == (2, 174)


def test_a_promoted_model_watches_from_the_next_start_and_the_named_one_where_it_cannot(
    model: Path, recording: Path, tmp_path: Path
) -> None:
    place, new = tmp_path / "store.db", tmp_path / "new.eegwarn"
    deaf = Bundle(ModelConfig(alarm=AlarmConfig(threshold=0.999999)), amplitude_onnx(slope=0.001), b"weights")
    write_bundle(new, deaf)
    options = (model, "--source", recording, "--speed", 0, "--bed", "b", "--store", place, "--json")

    def watched() -> tuple[list[str], list[str]]:
        done = process(*options)
        out, err = done.communicate()
        assert done.returncode == 0, err
        told = [json.loads(line) for line in out.splitlines()]
        return [line["reason"] for line in told if line["what"] == "model"], [
            line["what"] for line in told if line["what"] == "alarm"
        ]

    said, raised = watched()
    assert (said, bool(raised)) == ([], True)
    store = open_store(place)
    assert present_watches(store)["b"].path == model
    promote(store, ["b"], add_model(store, new, by="head").id, by="head")
    (said, raised) = watched()
    assert raised == []
    assert said == [f"{str(new)!r}, promoted by head on {day(store)}, in place of {str(model)!r}"]
    assert present_watches(store)["b"].fingerprint == present_promotions(store)["b"].fingerprint
    shutil.copy(model, new)
    ((said,), raised) = watched()
    assert raised
    assert "the file holds another model by now" in said
    assert present_watches(store)["b"].path == model
    store.close()


def day(store: Store) -> str:
    return present_promotions(store)["b"].at.strftime("%Y-%m-%d %H:%M UTC")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give either --source"),
        (["--source", "a.edf", "--beds", "b.toml"], "Give either --source"),
        (["--source", "nowhere.edf"], "does not exist"),
        (["--source", "lsl:"], "names nothing"),
        (["--source", "a.edf", "--speed", "-1"], "speed = -1.0 must be"),
        (["--beds", "nowhere.toml"], "cannot be read"),
        (["--source", "lsl:EEG", "--bed", " 7"], "A bed's name has 1 to 64 characters"),
        (["--source", "lsl:EEG", "--keep-days", "0.1"], "keep_days = 0.1 must lie in [1, 36500]"),
        (
            ["--source", "lsl:EEG", "--keep-whole-hours", "0"],
            "keep_whole_hours = 0.0 must lie in [1, 24 keep_days = 720]",
        ),
    ],
)
def test_what_is_wrong_is_one_line_before_anything_is_watched(
    model: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["monitor", str(model), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_beds_without_a_model_say_how_to_name_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beds = tmp_path / "beds.toml"
    for text, message in (
        ('["bed 1"]\nsource = "a.edf"\n', "No model was given for bed 1"),
        ("", "must have a table for each bed"),
        ('["bed 1"]\nsorce = "a.edf"\n', "Did you mean 'bed 1.source'"),
        ('keep_dys = 9\n["bed 1"]\nsource = "a.edf"\n', "Did you mean 'keep_days'"),
        ('keep_days = "long"\n["bed 1"]\nsource = "a.edf"\n', "keep_days = 'long' is not allowed"),
        ('keep_days = 0\n["bed 1"]\nsource = "a.edf"\n', "keep_days = 0.0 must lie in [1, 36500]"),
    ):
        beds.write_text(text)
        assert main(["monitor", "--beds", str(beds)]) == 2
        assert message in capsys.readouterr().err
