"""Takes the picture of a recording that was uploaded, at its first alarm.

It needs a folder with a model, such as the demo's (``eegwarn demo --no-app``), and a recording::

    python -m tests.app.tryit_picture eegwarn-demo cohort/sim04/sim04_01.edf tryit.png
"""

import os
import sys
import time
from pathlib import Path

from tests.app.looking import looked_at


def take_picture(folder: Path, recording: str, picture: Path, scheme: str = "light") -> None:
    """Upload a recording of the folder."""
    with looked_at(folder, color_scheme=scheme) as (page, address):
        page.goto(f"{address}/try")
        page.locator("input[type=file]").set_input_files(folder / recording, timeout=60_000)
        page.get_by_role("button", name="▲ alarm").first.click(timeout=120_000)
        page.wait_for_selector(".traces[data-drawn=true]:not([data-view='0'])")
        for key in ("ArrowDown", "ArrowDown"):
            page.keyboard.press(key)
        page.mouse.move(640, 700)
        time.sleep(2)
        page.screenshot(path=picture)


if __name__ == "__main__":
    os.environ.pop("EEGWARN_STORE", None)
    take_picture(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
