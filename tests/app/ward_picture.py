"""Takes the picture of the monitor page with 16 beds in every state, and of a bed that is open in an alarm.

They need the demo's files (``eegwarn demo --no-app``), one of whose recordings is played to the bed::

    python -m tests.app.ward_picture eegwarn-demo cohort/sim13/sim13_01.edf monitor.png bed.png
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from eegwarn.store import open_store
from tests.app.looking import looked_at
from training.benchmarks import ward

_COMMAND = "import sys; from eegwarn.cli.entry import main; sys.exit(main())"


def take_ward_picture(folder: Path, picture: Path) -> None:
    """Show 16 beds in every state."""
    store = open_store(folder / "store.db")
    ward.sixteen_beds(store)
    with looked_at(folder) as (page, address):
        page.goto(f"{address}/monitor?name=anna")
        page.wait_for_selector(".tile.alarm", timeout=60_000)
        ward.beat_sixteen(store)
        time.sleep(3)
        page.screenshot(path=picture)


def take_bed_picture(folder: Path, model: Path, recording: Path, picture: Path, *, speed: float = 8.0) -> None:
    """Play a recording to a bed until it alarms, and show its EEG, its spectrogram and the weights of its channels."""
    arguments = [model, "--source", recording, "--bed", "bed 3", "--speed", speed, "--store", folder / "store.db"]
    command = [sys.executable, "-c", _COMMAND, "monitor", *map(str, arguments)]
    monitor = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with looked_at(folder) as (page, address):
            page.goto(f"{address}/monitor?name=anna")
            page.wait_for_selector(".tile.alarm", timeout=240_000)
            page.get_by_role("button", name="bed 3", exact=True).click()
            page.wait_for_selector(".live .traces[data-drawn=true]", timeout=60_000)
            page.locator(".live summary").filter(has_text="Why").click()
            page.get_by_label("Weight of each derivation").wait_for(timeout=60_000)
            page.get_by_role("button", name="Now", exact=True).click()
            page.locator(".live").focus()
            page.keyboard.press("ArrowDown")
            page.locator(".live").evaluate("(live) => live.scrollIntoView()")
            page.mouse.wheel(0, -60)
            time.sleep(3)
            page.screenshot(path=picture)
    finally:
        monitor.kill()
        monitor.wait()


if __name__ == "__main__":
    os.environ.pop("EEGWARN_STORE", None)
    demo, recording, beds, bed = map(Path, sys.argv[1:])
    with TemporaryDirectory() as folder:
        take_ward_picture(Path(folder), beds)
    with TemporaryDirectory() as folder:
        take_bed_picture(Path(folder), demo / "model.eegwarn", demo / recording, bed)
