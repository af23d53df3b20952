"""Real LSL streams for tests."""

import contextlib
from collections.abc import Iterator

import pytest

from training.benchmarks.lsl_sender import Sender, start_sender


def need_lsl() -> None:
    """Skip where no LSL stream can be sent or found, and say why."""
    pytest.importorskip("mne_lsl", reason="mne-lsl is not installed, or its library cannot be loaded")


@contextlib.contextmanager
def sending(name: str, *, sfreq: float = 128, labels: list[str] | None = None) -> Iterator[Sender]:
    """Send for as long as this lasts; see `start_sender`."""
    sender = start_sender(name, sfreq=sfreq, labels=labels)
    try:
        yield sender
    finally:
        sender.kill()
