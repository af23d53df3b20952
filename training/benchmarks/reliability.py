"""Whether hostile input is refused in one line and faults lose nothing: damaged files by thousands, kills by dozens.

Every reader works in a process of its own with limits on time and memory, as `training.benchmarks.hostile` sets them;
a process that hangs or dies is counted, and a new one goes on. Inputs that made a fault are left in ``reliability``
beside the results. It needs hypothesis: ``pip install 'eegwarn[test]'``.
"""

import importlib.util
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from eegwarn.bedside.scoring import Progress
from eegwarn.config import to_toml
from eegwarn.errors import ConfigError, ModelError
from training.benchmarks.doors import DOORS, PLANTED, open_door
from training.benchmarks.faults import run_faults
from training.benchmarks.hostile import BLOW_UP, READ, REFUSED, TRACEBACK

N_INPUTS = 5000
SEED = 8
MOST_RESTARTS = 20
"""Of a reader whose process hangs or dies; after that the rest is not tried."""

_EXIT_OF_HUNG = 1
_KINDS = {"read": READ, "refused": REFUSED, "tracebacks": TRACEBACK, "memory": BLOW_UP}


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Attack every reader and provoke every fault; write ``reliability.toml``."""
    if importlib.util.find_spec("hypothesis") is None:
        raise ConfigError("Inputs are drawn by hypothesis, which is not installed: pip install 'eegwarn[test]'")
    n_inputs = 100 if quick else N_INPUTS
    place = out / "reliability"
    shutil.rmtree(place, ignore_errors=True)
    rows = {}
    for number, name in enumerate((*DOORS, *PLANTED)):
        progress("readers", number, len(DOORS) + len(PLANTED))
        rows[name] = attack_reader(name, place / f"{number}", n_inputs if name in DOORS else _n_planted(name))
    progress("readers", len(rows), len(rows))
    about = {
        "versions": {name: version(name) for name in ("eegwarn", "mne", "numpy", "onnxruntime", "hypothesis")},
        "processor": platform.processor() or platform.machine(),
        "n_inputs": n_inputs,
        "seed": SEED,
    }
    faults = {name: vars(row) for name, row in run_faults(progress, seed=SEED, quick=quick).items()}
    table = {**about, "readers": rows, "faults": faults}
    (out / "reliability.toml").write_text(to_toml(table), encoding="utf-8")
    return f"{table_text(rows, 'reader')}\n\n{table_text(faults, 'fault')}"


def _n_planted(name: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return len(open_door(name, Path(folder)).examples)


def attack_reader(name: str, folder: Path, n_inputs: int) -> dict[str, int]:
    """Give a reader damaged inputs, and count what came of them.

    Parameters
    ----------
    name : str
        Of `training.benchmarks.doors`.
    folder : Path
        For the inputs and faults; emptied of inputs afterwards.
    n_inputs : int
        How many.

    Returns
    -------
    dict
        Number of inputs, of each outcome, and the largest memory in MB of the process that came to the end.

    Raises
    ------
    ModelError
        If the process cannot even begin.
    """
    folder.mkdir(parents=True)
    outcomes = folder / "outcomes"
    outcomes.touch()
    lost = {"hangs": 0, "crashes": 0}
    for restart in range(MOST_RESTARTS):
        n_left = n_inputs - outcomes.stat().st_size - sum(lost.values())
        if n_left <= 0:
            break
        command = [sys.executable, "-m", "training.benchmarks.hostile", name, folder, n_left, SEED + restart]
        ended = subprocess.run([str(word) for word in command])  # noqa: S603 - our own module, with words from here
        if ended.returncode:
            if not (folder / "hung").exists():
                raise ModelError(f"The process for {name!r} ended before its first input; what it said stands above.")
            _keep_input(folder, restart)
            lost["hangs" if _hung(folder, ended.returncode) else "crashes"] += 1
    shutil.rmtree(folder / "input", ignore_errors=True)
    seen, peak = outcomes.read_text(), folder / "peak_bytes"
    counts = {what: seen.count(letter) for what, letter in _KINDS.items()}
    peak_mb = int(peak.read_text()) // 2**20 if peak.exists() else 0
    return {"inputs": len(seen) + sum(lost.values()), **counts, **lost, "peak_mb": peak_mb}


def _hung(folder: Path, exitcode: int) -> bool:
    return exitcode == _EXIT_OF_HUNG and (folder / "hung").stat().st_size > 0


def _keep_input(folder: Path, restart: int) -> None:
    shutil.copytree(folder / "input", folder / f"lost-{restart}", dirs_exist_ok=True)


def table_text(rows: Mapping[str, Mapping[str, int | str]], what: str) -> str:
    """Write the counts as a table in Markdown, ``what`` above its first column."""
    columns = list(next(iter(rows.values())))
    lines = [f"| {what} | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(str(row[column]) for column in columns) + " |" for name, row in rows.items()]
    return "\n".join(lines)
