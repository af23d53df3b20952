"""The monitor on a small computer: from hop to score, many beds at once, a day's recording, int8 against fp32.

Networks are untrained ones of the shipped size: speed does not depend on what they learned. Every measurement is a
process of its own that never loads torch. Beds are monitors with everything that belongs to them: source, signal path,
network, alarm rule, and rows written to an SQLite store; their samples are noise of 23 channels at 256 Hz that comes in
real time, a second at once, each bed at a moment of its own. Latency is from the moment when a hop's last sample comes
to when its level has been told.
"""

import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside import Bundle, ModelConfig, read_bundle, score_recording, write_bundle
from eegwarn.bedside.diary import Told
from eegwarn.bedside.monitor import Monitor, watch
from eegwarn.bedside.runtime import BATCH, Runtime, open_session
from eegwarn.bedside.scoring import Progress
from eegwarn.bedside.writer import LogWriter
from eegwarn.config import to_table, to_toml
from eegwarn.signal import open_recording, parse_channel
from eegwarn.signal.recording import UNKNOWN_START
from eegwarn.signal.stream import Layout, Stretch
from eegwarn.signal.windows import Windows
from eegwarn.store import open_store
from eegwarn.store.beds import bed_log
from training.benchmarks.speed import CHANNELS, SFREQ, write_noise

