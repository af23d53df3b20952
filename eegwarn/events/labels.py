"""Labels of windows: what state the patient was in, and whether that is certain."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eegwarn.errors import ConfigError
from eegwarn.events.event import SeizureEvent, in_time_order, overlap_groups


class WindowState(IntEnum):
    """State of the patient in a window, relative to the seizures that were marked."""

    INTERICTAL = 0
    PREICTAL = 1
    ICTAL = 2
    POSTICTAL = 3


@dataclass(frozen=True)
class LabelConfig:
    """How marks become labels. Defaults follow how far apart two experts set their marks (Stevenson et al. 2019).

    Parameters
    ----------
    postictal_s : float
        How long after an offset a window counts as postictal, in s.
    assumed_duration_s : float
        Length that a seizure is taken to have where only its onset was marked, in s.
    inside_margin_s : float
        A window is certain to be ictal where it lies this far inside both marks, in s.
    outside_margin_s : float
        A window is certain to be interictal where it lies this far from every seizure, in s.
    """

    postictal_s: float = 300.0
    assumed_duration_s: float = 60.0
    inside_margin_s: float = 10.0
    outside_margin_s: float = 600.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value < np.inf or (name == "assumed_duration_s" and value == 0):
                raise ConfigError(f"labels.{name} must be a finite number of seconds above 0, but got {value!r}.")


@dataclass(frozen=True)
class WindowLabels:
    """Labels of windows in the order they were given.

    Parameters
    ----------
    state : ndarray of int8, shape (n_windows,)
        Values of `WindowState`.
    certain : ndarray of bool, shape (n_windows,)
        False where an error of the marks could change the label.
    """

    state: NDArray[np.int8]
    certain: NDArray[np.bool_]


def label_windows(
    start_s: ArrayLike,
    window_s: float,
    events: Sequence[SeizureEvent],
    *,
    horizon_s: float,
    config: LabelConfig | None = None,
) -> WindowLabels:
    """Label windows by where their centre lies.

    Ictal is a centre in [onset, offset); preictal one at most ``horizon_s`` before an onset; postictal one less than
    ``postictal_s`` after an offset; interictal all others. Ictal goes before preictal, and preictal before postictal.
    Preictal and postictal windows are never certain, nor are ictal ones of a seizure whose end was not marked.

    Parameters
    ----------
    start_s : array_like, shape (n_windows,)
        Seconds from the start of the recording.
    window_s : float
        Length of a window in seconds.
    events : sequence of SeizureEvent
        In any order. Those of the patient's other recordings may be given too, in the same seconds: a seizure soon
        after the end of this recording makes its last windows preictal.
    horizon_s : float
        How long before an onset a window counts as preictal, in s; 0 for none (detection).
    config : LabelConfig or None
        Margins; None for the defaults.

    Returns
    -------
    WindowLabels
        State and certainty of each window.

    Raises
    ------
    ConfigError
        If ``horizon_s`` is negative or ``window_s`` is not above 0.
    """
    if not (0 <= horizon_s < np.inf and 0 < window_s < np.inf):
        raise ConfigError(
            f"A horizon must be 0 s or more and a window above 0 s, but got {horizon_s!r} and {window_s!r}."
        )
    config = config or LabelConfig()
    begin_s = np.asarray(start_s, dtype=float)
    end_s, centre_s = begin_s + window_s, begin_s + window_s / 2
    onset_s, offset_s, sure_offset_s = _stretches(events, config.assumed_duration_s)

    latest = np.searchsorted(onset_s, centre_s, side="right")
    since_offset_s, to_onset_s = centre_s - offset_s[latest], onset_s[latest] - centre_s
    ictal, preictal, postictal = since_offset_s < 0, to_onset_s <= horizon_s, since_offset_s < config.postictal_s
    state = np.select(
        [ictal, preictal, postictal],
        [WindowState.ICTAL, WindowState.PREICTAL, WindowState.POSTICTAL],
        WindowState.INTERICTAL,
    )
    inside_s = np.minimum(begin_s - onset_s[latest - 1], sure_offset_s[latest] - end_s)
    begun = np.searchsorted(onset_s, end_s)
    outside_s = np.minimum(begin_s - offset_s[begun], onset_s[begun] - end_s)
    certain = np.where(
        ictal,
        inside_s >= config.inside_margin_s,
        (outside_s >= config.outside_margin_s) & (state == WindowState.INTERICTAL),
    )
    return WindowLabels(state.astype(np.int8), certain)


def _stretches(
    events: Sequence[SeizureEvent], assumed_duration_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Join overlapping events; give their bounds such that ``i`` = number of onsets so far indexes all three.

    Returns
    -------
    onset_s : ndarray, shape (n + 1,)
        Then infinity, so that ``onset_s[i]`` is the next onset (and ``onset_s[-1]`` no onset).
    offset_s, sure_offset_s : ndarray, shape (n + 1,)
        Minus infinity first, so that ``[i]`` is the end of the latest seizure; ``sure_offset_s`` is minus infinity
        where an end was not marked.
    """
    events = in_time_order(events)
    onset_s = np.array([event.onset_s for event in events], dtype=float)
    duration_s = np.array([event.duration_s or 0.0 for event in events], dtype=float)
    offset_s = onset_s + np.where(duration_s > 0, duration_s, assumed_duration_s)
    groups = overlap_groups(onset_s, offset_s)
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    never = np.array([-np.inf])
    if not len(first):
        return -never, never, never
    joined_s = np.maximum.reduceat(offset_s, first)
    all_marked = np.minimum.reduceat(duration_s, first) > 0
    return (
        np.append(onset_s[first], np.inf),
        np.append(never, joined_s),
        np.append(never, np.where(all_marked, joined_s, -np.inf)),
    )
