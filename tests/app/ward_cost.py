"""Measures what the monitor page costs with 16 beds, while a writer feeds them: CPU time, and how memory grows.

It works on Linux, and takes half a minute more than the minutes given::

    python -m tests.app.ward_cost 10
"""

import os
import random
import sys
import time
from multiprocessing import Process
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from eegwarn.bedside.log import BedState, Heartbeat, LevelRow
from eegwarn.store import open_store
from eegwarn.store.beds import bed_log
from tests.app import ward
from tests.app.running import free_port, open_chromium, start_dashboard

N_BEDS = 16
LOOK_EVERY_S = 5.0


def feed(place: Path) -> None:
    """Write a level a second and a sign of life every four, of every bed, until ended."""
    store = open_store(place)
    logs = [bed_log(store, f"bed {number}") for number in range(1, N_BEDS + 1)]
    for turn in range(10**6):
        at = ward.now()
        for log in logs:
            log.write(levels=[LevelRow(at, random.random())], alarms=[], faults=[])
            if turn % 4 == 0:
                log.beat(Heartbeat(at, BedState.CALM, 0.1, at))
        time.sleep(1.0)


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def growth(time_s: list[float], memory_mb: list[float]) -> str:
    """Say what memory was at first, and how it grows, by a straight line with its standard error."""
    if len(time_s) < 5:
        return f"{memory_mb[0]:.0f} MB"
    (slope, first), covariance = np.polyfit(np.array(time_s) / 3600, memory_mb, 1, cov=True)
    return f"{first:.0f} MB, {slope:+.1f} ± {np.sqrt(covariance[0, 0]):.1f} MB an hour"


def measure(folder: Path, minutes: float) -> None:
    place = folder / "store.db"
    store = open_store(place)
    ward.sixteen_beds(store)
    for number in range(40):
        ward.alarm(store, f"bed {number % N_BEDS + 1}", s_ago=100 * number + 50, lasted_s=20)
    feeder = Process(target=feed, args=(place,), daemon=True)
    feeder.start()
    port = free_port()
    dashboard = start_dashboard(folder, port, cwd=folder)
    (server,) = map(int, Path(f"/proc/{dashboard.pid}/task/{dashboard.pid}/children").read_text().split())
    try:
        with open_chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(f"http://127.0.0.1:{port}/monitor")
            page.wait_for_selector(".tile", timeout=60_000)
            time.sleep(30)
            before_s, begin_s = cpu_s(server), time.monotonic()
            looked_s: list[float] = []
            server_mb: list[float] = []
            page_mb: list[float] = []
            while time.monotonic() < begin_s + 60 * minutes:
                time.sleep(LOOK_EVERY_S)
                looked_s.append(time.monotonic() - begin_s)
                server_mb.append(memory_mb(server))
                page_mb.append(page.evaluate("performance.memory.usedJSHeapSize / 2 ** 20"))
            share = (cpu_s(server) - before_s) / looked_s[-1]
            sys.stdout.write(f"{100 * share:.1f} % of one core over {looked_s[-1]:.0f} s\n")
            sys.stdout.write(f"server {growth(looked_s, server_mb)}\npage {growth(looked_s, page_mb)}\n")
            half = len(looked_s) // 2
            for name, values in (("server", server_mb), ("page", page_mb)):
                sys.stdout.write(f"second half: {name} {growth(looked_s[half:], values[half:])}\n")
    finally:
        dashboard.terminate()
        dashboard.wait()
        feeder.terminate()


if __name__ == "__main__":
    os.environ.pop("EEGWARN_STORE", None)
    with TemporaryDirectory() as folder:
        measure(Path(folder), float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
