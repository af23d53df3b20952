"""Faults of labels: writers that are killed or whose server stops, imports and exports that are ended on the way."""

import signal
import time
from collections import Counter
from pathlib import Path

from eegwarn.store import open_store
from eegwarn.store.label_table import read_label_table
from eegwarn.store.labels import label_log
from training.benchmarks.fault_processes import NO_STORE, add_known_clips, uid_of, write_label_file
from training.benchmarks.fault_ward import (
    LONGEST_S,
    Fault,
    Row,
    Ward,
    break_off,
    new_database,
    on_server,
    run_whole,
    start,
)
from training.benchmarks.postgres import Server, missing

N_IMPORTED = 3000


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


def _imported_and_exported(ward: Ward, _: Server | None) -> Row:
    """End an import and then an export of labels at random moments, and run each again."""
    row, table = Row(), ward.folder / "labels-given.tsv"
    write_label_file(table, N_IMPORTED)
    expected = _labels_of(table)
    for number in range(max(1, ward.n_times // 2)):
        place, out = ward.new_place(), ward.folder / f"labels-{number}.tsv"
        store = open_store(place)
        add_known_clips(store)
        for command in (("labels", "import", table), ("labels", "export", out, "--overwrite")):
            break_off(ward, row, *command, "--store", place, longest_s=4)
            row.wrong += out.exists() and _labels_of(out) != expected
            run_whole(row, *command, "--store", place)
        written = Counter((one.clip.start_s, one.answer and one.answer.label) for one in label_log(store))
        row.compare(expected, written)
        row.compare(expected, _labels_of(out))
        store.close()
    return row


def _labels_of(table: Path) -> Counter[object]:
    return Counter((one.start_s, one.answer.label) for one in read_label_table(table, rater="anna"))


def _labels_without_server(ward: Ward, server: Server | None) -> Row:
    return Row(skipped=missing() or "") if server is None else _labels_killed(ward, new_database(server, "cut"), server)


LABEL_FAULTS: dict[str, Fault] = {
    "labels, kill -9 (SQLite)": lambda ward, _: _labels_killed(ward, str(ward.new_place())),
    "labels, kill -9 (PostgreSQL)": on_server(_labels_killed, "killed"),
    "labels, server stopped": _labels_without_server,
    "labels import and export, kill -9 or SIGTERM": _imported_and_exported,
}
