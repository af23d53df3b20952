"""Faults at random moments, each in a loop of fixed count: what had to survive, and what did.

Monitors, writers and trainings are processes of their own, the store is an SQLite file or a PostgreSQL server, disks
are mounted; where one of these cannot be had, the row says why. A part of ``eegwarn benchmark reliability``.
"""

import contextlib
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from eegwarn.bedside.scoring import Progress
from eegwarn.cohort.simulate import write_cohort
from eegwarn.errors import StoreError
from eegwarn.store import open_store
from eegwarn.store.labels import label_log
from training.benchmarks.fault_processes import (
    NO_STORE,
    SEIZURES_S,
    add_known_clips,
    uid_of,
    write_amplitude_model,
    write_night,
)
from training.benchmarks.fault_ward import (
    LONGEST_S,
    Row,
    Ward,
    new_database,
    remount,
    server_if_any,
    small_disk,
    start,
    stored_alarms,
)
from training.benchmarks.postgres import Server, missing

N_TIMES, N_QUICK = 20, 2
_NO_DISK = "no disk can be mounted here"


def run_faults(progress: Progress, *, seed: int, quick: bool = False) -> dict[str, Row]:
    """Provoke every fault, and give a row for each."""
    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory() as place, server_if_any() as server:
        ward = Ward(Path(place), np.random.default_rng(seed), N_QUICK if quick else N_TIMES)
        write_night(ward.night, ward.rng)
        write_amplitude_model(ward.model)
        unbroken = ward.new_place()
        Row().ended(ward.monitor(unbroken, 0), 0)
        ward.expected = stored_alarms(unbroken)
        if len(ward.expected) != len(SEIZURES_S):
            raise StoreError(f"An unbroken run gave {len(ward.expected)} alarms, not {len(SEIZURES_S)}.")
        for number, (name, fault) in enumerate(FAULTS.items()):
            progress("faults", number, len(FAULTS))
            rows[name] = fault(ward, server)
        progress("faults", len(FAULTS), len(FAULTS))
    return rows


def _labels_killed(ward: Ward, place: str, server: Server | None = None) -> Row:
    """Kill a writer of labels, or stop the server under it; every label that was acknowledged must be there, once."""
    row, store = Row(), open_store(place)
    ids = ",".join(map(str, add_known_clips(store)))
    store.close()
    ward.number += 1
    acknowledged = ward.folder / f"acknowledged-{ward.number}"
    acknowledged.touch()
    for _ in range(ward.n_times):
        first = acknowledged.stat().st_size // 37
        writer = start("training.benchmarks.fault_processes", place, ids, first, acknowledged)
        until_s = time.monotonic() + LONGEST_S
        while acknowledged.stat().st_size < 37 * (first + 3) and time.monotonic() < until_s and writer.poll() is None:
            time.sleep(0.001)
        time.sleep(ward.rng.uniform(0, 0.2))
        row.tries += 1
        if server is None:
            writer.kill()
            row.ended(writer, -signal.SIGKILL)
        else:
            server.stop()
            row.ended(writer, NO_STORE)
            server.start()
    taken = acknowledged.read_text().split()
    store = open_store(place)
    found = Counter(row.uid for row in label_log(store))
    store.close()
    # The one under way may have been stored and not acknowledged; the next writer then begins with it.
    row.compare(Counter(taken), found if taken else Counter())
    row.doubled -= int(found[uid_of(len(taken))] == 1)
    return row


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


def _two_trainings(ward: Ward, _: Server | None) -> Row:
    """Start a second training of one output: it must be refused, and the first must end as if nothing had been."""
    row, out = Row(), ward.folder / "trained.eegwarn"
    cohort = ward.folder / "cohort"
    write_cohort(cohort, n_patients=4, hours=0.5, seed=1)
    short = ("--config", "demo", "--set", "steps=60", "--set", "validate_every=30", "--device", "cpu")
    first = start("eegwarn.cli", "train", cohort, "--out", out, *short)
    time.sleep(8)
    while first.poll() is None and row.tries < max(1, ward.n_times // 4):
        row.tries += 1
        said = row.ended(start("eegwarn.cli", "train", cohort, "--out", out, *short), 2)
        row.wrong += "Another program makes" not in said and "already exists" not in said
    row.ended(first, 0)
    row.kept, row.lost = 1, int(not out.exists())
    return row


def _on_server(fault: Callable[[Ward, str], Row], name: str) -> Callable[[Ward, Server | None], Row]:
    def on_server(ward: Ward, server: Server | None) -> Row:
        return Row(skipped=missing() or "") if server is None else fault(ward, new_database(server, name))

    return on_server


def _labels_without_server(ward: Ward, server: Server | None) -> Row:
    return Row(skipped=missing() or "") if server is None else _labels_killed(ward, new_database(server, "cut"), server)


FAULTS: dict[str, Callable[[Ward, Server | None], Row]] = {
    "labels, kill -9 (SQLite)": lambda ward, _: _labels_killed(ward, str(ward.new_place())),
    "labels, kill -9 (PostgreSQL)": _on_server(_labels_killed, "killed"),
    "labels, server stopped": _labels_without_server,
    "monitor, kill -9": lambda ward, _: _monitor_ended(ward, signal.SIGKILL),
    "monitor, SIGTERM": lambda ward, _: _monitor_ended(ward, signal.SIGTERM),
    "monitor, server stopped": _server_lost,
    "monitor, disk full": _disk_full,
    "score and monitor, disk read-only": _disk_read_only,
    "two monitors (SQLite)": lambda ward, _: _two_monitors(ward, ward.new_place()),
    "two monitors (PostgreSQL)": _on_server(_two_monitors, "twice"),
    "two trainings": _two_trainings,
}
