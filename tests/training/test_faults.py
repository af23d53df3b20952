"""The table of faults counts what it should, and a few of its rows on real processes."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from eegwarn.bedside.log import BedState, FaultRow, Heartbeat, LevelRow
from eegwarn.store import open_store
from eegwarn.store.beds import bed_log
from training.benchmarks import fault_streams
from training.benchmarks.fault_processes import SEIZURES_S, write_amplitude_model, write_night
from training.benchmarks.fault_streams import LiveBed, lose_stream
from training.benchmarks.fault_ward import Row, Ward, stored_alarms
from training.benchmarks.faults import FAULTS


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    ward = Ward(tmp_path_factory.mktemp("ward"), np.random.default_rng(3), n_times=2)
    write_night(ward.night, ward.rng)
    write_amplitude_model(ward.model)
    unbroken, row = ward.new_place(), Row()
    row.ended(ward.monitor(unbroken, 0), 0)
    ward.expected = stored_alarms(unbroken)
    assert len(ward.expected) == len(SEIZURES_S)
    assert row == Row()
    return ward


def test_what_is_lost_and_what_is_doubled_is_counted() -> None:
    row = Row()
    row.compare(Counter("abc"), Counter("bcc"))
    row.compare(Counter("ab"), Counter("ab"))
    assert (row.kept, row.lost, row.doubled) == (5, 1, 1)


@pytest.mark.parametrize(
    ("code", "tracebacks", "wrong"), [("raise SystemExit(2)", 0, 0), ("1 / 0", 1, 1), ("raise SystemExit(0)", 0, 1)]
)
def test_how_a_process_ends_is_counted(code: str, tracebacks: int, wrong: int) -> None:
    row = Row()
    row.ended(subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True), 2)
    assert (row.tracebacks, row.wrong, row.hangs) == (tracebacks, wrong, 0)


def test_rows_of_several_beds_are_counted_together() -> None:
    assert Row(tries=1, kept=2, wrong=1) + Row(tries=2, lost=1) == Row(tries=3, kept=2, lost=1, wrong=1)


@pytest.mark.parametrize(
    ("state", "level", "n_wrong"),
    [(BedState.CALM, None, 1), (BedState.FAULT, 0.1, 1), (BedState.ALARM, None, 1), (BedState.FAULT, None, 0)],
)
def test_a_bed_without_samples_that_is_calm_or_judged_or_has_no_fault_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: BedState, level: float | None, n_wrong: int
) -> None:
    """A monitor that says so is played by rows in the store."""
    begin = datetime.now(UTC)
    store = open_store(tmp_path / "store.db")
    log = bed_log(store, "b")
    log.beat(Heartbeat(begin, state, level, begin))
    seconds = [begin + timedelta(seconds=second) for second in range(15)]
    fault = FaultRow(begin, None, "no samples")
    faults = [] if state is BedState.ALARM else [fault]
    log.write(levels=[LevelRow(at, level) for at in seconds], alarms=[], faults=faults)
    stream = SimpleNamespace(kill=lambda: None, say=lambda _: log.beat(Heartbeat(begin, BedState.CALM, 0.1, begin)))
    monkeypatch.setattr(fault_streams, "start_sender", lambda *_, **__: stream)
    monkeypatch.setattr(fault_streams, "SEEN_WITHIN_S", 0.5)
    monkeypatch.setattr(fault_streams, "GAP_S", (3.0, 3.5))
    running = SimpleNamespace(poll=lambda: None)
    bed = LiveBed("b", store, running, np.random.default_rng(4), stream)  # type: ignore[arg-type]
    lose_stream(bed)
    store.close()
    assert bed.row.wrong == n_wrong


@pytest.mark.parametrize(
    "name",
    [
        *("labels, kill -9 (SQLite)", "monitor, kill -9", "two monitors (SQLite)"),
        "download, kill -9, SIGTERM or server away",
    ],
)
def test_a_fault_loses_and_doubles_nothing(ward: Ward, name: str) -> None:
    row = FAULTS[name](ward, None)
    assert row.tries > 0
    assert row.kept > 0
    assert (row.lost, row.doubled, row.tracebacks, row.hangs, row.wrong) == (0, 0, 0, 0, 0)


def test_alarms_that_were_lost_would_be_seen(ward: Ward, tmp_path: Path) -> None:
    whole = Ward(ward.folder, ward.rng, 1, [*ward.expected, ("never", "raised")], ward.number + 100)
    row = Row()
    whole.check_alarms(row, tmp_path / "store.db")
    assert (row.kept, row.lost, row.doubled) == (len(SEIZURES_S) + 1, 1, 0)
