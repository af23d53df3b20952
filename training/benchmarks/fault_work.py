"""Faults of long work: what is ended on the way and run again must give what an unbroken run gives."""

import time
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from eegwarn.bedside import read_bundle
from eegwarn.cohort.simulate import write_cohort
from eegwarn.store import open_store
from eegwarn.store.schema import clips, queries, recordings
from training.benchmarks.data_server import DataServer, serving
from training.benchmarks.fault_processes import write_night
from training.benchmarks.fault_ward import Fault, Row, Ward, break_off, run_whole, start
from training.benchmarks.postgres import Server

_SHORT = ("--config", "demo", "--set", "steps=24", "--set", "validate_every=8", "--device", "cpu")
_N_NIGHTS, _N_FILES, _FILE_BYTES, _BYTES_PER_S = 6, 5, 600_000, 1_000_000


def _scored(ward: Ward, _: Server | None) -> Row:
    """End the scoring of a folder; run again, its tables must be those of an unbroken run, byte for byte."""
    row, nights, whole = Row(), ward.folder / "nights", ward.folder / "scores"
    nights.mkdir()
    for number in range(_N_NIGHTS):
        write_night(nights / f"night-{number}.edf", ward.rng)
    took_s = run_whole(row, "score", ward.model, nights, "--out", whole)
    for number in range(ward.n_times):
        out = ward.folder / f"scores-{number}"
        break_off(ward, row, "score", ward.model, nights, "--out", out, longest_s=took_s)
        run_whole(row, "score", ward.model, nights, "--out", out)
        row.compare(_contents(whole), _contents(out))
    return row


def _contents(folder: Path) -> Counter[object]:
    return Counter((path.relative_to(folder), path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def _trained(ward: Ward, _: Server | None) -> Row:
    """End a training; run again, it must give the weights and the network of an unbroken run."""
    row, (whole, took_s) = Row(), _trained_model(ward)
    for number in range(max(1, ward.n_times // 4)):
        out, cache = ward.folder / f"trained-{number}.eegwarn", ward.folder / f"cache-{number}"
        command = ("train", ward.cohort, "--out", out, *_SHORT)
        break_off(ward, row, *command, longest_s=took_s, EEGWARN_CACHE=cache)
        run_whole(row, *command, "--overwrite", EEGWARN_CACHE=cache)
        row.compare(_networks(whole), _networks(out))
    return row


def _networks(model: Path) -> Counter[object]:
    bundle = read_bundle(model)
    return Counter([bundle.weights, bundle.onnx, str(bundle.config)])


def _trained_model(ward: Ward) -> tuple[Path, float]:
    """Train a model on a small cohort, without a fault, and tell how long that took, in s."""
    write_cohort(ward.cohort, n_patients=4, hours=0.5, seed=1)
    out = ward.folder / "whole.eegwarn"
    command = ("train", ward.cohort, "--out", out, *_SHORT, "--overwrite")
    return out, run_whole(Row(), *command, EEGWARN_CACHE=ward.folder / "cache")


def _asked(ward: Ward, _: Server | None) -> Row:
    """End a query: the queue must hold all that an unbroken one asks, or nothing, and then all when it is run again."""
    row, (model, _) = Row(), _trained_model(ward)
    unbroken = ward.new_place()
    command = ("query", model, ward.cohort, "--budget", 10, "--store")
    took_s = run_whole(row, *command, unbroken, EEGWARN_CACHE=ward.folder / "cache-of-query")
    for number in range(max(1, ward.n_times // 4)):
        place, cache = ward.new_place(), ward.folder / f"cache-of-query-{number}"
        open_store(place).close()
        break_off(ward, row, *command, place, longest_s=took_s, EEGWARN_CACHE=cache)
        if not _questions(place):
            run_whole(row, *command, place, EEGWARN_CACHE=cache)
        row.compare(_questions(unbroken), _questions(place))
    return row


def _questions(place: Path) -> Counter[object]:
    store = open_store(place)
    about = select(recordings.c.fingerprint, clips.c.start_s, queries.c.position, queries.c.reason)
    with store.reading() as connection:
        rows = connection.execute(about.select_from(queries.join(clips).join(recordings))).all()
    store.close()
    return Counter(map(tuple, rows))


def _downloaded(ward: Ward, _: Server | None) -> Row:
    """End a download or cut its server off; run again, every file must be there, and none that was whole asked for."""
    row = Row()
    files = {f"chb01/chb01_{number:02d}.edf": ward.rng.bytes(_FILE_BYTES) for number in range(_N_FILES)}
    with serving(DataServer(files, bytes_per_s=_BYTES_PER_S)) as server:
        for number in range(ward.n_times):
            folder = ward.folder / f"data-{number}"
            command = ("download", "chb-mit", folder, "--base-url", server.url)
            if number % 2:
                break_off(ward, row, *command, longest_s=5)
            else:
                _cut_off(ward, row, server, *command)
            whole = {name for name in files if (folder / name).exists()}
            parts = {path.name[1:-5]: path.stat().st_size for path in folder.rglob(".*.part")}
            server.asked.clear()
            run_whole(row, *command)
            expected = Counter((folder / name, content) for name, content in files.items())
            found = Counter((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file())
            row.compare(expected, found)
            row.doubled += len(whole & {name for name, _ in server.asked})
            row.wrong += sum(
                begin != f"bytes={parts[Path(name).name]}-"
                for name, begin in server.asked
                if parts.get(Path(name).name)
            )
    return row


def _cut_off(ward: Ward, row: Row, server: DataServer, *command: object) -> None:
    """Let a server answer nobody for a while: what is under way goes on when it is back, or says so in one line."""
    running = start("eegwarn.cli", *command)
    time.sleep(ward.rng.uniform(0.3, 5))
    server.is_away = True
    time.sleep(ward.rng.uniform(0.5, 4))
    server.is_away = False
    row.tries += 1
    row.ended(running, 0, 2)


def _two_trainings(ward: Ward, _: Server | None) -> Row:
    """Start a second training of one output: it must be refused, and the first must end as if nothing had been."""
    row, out = Row(), ward.folder / "trained.eegwarn"
    write_cohort(ward.cohort, n_patients=4, hours=0.5, seed=1)
    first = start("eegwarn.cli", "train", ward.cohort, "--out", out, *_SHORT)
    time.sleep(8)
    while first.poll() is None and row.tries < max(1, ward.n_times // 4):
        row.tries += 1
        said = row.ended(start("eegwarn.cli", "train", ward.cohort, "--out", out, *_SHORT), 2)
        row.wrong += "Another program makes" not in said and "already exists" not in said
    row.ended(first, 0)
    row.kept, row.lost = 1, int(not out.exists())
    return row


WORK_FAULTS: dict[str, Fault] = {
    "download, kill -9, SIGTERM or server away": _downloaded,
    "score of a folder, kill -9 or SIGTERM": _scored,
    "training, kill -9 or SIGTERM": _trained,
    "query, kill -9 or SIGTERM": _asked,
    "two trainings": _two_trainings,
}
