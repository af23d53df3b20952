"""What is missed, late, lost or doubled at a bed is counted, on a real monitor that plays a recording."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, insert

from eegwarn.bedside import read_bundle, score_recording
from eegwarn.bedside.log import FaultRow, LevelRow
from eegwarn.bedside.scoring import Scored
from eegwarn.signal import open_recording
from eegwarn.store import Store, open_store
from eegwarn.store.alarms import alarms_between
from eegwarn.store.beds import bed_log, levels_between
from eegwarn.store.schema import alarms, levels
from training.benchmarks.browser import own_environment
from training.benchmarks.fault_processes import SEIZURES_S, write_amplitude_model, write_night
from training.benchmarks.soak_check import BedCheck, Heard, check_bed

START = datetime(2025, 1, 1, 22, tzinfo=UTC)
SPEED = 200.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("soak")
    write_night(folder / "night.edf", np.random.default_rng(3))
    write_amplitude_model(folder / "loud.eegwarn")
    return folder


@pytest.fixture(scope="module")
def scored(folder: Path) -> Scored:
    return score_recording(read_bundle(folder / "loud.eegwarn"), open_recording(folder / "night.edf"))


@pytest.fixture(scope="module")
def heard(folder: Path) -> Heard:
    heard = Heard(SPEED, 1)
    options = ["--source", "night.edf", "--bed", "bed 1", "--speed", SPEED, "--json", "--store", "store.db"]
    command = [sys.executable, "-m", "eegwarn.cli", "monitor", "loud.eegwarn", *map(str, options)]
    monitor = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env=own_environment())
    assert monitor.stdout is not None
    heard.listen(monitor.stdout)
    assert monitor.wait() == 0
    return heard


@pytest.fixture
def store(folder: Path, heard: Heard, tmp_path: Path) -> Iterator[Store]:
    """A copy of what the monitor stored."""
    (tmp_path / "store.db").write_bytes((folder / "store.db").read_bytes())
    opened = open_store(tmp_path / "store.db")
    yield opened
    opened.close()


def test_a_monitor_misses_and_doubles_nothing(store: Store, scored: Scored, heard: Heard) -> None:
    found = check_bed(store, "bed 1", scored, heard)
    assert found.hops == found.levels_kept == 20 * 60 - 3
    assert found.alarms == len(SEIZURES_S)
    assert found.ended == 1
    assert found.longest_lag_s < 5
    ideal = BedCheck(hops=found.hops, levels_kept=found.hops, alarms=found.alarms, faults=found.faults, ended=1)
    assert replace(found, longest_lag_s=0.0, hops_late=0) == ideal
    assert heard.eeg_h == pytest.approx(found.hops / 3600)
    assert heard.troubles == []


def test_hops_that_are_missed_doubled_or_late_are_counted(store: Store, scored: Scored, heard: Heard) -> None:
    told = [(when, (when - START).total_seconds() / SPEED) for when, _ in heard.levels["bed 1"]]
    wrong = Heard(SPEED, 1)
    wrong.levels["bed 1"] = [*told[5:], told[-1], (told[7][0], told[7][1] + 2.0)]
    found = check_bed(store, "bed 1", scored, wrong)
    assert (found.hops_missed, found.hops_doubled, found.hops_late, found.ended) == (5, 2, 1, 0)
    assert found.longest_lag_s == pytest.approx(2.0)


def test_rows_that_are_lost_or_doubled_are_counted(store: Store, scored: Scored, heard: Heard) -> None:
    first, *_ = alarms_between(store, bed="bed 1")
    when = [row.at for row in levels_between(store, "bed 1", START, START + timedelta(hours=1))]
    with store.writing() as connection:
        connection.execute(delete(levels).where(levels.c.at.in_(when[10:13])))
        connection.execute(insert(levels), [{"bed_id": 1, "at": when[0] + timedelta(milliseconds=1), "level": 0.5}])
        connection.execute(delete(alarms).where(alarms.c.id == first.id))
        again = {"bed_id": 1, "raised_at": START, "cleared_at": None, "peak_probability": 0.9}
        connection.execute(insert(alarms), [again])
    bed_log(store, "bed 1").write(levels=[], alarms=[], faults=[FaultRow(START + timedelta(seconds=100), None, "odd")])
    found = check_bed(store, "bed 1", scored, heard)
    assert (found.levels_lost, found.levels_added) == (3, 1)
    assert (found.alarms_lost, found.alarms_doubled) == (1, 1)
    assert found.faults_unexplained == 1


def test_levels_that_were_thinned_are_not_lost_but_a_whole_minute_would_be(tmp_path: Path, scored: Scored) -> None:
    start_s = np.arange(0.0, 9 * 3600 - 3)
    long = replace(scored, start_s=start_s, probability=np.full(start_s.size, 0.1), alarms=(), faults=())
    store = open_store(tmp_path / "store.db")
    for part in np.array_split(long.time_s, 40):
        rows = [LevelRow(START + timedelta(seconds=float(time_s)), 0.1) for time_s in part]
        bed_log(store, "bed 1").write(levels=rows, alarms=[], faults=[])
    found = check_bed(store, "bed 1", long, Heard(SPEED, 1))
    assert found.levels_kept < 7 * 3600  # of nine hours
    assert (found.levels_lost, found.levels_added) == (0, 0)
    minute = START + timedelta(minutes=30)
    with store.writing() as connection:
        connection.execute(delete(levels).where(levels.c.at >= minute, levels.c.at < minute + timedelta(minutes=1)))
    assert check_bed(store, "bed 1", long, Heard(SPEED, 1)).levels_lost == 1
    store.close()


def test_counts_of_beds_add_up() -> None:
    both = BedCheck(hops=3, hops_late=1, longest_lag_s=2.0) + BedCheck(hops=4, longest_lag_s=0.5, ended=1)
    assert both == BedCheck(hops=7, hops_late=1, longest_lag_s=2.0, ended=1)
