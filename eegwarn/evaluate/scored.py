"""What a model said about a recording, beside what is known of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eegwarn.events.event import SeizureEvent


@dataclass(frozen=True)
class ScoredRecording:
    """What a model said about a recording, beside what is known of it.

    Parameters
    ----------
    patient_id, name : str
        Whose recording, and which.
    duration_s : float
        Its length.
    time_s : ndarray, shape (n_windows,)
        End of each window in seconds.
    probability : ndarray, shape (n_windows,)
        Warning level; NaN where a window could not be judged.
    label : ndarray, shape (n_windows,)
        1 for seizure (or within the horizon before one), 0 for none, NaN to leave a window out of the sample scores.
    seizures, alarms : tuple of SeizureEvent
        What was marked, and what was raised.
    faults : tuple of (float, float)
        Start and end of the stretches in which the monitor could not judge.
    neighbours : tuple of SeizureEvent
        Seizures of the patient's other recordings, in seconds from this one's start: a warning shortly before the end
        may be right by a seizure in the next recording. They are counted where they were recorded.
    smoothed : ndarray, shape (n_windows,), optional
        The warning level as the alarm rule compares it with its threshold.
    start : datetime, optional
        When the recording began, where that is known.
    """

    patient_id: str
    name: str
    duration_s: float
    time_s: NDArray[np.float64]
    probability: NDArray[np.float64]
    label: NDArray[np.float64]
    seizures: tuple[SeizureEvent, ...] = ()
    alarms: tuple[SeizureEvent, ...] = ()
    faults: tuple[tuple[float, float], ...] = ()
    neighbours: tuple[SeizureEvent, ...] = ()
    smoothed: NDArray[np.float64] | None = None
    start: datetime | None = None

    @property
    def level(self) -> NDArray[np.float64]:
        """What a threshold is held against: the smoothed warning level, or the level itself where that is not given.

        Shape (n_windows,), 0 to 1, NaN where nothing was judged.
        """
        return self.probability if self.smoothed is None else self.smoothed

    @property
    def marked(self) -> tuple[SeizureEvent, ...]:
        """The patient's seizures in this recording's time, those of the other recordings too."""
        return (*self.seizures, *self.neighbours)

    @property
    def hop_s(self) -> float:
        """Time from one window to the next."""
        return float(np.median(np.diff(self.time_s))) if self.time_s.size > 1 else max(self.duration_s, 1.0)


def cut_at_seizures(recording: ScoredRecording) -> tuple[ScoredRecording, ...]:
    """Cut a recording half-way between the onsets of its seizures, into stretches that can be resampled.

    Returns
    -------
    tuple of ScoredRecording
        In time order, each in seconds from its own start, with one seizure (or several of one onset); one stretch
        where the recording has fewer. Alarms and faults that reach over a cut are cut as well.
    """
    onsets_s = np.unique([event.onset_s for event in recording.seizures])
    cuts_s = onsets_s[:-1] + np.diff(onsets_s) / 2
    if not cuts_s.size:
        return (recording,)
    number = np.searchsorted(cuts_s, [event.onset_s for event in recording.seizures])
    borders_s = [0.0, *np.clip(cuts_s, 0, recording.duration_s).tolist(), recording.duration_s]
    return tuple(
        _stretch(recording, start_s, stop_s, {recording.seizures[each] for each in np.flatnonzero(number == index)})
        for index, (start_s, stop_s) in enumerate(pairwise(borders_s))
    )


def _stretch(recording: ScoredRecording, start_s: float, stop_s: float, own: set[SeizureEvent]) -> ScoredRecording:
    kept = (recording.time_s > start_s) & (recording.time_s <= stop_s)

    def inside(start: float, end: float) -> tuple[float, float]:
        return max(start, start_s) - start_s, min(end, stop_s) - start_s

    return replace(
        recording,
        duration_s=stop_s - start_s,
        time_s=recording.time_s[kept] - start_s,
        probability=recording.probability[kept],
        label=recording.label[kept],
        smoothed=None if recording.smoothed is None else recording.smoothed[kept],
        seizures=tuple(_moved(event, -start_s) for event in recording.marked if event in own),
        neighbours=tuple(_moved(event, -start_s) for event in recording.marked if event not in own),
        alarms=tuple(
            SeizureEvent(*inside(event.onset_s, _end_s(event)), confidence=event.confidence)
            for event in recording.alarms
            if event.onset_s < stop_s and _end_s(event) >= start_s
        ),
        faults=tuple(inside(*fault) for fault in recording.faults if fault[0] < stop_s and fault[1] > start_s),
        start=None,
    )


def _end_s(event: SeizureEvent) -> float:
    return event.onset_s if event.offset_s is None else event.offset_s


def _moved(event: SeizureEvent, by_s: float) -> SeizureEvent:
    return replace(
        event, onset_s=event.onset_s + by_s, offset_s=None if event.offset_s is None else event.offset_s + by_s
    )
