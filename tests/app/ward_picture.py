"""Takes the picture of the monitor page with 16 beds in every state, and of one that is open::

python -m tests.app.ward_picture monitor.png bed.png
"""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from eegwarn.store import open_store
from tests.app import ward
from tests.app.running import looked_at


def take_pictures(folder: Path, beds: Path, bed: Path) -> None:
    """Show the ward, and then bed 3 with what was done about alarms below."""
    store = open_store(folder / "store.db")
    ward.sixteen_beds(store)
    ward.levels(store, "bed 3", seed=0, minutes=300)
    with looked_at(folder) as (page, address):
        page.goto(f"{address}/monitor?name=anna")
        page.wait_for_selector(".tile.alarm", timeout=60_000)
        ward.beat_sixteen(store)
        time.sleep(3)
        page.screenshot(path=beds)
        page.get_by_role("button", name="Acknowledge the alarm of bed 7").click()
        page.get_by_role("button", name="bed 3", exact=True).click()
        page.wait_for_selector(".details .chart", timeout=20_000)
        page.locator(".history").scroll_into_view_if_needed()
        ward.beat_sixteen(store)
        time.sleep(3)
        page.screenshot(path=bed)


if __name__ == "__main__":
    os.environ.pop("EEGWARN_STORE", None)
    with TemporaryDirectory() as folder:
        take_pictures(Path(folder), Path(sys.argv[1]), Path(sys.argv[2]))
