"""The windows of a set of recordings with the labels that training uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.scoring import Progress
from eegwarn.cohort import Cohort, CohortRecording
from eegwarn.engine import LOCAL, on_each
from eegwarn.errors import CohortError, RecordingError
from eegwarn.events.clips import KnownStretch, known_labels
from eegwarn.events.event import SeizureEvent
from eegwarn.events.labels import WindowState, label_windows
from eegwarn.signal.chain import SignalConfig
from eegwarn.signal.windows import WindowConfig, Windows
from training.cache import cached_windows, content_version

if TYPE_CHECKING:
    # A configuration of training takes torch along, which those who only label windows need not load.
    from training.config import TrainConfig
    from training.label_rules import LabelRules


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
    certain : ndarray of bool, shape (n_windows,)
        No error of the marks could change the label.
    clean : ndarray of float32, shape (n_windows,)
        1 or 0 where a clinician's clip says so, NaN elsewhere.
    """

    source: CohortRecording
    fingerprint: str
    events: tuple[SeizureEvent, ...]
    windows: Windows
    positive: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    certain: NDArray[np.bool_]
    clean: NDArray[np.float32]

    @property
    def target(self) -> NDArray[np.float32]:
        """What a network is asked to say without any correction: the known label, else the mark's; (n_windows,)."""
        return np.where(np.isnan(self.clean), self.positive, self.clean).astype(np.float32)


Clips = Mapping[str, Sequence[KnownStretch]]
"""What a clinician labelled, under the fingerprint of the recording's content: files may move and share names."""


def clips_by_content(cohort: Cohort, named: Mapping[str, Sequence[KnownStretch]]) -> dict[str, Sequence[KnownStretch]]:
    """Find what the clips of a table are about.

    Parameters
    ----------
    cohort : Cohort
        Where the recordings are.
    named : mapping
        Clips under the recording's fingerprint or file name, as `eegwarn.events.read_clips` gives them; those of
        recordings that the cohort does not hold are passed over.

    Raises
    ------
    CohortError
        If a name is that of several recordings.
    """
    found: dict[str, Sequence[KnownStretch]] = {}
    names: dict[str, str] = {}
    for recording in cohort.recordings:
        content = recording.content()
        if known := (*named.get(recording.name, ()), *named.get(content, ())):
            found[content] = known
        if recording.name in named and names.setdefault(recording.name, content) != content:
            raise CohortError(
                f"Clips were labelled in {recording.name!r}, and {str(cohort.folder)!r} holds several recordings of "
                "that name. Give the fingerprint of each in a column of the table, or other names."
            )
    return found


@dataclass(frozen=True)
class Prepared:
    """Recordings ready for training, and those that could not be used."""

    recordings: tuple[LabelledRecording, ...]
    skipped: tuple[tuple[str, str], ...]


def prepare_recordings(
    cohort: Cohort,
    recordings: Sequence[CohortRecording],
    config: "TrainConfig",
    *,
    cache: Path,
    step: str,
    clips: Clips | None = None,
    engine: str = LOCAL,
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
    clips : mapping, optional
        Labelled stretches of these recordings.
    engine : str
        Where recordings are processed; see `eegwarn.engine`. A cluster's workers must see the same ``cache``.
    progress : callable, optional
        Told after each recording.

    Returns
    -------
    Prepared
        A recording that cannot be read or processed is left out with the reason.
    """
    prepared, skipped = [], []
    read = on_each(partial(_process, config.signal, config.windows, cache), recordings, engine=engine)
    for n_done, (recording, content) in enumerate(zip(recordings, read, strict=True), start=1):
        if isinstance(content, Unusable):
            skipped.append((recording.name, content.reason))
        else:
            events = cohort.patient(recording.patient_id).events_seen_from(recording)
            prepared.append(_prepare(recording, content, events, clips or {}, config, cache))
        if progress is not None:
            progress(step, n_done, len(recordings))
    return Prepared(tuple(prepared), tuple(skipped))


@dataclass(frozen=True)
class Unusable:
    """Why a recording cannot be used."""

    reason: str


def _process(signal: SignalConfig, windows: WindowConfig, cache: Path, recording: CohortRecording) -> str | Unusable:
    """Leave a recording's processed signal in the cache, and tell its content."""
    try:
        content = recording.content()
        made = cached_windows(recording.open(), content_version(recording, content), signal, windows, cache=cache)
    except RecordingError as error:
        return Unusable(str(error))
    if not made.usable.any():
        return Unusable(f"Recording {recording.name!r} has no window with enough good derivations.")
    return content


def _prepare(
    recording: CohortRecording,
    content: str,
    events: tuple[SeizureEvent, ...],
    clips: Clips,
    config: "TrainConfig",
    cache: Path,
) -> LabelledRecording:
    version = content_version(recording, content)
    windows = cached_windows(recording.open(), version, config.signal, config.windows, cache=cache)
    return label_recording(recording, content, events, windows, clips.get(content, ()), config)


def label_recording(
    source: CohortRecording,
    fingerprint: str,
    events: tuple[SeizureEvent, ...],
    windows: Windows,
    known: Sequence[KnownStretch],
    config: "TrainConfig | LabelRules",
) -> LabelledRecording:
    """Label a recording's windows by the marks ``events`` and by the stretches that a clinician labelled."""
    labels = label_windows(windows.start_s, windows.window_s, events, horizon_s=config.horizon_s, config=config.labels)
    clean = known_labels(windows.centre_s, known)
    clean[~windows.usable] = np.nan
    positive = np.isin(labels.state, (WindowState.ICTAL, WindowState.PREICTAL))
    if config.horizon_s:
        # That there is no seizure yet does not contradict that one begins within the horizon.
        clean[positive & (clean == 0)] = np.nan
    return LabelledRecording(
        source,
        fingerprint,
        events,
        windows,
        positive=positive,
        counted=windows.usable & ((labels.state != WindowState.POSTICTAL) | np.isfinite(clean)),
        certain=labels.certain & windows.usable,
        clean=clean,
    )