N_BEDS = 64
N_PROCESSES = (1, 2, 4)
SECONDS = 120
N_WINDOWS = 6400
DAY_H = 24.0
BACKBONES = ("resnet", "lstm")
SEED = 7
_NOISE_S = 30


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Measure both backbones in fp32 and int8; write ``bedside.toml``."""
    seconds, n_beds, hours = (8, 4, 0.05) if quick else (SECONDS, N_BEDS, DAY_H)
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        models = write_models(folder, ("resnet",) if quick else BACKBONES)
        write_noise(folder / "day.edf", hours=hours)
        ways: list[tuple[str, Path, list[object]]] = []
        for name, path in models.items():
            ways.append((f"{name}, network alone", path, ["network", path, N_WINDOWS // (10 if quick else 1)]))
            ways.append((f"{name}, {hours:g} h on one core", path, ["day", path, folder / "day.edf"]))
            ways.append((f"{name}, 1 bed, the other core busy", path, ["beds", path, 1, seconds]))
        beds = [(name, path) for name, path in models.items() if name.startswith("resnet")]
        ways += [
            (f"{name}, {n_beds} beds in {n_processes} processes", path, ["beds", path, n_beds, seconds, n_processes])
            for name, path in beds
            for n_processes in N_PROCESSES[: 2 if quick else None]
        ]
        for number, (name, _, arguments) in enumerate(ways):
            progress("measurements", number, len(ways))
            rows[name] = _in_turn(folder, arguments)
    progress("measurements", len(ways), len(ways))
    config = ModelConfig()
    table = {
        "results": rows,
        "beds": {"n_beds": n_beds, "seconds": seconds, "hop_s": config.windows.hop_s, "hours": hours},
        "model": to_table(config),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count() or 0,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy", "onnxruntime")},
        },
    }
    (out / "bedside.toml").write_text(to_toml(table), encoding="utf-8")
    return _text(rows)


def _text(rows: dict[str, dict[str, float]]) -> str:
    lines = []
    for name, row in rows.items():
        lines.append(f"{name:<48}" + "  ".join(f"{key} {value:.4g}" for key, value in row.items()))
    return "\n".join(lines)


def write_models(folder: Path, backbones: tuple[str, ...]) -> dict[str, Path]:
    """Write a model file of each backbone in fp32 and in int8, untrained, and name them."""
    import torch

    from eegwarn import backbones as known
    from training.export import export_onnx, in_whole_blocks
    from training.export_int8 import export_int8

    config = ModelConfig()
    n_times, _ = config.windows.in_samples(config.signal.sfreq)
    noise_uv = 30 * np.random.default_rng(SEED).standard_normal((64, 18, n_times), dtype=np.float32)
    models = {}
    for name in backbones:
        backbone, kind = known.BACKBONES[name]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            network = kind(backbone())
        exported = export_onnx(network, n_channels=18, n_times=n_times)
        whole = export_int8(exported, noise_uv, reduced_range=False)
        for bits, onnx in (("fp32", in_whole_blocks(exported)), ("int8", whole)):
            models[f"{name} {bits}"] = folder / f"{name}-{bits}.eegwarn"
            write_bundle(models[f"{name} {bits}"], Bundle(config, onnx, b""))
    return models


def _in_turn(folder: Path, arguments: list[object]) -> dict[str, float]:
    """Run one measurement, in as many processes as it asks for, and join what they found."""
    way, model, *numbers = arguments
    if way != "beds":
        return _joined([_start(way, model, *numbers)])
    n_beds, seconds, n_processes = [int(str(each)) for each in (*numbers, 1)[:3]]
    busy = []
    if n_beds == 1:
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range((os.cpu_count() or 1) - 1)]
    try:
        shares = [n_beds // n_processes + (number < n_beds % n_processes) for number in range(n_processes)]
        store = folder / f"{time.monotonic_ns()}.db"
        open_store(store).close()
        return _joined([_start("beds", model, share, seconds, store) for share in shares if share])
    finally:
        for each in busy:
            each.kill()
            each.wait()


def _start(*arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "training.benchmarks.bedside", *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _joined(processes: list["subprocess.Popen[str]"]) -> dict[str, float]:
    found: list[dict[str, Any]] = []
    for process in processes:
        output, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"A measurement ended with {process.returncode}.")
        found.append(json.loads(output))
    if "latency_s" not in found[0]:
        return {key: float(value) for key, value in found[0].items()}
    latency_s = np.concatenate([each["latency_s"] for each in found])
    return {
        "p50_ms": float(1e3 * np.quantile(latency_s, 0.5)),
        "p99_ms": float(1e3 * np.quantile(latency_s, 0.99)),
        "worst_ms": float(1e3 * latency_s.max()),
        "missed": float(sum(each["n_missed"] for each in found)),
        "hops": float(latency_s.size),
        "cores_used": float(sum(each["cpu_share"] for each in found)),
        "peak_mb": float(sum(each["peak_mb"] for each in found)),
    }


class RealTimeNoise:
    """A source of noise that comes a second at once, in real time.

    Parameters
    ----------
    noise_uv : ndarray of float32, shape (n_channels, n_times)
        Played again and again.
    begin_s : float
        When the first second begins, by the monotonic clock.
    n_seconds : int
        How long it lasts.
    """

    def __init__(self, noise_uv: np.ndarray, begin_s: float, n_seconds: int) -> None:
        channels = tuple(channel for channel in map(parse_channel, CHANNELS) if channel is not None)
        self._layout = Layout(channels, float(SFREQ), UNKNOWN_START, 50)
        self._noise_uv, self._begin_s, self._n_seconds = noise_uv, begin_s, n_seconds
        self._n_given = 0

    @property
    def came_s(self) -> float:
        """When the latest second was complete, by the monotonic clock."""
        return self._begin_s + self._n_given

    def read(self, wait_s: float) -> Stretch | None:
        """Give the next second when it is complete."""
        if self._n_given >= self._n_seconds:
            return None
        left_s = self._begin_s + self._n_given + 1 - time.monotonic()
        time.sleep(max(0.0, min(wait_s, left_s)))
        if left_s > wait_s:
            return Stretch(self._layout, self._noise_uv[:, :0])
        second = self._n_given % (self._noise_uv.shape[1] // SFREQ)
        self._n_given += 1
        return Stretch(self._layout, self._noise_uv[:, second * SFREQ : (second + 1) * SFREQ])

    def close(self) -> None:
        """Nothing is held."""


def measure_beds(model: Path, n_beds: int, seconds: int, place: Path) -> dict[str, Any]:
    """Watch beds in this process, in real time, and give every hop's latency."""
    bundle, rng = read_bundle(model), np.random.default_rng(os.getpid())
    runtime, store = Runtime(bundle), open_store(place)
    names = [f"bed {os.getpid()} {number}" for number in range(n_beds)]
    logs = {name: bed_log(store, name) for name in names}
    noise_uv = (25 * rng.standard_normal((len(CHANNELS), _NOISE_S * SFREQ))).astype(np.float32)
    begin_s = time.monotonic() + 1
    sources = {name: RealTimeNoise(noise_uv, begin_s + float(rng.uniform()), seconds) for name in names}
    latency_s: list[float] = []

    def told(what: Told) -> None:
        if what.what == "level":
            latency_s.append(time.monotonic() - sources[what.bed].came_s)

    writer = LogWriter({name: lambda name=name: logs[name] for name in names}, lambda *_: None)  # type: ignore[misc]
    monitors = [Monitor(name, sources[name], bundle.config, runtime, writer, told, goes_on=False) for name in names]
    cpu_s, wall_s = time.process_time(), time.monotonic()
    watch(monitors, Event())
    writer.close()
    share = (time.process_time() - cpu_s) / (time.monotonic() - wall_s)
    hop_s = bundle.config.windows.hop_s
    n_missed = sum(each > hop_s for each in latency_s)
    return {"latency_s": latency_s, "n_missed": n_missed, "cpu_share": share, "peak_mb": _peak_mb()}


