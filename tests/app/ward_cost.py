"""Measures what the monitor page costs with 16 beds, while a writer feeds them: CPU time and memory of its server.

It takes a minute and a half, and works on Linux::

    python -m tests.app.ward_cost
"""

import os
import random
import sys
import time
from multiprocessing import Process
from pathlib import Path
from tempfile import TemporaryDirectory

from eegwarn.bedside.log import BedState, Heartbeat, LevelRow
from eegwarn.store import open_store
from eegwarn.store.beds import bed_log
from tests.app import ward
from tests.app.running import free_port, open_chromium, start_dashboard

N_BEDS = 16
WATCHED_S = 60.0


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


def measure(folder: Path) -> None:
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
            time.sleep(10)
            before_s, before_mb, begin_s = cpu_s(server), memory_mb(server), time.monotonic()
            time.sleep(WATCHED_S)
            share = (cpu_s(server) - before_s) / (time.monotonic() - begin_s)
            memory = f"{before_mb:.0f} MB, and {memory_mb(server):.0f} MB a minute later"
            sys.stdout.write(f"{100 * share:.1f} % of one core; {memory}\n")
    finally:
        dashboard.terminate()
        dashboard.wait()
        feeder.terminate()


if __name__ == "__main__":
    os.environ.pop("EEGWARN_STORE", None)
    with TemporaryDirectory() as folder:
        measure(Path(folder))
