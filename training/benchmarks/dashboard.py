"""The dashboard in a browser: from key to next clip, from key to drawn page of a day's EEG, and what 16 beds cost.

Chromium without a window shows a real dashboard, a process of its own. Clips and pages are of a simulated recording of
24 h with 21 electrodes and two more channels at 256 Hz, which a model has judged. The monitor page shows 16 beds that a
third process feeds once a second. It needs chromium, and ``pip install 'eegwarn[app,test]'``.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.scoring import Progress
from eegwarn.cohort.content import file_fingerprint
from eegwarn.cohort.simulate import SimulationConfig, simulated_recording
from eegwarn.cohort.simulate.edf import write_edf
from eegwarn.config import to_table, to_toml
from eegwarn.store import open_store
from eegwarn.store.queue import Question, ask
from eegwarn.store.recordings import NewRecording, add_recordings
from training.benchmarks import ward
from training.benchmarks.browser import open_chromium, own_environment, running_dashboard
from training.benchmarks.fault_processes import write_amplitude_model
from training.benchmarks.machine import machine_table
from training.benchmarks.pages import DRAWN, STORED, WITH_CLIP, answer, choose, click_overview, press, turn
from training.benchmarks.usage import Looks, PageMemory, check_linux, child_of, cpu_s, memory_mb, table_lines

SFREQ = 256
HOURS = 24
N_CLIPS, N_TURNS, N_CHOICES = 50, 40, 20
PACE_S = 0.3
"""Between a drawn page and the next key; nobody reads faster."""

BETWEEN_S = 5.0
"""Before each row: what is sent ahead has come."""

MINUTES = 20.0
SETTLE_S = 30.0
LOOK_EVERY_S = 5.0
CLIP_MS, PAGE_MS, SERVER_SHARE = 150.0, 300.0, 0.30
"""What is promised: medians, of clips for somebody who looks at them, and the share of one core."""

SEED = 24
SIMULATION = SimulationConfig(sfreqs=(float(SFREQ),), changing_channels_fraction=0.0)
_LABELS = tuple("Fp1 Fp2 F7 F3 Fz F4 F8 FT9 FT10 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2 A1 A2".split())
_CLIP, _CLIP_RUSHED = f"next clip, {PACE_S:g} s on each", "next clip, no time on any"
_SIZE = {"width": 1280, "height": 720}

Row = dict[str, float]


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Measure all of it; write ``dashboard.toml``."""
    check_linux()
    hours, minutes, scale = (1, 1.0, 0.2) if quick else (HOURS, MINUTES, 1.0)
    counts = {"clips": N_CLIPS, "turns": N_TURNS, "choices": N_CHOICES}
    counts = {name: round(scale * n) for name, n in counts.items()}
    with open_chromium() as chromium, TemporaryDirectory() as place:
        folder = Path(place) / "pages"
        folder.mkdir()
        write_day(folder / "day.edf", hours, progress)
        write_amplitude_model(folder / "model.eegwarn")
        ask_about(folder, hours, 2 * counts["clips"] + 5)
        with running_dashboard(folder) as (_, address):
            waits = measure_pages(chromium, address, counts, progress)
            waits = measure_clips(chromium, address, counts["clips"], progress) | waits
        monitor = measure_ward(chromium, Path(place), minutes, progress)
    rows = {name: in_short(each) for name, each in waits.items()}
    table = {
        "waits_ms": rows,
        "monitor": monitor,
        "recording": {"hours": hours, "channels": len(_LABELS), "sfreq": SFREQ, "seed": SEED, **to_table(SIMULATION)},
        "page": {"pace_s": PACE_S, **_SIZE},
        "beds": {"n_beds": ward.N_BEDS, "minutes": minutes, "settle_s": SETTLE_S, "look_every_s": LOOK_EVERY_S},
        "machine": {**machine_table("eegwarn", "streamlit", "playwright", "numpy"), "chromium": chromium.version},
    }
    (out / "dashboard.toml").write_text(to_toml(table), encoding="utf-8")
    return f"{waits_text(rows)}\n\n{monitor_text(monitor)}"


def write_day(path: Path, hours: float, progress: Progress) -> None:
    """Write a simulated patient's recording against one reference; the ears have what lies before them."""
    recording = simulated_recording(0, hours=hours, seed=SEED, layout="bids", config=SIMULATION)
    n_minutes = round(60 * hours)

    def minutes_uv() -> Iterator[NDArray[np.float32]]:
        for minute in range(n_minutes):
            progress("simulate minutes", minute, n_minutes)
            block_uv = recording.read_uv(60 * SFREQ * minute, 60 * SFREQ * (minute + 1))
            yield np.vstack([block_uv, block_uv[7:9]])
        progress("simulate minutes", n_minutes, n_minutes)

    labels = [f"EEG {name}-REF" for name in _LABELS]
    write_edf(path, minutes_uv(), labels=labels, sfreq=SFREQ, start=datetime(2025, 1, 1, 8), n_s=60 * n_minutes)


def ask_about(folder: Path, hours: float, n_clips: int) -> None:
    """Put clips of 10 s from all over the recording into the queue."""
    path = folder / "day.edf"
    store = open_store(folder / "store.db")
    found = NewRecording("p1", file_fingerprint(path), path, 3600.0 * hours)
    (known,) = add_recordings(store, [found], by="engineer")
    starts_s = np.random.default_rng(SEED).permutation(np.arange(10.0, 3600 * hours - 20, 20))[:n_clips]
    ask(store, [Question(known.id, float(start_s), 10.0) for start_s in starts_s], by="engineer")
    store.close()


