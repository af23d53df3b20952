"""Takes the README's picture of the dashboard.

It needs the demo's files (``eegwarn demo --no-app``) and shows a recording at its first alarm::

    python -m tests.app.picture eegwarn-demo cohort/sim04/sim04_01.edf dashboard.png
"""

import sys
import time
from pathlib import Path

from tests.app.running import free_port, open_chromium, start_dashboard


def take_picture(folder: Path, recording: str, picture: Path) -> None:
    """Show ``recording``, a path below ``folder``, with the first alarm in the middle of the page."""
    port = free_port()
    dashboard = start_dashboard(folder, port, cwd=folder)
    try:
        with open_chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(f"http://127.0.0.1:{port}")
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
    finally:
        dashboard.terminate()
        dashboard.wait()


if __name__ == "__main__":
    take_picture(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
