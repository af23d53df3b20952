"""A store that asks about clips of the tests' recording."""

from pathlib import Path

from eegwarn.cohort.content import file_fingerprint
from eegwarn.store import Store
from eegwarn.store.queue import Question, ask
from eegwarn.store.recordings import NewRecording, add_recordings
from tests.app.examples import DURATION_S


def ask_about(
    store: Store,
    recording: Path,
    starts_s: list[float],
    *,
    reason: dict[str, float] | None = None,
    duration_s: float = DURATION_S,
) -> int:
    """Ask everybody about clips of 10 s; returns the recording's number in the store."""
    found = NewRecording("p1", file_fingerprint(recording), recording, duration_s)
    known = add_recordings(store, [found], by="engineer")[0]
    questions = [Question(known.id, start_s, 10.0, reason or {"margin": 1.0}) for start_s in starts_s]
    ask(store, questions, by="engineer", policy="policy 1")
    return known.id
