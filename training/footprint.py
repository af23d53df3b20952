"""What a model asks of a bedside computer: bytes, time and memory."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from eegwarn.errors import ModelError

_ROUNDS, _RUNS = 2, 200

# In a process of its own, as at the bedside: without torch, on one thread.
_PROCESS = """
import json, sys, time
from pathlib import Path
import numpy as np
from eegwarn.bedside import read_bundle
from eegwarn.bedside.runtime import Runtime
from eegwarn.signal.windows import Windows

bundle = read_bundle(sys.argv[1])
n_times, _ = bundle.config.windows.in_samples(bundle.config.signal.sfreq)
data = 30 * np.random.default_rng(0).standard_normal((1, 18, n_times), dtype=np.float32)
window = Windows(data, np.zeros(1), bundle.config.windows.window_s, np.zeros((1, 18), bool), np.ones(1, bool))
runtime = Runtime(bundle)
took_s = []
for _ in range(int(sys.argv[2])):
    begin = time.perf_counter()
    runtime.logit(window)
    took_s.append(time.perf_counter() - begin)
# What getrusage calls the peak is at least that of the process which started this one.
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
peak_kib = next((float(line.split()[1]) for line in lines if line.startswith("VmHWM")), float("nan"))
print(json.dumps({"latency_ms": 1e3 * float(np.median(took_s)), "peak_memory_mb": peak_kib / 1024}))
"""


@dataclass(frozen=True)
class Footprint:
    """What a model asks for.

    Parameters
    ----------
    n_bytes : int
        Of its file.
    latency_ms : float
        From a window to its logit on one thread: the median of many, in the quietest of a few rounds.
    peak_memory_mb : float
        Of a process that loads and runs the model, with Python and onnxruntime, in MiB; NaN but on Linux.
    """

    n_bytes: int
    latency_ms: float
    peak_memory_mb: float


def measure_footprints(paths: list[Path]) -> list[Footprint]:
    """Measure model files in turn, so that a machine that slows down slows them all.

    Raises
    ------
    ModelError
        If one cannot be run.
    """
    rounds = [[_measure(path) for path in paths] for _ in range(_ROUNDS)]
    return [
        Footprint(
            path.stat().st_size,
            min(measured[number]["latency_ms"] for measured in rounds),
            max(measured[number]["peak_memory_mb"] for measured in rounds),
        )
        for number, path in enumerate(paths)
    ]


def _measure(path: Path) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _PROCESS, str(path), str(_RUNS)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise ModelError(f"{str(path)!r} cannot be run: {reason}")
    measured: dict[str, float] = json.loads(done.stdout)
    return measured
