"""Jobs live apart from the page: found again, one at a time, cancelled, and their end told in a line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.job_log import Said, read_log
from app.jobs import JOBS_FOLDER, Job, JobState, cancel, read_jobs, result_of, standing, start_job
from eegwarn.errors import OutputError

LONG = ("monitor", "amplitude.eegwarn", "--source", "a_seizure.edf", "--store", "store.db")
MISSING = ("score", "none.eegwarn", "a_seizure.edf")
START = """
import sys
from pathlib import Path
from app.jobs import start_job
start_job(Path(sys.argv[1]), sys.argv[2:], title="watch", by="anna")
"""


@pytest.fixture
def place(folder: Path, tmp_path: Path) -> Iterator[Path]:
    for name in ("a_seizure.edf", "amplitude.eegwarn"):
        shutil.copy(folder / name, tmp_path / name)
    yield tmp_path
    for job in read_jobs(tmp_path):
        if standing(job).state is JobState.RUNNING:
            cancel(job, by="the test")


def wait_for(job: Job, done: Callable[[JobState], bool]) -> JobState:
    deadline = time.monotonic() + 60
    while not done(state := standing(job).state):
        assert time.monotonic() < deadline, standing(job)
        time.sleep(0.05)
    return state


def ended(state: JobState) -> bool:
    return state is not JobState.RUNNING


def test_a_job_outlives_who_started_it_is_alone_and_is_cancelled(place: Path) -> None:
    started = subprocess.run([sys.executable, "-c", START, place, *LONG], cwd=Path(__file__).parents[2], check=False)
    assert started.returncode == 0
    (job,) = read_jobs(place)
    assert (job.by, job.arguments, standing(job).state) == ("anna", LONG, JobState.RUNNING)
    with pytest.raises(OutputError, match="one at a time"):
        start_job(place, LONG, title="another", by="ben")
    assert list(read_jobs(place)) == [job]
    cancel(job, by="ben")
    assert wait_for(job, ended) is JobState.CANCELLED
    assert standing(job).problem == "cancelled by ben"
    with pytest.raises(OutputError, match="does not run any more"):
        cancel(job, by="ben")


def test_a_killed_job_is_lost_and_another_may_be_started(place: Path) -> None:
    job = start_job(place, LONG, title="watch", by="anna")
    assert job.pid is not None
    os.kill(job.pid, signal.SIGKILL)
    assert wait_for(job, ended) is JobState.LOST
    again = start_job(place, LONG, title="watch", by="anna")
    assert [each.number for each in read_jobs(place)] == [2, 1]
    assert (standing(job).state, standing(again).state) == (JobState.LOST, JobState.RUNNING)


def test_what_a_job_found_is_kept_and_an_error_is_its_one_line(place: Path) -> None:
    job = start_job(place, ["score", *LONG[1:2], "a_seizure.edf"], title="score", by="anna")
    assert wait_for(job, ended) is JobState.DONE
    result = result_of(job)
    assert result is not None
    assert len(result["alarms"]) == 1
    failing = start_job(place, MISSING, title="score", by="anna")
    assert wait_for(failing, ended) is JobState.FAILED
    assert standing(failing).problem == "'none.eegwarn' cannot be read: No such file or directory."


def test_a_number_that_another_process_has_by_now_is_neither_taken_for_the_job_nor_ended(place: Path) -> None:
    job = start_job(place, MISSING, title="score", by="anna")
    wait_for(job, ended)
    kept = job.folder / "job.json"
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"pid": os.getpid()}))
    (reused,) = read_jobs(place)
    assert standing(reused).state is JobState.FAILED
    with pytest.raises(OutputError, match="does not run"):
        cancel(reused, by="anna")


def test_progress_time_left_and_errors_are_read_from_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert read_log(log) == Said()
    log.write_text("  read training patients: done (12)\n  train on the marks: 110 of 500, 0:01:05 left\nLeft out x\n")
    said = read_log(log)
    assert (said.step, said.share, said.left, said.error) == ("train on the marks", 0.22, "0:01:05", "")
    assert said.tail[-1] == "Left out x"
    log.write_text("Traceback (most recent call last):\n  File x\nValueError: no\n")
    assert read_log(log).error == "ValueError: no"


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / JOBS_FOLDER).write_text("no folder")
    with pytest.raises(OutputError, match="No job can be started"):
        start_job(tmp_path, LONG, title="watch", by="anna")
    assert list(read_jobs(tmp_path)) == []
