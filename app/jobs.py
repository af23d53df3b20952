"""Long commands that are started from a page and live apart from it: training, retraining, quantising, evaluating.

Each runs as a process of its own session, and keeps everything about it in a folder: ``job.json`` (the command, who
and when), ``log.txt`` (what it says on the way), ``result.json`` (what it prints in the end). So a reload of the page,
a second screen or a new start of the dashboard find it again.

A dashboard's folder has one job at a time: the process itself holds a lock on a file there for as long as it lives.
That tells whether it runs, however it ends and whatever the system does with its number afterwards.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.job_log import Said, read_log
from eegwarn.errors import OutputError
from eegwarn.whole_file import whole_file

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

JOBS_FOLDER = ".eegwarn-jobs"
"""In the dashboard's folder; hidden, so that nothing in it is offered as a model."""

_TRIES = 10


class JobState(StrEnum):
    """How a job stands; LOST is one that ended without a word, as a killed process does."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True)
class Job:
    """A command that was started.

    Parameters
    ----------
    number : int
        Of the job in its dashboard's folder; the latest has the highest.
    folder : Path
        Holds what is kept of it.
    title : str
        What it does, for people.
    arguments : tuple of str
        Of the command line, after ``eegwarn``; paths as seen from the dashboard's folder.
    model : str
        Fingerprint of the model that it is about; empty where there is none yet.
    by : str
        Who started it.
    started_at : str
        ISO 8601, UTC.
    pid : int or None
        Of its process, which leads a session of its own; None until it has begun.
    """

    number: int
    folder: Path
    title: str
    arguments: tuple[str, ...]
    model: str
    by: str
    started_at: str
    pid: int | None = None


@dataclass(frozen=True)
class Standing:
    """How a job stands: its state, what its log says, and why it ended if it did not come to its end."""

    state: JobState
    said: Said
    problem: str = ""


def start_job(folder: Path, arguments: Sequence[str], *, title: str, by: str, model: str = "") -> Job:
    """Start ``eegwarn ARGUMENTS``, and with ``--json``, in the dashboard's folder, apart from this process.

    Raises
    ------
    OutputError
        If another job runs there, or nothing can be written there.
    """
    if fcntl is None:
        raise OutputError("Commands can be started from this page on Linux and macOS alone. Use a terminal.")
    jobs = folder / JOBS_FOLDER
    try:
        jobs.mkdir(exist_ok=True)
        with _lock(jobs) as lock:
            number = max(_numbers(jobs), default=0) + 1
            job = Job(
                number=number,
                folder=jobs / f"{number:04d}",
                title=title,
                arguments=tuple(arguments),
                model=model,
                by=by,
                started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            job.folder.mkdir()
            _write(job)
            job = replace(job, pid=_spawn(job, folder, lock))
            _write(job)
    except OSError as error:
        raise OutputError(f"No job can be started in {str(jobs)!r}: {error.strerror}. Check its rights.") from error
    return job


def read_jobs(folder: Path) -> Iterator[Job]:
    """Give the jobs of a dashboard's folder, the latest first; what cannot be read is left out."""
    jobs = folder / JOBS_FOLDER
    for number in sorted(_numbers(jobs), reverse=True):
        job = _read(jobs / f"{number:04d}", number)
        if job is not None:
            yield job


def standing(job: Job) -> Standing:
    """Tell how a job stands."""
    is_running = _is_running(job)  # asked first: the log of one that has ended is whole
    said = read_log(job.folder / "log.txt")
    if is_running:
        return Standing(JobState.RUNNING, said)
    if result_of(job) is not None:
        return Standing(JobState.DONE, said)
    cancelled = _table(job.folder / "cancelled.json")
    if cancelled is not None:
        return Standing(JobState.CANCELLED, said, f"cancelled by {cancelled.get('by')}")
    if said.error:
        return Standing(JobState.FAILED, said, said.error)
    return Standing(JobState.LOST, said, "it ended without a word: it was killed, or the computer was started anew")


def result_of(job: Job) -> dict[str, Any] | None:
    """Give what a job printed in the end; None where it did not get there."""
    return _table(job.folder / "result.json")


def cancel(job: Job, *, by: str) -> None:
    """End a job that runs; started again with the same arguments, training goes on where it was.

    Raises
    ------
    OutputError
        If it does not run, or what was done cannot be written down.
    """
    if job.pid is None or not _is_running(job):
        raise OutputError(f"{job.title!r} does not run any more. Reload the page.")
    said = {"by": by, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    with whole_file(job.folder / "cancelled.json") as file:
        file.write(json.dumps(said).encode())
    # It holds the lock, so the number is still its own; it leads its group, in which its children are.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(job.pid, signal.SIGTERM)


@contextlib.contextmanager
def _lock(jobs: Path) -> Iterator[int]:
    """Hold the lock of a dashboard's folder; whoever inherits it goes on holding it."""
    lock = os.open(jobs / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        # Somebody else may just be asking whether a job runs, which takes no time.
        for _ in range(_TRIES):
            if not _is_taken(lock, exclusive=True):
                break
            time.sleep(0.01)
        else:
            raise OutputError("A job runs in this folder, and there is one at a time. Wait for it, or cancel it.")
        yield lock
    finally:
        os.close(lock)


def _is_taken(lock: int, *, exclusive: bool) -> bool:
    """Take a lock; whether somebody else has it."""
    try:
        fcntl.flock(lock, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _is_running(job: Job) -> bool:
    jobs = job.folder.parent
    if fcntl is None or job.number != max(_numbers(jobs), default=0):
        return False
    try:
        lock = os.open(jobs / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        return _is_taken(lock, exclusive=False)
    finally:
        os.close(lock)


def _spawn(job: Job, folder: Path, lock: int) -> int:
    # Watching beds comes first where there is too little of the machine.
    polite = ["nice", "-n", "10"] if shutil.which("nice") else []
    # Without -P, a file in the dashboard's folder could stand in for a module.
    name, *rest = job.arguments
    command = [*polite, sys.executable, "-P", "-m", "eegwarn.cli", name, "--json", *rest]
    with (job.folder / "result.json").open("wb") as result, (job.folder / "log.txt").open("wb") as log:
        child = subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=result,
            stderr=log,
            pass_fds=(lock,),
            start_new_session=True,
        )
    threading.Thread(target=child.wait, daemon=True).start()  # so that it leaves no zombie
    return child.pid


def _numbers(jobs: Path) -> list[int]:
    try:
        return [int(each.name) for each in jobs.iterdir() if each.name.isdigit()]
    except OSError:
        return []


def _write(job: Job) -> None:
    table = {name: value for name, value in asdict(job).items() if name not in ("number", "folder")}
    with whole_file(job.folder / "job.json") as file:
        file.write(json.dumps(table, ensure_ascii=False, indent=1).encode())


def _read(folder: Path, number: int) -> Job | None:
    table = _table(folder / "job.json")
    try:
        return None if table is None else Job(number, folder, **(table | {"arguments": tuple(table["arguments"])}))
    except (KeyError, TypeError):
        return None


def _table(path: Path) -> dict[str, Any] | None:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return table if isinstance(table, dict) else None
