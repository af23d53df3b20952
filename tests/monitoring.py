"""``eegwarn monitor`` as a process, for tests: what it watches, what it tells, what it stores."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from eegwarn.bedside import write_bundle
from eegwarn.bedside.bundle import Bundle, ModelConfig
from eegwarn.warning import AlarmConfig
from tests.models import amplitude_onnx
from tests.signal.edf_files import write_edf

ROOT = Path(__file__).parents[1]
COMMAND = "import sys; from eegwarn.cli.entry import main; sys.exit(main())"


def write_model(path: Path) -> Path:
    """A model that warns of loud EEG, and may soon again."""
    config = ModelConfig(alarm=AlarmConfig(threshold=0.8, refractory_s=5))
    write_bundle(path, Bundle(config, amplitude_onnx(), b"weights"))
    return path


def write_night(path: Path) -> Path:
    """A minute and a half with a seizure of 25 s, and electrodes off for 10 s."""
    time_s = np.arange(90 * 128) / 128
    data_uv = 15 * np.random.default_rng(2).standard_normal((19, time_s.size))
    seizure = (time_s >= 20) & (time_s < 45)
    data_uv[:, seizure] += 90 * np.sin(2 * np.pi * 5 * time_s[seizure]) * np.linspace(-1, 1, 19)[:, None] * 4
    data_uv[:, (time_s >= 60) & (time_s < 70)] = 0
    return write_edf(path, data_uv, sfreq=128)


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
