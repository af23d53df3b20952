"""Takes the README's pictures of the dashboard.

They need the demo's files (``eegwarn demo --no-app``): a recording at its first alarm, and one of its clips to label::

    python -m tests.app.picture eegwarn-demo cohort/sim04/sim04_01.edf recording.png annotate.png
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from eegwarn.store import open_store
from tests.app.asked import ask_about
from tests.app.looking import looked_at

_REASON = {"coverage x entropy": 0.7, "doubt": 0.3}


def take_picture(folder: Path, recording: str, picture: Path) -> None:
    """Show ``recording``, a path below ``folder``, with the first alarm in the middle of the page."""
    with looked_at(folder) as (page, address):
        page.goto(address)
        page.wait_for_selector(".traces[data-drawn=true]", timeout=120_000)
        page.get_by_role("combobox", name="Recording").fill(recording)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="▲ alarm").first.wait_for(timeout=60_000)
        page.wait_for_function("name => document.querySelector('[role=combobox]').value === name", arg=recording)
        time.sleep(3)  # until the list is that of this recording
        page.get_by_role("button", name="▲ alarm").first.click()
        page.wait_for_selector(".traces[data-drawn=true]:not([data-view='0'])")
        for key in ("ArrowDown", "ArrowDown"):
            page.keyboard.press(key)
        page.mouse.move(640, 700)
        time.sleep(1)
        page.screenshot(path=picture)


def take_annotation_picture(recording: Path, picture: Path, *, clip_s: float = 615.0) -> None:
    """Show a clip of a recording on the annotation page, with an onset set."""
    with TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "store.db")
        ask_about(store, recording.resolve(), [clip_s, clip_s + 60], reason=_REASON, duration_s=1440.0)
        store.close()
        with looked_at(Path(folder)) as (page, address):
            page.goto(f"{address}/annotate?name=anna")
            page.wait_for_selector(".annotator[data-clip='1']", timeout=60_000)
            for key in ("ArrowDown", "o", "ArrowLeft", "8"):
                page.keyboard.press(key)
            time.sleep(3)
            page.screenshot(path=picture)


if __name__ == "__main__":
    take_picture(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    take_annotation_picture(Path(sys.argv[1]) / sys.argv[2], Path(sys.argv[4]))