def measure_clips(chromium: Any, address: str, n_clips: int, progress: Progress) -> dict[str, list[float]]:
    """Answer by keyboard, at a human pace and as fast as clips are drawn; gives ms until the next clip."""
    page = chromium.new_page(viewport=_SIZE)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{address}/annotate?name=anna")
    page.wait_for_selector(WITH_CLIP, timeout=60_000)
    waits: dict[str, list[float]] = {}
    for name, pace_s in ((_CLIP, PACE_S), (_CLIP_RUSHED, 0.0)):
        page.wait_for_timeout(1000 * BETWEEN_S)
        waits[name] = []
        for number in range(n_clips):
            progress(name, number, n_clips)
            waits[name].append(answer(page, "1234"[number % 4]))
            page.wait_for_timeout(1000 * pace_s)
        progress(name, n_clips, n_clips)
    page.wait_for_selector(STORED, timeout=60_000)
    page.close()
    return waits


def measure_pages(chromium: Any, address: str, counts: dict[str, int], progress: Progress) -> dict[str, list[float]]:
    """Turn pages, jump, and choose how EEG is shown; gives ms until the page is drawn."""
    page = chromium.new_page(viewport=_SIZE)
    page.goto(address)
    page.wait_for_selector(DRAWN, timeout=300_000)
    shares = np.random.default_rng(SEED).uniform(0.02, 0.98, counts["choices"])
    montages = ["average", "referential", "longitudinal bipolar"]
    turns, jumps = counts["turns"], [click_overview(page, float(share)) for share in shares]
    plan: list[tuple[str, float, list[Callable[[], object]]]] = [
        ("page on", PACE_S, turns * [press(page, "ArrowRight")]),
        ("page back", PACE_S, turns * [press(page, "ArrowLeft")]),
        ("page on, no time on any", 0.0, turns * [press(page, "ArrowRight")]),
        ("click far away in the overview", PACE_S, jumps),
        ("other montage", PACE_S, [choose(page, "montage", montages[n % 3]) for n in range(counts["choices"])]),
        ("other filter", PACE_S, [choose(page, "high_pass_hz", "51"[n % 2]) for n in range(counts["choices"])]),
    ]
    waits: dict[str, list[float]] = {}
    for name, pace_s, acts in plan:
        page.wait_for_timeout(1000 * BETWEEN_S)
        waits[name] = []
        for number, act in enumerate(acts):
            progress(name, number, len(acts))
            if name.startswith("other"):  # where no EEG of that kind was sent yet
                turn(page, jumps[number])
                page.wait_for_timeout(1000 * pace_s)
            waits[name].append(turn(page, act))
            page.wait_for_timeout(1000 * pace_s)
        progress(name, len(acts), len(acts))
    page.close()
    return waits


def measure_ward(chromium: Any, place: Path, minutes: float, progress: Progress) -> dict[str, Any]:
    """Show 16 beds that are fed once a second; gives the server's share of one core, and how memory grows in MB."""
    folder = place / "ward"
    folder.mkdir()
    store = open_store(folder / "store.db")
    ward.sixteen_beds(store)
    for number in range(40):
        ward.alarm(store, f"bed {number % ward.N_BEDS + 1}", s_ago=100 * number + 50, lasted_s=20)
    store.close()
    command = [sys.executable, "-m", "training.benchmarks.ward", str(folder / "store.db")]
    feeder = subprocess.Popen(command, env=own_environment())  # noqa: S603 - our own module
    try:
        with running_dashboard(folder) as (dashboard, address):
            page = chromium.new_page(viewport=_SIZE)
            page.goto(f"{address}/monitor")
            page.wait_for_selector(".tile", timeout=60_000)
            found = _watch(page, child_of(dashboard.pid), 60 * minutes, progress)
            page.close()
    finally:
        feeder.kill()
        feeder.wait()
    return found


def _watch(page: Any, server: int, length_s: float, progress: Progress) -> dict[str, Any]:
    looks, heap = Looks(), PageMemory(page)
    page.wait_for_timeout(1000 * SETTLE_S)
    begin_cpu_s, begin_s = cpu_s(server), time.monotonic()
    at_s = 0.0
    while at_s < length_s:
        page.wait_for_timeout(1000 * LOOK_EVERY_S)
        at_s = time.monotonic() - begin_s
        progress("seconds of the monitor page", round(min(at_s, length_s)), round(length_s))
        looks.add(at_s, server_mb=memory_mb(server), **heap.look())
    return {"server_share_of_a_core": (cpu_s(server) - begin_cpu_s) / at_s, "growth": looks.table()}


def in_short(waits_ms: list[float]) -> Row:
    """Give count, median, 95th percentile and longest of waits."""
    return {
        "n": len(waits_ms),
        "median": float(np.median(waits_ms)),
        "p95": float(np.quantile(waits_ms, 0.95)),
        "longest": max(waits_ms),
    }


def waits_text(rows: dict[str, Row]) -> str:
    """Write waits as a table in Markdown, with the median that is promised."""
    lines = ["| ms until drawn | n | median | 95 % | longest | promised median |", "|---|---|---|---|---|---|"]
    for name, row in rows.items():
        promised = {_CLIP: f"{CLIP_MS:.0f}", _CLIP_RUSHED: "–"}.get(name, f"{PAGE_MS:.0f}")
        cells = " | ".join(f"{row[key]:.0f}" for key in ("n", "median", "p95", "longest"))
        lines.append(f"| {name} | {cells} | {promised} |")
    return "\n".join(lines)


def monitor_text(monitor: dict[str, Any]) -> str:
    """Write what the monitor page costs, memory as a table in Markdown."""
    share = monitor["server_share_of_a_core"]
    words = (
        f"{ward.N_BEDS} beds: the server takes {100 * share:.0f} % of one core (promised {100 * SERVER_SHARE:.0f} %)"
    )
    return "\n".join([words, "", *table_lines(monitor["growth"])])
