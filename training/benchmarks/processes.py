"""Steps a second of one process and of two that train together, plain and bi-level, on this machine's cores.

Whole steps of real trainings are timed, with the windows drawn, read and varied, but no looks at the validation
patients. Each way to run takes its turn with the others, round by round; other work on the machine only ever adds time,
so the best round counts.
"""

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np

from eegwarn.autolabel.bilevel import BilevelConfig
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort import read_cohort
from eegwarn.cohort.simulate import SimulationConfig, write_cohort
from eegwarn.config import to_toml
from eegwarn.errors import EngineError
from training.config import MetaConfig, TrainConfig
from training.loop import Place, choose_device, repeatable
from training.methods import learn
from training.ranks import joined_ranks
from training.windows import prepare_recordings

WAYS = {"1 process, 1 thread": (1, 1), "1 process, 2 threads": (1, 2), "2 processes, 1 thread each": (2, 1)}
N_ROUNDS = 5
N_STEPS = 40
STAGES: dict[Literal["plain", "meta"], str] = {"plain": "train", "meta": "bi-level loop"}
"""The stage of each method whose steps are timed."""


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Time every way for both methods and both backbones; write ``processes.toml``."""
    n_rounds, n_steps = (1, 8) if quick else (N_ROUNDS, N_STEPS)
    best: dict[str, dict[str, float]] = {way: {} for way in WAYS}
    with TemporaryDirectory() as folder:
        config = SimulationConfig(seizures_per_hour=4.0)
        write_cohort(Path(folder) / "cohort", n_patients=5, hours=0.25, seed=1, config=config)
        for number in range(n_rounds):
            for way, (n_processes, n_threads) in WAYS.items():
                measured = _measure(Path(folder), n_processes, n_threads, n_steps)
                best[way] = {key: max(rate, best[way].get(key, 0.0)) for key, rate in measured.items()}
            progress("rounds", number + 1, n_rounds)
    table = {
        "steps_a_second": best,
        "batch": {"noisy": TrainConfig().batch_size, "clean": MetaConfig().clean_batch},
        "rounds": n_rounds,
        "steps": n_steps,
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count() or 1,
            "python": platform.python_version(),
            "torch": version("torch"),
        },
    }
    (out / "processes.toml").write_text(to_toml(table), encoding="utf-8")
    return _text(best)


def _text(best: dict[str, dict[str, float]]) -> str:
    (base, *_) = best.values()
    lines = ["Steps a second (times one process with one thread):", f"{'':<28}" + "".join(f"{key:>16}" for key in base)]
    for way, rates in best.items():
        cells = (f"{rate:.1f} ({rate / base[key]:.2f})" for key, rate in rates.items())
        lines.append(f"{way:<28}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def _measure(folder: Path, n_processes: int, n_threads: int, n_steps: int) -> dict[str, float]:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n_processes)]
    with TemporaryDirectory(dir=folder) as scratch:
        command = [*launch, "-m", "training.benchmarks.processes", scratch, str(n_threads), str(n_steps)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 our own module
    if ended.returncode:
        raise EngineError(f"{n_processes} processes did not end well: {ended.stderr.strip()[-300:]!r}.")
    rates: dict[str, float] = json.loads(ended.stdout)
    return rates


def time_trainings(scratch: Path, n_threads: int, n_steps: int) -> None:
    """Train in this process, with the others that torchrun started; the first prints steps a second as JSON.

    The cohort lies beside the folder ``scratch``, which keeps the state of these trainings.
    """
    cohort, cache = read_cohort(scratch.parent / "cohort"), scratch.parent / "cache"
    marked = [each for each in cohort.recordings if each.events]
    base = TrainConfig(steps=n_steps, validate_every=n_steps, validation_windows=10, threads=n_threads)
    # No safeguard spares the work to be timed, and what is known does not hang on what a network has learned.
    meta = MetaConfig(
        warm_up_steps=1, tune_steps=1, first_meta_step=0, bilevel=replace(BilevelConfig(), safeguards=False)
    )
    rates = {}
    with joined_ranks() as ranks:
        if ranks.first:
            prepare_recordings(cohort, marked, base, cache=cache, step="read")
        ranks.wait()
        read = prepare_recordings(cohort, marked, base, cache=cache, step="read").recordings
        known = [
            replace(each, clean=np.where(each.windows.usable, each.positive, np.nan).astype(np.float32))
            for each in read
        ]
        device = choose_device("cpu", ranks)
        for backbone in ("resnet", "lstm"):
            for method, timed in STAGES.items():
                ended_s: list[float] = []

                def note(stage: str, done: int, total: int, timed: str = timed, at: list[float] = ended_s) -> None:
                    if stage == timed and done < total:  # the last step is followed by a look
                        at.append(time.perf_counter())

                config = replace(base, backbone=backbone, method=method, meta=meta)
                with repeatable(n_threads, ranks):
                    place = Place(scratch / f"{backbone} {method}", "processes", device, note, ranks)
                    learn(known[:-1], known[-1:], config, place)
                rates[f"{backbone} {method}"] = round(1 / float(np.median(np.diff(ended_s))), 2)
        if ranks.first:
            sys.stdout.write(json.dumps(rates))


if __name__ == "__main__":
    time_trainings(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
