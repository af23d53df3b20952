"""What is sent to the viewer in the browser: plain numbers and words, and the samples as packed bytes."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.corrections import Correction
from app.display import HIGH_PASSES_HZ, LOW_PASSES_HZ, NOTCHES_HZ
from app.eeg_page import EegPage, bad_stretches
from app.findings import alarm_spans, fault_spans
from app.montages import BIPOLAR, MONTAGES, side_of
from app.spectrogram import Spectrogram
from eegwarn.bedside.scoring import Scored
from eegwarn.events.event import SeizureEvent
from eegwarn.store.labels import LabelRow
from eegwarn.warning.alarm import AlarmConfig, smooth

PAGE_S = 10.0
LONGEST_PAGE_S = 60.0
N_PAGES = 4
"""Sent at once: the page before the one that is looked at, and two after it, so that two turns need no answer."""

N_COLUMNS = 1200
NOT_JUDGED = 255
_LEVEL_STEPS = 254
_FILTERED = ("montage", "high_pass_hz", "low_pass_hz", "notch_hz")


@dataclass(frozen=True)
class Level:
    """The warning level that the alarm rule looks at, over a whole recording.

    Parameters
    ----------
    time_s : ndarray, shape (n_windows,)
        When each window had ended and could be judged.
    smoothed : ndarray, shape (n_windows,)
        Between 0 and 1; NaN at a fault.
    threshold : float
        From which windows speak for an alarm.
    """

    time_s: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    threshold: float


def level_of(scored: Scored, config: AlarmConfig) -> Level:
    """Smooth the warning level as the alarm rule does, so that the curve and its threshold can be compared."""
    return Level(scored.time_s, smooth(scored.time_s, scored.probability, config), config.threshold)


def level_columns(level: Level, duration_s: float, n_columns: int = N_COLUMNS) -> NDArray[np.uint8]:
    """Reduce the warning level to the columns of the overview: the highest in each, so that no peak is lost.

    Parameters
    ----------
    level : Level
        Any number of windows; between two of them the earlier one holds.
    duration_s : float
        What the columns cover.

    Returns
    -------
    ndarray of uint8, shape (n_columns,)
        0 to 254 for 0 to 1; 255 where nothing was judged.
    """
    columns = np.full(n_columns, NOT_JUDGED, dtype=np.uint8)
    if not level.time_s.size:
        return columns
    border_s = np.linspace(0.0, duration_s, n_columns + 1)
    first = np.maximum(np.searchsorted(level.time_s, border_s[:-1], side="right") - 1, 0)
    stop = np.searchsorted(level.time_s, border_s[1:], side="right")
    begun = stop > 0
    spans = np.column_stack([first[begun], np.maximum(stop[begun], first[begun] + 1)]).ravel()
    highest = np.fmax.reduceat(np.append(level.smoothed, np.nan), spans)[::2]
    steps = np.rint(np.nan_to_num(highest) * _LEVEL_STEPS).astype(np.uint8)
    columns[begun] = np.where(np.isnan(highest), NOT_JUDGED, steps)
    return columns


def recording_scene(
    *,
    key: str,
    duration_s: float,
    seizures: Sequence[SeizureEvent],
    scored: Scored | None,
    level: Level | None,
    why_not_scored: str = "",
    labels: Sequence[LabelRow] = (),
    corrections: Sequence[Correction] = (),
    montages: Sequence[str] = (BIPOLAR,),
) -> dict[str, Any]:
    """Gather what stays the same while a recording is looked at.

    Parameters
    ----------
    key : str
        Tells one recording from another.
    duration_s : float
        Length of the recording.
    seizures : sequence of SeizureEvent
        As marked.
    scored, level : Scored and Level, or None
        None where the recording was not scored.
    why_not_scored : str
        Shown in place of the warning level.
    labels : sequence of LabelRow
        What clinicians said about clips of it.
    corrections : sequence of Correction
        Where the training of the model that scored it put the onsets of its marks.
    montages : sequence of str
        Those in which it can be shown.
    """
    return {
        "recording": {"key": key, "duration_s": duration_s},
        "choices": display_choices(montages),
        "labels": [label_scene(row) for row in labels],
        "corrections": [vars(one) for one in corrections],
        "seizures": [{"start_s": event.onset_s, "end_s": event.offset_s} for event in seizures],
        "alarms": [
            {"start_s": start_s, "end_s": end_s, "peak": alarm.peak_probability}
            for alarm, (start_s, end_s) in zip(scored.alarms, alarm_spans(scored), strict=True)
        ]
        if scored
        else [],
        "faults": [{"start_s": start_s, "end_s": end_s} for start_s, end_s in fault_spans(scored)] if scored else [],
        "levels": packed(level_columns(level, duration_s)) if level else None,
        "threshold": level.threshold if level else None,
        "why_not_scored": why_not_scored,
    }


def display_choices(montages: Sequence[str]) -> dict[str, Any]:
    """List what a reader may choose; montages that a recording cannot be shown in are named, and off."""
    return {
        "montage": list(MONTAGES),
        "available": list(montages),
        "high_pass_hz": list(HIGH_PASSES_HZ),
        "low_pass_hz": list(LOW_PASSES_HZ),
        "notch_hz": list(NOTCHES_HZ),
    }


def label_scene(row: LabelRow) -> dict[str, Any]:
    """Say what a rater said about a clip, and where she put the onset."""
    return {
        "start_s": row.clip.start_s,
        "end_s": row.clip.end_s,
        "label": row.answer.label.value if row.answer else "",
        "rater": row.rater,
        "onset_s": row.answer.onset_s if row.answer else None,
    }


def page_scene(page: EegPage, level: Level | None) -> dict[str, Any]:
    """Gather what changes from page to page: samples, bad stretches, and the warning level beside them."""
    n_times = page.data.shape[1]
    end_s = page.start_s + n_times / page.sfreq
    inside = slice(0, 0)
    if level:  # one window to either side, so that the curve reaches the edges
        first, stop = np.searchsorted(level.time_s, (page.start_s, end_s))
        inside = slice(max(int(first) - 1, 0), int(stop) + 1)
    return {
        "start_s": page.start_s,
        "sfreq": page.sfreq,
        "scale_uv": page.scale_uv,
        "n_times": n_times,
        "samples": packed(page.data.astype("<i2")),
        "channels": [{"name": name.removesuffix("-AVG"), "side": side_of(name)} for name in page.names],
        "display": {name: getattr(page.display, name) for name in _FILTERED},
        "bad": [list(stretch) for stretch in bad_stretches(page)],
        "level_time_s": level.time_s[inside].tolist() if level else [],
        "level": [None if np.isnan(value) else round(float(value), 4) for value in level.smoothed[inside]]
        if level
        else [],
    }


def spectrogram_scene(of: Spectrogram) -> dict[str, Any]:
    """Pack a spectrogram."""
    return {
        "start_s": of.start_s,
        "end_s": of.end_s,
        "low_hz": of.low_hz,
        "high_hz": of.high_hz,
        "quiet_db": of.quiet_db,
        "loud_db": of.loud_db,
        "n_columns": of.left.shape[1],
        "n_rows": of.left.shape[0],
        "left": packed(of.left),
        "right": packed(of.right),
    }


def packed(values: ArrayLike) -> str:
    """Pack an array's bytes as base64."""
    return b64encode(np.ascontiguousarray(values).tobytes()).decode()
