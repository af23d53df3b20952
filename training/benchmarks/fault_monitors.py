"""Faults of monitors: killed, stopped, with a store that is away or full, or two on one bed."""

import contextlib
import signal
import time
from collections import Counter
from pathlib import Path

from eegwarn.store import open_store
from training.benchmarks.fault_ward import (
    Fault,
    Row,
    Ward,
    new_database,
    on_server,
    start,
    stored_alarms,
)
from training.benchmarks.postgres import Server, missing
from training.benchmarks.small_disk import remount, small_disk

_NO_DISK = "no disk can be mounted here"


def _monitor_ended(ward: Ward, by: signal.Signals) -> Row:
    """End a monitor at random moments of a night; it is started anew each time, and at last watches to the end."""
    row, place = Row(), ward.new_place()
    for _ in range(ward.n_times):
        running = ward.monitor(place, 60)
        time.sleep(ward.rng.uniform(0.5, 8))
        running.send_signal(by)
        row.tries += 1
        row.ended(running, *((0,) if by == signal.SIGTERM else (-by,)))
    ward.check_alarms(row, place)
    return row


def _server_lost(ward: Ward, server: Server | None) -> Row:
    if server is None:
        return Row(skipped=missing() or "")
    row, n_times = Row(), max(1, ward.n_times // 4)
    place = new_database(server, "watched")
    for _ in range(n_times):
        running = ward.monitor(place, 60)
        time.sleep(ward.rng.uniform(3, 8))
        server.stop()
        time.sleep(ward.rng.uniform(0.5, 4))
        row.wrong += running.poll() is not None
        server.start()
        row.tries += 1
        row.ended(running, 0)
        row.compare(Counter(ward.expected), Counter(stored_alarms(place)))
    return row


def _disk_full(ward: Ward, _: Server | None) -> Row:
    """Fill a small disk under a monitor: it goes on, and writes what waits when there is room."""
    row = Row()
    for _try in range(max(1, ward.n_times // 4)):
        with small_disk(ward.folder) as disk:
            if disk is None:
                return Row(skipped=_NO_DISK)
            open_store(disk / "store.db").close()
            running = ward.monitor(disk / "store.db", 60)
            time.sleep(ward.rng.uniform(2, 6))
            filler = disk / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
            time.sleep(ward.rng.uniform(2, 6))
            row.wrong += running.poll() is not None
            filler.unlink()
            row.tries += 1
            row.ended(running, 0)
            row.compare(Counter(ward.expected), Counter(stored_alarms(disk / "store.db")))
    return row


def _disk_read_only(ward: Ward, _: Server | None) -> Row:
    """Let commands write to a disk that is read-only: each says so, and what was stored stays."""
    row = Row()
    for _try in range(max(1, ward.n_times // 4)):
        with small_disk(ward.folder) as disk:
            if disk is None:
                return Row(skipped=_NO_DISK)
            ward.check_alarms(row, disk / "store.db")
            remount(disk, "ro")
            row.tries += 1
            said = row.ended(start("eegwarn.cli", "score", ward.model, ward.night, "--out", disk / "warnings.tsv"), 2)
            row.wrong += "Read-only" not in said
            row.ended(ward.monitor(disk / "store.db", 0), 2)
            remount(disk, "rw")
            row.compare(Counter(ward.expected), Counter(stored_alarms(disk / "store.db")))
    return row


def _two_monitors(ward: Ward, place: str | Path) -> Row:
    """Start a second monitor of a bed: it must be refused; then kill the first: the next must not be."""
    row = Row()
    for _ in range(max(1, ward.n_times // 4)):
        first = ward.monitor(place, 20)
        time.sleep(ward.rng.uniform(3, 5))
        row.tries += 1
        said = row.ended(ward.monitor(place, 0), 2)
        row.wrong += "is watched by another monitor" not in said
        first.kill()
        row.ended(first, -signal.SIGKILL)
    ward.check_alarms(row, place)
    return row


MONITOR_FAULTS: dict[str, Fault] = {
    "monitor, kill -9": lambda ward, _: _monitor_ended(ward, signal.SIGKILL),
    "monitor, SIGTERM": lambda ward, _: _monitor_ended(ward, signal.SIGTERM),
    "monitor, server stopped": _server_lost,
    "monitor, disk full": _disk_full,
    "score and monitor, disk read-only": _disk_read_only,
    "two monitors (SQLite)": lambda ward, _: _two_monitors(ward, ward.new_place()),
    "two monitors (PostgreSQL)": on_server(_two_monitors, "twice"),
}
