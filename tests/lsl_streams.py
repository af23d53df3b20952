"""Real LSL streams for tests: a sender in a process of its own."""

import contextlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lsl_sender import ELECTRODES


@dataclass
class Sender:
    """A stream's process; `say` is what it is told."""

    name: str
    process: subprocess.Popen[str]

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def need_lsl() -> None:
    """Skip where no LSL stream can be sent or found, and say why."""
    pytest.importorskip("mne_lsl", reason="mne-lsl is not installed, or its library cannot be loaded")


def new_name() -> str:
    return f"eegwarn-test-{os.getpid()}-{uuid.uuid4().hex[:8]}"


@contextlib.contextmanager
def sending(name: str, *, sfreq: float = 128, labels: list[str] | None = None) -> Iterator[Sender]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.lsl_sender", name, str(sfreq), ",".join(labels or ELECTRODES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    sender = Sender(name, process)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "sending\n"
        yield sender
    finally:
        sender.kill()
