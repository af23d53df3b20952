"""The dashboard as a process, and the browser that drives it: Debian's chromium, without a window."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@contextmanager
def open_chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield chromium
        chromium.close()


_START = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from app.launch import launch
launch(Path(sys.argv[2]), port=int(sys.argv[3]), headless=True, on_ready=lambda url: print(url, flush=True))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_dashboard(folder: Path, port: int, *, cwd: Path) -> subprocess.Popen[str]:
    """Start the dashboard from a folder that does not hold the project, and wait until it answers."""
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", _START, root, str(folder.resolve()), str(port)]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == f"http://127.0.0.1:{port}"
    return process


@contextmanager
def looked_at(folder: Path, **options: Any) -> Iterator[tuple[Any, str]]:
    """Give a page of a browser, 1280 x 720 pixels, and the address of a dashboard on a folder that it may open."""
    port = free_port()
    dashboard = start_dashboard(folder, port, cwd=folder)
    try:
        with open_chromium() as browser:
            yield browser.new_page(viewport={"width": 1280, "height": 720}, **options), f"http://127.0.0.1:{port}"
    finally:
        dashboard.terminate()
        dashboard.wait()
