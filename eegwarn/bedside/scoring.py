"""From a recording and a model to warning levels, alarms and faults."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.bundle import Bundle
from eegwarn.bedside.runtime import Runtime
from eegwarn.events.event import SeizureEvent
from eegwarn.signal.ahead import made_ahead
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.recording import Recording
from eegwarn.signal.windows import stream_windows
from eegwarn.warning.alarm import Alarm, Fault, alarm_events, find_alarms
from eegwarn.warning.calibrate import probability
from eegwarn.warning.trend import TrendState, follow
from eegwarn.whole_file import whole_file

Progress = Callable[[str, int, int], None]
"""Called with (name of the step, how much is done, how much there is), often enough for a progress bar."""


@dataclass(frozen=True)
class Scored:
    """What a model says about a recording.

    Parameters
    ----------
    name : str
        The recording's.
    start : datetime or None
        When it began, where that is known.
    duration_s : float
        How long it is.
    window_s, horizon_s : float
        The model's: length of a window, and how far before the onset a warning counts; 0 for detection.
    start_s : ndarray, shape (n_windows,)
        Start of each window, seconds from the recording's start.
    probability : ndarray, shape (n_windows,)
        Warning level, NaN where a window could not be judged.
    alarms : tuple of Alarm
        In time order.
    faults : tuple of Fault
        Stretches in which nothing could be judged, in time order.
    unwatched : tuple of str
        Derivations that were missing or bad in more than half of the windows: a seizure there may go unseen.
    """

    name: str
    start: datetime | None
    duration_s: float
    window_s: float
    horizon_s: float
    start_s: NDArray[np.float64]
    probability: NDArray[np.float64]
    alarms: tuple[Alarm, ...]
    faults: tuple[Fault, ...]
    unwatched: tuple[str, ...] = ()

    @property
    def time_s(self) -> NDArray[np.float64]:
        """When each window ended and could be judged, shape (n_windows,)."""
        return self.start_s + self.window_s

    @property
    def events(self) -> tuple[SeizureEvent, ...]:
        """The alarms as events for a file or a scorer; the onset is when the alarm was raised."""
        return alarm_events(self.alarms, end_s=self.duration_s)


def score_recording(
    bundle: Bundle, recording: Recording, progress: Progress | None = None, *, ahead: bool = True
) -> Scored:
    """Score a recording block by block; memory grows by two numbers a window.

    Parameters
    ----------
    bundle : Bundle
        The model.
    recording : Recording
        Read once, from its start to its end.
    progress : callable, optional
        Told the windows done and the windows there are.
    ahead : bool
        Whether further threads read and filter what comes next while windows are judged: sooner where a core is free,
        no use where others score beside this one.

    Returns
    -------
    Scored

    Raises
    ------
    RecordingError
        If the recording is shorter than a window or cannot be processed.
    ModelError
        If the network cannot be run.
    """
    config = bundle.config
    runtime = Runtime(bundle)
    n_windows = max(0, int((recording.duration_s - config.windows.window_s) / config.windows.hop_s) + 1)
    starts, levels, n_done = [np.empty(0)], [np.empty(0)], 0
    n_bad = np.zeros(len(LONGITUDINAL_BIPOLAR), dtype=np.int64)
    trend: TrendState | None = None
    stretches = stream_windows(recording, config.signal, config.windows, ahead=ahead)
    for windows in made_ahead(stretches) if ahead else stretches:
        starts.append(windows.start_s)
        logit, trend = follow(runtime.logit(windows), config.windows.hop_s, config.trend, trend)
        levels.append(probability(config.calibration, logit))
        n_bad += windows.bad.sum(axis=0)
        n_done += len(windows)
        if progress is not None:
            progress(f"score {recording.name}", n_done, max(n_windows, n_done))
    start_s, level = np.concatenate(starts), np.concatenate(levels)
    alarms, faults = find_alarms(start_s + config.windows.window_s, level, config.alarm)
    return Scored(
        recording.name,
        recording.start,
        recording.duration_s,
        config.windows.window_s,
        config.horizon_s,
        start_s,
        level,
        alarms,
        faults,
        tuple(name for name, n in zip(LONGITUDINAL_BIPOLAR, n_bad, strict=True) if n > n_done / 2),
    )


def write_probabilities(path: Path | str, scored: Scored) -> None:
    """Write the warning level over time as a table: ``time_s`` (end of the window) and ``probability``.

    A window that could not be judged has ``n/a``, as BIDS writes a missing value; it never has 0.

    Parameters
    ----------
    path : Path or str
        A TSV file; one that is there is replaced.
    scored : Scored
        Times are seconds from the start of its recording.

    Raises
    ------
    OutputError
        If the file cannot be written; nothing is left behind.
    """
    rows = (
        f"{time_s:.3f}\t{'n/a' if np.isnan(level) else f'{level:.6f}'}\n"
        for time_s, level in zip(scored.time_s, scored.probability, strict=True)
    )
    with whole_file(path) as file:
        file.write(("time_s\tprobability\n" + "".join(rows)).encode())
