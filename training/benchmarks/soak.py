"""Eight beds replayed at 30 times their speed for 20 minutes: what grows, which hops and alarms are missed or doubled.

One process of ``eegwarn monitor`` watches simulated patients: half of the beds by an untrained ResNet in 8 bits, half
by a model that calls loud EEG a seizure, so that there are alarms. A dashboard shows them in chromium all the time,
with one bed open. Each bed plays ten hours, whose time is that of the recording: levels are kept whole for six to seven
hours, so they are thinned three times. The recordings take 3.4 GB while it runs. It needs Linux, chromium, and
``pip install 'eegwarn[train,app,test]'``.
"""

import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from eegwarn.bedside import read_bundle, score_recording
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort.listing import find_recordings
from eegwarn.cohort.simulate import SimulationConfig, write_cohort
from eegwarn.config import to_table, to_toml
from eegwarn.errors import StoreError
from eegwarn.signal import open_recording
from eegwarn.store import open_store
from training.benchmarks.bedside import write_models
from training.benchmarks.browser import open_chromium, own_environment, running_dashboard
from training.benchmarks.fault_processes import write_amplitude_model
from training.benchmarks.fault_ward import LONGEST_S
from training.benchmarks.machine import machine_table
from training.benchmarks.soak_check import BedCheck, Heard, check_bed
from training.benchmarks.usage import (
    Looks,
    PageMemory,
    check_linux,
    child_of,
    cpu_s,
    growth,
    memory_mb,
    n_handles,
    n_threads,
    table_lines,
)

N_BEDS, SPEED, MINUTES = 8, 30.0, 20.0
SETTLES = 0.15
"""Share of the time whose looks do not count: caches are filled then."""

LOOK_EVERY_S = 5.0
THINNED_FROM_H = 7.0
"""Hours of EEG after which the first levels are thinned."""

