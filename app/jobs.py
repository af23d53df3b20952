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
import re
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

from eegwarn.errors import OutputError
from eegwarn.whole_file import whole_file

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

JOBS_FOLDER = ".eegwarn-jobs"
"""In the dashboard's folder; hidden, so that nothing in it is offered as a model."""

TAIL_LINES = 12
_TAIL_BYTES = 16_384
_ON_THE_WAY = re.compile(r"  (?P<step>.+): (?P<done>\d+) of (?P<total>\d+), (?P<left>\S+) left")
_FINISHED = re.compile(r"  (?P<step>.+): done \((?P<total>\d+)\)")
_ERROR = "eegwarn: "
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
    """How a job stands, and how far it is.

    Parameters
    ----------
    state : JobState
        How it stands.
    step : str
        What it does now, or did last; empty before the first word.
    share : float
        How much of that step is done, 0 to 1.
    left : str
        Time left of that step, h:mm:ss; empty where it is not known.
    problem : str
        Why it failed, or who cancelled it; empty otherwise.
    tail : tuple of str
        The last lines of its log.
    """

    state: JobState
    step: str = ""
    share: float = 0.0
    left: str = ""
    problem: str = ""
    tail: tuple[str, ...] = ()


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


def read_jobs(folder: Path) -> tuple[Job, ...]:
    """Give the jobs of a dashboard's folder, the latest first; what cannot be read is left out."""
    jobs = folder / JOBS_FOLDER
    found = (_read(jobs / f"{number:04d}", number) for number in sorted(_numbers(jobs), reverse=True))
    return tuple(job for job in found if job is not None)


def standing(job: Job) -> Standing:
    """Tell how a job stands."""
    lines = _last_lines(job.folder / "log.txt")
    told = _how_far(lines)
    tail = tuple(lines[-TAIL_LINES:])
    if _is_running(job):
        return replace(told, state=JobState.RUNNING, tail=tail)
    if result_of(job) is not None:
        return Standing(JobState.DONE, told.step, 1.0, tail=tail)
    cancelled = _table(job.folder / "cancelled.json")
    if cancelled is not None:
        return replace(told, state=JobState.CANCELLED, left="", problem=f"cancelled by {cancelled['by']}", tail=tail)
    error = next((line.removeprefix(_ERROR) for line in reversed(lines) if line.startswith(_ERROR)), "")
    if not error and any(line.startswith("Traceback") for line in lines):
        error = next(line for line in reversed(lines) if line.strip())
    if error:
        return replace(told, state=JobState.FAILED, left="", problem=error, tail=tail)
    lost = "it ended without a word: it was killed, or the computer was started anew"
    return replace(told, state=JobState.LOST, left="", problem=lost, tail=tail)


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


def _last_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
            return file.read().decode(errors="replace").splitlines()
    except OSError:
        return []


def _how_far(lines: Sequence[str]) -> Standing:
    """Read the latest line of progress as the command line writes it where nobody watches on a terminal."""
    for line in reversed(lines):
        if found := _ON_THE_WAY.fullmatch(line):
            share = int(found["done"]) / max(int(found["total"]), 1)
            return Standing(JobState.RUNNING, found["step"], min(share, 1.0), found["left"])
        if found := _FINISHED.fullmatch(line):
            return Standing(JobState.RUNNING, found["step"], 1.0)
    return Standing(JobState.RUNNING)
