"""A real PostgreSQL server in a temporary folder, for as long as the tests run."""

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


def missing() -> str | None:
    """Say why no server can be started here, if so."""
    if _program("initdb") is None or _program("postgres") is None:
        return "PostgreSQL is not installed (initdb and postgres)"
    if os.getuid() == 0 and _unprivileged() is None:
        return "PostgreSQL refuses to run as root, and there is no user postgres or nobody"
    return None


@contextmanager
def running_server() -> Iterator[str]:
    """Give the URL of an empty database on a new server that nobody else can reach."""
    folder = Path(tempfile.mkdtemp(prefix="eegwarn-pg-"))
    as_user: dict[str, Any] = {}
    if os.getuid() == 0:
        user = _unprivileged()
        assert user is not None
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = folder / "data"
    options: dict[str, Any] = {**as_user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    initdb = [_program("initdb"), "-D", data, "-U", "eegwarn", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
    server = None
    try:
        subprocess.run(initdb, check=True, timeout=120, **options)
        # Durable against a killed program, which is tested; against a power cut is PostgreSQL's own to test.
        settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", f"unix_socket_directories={folder}"]
        server = subprocess.Popen([_program("postgres"), "-D", data, *settings], **options)
        ready = [_program("psql"), "-h", folder, "-U", "eegwarn", "-d", "postgres", "-qc", "SELECT 1"]
        for _ in range(300):
            if subprocess.run(ready, check=False, timeout=10, **options).returncode == 0:
                break
            assert server.poll() is None, "the server has ended"
        yield f"postgresql://eegwarn@/postgres?host={folder}"
    finally:
        if server is not None:
            # At once: what it holds is thrown away.
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str | None:
    found = [shutil.which(name), *map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True))]
    return next((path for path in found if path), None)


def _unprivileged() -> pwd.struct_passwd | None:
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known.get("nobody")