SEED = 20
SIMULATION = SimulationConfig(sfreqs=(256.0,), changing_channels_fraction=0.0, recording_h=24.0)
_SIZE = {"width": 1280, "height": 720}


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Play all beds to their end; write ``soak.toml``."""
    minutes = 1.0 if quick else MINUTES
    check_linux()
    with open_chromium() as chromium:
        found = soak(chromium, N_BEDS, minutes, SPEED, progress)
    beds = {"n_beds": N_BEDS, "minutes": minutes, "speed": SPEED, "hours_each": minutes * SPEED / 60, "seed": SEED}
    table = {
        **found,
        "beds": beds | {"settles": SETTLES, "look_every_s": LOOK_EVERY_S, **to_table(SIMULATION)},
        "machine": machine_table("eegwarn", "streamlit", "playwright", "numpy", "onnxruntime", "sqlalchemy"),
    }
    (out / "soak.toml").write_text(to_toml(table), encoding="utf-8")
    return table_text(found)


def soak(chromium: Any, n_beds: int, minutes: float, speed: float, progress: Progress) -> dict[str, Any]:
    """Play beds for minutes of the clock, and compare what was told and stored with what scoring the files says.

    Returns
    -------
    dict
        ``growth`` of every series, ``database`` in MB a bed and day of EEG, ``share_of_a_core``, what the ``page`` and
        the ``monitor`` had to say, and counts of `BedCheck` for ``all`` beds and ``by_bed``.
    """
    with TemporaryDirectory() as place:
        folder = Path(place)
        beds = _write_beds(folder, n_beds, minutes * speed / 60, speed, progress)
        store = folder / "store.db"
        open_store(store).close()
        with running_dashboard(folder) as (dashboard, address):
            command = [sys.executable, "-m", "eegwarn.cli", "monitor", "--beds", folder / "beds.toml", "--json"]
            monitor = subprocess.Popen(  # noqa: S603 - our own command
                [*map(str, command), "--store", str(store)], stdout=subprocess.PIPE, text=True, env=own_environment()
            )
            heard = Heard(speed, n_beds)
            listener = Thread(target=heard.listen, args=(monitor.stdout,))
            listener.start()
            try:
                page, complaints = _open_page(chromium, address)
                found = _watch(page, monitor, child_of(dashboard.pid), store, heard, 60 * minutes, progress)
                found["page"] = {"errors": len(complaints)}
                found["monitor"] = {"exit_code": monitor.wait(LONGEST_S)}
            finally:
                monitor.kill()
                monitor.wait()
                listener.join()
        return found | _compared(store, beds, heard, progress)


def _write_beds(
    folder: Path, n_beds: int, hours: float, speed: float, progress: Progress
) -> dict[str, tuple[Path, Path]]:
    """Write recordings, models and ``beds.toml``; gives recording and model by bed."""

    def hours_done(done_h: float, total_h: float) -> None:
        progress("simulate hours", round(done_h), round(total_h))

    write_cohort(folder / "cohort", n_patients=n_beds, hours=hours, seed=SEED, config=SIMULATION, progress=hours_done)
    models = [write_models(folder, ("resnet",))["resnet int8"], folder / "loud.eegwarn"]
    write_amplitude_model(models[1])
    recordings = find_recordings(folder / "cohort")
    beds = {f"bed {number + 1}": (path, models[number % 2]) for number, path in enumerate(recordings)}
    plans = {name: {"source": str(path), "speed": speed, "model": str(model)} for name, (path, model) in beds.items()}
    (folder / "beds.toml").write_text(to_toml(plans), encoding="utf-8")
    return beds


def _open_page(chromium: Any, address: str) -> tuple[Any, list[str]]:
    """Open the monitor page with the EEG of a bed; the list takes the errors of its scripts."""
    complaints: list[str] = []
    page = chromium.new_page(viewport=_SIZE)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/monitor?name=anna&bed=bed%202")
    page.wait_for_selector(".live .traces[data-drawn=true]", timeout=60_000)
    return page, complaints


def _watch(
    page: Any, monitor: "subprocess.Popen[str]", server: int, store: Path, heard: Heard, length_s: float, say: Progress
) -> dict[str, Any]:
    """Look again and again until a bed has ended, which all do at once."""
    looks, heap, begin_s = Looks(), PageMemory(page), time.monotonic()
    pids = {"monitor": monitor.pid, "server": server}
    before, share = {name: cpu_s(pid) for name, pid in pids.items()}, dict.fromkeys(pids, 0.0)
    while not heard.ends and monitor.poll() is None:
        page.wait_for_timeout(1000 * LOOK_EVERY_S)
        at_s = time.monotonic() - begin_s
        if at_s > length_s + LONGEST_S:
            raise StoreError(f"The monitor goes on after {at_s:.0f} s, though its recordings last {length_s:.0f} s.")
        say("seconds", round(min(at_s, length_s)), round(length_s))
        try:
            cpu = {name: cpu_s(pid) - before[name] for name, pid in pids.items()}
            seen = {f"{name}_{what}": float(look(pid)) for name, pid in pids.items() for what, look in _LOOKS.items()}
        except ProcessLookupError:
            break
        seen |= heap.look() | {"database_mb": _database_mb(store), "eeg_h": heard.eeg_h}
        if not heard.ends:
            looks.add(at_s, **seen)
            share = {name: used_s / at_s for name, used_s in cpu.items()}
    settled = looks.since(SETTLES * length_s)
    return {"growth": settled.table(), "database": _database_growth(settled, heard.n_beds), "share_of_a_core": share}


_LOOKS: dict[str, Callable[[int], float]] = {"mb": memory_mb, "handles": n_handles, "threads": n_threads}


def _database_mb(store: Path) -> float:
    """Size of the store with what was not yet moved into its file."""
    return sum(path.stat().st_size for path in (store, store.with_name(f"{store.name}-wal")) if path.exists()) / 2**20


def _database_growth(looks: Looks, n_beds: int) -> dict[str, dict[str, float]]:
    """Say how the store grows in MB a bed and day of EEG, while all levels are whole, and once they are thinned."""
    found = {}
    for name, low_h, high_h in (("whole", 0.0, THINNED_FROM_H), ("thinned", THINNED_FROM_H, math.inf)):
        part = [
            (3600 * eeg_h, 24 * mb / n_beds)
            for eeg_h, mb in zip(looks.series("eeg_h"), looks.series("database_mb"), strict=True)
            if low_h <= eeg_h < high_h
        ]
        if part:
            grown = growth(*zip(*part, strict=True))
            found[name] = {"mb_a_bed_and_day": grown.an_hour, "se": grown.se}
    return found


def _compared(store_path: Path, beds: dict[str, tuple[Path, Path]], heard: Heard, progress: Progress) -> dict[str, Any]:
    """Score the files, and count what the monitor missed, told late, or wrote wrongly."""
    bundles = {model: read_bundle(model) for _, model in beds.values()}
    total, by_bed = BedCheck(), {}
    store = open_store(store_path)
    for number, (bed, (path, model)) in enumerate(beds.items()):
        progress("compare beds", number, len(beds))
        by_bed[bed] = check_bed(store, bed, score_recording(bundles[model], open_recording(path)), heard)
        total += by_bed[bed]
    store.close()
    progress("compare beds", len(beds), len(beds))
    return {"all": asdict(total), "by_bed": {bed: asdict(each) for bed, each in by_bed.items()}, "said": heard.troubles}


def table_text(found: dict[str, Any]) -> str:
    """Write what was found as tables in Markdown."""
    lines = table_lines(found["growth"])
    lines += ["", "| all beds | |", "|---|---|"]
    for name, each in found["database"].items():
        words = f"{each['mb_a_bed_and_day']:.2f} ± {each['se']:.2f} MB a bed and day of EEG"
        lines.append(f"| database, levels {name} | {words} |")
    lines += [f"| {name}, of one core | {100 * share:.0f} % |" for name, share in found["share_of_a_core"].items()]
    lines += [f"| {name.replace('_', ' ')} | {value:g} |" for name, value in found["all"].items()]
    lines.append(f"| errors on the page | {found['page']['errors']} |")
    lines.append(f"| exit code of the monitor | {found['monitor']['exit_code']} |")
    lines += [f"| said | {words} |" for words in found["said"]]
    return "\n".join(lines)
