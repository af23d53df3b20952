"""The windows of a set of recordings with the labels that training uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.scoring import Progress
from eegwarn.cohort import Cohort, CohortRecording
from eegwarn.cohort.content import file_fingerprint
from eegwarn.errors import RecordingError
from eegwarn.events.event import SeizureEvent
from eegwarn.events.labels import WindowState, label_windows
from eegwarn.signal.windows import Windows
from training.cache import cached_windows
from training.config import TrainConfig


@dataclass(frozen=True)
class LabelledRecording:
    """A recording's windows, mapped from disk, and what is known about each.

    Parameters
    ----------
    source : CohortRecording
        Where it comes from, with the marks.
    fingerprint : str
        What tells its content.
    events : tuple of SeizureEvent
        The patient's seizures in seconds from this recording's start, those of the other recordings too.
    windows : Windows
        In time order.
    positive : ndarray of bool, shape (n_windows,)
        A seizure is under way or begins within the horizon, by the marks.
    counted : ndarray of bool, shape (n_windows,)
        Usable, and not in the time after a seizure, which is neither calm nor seizure.
    """

    source: CohortRecording
    fingerprint: str
    events: tuple[SeizureEvent, ...]
    windows: Windows
    positive: NDArray[np.bool_]
    counted: NDArray[np.bool_]


@dataclass(frozen=True)
class Prepared:
    """Recordings ready for training, and those that could not be used."""

    recordings: tuple[LabelledRecording, ...]
    skipped: tuple[tuple[str, str], ...]


def prepare_recordings(
    cohort: Cohort,
    recordings: Sequence[CohortRecording],
    config: TrainConfig,
    *,
    cache: Path,
    step: str,
    progress: Progress | None = None,
) -> Prepared:
    """Process recordings into the cache and label their windows.

    Parameters
    ----------
    cohort : Cohort
        Where they belong.
    recordings : sequence of CohortRecording
        One part of a split.
    config : TrainConfig
        Signal, windows, labels and horizon.
    cache : Path
        Where processed signals are kept.
    step : str
        Name of this step for ``progress``.
    progress : callable, optional
        Told after each recording.

    Returns
    -------
    Prepared
        A recording that cannot be read or processed is left out with the reason.
    """
    prepared, skipped = [], []
    for n_done, recording in enumerate(recordings, start=1):
        try:
            events = cohort.patient(recording.patient_id).events_seen_from(recording)
            prepared.append(_prepare(recording, events, config, cache))
        except RecordingError as error:
            skipped.append((recording.name, str(error)))
        if progress is not None:
            progress(step, n_done, len(recordings))
    return Prepared(tuple(prepared), tuple(skipped))


def _prepare(
    recording: CohortRecording, events: tuple[SeizureEvent, ...], config: TrainConfig, cache: Path
) -> LabelledRecording:
    content = file_fingerprint(recording.path)
    # A fingerprint rests on pieces of the file: an edit between them shows only in the time of writing.
    version = f"{content} {recording.path.stat().st_mtime_ns}"
    windows = cached_windows(recording.open(), version, config.signal, config.windows, cache=cache)
    if not windows.usable.any():
        raise RecordingError(f"Recording {recording.name!r} has no window with enough good derivations.")
    labels = label_windows(windows.start_s, windows.window_s, events, horizon_s=config.horizon_s, config=config.labels)
    positive = np.isin(labels.state, (WindowState.ICTAL, WindowState.PREICTAL))
    counted = windows.usable & (labels.state != WindowState.POSTICTAL)
    return LabelledRecording(recording, content, events, windows, positive, counted)
