"""Starts the dashboard: Streamlit in a child process, reached from this computer alone unless people log in."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType

from app.access import is_loopback, login_is_configured
from app.folder import FOLDER_VARIABLE
from eegwarn.errors import ConfigError, EegwarnError
from eegwarn.store.place import ENVIRONMENT

DEFAULT_PORT = 8501

_MAIN = Path(__file__).parent / "main.py"
# Streamlit's own accent is red, which is kept for alarms here. Variables, because older versions refuse unknown flags.
_COLOURS = {
    "STREAMLIT_THEME_LIGHT_PRIMARY_COLOR": "#0072b2",
    "STREAMLIT_THEME_DARK_PRIMARY_COLOR": "#56b4e9",
    "STREAMLIT_CLIENT_SHOW_ERROR_LINKS": "false",
}
# Megabytes: nine hours of 23 channels at 256 Hz. What is uploaded goes through memory.
_LIMITS = {"STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "400"}
_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 5.0


def launch(
    folder: Path | None = None,
    *,
    port: int = DEFAULT_PORT,
    address: str = "127.0.0.1",
    headless: bool = False,
    store: str | None = None,
    opens: str = "",
    on_ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Run the dashboard until Ctrl-C, SIGTERM or the end of its process.

    Parameters
    ----------
    folder : Path or None
        Where recordings and models are offered from; None for ``eegwarn-demo`` here, or here.
    port, address : int, str
        Where it listens.
    headless : bool
        Whether to leave the browser closed.
    store : str or None
        File or URL of the store of labels and alarms; None for ``EEGWARN_STORE``, ``store.db`` in the folder, or this
        user's.
    opens : str
        What the browser opens below the address: a page and its query; the first page if empty.
    on_ready : callable
        Called with the address to open, once the dashboard answers.

    Raises
    ------
    ConfigError
        If the folder, the port or the address cannot be used; an address that others can reach needs a login.
    EegwarnError
        If Streamlit is not installed, or ends by itself with an error.
    """
    check(folder, port=port, address=address)
    environment = _environment(folder, store)
    child = subprocess.Popen(_command(port, address), env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
    url = f"http://{f'[{address}]' if ':' in address else address}:{port}"
    with _stops_with_us(child):
        if _wait_until_it_answers(child, port, address):
            on_ready(url + opens)
            if not headless and _has_screen():
                webbrowser.open(url + opens)
        elif child.poll() is None:
            raise EegwarnError(f"The dashboard at {url} did not answer within {_START_TIMEOUT_S:.0f} s. Try again.")
        code = child.wait()
    if code > 0:
        raise EegwarnError(f"The dashboard at {url} ended with exit code {code}. Its own messages are above.")


def check(folder: Path | None, *, port: int, address: str) -> None:
    """Refuse what cannot work before anything starts; errors as for `launch`."""
    if importlib.util.find_spec("streamlit") is None:
        raise EegwarnError("The dashboard needs Streamlit, which is not installed. Run: pip install 'eegwarn[app]'")
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"Folder {str(folder)!r} does not exist. Give one with recordings, such as eegwarn-demo.")
    if not is_loopback(address) and not login_is_configured():
        raise ConfigError(
            f"Address {address!r} would open the dashboard to others without a login. Use 127.0.0.1, or set up [auth] "
            "with redirect_uri and cookie_secret in .streamlit/secrets.toml."
        )
    _check_port(port, address)


def _check_port(port: int, address: str) -> None:
    if not 1 <= port <= 65535:
        raise ConfigError(f"Port {port} does not exist. Give one between 1024 and 65535 with --port.")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":  # a port that was closed a moment ago is free, as it is for Streamlit
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise ConfigError(
                f"Port {port} of {address} cannot be used: {error.strerror}. Choose another, such as --port {port + 1}."
            ) from error


def _command(port: int, address: str) -> list[str]:
    # Streamlit asks for an e-mail address on its first start unless headless: the browser is opened here instead.
    options = {
        "server.address": address,
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "logger.enableRich": "false",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [sys.executable, "-m", "streamlit", "run", str(_MAIN), *flags]


def _environment(folder: Path | None, store: str | None) -> dict[str, str]:
    # Streamlit puts main.py's own folder on the path, not the one that holds the package.
    paths = [str(_MAIN.parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = _LIMITS | os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)} | _COLOURS
    if folder is not None:
        environment[FOLDER_VARIABLE] = str(folder.resolve())
    if store is not None:
        environment[ENVIRONMENT] = store if "://" in store else str(Path(store).expanduser().absolute())
    return environment


@contextmanager
def _stops_with_us(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the child on SIGINT, SIGTERM and any error, and give the signals back afterwards."""

    def stop(number: int, frame: FrameType | None) -> None:
        child.terminate()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait_until_it_answers(child: subprocess.Popen[bytes], port: int, address: str) -> bool:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while child.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection(address, port, timeout=1)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return True
        except (OSError, HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    return False


def _has_screen() -> bool:
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
