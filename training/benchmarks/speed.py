"""Reading, filtering and windowing a recording: hours a second and peak memory, against plain MNE.

Each run is a process of its own, since peak memory cannot be taken back. The recording is made here: 23 channels at 256
Hz, coloured noise of EEG's amplitude with mains, written as EDF. MNE reads it whole, picks, filters, resamples and cuts
it; eegwarn does the same block by block and judges every sample's quality besides.
"""

import json
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
from eegwarn.config import to_table, to_toml
from eegwarn.signal import SignalConfig, WindowConfig, open_recording, stream_windows

CHANNELS = "Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T3 T4 T5 T6 Fz Cz Pz A1 A2 F9 F10".split()
SFREQ = 256
N_RUNS = 3


def run(out: Path, progress: Progress) -> str:
    """Measure 4 h against MNE, and 1, 4 and 24 h for memory; write ``speed.toml``."""
    results: dict[str, list[dict[str, float]]] = {}
    plan = [("mne", 4)] * N_RUNS + [("eegwarn", 4)] * N_RUNS + [("eegwarn", 1), ("eegwarn", 24)]
    # One of each in turn, so that a machine that slows down slows both.
    plan = [plan[i] for k in range(N_RUNS) for i in (k, k + N_RUNS)] + plan[2 * N_RUNS :]
    with tempfile.TemporaryDirectory() as folder:
        for number, (way, hours) in enumerate(plan):
            progress("runs", number, len(plan))
            path = Path(folder) / f"{hours}h.edf"
            if not path.exists():
                write_noise(path, hours=hours)
            results.setdefault(f"{way}_{hours}h", []).append(_measure_apart(way, path))
        progress("runs", len(plan), len(plan))
    table = {
        "results": {
            name: {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]} | {"runs": len(runs)}
            for name, runs in results.items()
        },
        "signal": to_table(SignalConfig()),
        "windows": to_table(WindowConfig()),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
            **{name: version(name) for name in ("mne", "numpy", "scipy", "soxr")},
        },
    }
    (out / "speed.toml").write_text(to_toml(table), encoding="utf-8")
    return _text(table["results"])


def _text(results: dict[str, dict[str, float]]) -> str:
    lines = [f"{'way':<14}{'seconds':>9}{'h of EEG/s':>12}{'peak MB':>9}{'windows':>9}"]
    for name, row in results.items():
        hours = int(name.rpartition("_")[2].removesuffix("h"))
        rate = hours / row["seconds"]
        lines.append(f"{name:<14}{row['seconds']:>9.2f}{rate:>12.2f}{row['peak_mb']:>9.0f}{row['windows']:>9.0f}")
    ratio = results["mne_4h"]["seconds"] / results["eegwarn_4h"]["seconds"]
    return "\n".join(
        [*lines, f"eegwarn is {ratio:.1f} times as fast as MNE on 4 h (medians of {N_RUNS} runs in turn)."]
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


def _measure_apart(way: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "training.benchmarks.speed", way, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _with_mne(path: Path) -> int:
    import mne

    config, windows = SignalConfig(), WindowConfig()
    raw = mne.io.read_raw(path, preload=True, verbose="ERROR")
    raw.pick(raw.ch_names[:19])
    raw.filter(config.high_pass_hz, config.low_pass_hz, verbose="ERROR")
    raw.resample(config.sfreq, verbose="ERROR")
    overlap_s = windows.window_s - windows.hop_s
    epochs = mne.make_fixed_length_epochs(raw, windows.window_s, overlap=overlap_s, verbose="ERROR")
    return len(epochs.events)


def _with_eegwarn(path: Path) -> int:
    return sum(len(windows) for windows in stream_windows(open_recording(path), SignalConfig(), WindowConfig()))


def _measure(way: str, path: Path) -> dict[str, float]:
    work = {"mne": _with_mne, "eegwarn": _with_eegwarn}[way]
    # Both load parts of MNE and scipy when they first need them; only the work is timed.
    short = path.with_name("short.edf")
    if not short.exists():
        write_noise(short, hours=1 / 60)
    work(short)
    begin = time.perf_counter()
    n_windows = work(path)
    seconds = time.perf_counter() - begin
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "peak_mb": peak_kb / 1024, "windows": n_windows}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(sys.argv[1], Path(sys.argv[2]))) + "\n")
