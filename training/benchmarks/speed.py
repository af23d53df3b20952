"""Reading, filtering and windowing a recording against plain MNE, and simulating: hours a second and peak memory.

Each run is a process of its own, since peak memory cannot be taken back. The recording is made here: 23 channels at 256
Hz, coloured noise of EEG's amplitude with mains, written as EDF. MNE reads it whole, picks, filters, resamples and cuts
it; eegwarn does the same block by block and judges every sample's quality besides. Simulated are 23 channels at 256 Hz,
with seizures, on one thread: several patients without writing, and a cohort of one patient as EDF files.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from eegwarn.bedside.scoring import Progress
from eegwarn.cohort.simulate import SimulationConfig, simulated_recording, write_cohort
from eegwarn.config import to_table, to_toml
from eegwarn.signal import SignalConfig, WindowConfig, open_recording, stream_windows

CHANNELS = "Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T3 T4 T5 T6 Fz Cz Pz A1 A2 F9 F10".split()
SFREQ = 256
N_RUNS = 3
SEED = 20281
N_SIMULATED = 6
SIMULATION = SimulationConfig(sfreqs=(float(SFREQ),))
_MINUTE = 60 * SFREQ


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Measure 4 h against MNE, 1 to 24 h for memory, and the simulator; write ``speed.toml``."""
    results: dict[str, list[dict[str, float]]] = {}
    # One of each in turn, so that a machine that slows down slows both.
    n_runs = 1 if quick else N_RUNS
    plan = [("mne", 4), ("eegwarn", 4)] * n_runs + [("simulate", N_SIMULATED)] * n_runs
    plan += [(way, hours) for way in ("eegwarn", "simulate_edf") for hours in (1, 24) if not (quick and hours > 1)]
    with tempfile.TemporaryDirectory() as folder:
        for number, (way, hours) in enumerate(plan):
            progress("runs", number, len(plan))
            results.setdefault(f"{way}_{hours}h", []).append(_measure_apart(way, Path(folder), hours))
        progress("runs", len(plan), len(plan))
    table = {
        "results": {
            name: {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]} | {"runs": len(runs)}
            for name, runs in results.items()
        },
        "signal": to_table(SignalConfig()),
        "windows": to_table(WindowConfig()),
        "simulation": {"seed": SEED, **to_table(SIMULATION)},
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
            **{name: version(name) for name in ("mne", "numpy", "scipy", "soxr")},
        },
    }
    (out / "speed.toml").write_text(to_toml(table), encoding="utf-8")
    return _text(table["results"])


def _text(results: dict[str, dict[str, float]]) -> str:
    lines = [
        f"{'way':<18}{'seconds':>9}{'CPU s':>9}{'h of EEG/s':>12}{'x real time':>13}{'by CPU time':>13}{'peak MB':>9}"
    ]
    for name, row in results.items():
        hours = int(name.rpartition("_")[2].removesuffix("h"))
        wall, cpu = (3600 * hours / row[key] for key in ("seconds", "cpu_seconds"))
        lines.append(
            f"{name:<18}{row['seconds']:>9.2f}{row['cpu_seconds']:>9.2f}{wall / 3600:>12.2f}{wall:>13.0f}{cpu:>13.0f}"
            f"{row['peak_mb']:>9.0f}"
        )
    ratio = results["mne_4h"]["seconds"] / results["eegwarn_4h"]["seconds"]
    n_runs = results["mne_4h"]["runs"]
    return "\n".join(
        [*lines, f"eegwarn is {ratio:.1f} times as fast as MNE on 4 h (medians of {n_runs:.0f} runs in turn)."]
    )