def measure_day(model: Path, recording: Path) -> dict[str, float]:
    """Score a recording on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    bundle, opened = read_bundle(model), open_recording(recording)
    begin_s, cpu_s = time.perf_counter(), time.process_time()
    scored = score_recording(bundle, opened)
    took = {"seconds": time.perf_counter() - begin_s, "cpu_seconds": time.process_time() - cpu_s}
    return {**took, "windows": float(len(scored.start_s)), "peak_mb": _peak_mb()}


def measure_network(model: Path, n_windows: int) -> dict[str, float]:
    """Time the network, a window at once and many, in ms a window: the median; as monitors run it, and bare."""
    bundle = read_bundle(model)
    runtime, bare, config = Runtime(bundle), open_session(bundle.onnx), bundle.config
    n_times, _ = config.windows.in_samples(config.signal.sfreq)

    def noise_uv(n: int) -> NDArray[np.float32]:
        return 30 * np.random.default_rng(SEED).standard_normal((n, 18, n_times), dtype=np.float32)

    def median_ms(judge: Callable[[], object], n: int) -> float:
        took_s = []
        for _ in range(max(8, n_windows // n)):
            begin_s = time.perf_counter()
            judge()
            took_s.append(time.perf_counter() - begin_s)
        return float(1e3 * np.median(took_s) / n)

    found = {"file_kib": model.stat().st_size / 1024}
    for name, n in (("one", 1), ("many", BATCH)):
        data = noise_uv(n)
        windows = Windows(
            data, np.arange(n, dtype=float), config.windows.window_s, np.zeros((n, 18), bool), np.ones(n, bool)
        )
        found[f"{name}_ms"] = median_ms(partial(runtime.logit, windows), n)
        found[f"{name}_bare_ms"] = median_ms(partial(bare.run, None, {"eeg_uv": data}), n)
    return found


def _peak_mb() -> float:
    """Peak memory of this process; what getrusage gives is at least that of the process which started it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), math.nan)


if __name__ == "__main__":
    way, model, *numbers = sys.argv[1:]
    if way == "beds":
        found = measure_beds(Path(model), int(numbers[0]), int(numbers[1]), Path(numbers[2]))
    elif way == "day":
        found = measure_day(Path(model), Path(numbers[0]))
    else:
        found = measure_network(Path(model), int(numbers[0]))
    sys.stdout.write(json.dumps(found) + "\n")
