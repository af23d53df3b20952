"""A folder of 50 recordings scored here, by one dask worker, by two, and by two of which one is killed.

Every worker is a process of its own with one thread and one core's worth of work; scheduler and workers run on this
machine. Whatever did the work, the tables that it leaves must be the same, byte for byte.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from threading import Timer

import numpy as np

from eegwarn.bedside import read_bundle
from eegwarn.bedside.scored_folder import score_folder
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort.listing import find_recordings
from eegwarn.cohort.simulate import write_cohort
from eegwarn.config import override, to_toml
from eegwarn.engine import LOCAL
from eegwarn.errors import EngineError
from training.benchmarks.bedside import write_models

N_PATIENTS, HOURS = 5, 10.0
N_KILLS = 3
SEED = 7
_STARTS_S = 60.0


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Score the folder each way; write ``cluster.toml``."""
    n_patients, hours, n_kills = (2, 3.0, 1) if quick else (N_PATIENTS, HOURS, N_KILLS)
    rng = np.random.default_rng(SEED)

    def hours_done(done_h: float, total_h: float) -> None:
        progress("simulate hours", round(done_h), round(total_h))

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_cohort(folder / "cohort", n_patients=n_patients, hours=hours, seed=SEED, progress=hours_done)
        (model, *_) = write_models(folder, ("resnet",)).values()
        rows = {"here": _score(folder, model, LOCAL)}
        expected = _tables(folder / "scores")
        n_recordings = len(find_recordings(folder / "cohort"))
        ways = [("1 worker", 1, 0), ("2 workers", 2, 0), *((f"2 workers, kill {n + 1}", 2, 1) for n in range(n_kills))]
        for number, (name, n_workers, n_killed) in enumerate(ways):
            progress("ways", number, len(ways))
            with local_cluster(folder, n_workers) as cluster:
                after_s = rng.uniform(0.2, 0.8) * rows["here"]["seconds"] if n_killed else None
                row = _score(folder, model, f"dask:{cluster.address}", cluster, after_s)
            rows[name] = row | {"files_that_differ": float(_n_differing(expected, _tables(folder / "scores")))}
        progress("ways", len(ways), len(ways))
    gain = rows["1 worker"]["seconds"] / rows["2 workers"]["seconds"]
    table = {
        "results": rows,
        "gain_of_two": gain,
        "cohort": {"n_recordings": n_recordings, "hours_each": 1.0, "seed": SEED},
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count() or 0,
            "python": platform.python_version(),
            **{name: version(name) for name in ("distributed", "numpy", "onnxruntime")},
        },
    }
    (out / "cluster.toml").write_text(to_toml(table), encoding="utf-8")
    lines = [f"{n_recordings} recordings; two workers are {gain:.2f} times as quick as one"]
    for name, row in rows.items():
        lines.append(f"{name:<24}" + "  ".join(f"{key} {value:.4g}" for key, value in row.items()))
    return "\n".join(lines)


@dataclass(frozen=True)
class LocalCluster:
    """A scheduler on this machine: its address, and the processes of its workers."""

    address: str
    workers: tuple["subprocess.Popen[bytes]", ...]


@contextmanager
def local_cluster(folder: Path, n_workers: int) -> Iterator[LocalCluster]:
    """Run a dask scheduler and workers of one thread each, as processes of their own, for as long as this lasts.

    Raises
    ------
    EngineError
        If they do not find each other within a minute.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        file = Path(place) / "scheduler.json"
        common = ("--scheduler-file", str(file), "--no-dashboard")
        started = [_start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common)]
        try:
            _wait_for(file)
            address = str(json.loads(file.read_text())["address"])
            # Without a nanny a worker that is killed stays dead.
            once = ("--nthreads", "1", "--no-nanny", "--local-directory", place)
            started += [_start("dask_worker", *common, *once) for _ in range(n_workers)]
            _wait_for_workers(address, n_workers)
            yield LocalCluster(address, tuple(started[1:]))
        finally:
            for process in started:
                process.kill()
                process.wait()


def _start(program: str, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _wait_for(file: Path) -> None:
    until_s = time.monotonic() + _STARTS_S
    while not (file.exists() and file.read_text().endswith("}")):
        if time.monotonic() > until_s:
            raise EngineError(f"No dask scheduler came up within {_STARTS_S:g} s on this machine.")
        time.sleep(0.1)


def _wait_for_workers(address: str, n_workers: int) -> None:
    from distributed import Client

    with Client(address, timeout=_STARTS_S, set_as_default=False) as client:
        client.wait_for_workers(n_workers, timeout=_STARTS_S)


def _score(
    folder: Path, model: Path, engine: str, cluster: LocalCluster | None = None, kill_after_s: float | None = None
) -> dict[str, float]:
    """Score the cohort anew; kill a worker on the way if that is asked for."""
    cohort, bundle = folder / "cohort", read_bundle(model)
    # One simulated patient lacks electrodes.
    bundle = replace(bundle, config=override(bundle.config, ["signal.missing=mask"]))
    begin_s = time.perf_counter()
    killer = None
    if cluster is not None and kill_after_s is not None:
        killer = Timer(kill_after_s, cluster.workers[0].kill)
        killer.start()
    lines = score_folder(bundle, cohort, find_recordings(cohort), folder / "scores", engine=engine, overwrite=True)
    row = {
        "seconds": time.perf_counter() - begin_s,
        "scored": float(sum(line.duration_s is not None for line in lines)),
    }
    if cluster is not None:
        row["worker_peak_mb"] = max(_peak_mb(worker.pid) for worker in cluster.workers if worker.poll() is None)
        row["killed"] = float(sum(worker.poll() is not None for worker in cluster.workers))
    if killer is not None:
        killer.cancel()
    return row


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _tables(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _n_differing(expected: dict[str, bytes], found: dict[str, bytes]) -> int:
    return sum(expected.get(name) != found.get(name) for name in expected.keys() | found.keys())
