"""A real PostgreSQL server in a temporary folder, which can be stopped at once and started again."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eegwarn.errors import StoreError


def missing() -> str | None:
    """Say why no server can be started here, if so."""
    if _program("initdb") is None or _program("postgres") is None:
        return "PostgreSQL is not installed (initdb and postgres)"
    if os.getuid() == 0 and _unprivileged() is None:
        return "PostgreSQL refuses to run as root, and there is no user postgres or nobody"
    return None


class Server:
    """A server that nobody else can reach, with an empty database.

    Parameters
    ----------
    folder : Path
        Of its data and its socket.
    options : dict
        Of its processes: user and working folder.
    """

    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self.url = f"postgresql://eegwarn@/postgres?host={folder}"
        self._folder, self._options = folder, options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        # Durable against a killed program, which is tested; against a power cut is PostgreSQL's own to test.
        settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", f"unix_socket_directories={self._folder}"]
        command = [_program("postgres"), "-D", self._folder / "data", *settings]
        self._process = subprocess.Popen(command, **self._options)  # noqa: S603
        ready = [_program("psql"), "-h", self._folder, "-U", "eegwarn", "-d", "postgres", "-qc", "SELECT 1"]
        for _ in range(300):
            if subprocess.run(ready, check=False, timeout=10, **self._options).returncode == 0:  # noqa: S603
                return
            if self._process.poll() is not None:
                raise StoreError("The PostgreSQL server ended by itself.")
        raise StoreError("The PostgreSQL server does not answer.")

    def stop(self) -> None:
        """Stop it at once, whatever it does: it recovers when it starts again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=60)
            self._process = None


@contextmanager
def running_server() -> Iterator[Server]:
    """Run a new server with an empty database for as long as this lasts."""
    folder = Path(tempfile.mkdtemp(prefix="eegwarn-pg-"))
    as_user: dict[str, Any] = {}
    user = _unprivileged()
    if os.getuid() == 0 and user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    options: dict[str, Any] = {**as_user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = ["-D", folder / "data", "-U", "eegwarn", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
    server = Server(folder, options)
    try:
        subprocess.run([_program("initdb"), *command], check=True, timeout=120, **options)  # noqa: S603
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str | None:
    found = [shutil.which(name), *map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True))]
    return next((path for path in found if path), None)


def _unprivileged() -> pwd.struct_passwd | None:
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known.get("nobody")
