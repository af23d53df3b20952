"""The dashboard as a process, and the browser that drives it: chromium without a window.

Shared by benchmarks and by the tests of the dashboard.
"""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eegwarn.errors import ConfigError
from eegwarn.store.place import ENVIRONMENT, RECENT_ENVIRONMENT

CHROMIUM = Path(shutil.which("chromium") or "/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def missing() -> str | None:
    """Say what the dashboard and its browser lack here, and how to install it; None where all is there."""
    if importlib.util.find_spec("streamlit") is None:
        return "The dashboard needs Streamlit, which is not installed. Run: pip install 'eegwarn[app]'"
    if importlib.util.find_spec("playwright") is None:
        return "The browser is driven by playwright, which is not installed. Run: pip install 'eegwarn[test]'"
    if not CHROMIUM.exists():
        return f"There is no browser at {str(CHROMIUM)!r}. Install chromium, such as by: apt install chromium"
    return None


@contextmanager
def open_chromium() -> Iterator[Any]:
    """Run the browser for as long as this lasts.

    Raises
    ------
    ConfigError
        If something is `missing`.
    """
    if trouble := missing():
        raise ConfigError(trouble)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield chromium
        chromium.close()


def free_port() -> int:
    """Find a port of this computer that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def own_environment() -> dict[str, str]:
    """Give the environment of a process of this code that keeps to the store it is given, or that of its folder."""
    paths = (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", ""))
    kept: Mapping[str, str] = {k: v for k, v in os.environ.items() if k not in (ENVIRONMENT, RECENT_ENVIRONMENT)}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def start_dashboard(folder: Path, port: int, *, cwd: Path) -> "subprocess.Popen[str]":
    """Start ``eegwarn dashboard`` on a folder and its store, with ``cwd`` as current folder; wait until it answers.

    Raises
    ------
    ConfigError
        If it ends instead; what it said stands on standard error.
    """
    command = [sys.executable, "-m", "eegwarn.cli", "dashboard", str(folder.resolve()), "--headless"]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--port", str(port)], cwd=cwd, stdout=subprocess.PIPE, text=True, env=own_environment()
    )
    if process.stdout is None or f"http://127.0.0.1:{port}" not in process.stdout.readline():
        raise ConfigError(f"The dashboard on {str(folder)!r} ended with {process.wait()}; why stands above.")
    return process


@contextmanager
def running_dashboard(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Give the process of a dashboard on a folder, and its address, for as long as this lasts."""
    port = free_port()
    process = start_dashboard(folder, port, cwd=folder)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