def write_noise(path: Path, *, hours: float) -> None:
    """Write a recording of coloured noise, minute by minute; the same seed gives the same file."""
    from edfio import Edf, EdfSignal

    rng = np.random.default_rng(0)
    n_times = 60 * SFREQ
    hz = np.fft.rfftfreq(n_times, 1 / SFREQ)
    shape = 1 / np.maximum(hz, 1)
    spectrum = shape * (
        rng.standard_normal((len(CHANNELS), len(hz))) + 1j * rng.standard_normal((len(CHANNELS), len(hz)))
    )
    minute = np.fft.irfft(spectrum, n_times)
    minute = 25 * minute / minute.std() + 4 * np.sin(2 * np.pi * 50 * np.arange(n_times) / SFREQ)
    signals = [
        EdfSignal(row, SFREQ, label=f"EEG {name}-REF", physical_dimension="uV", physical_range=(-500, 500))
        for row, name in zip(minute, CHANNELS, strict=True)
    ]
    n_minutes = round(hours * 60)
    Edf(signals, data_record_duration=1).write(path)
    content = path.read_bytes()
    header_bytes = 256 * (1 + int(content[252:256]))
    with path.open("wb") as file:
        file.write(content[:236] + f"{60 * n_minutes:<8}".encode() + content[244:header_bytes])
        for _ in range(n_minutes):
            file.write(content[header_bytes:])


def _measure_apart(way: str, folder: Path, hours: int) -> dict[str, float]:
    command = [sys.executable, "-m", "training.benchmarks.speed", way, str(folder), str(hours)]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if way.startswith("simulate") else {}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **threads})  # noqa: S603
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _with_mne(folder: Path, hours: float) -> int:
    import mne

    config, windows = SignalConfig(), WindowConfig()
    raw = mne.io.read_raw(_noise_file(folder, hours), preload=True, verbose="ERROR")
    raw.pick(raw.ch_names[:19])
    raw.filter(config.high_pass_hz, config.low_pass_hz, verbose="ERROR")
    raw.resample(config.sfreq, verbose="ERROR")
    overlap_s = windows.window_s - windows.hop_s
    epochs = mne.make_fixed_length_epochs(raw, windows.window_s, overlap=overlap_s, verbose="ERROR")
    return len(epochs.events)


def _with_eegwarn(folder: Path, hours: float) -> int:
    recording = open_recording(_noise_file(folder, hours))
    return sum(len(windows) for windows in stream_windows(recording, SignalConfig(), WindowConfig()))


def simulate(folder: Path, hours: float) -> int:
    """Simulate an equal part of the hours of each of six patients, and keep nothing; gives the minutes."""
    n_minutes = max(1, round(60 * hours / N_SIMULATED))
    for number in range(N_SIMULATED):
        recording = simulated_recording(number, hours=n_minutes / 60, seed=SEED, config=SIMULATION)
        for minute in range(n_minutes):
            recording.read_uv(minute * _MINUTE, (minute + 1) * _MINUTE)
    return n_minutes * N_SIMULATED


def simulate_edf(folder: Path, hours: float) -> int:
    """Write one patient's hours as files of an hour with their marks; gives the number of files."""
    cohort = folder / f"simulated_{hours}h"
    write_cohort(cohort, n_patients=1, hours=hours, seed=SEED, config=SIMULATION)
    return len(list(cohort.rglob("*.edf")))


def _noise_file(folder: Path, hours: float) -> Path:
    path = folder / f"{hours}h.edf"
    if not path.exists():
        write_noise(path, hours=hours)
    return path


_WAYS = {"mne": _with_mne, "eegwarn": _with_eegwarn, "simulate": simulate, "simulate_edf": simulate_edf}
_WARM_UP_H = 1 / 60


def _measure(way: str, folder: Path, hours: int) -> dict[str, float]:
    """Do the work in this process; ``n_made`` is how many windows, minutes or files came out."""
    if not way.startswith("simulate"):
        _noise_file(folder, hours)
    # All load parts of MNE and scipy when they first need them; only the work is timed.
    with tempfile.TemporaryDirectory() as warm_up:
        _WAYS[way](Path(warm_up), _WARM_UP_H)
    begin, cpu_begin = time.perf_counter(), time.process_time()
    n_made = _WAYS[way](folder, hours)
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_kb / 1024, "n_made": n_made}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))) + "\n")
