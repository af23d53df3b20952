"""From the warning level of each window to alarms and faults.

Everything here is a pure function of (time, probability). A recording in a file is judged by one call of ``advance``
and a live one by many, so that both raise the same alarms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eegwarn.errors import ConfigError
from eegwarn.events.event import SeizureEvent

_ROUNDING_S = 1e-6
"""Window times that should be equal differ by less than this."""


@dataclass(frozen=True)
class AlarmConfig:
    """When a person is told, and when not again.

    Parameters
    ----------
    smooth_s : float
        The probability is averaged over the windows that ended in the last so many seconds; 0 for no smoothing.
    threshold : float
        Smoothed probability from which a window speaks for an alarm, above 0 and at most 1.
    release : float
        An alarm clears when the smoothed probability falls below ``release * threshold``; above 0 and at most 1.
    k, n : int
        An alarm is raised when ``k`` of the last ``n`` windows, the latest among them, speak for it.
    refractory_s : float
        After an alarm cleared, no other is raised for so many seconds: it is put off, not dropped.
    max_nan_share : float
        The monitor is at fault where more than this share of the smoothed windows could not be judged; below 1.
    """

    smooth_s: float = 4.0
    threshold: float = 0.5
    release: float = 0.7
    k: int = 3
    n: int = 5
    refractory_s: float = 60.0
    max_nan_share: float = 0.5

    def __post_init__(self) -> None:
        _require(0 <= self.smooth_s <= 3600, "smooth_s", self.smooth_s, "between 0 and 3600 s")
        _require(0 < self.threshold <= 1, "threshold", self.threshold, "above 0 and at most 1")
        _require(0 < self.release <= 1, "release", self.release, "above 0 and at most 1")
        _require(1 <= self.n <= 10_000, "n", self.n, "between 1 and 10000 windows")
        _require(1 <= self.k <= self.n, "k", self.k, f"between 1 and n = {self.n} windows")
        _require(0 <= self.refractory_s <= 86_400, "refractory_s", self.refractory_s, "between 0 and 86400 s")
        _require(0 <= self.max_nan_share < 1, "max_nan_share", self.max_nan_share, "at least 0 and below 1")


def _require(allowed: bool, name: str, value: float, bounds: str) -> None:
    if not allowed:
        raise ConfigError(f"{name} = {value!r} is out of bounds: it must be {bounds}.")


class Alarm(NamedTuple):
    """An alarm, in seconds from the start of the recording.

    ``cleared_s`` is None while it lasts. ``peak_probability`` is the highest smoothed probability from raising to
    clearing.
    """

    raised_s: float
    cleared_s: float | None
    peak_probability: float


class Fault(NamedTuple):
    """A stretch in which the monitor could not judge; ``end_s`` is None while it lasts."""

    start_s: float
    end_s: float | None


def _no_values() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True)
class AlarmState:
    """All that the rule remembers between two blocks; its size does not grow with time."""

    recent_time_s: NDArray[np.float64] = field(default_factory=_no_values)
    recent_probability: NDArray[np.float64] = field(default_factory=_no_values)
    recent_above: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    alarm: Alarm | None = None
    fault: Fault | None = None
    silent_until_s: float = -math.inf


class Judged(NamedTuple):
    """What the rule says about one block of windows.

    ``smoothed`` has shape (n_windows,) and is NaN where the monitor is at fault. ``alarms`` and ``faults`` are those
    that lasted at any time in the block; one that went on from an earlier block is known by its start.
    """

    smoothed: NDArray[np.float64]
    alarms: tuple[Alarm, ...]
    faults: tuple[Fault, ...]


def find_alarms(
    time_s: ArrayLike, probability: ArrayLike, config: AlarmConfig
) -> tuple[tuple[Alarm, ...], tuple[Fault, ...]]:
    """Alarms and faults of a whole recording; ``advance`` over all of it.

    Parameters
    ----------
    time_s : array_like, shape (n_windows,)
        The end of each window in seconds: the earliest moment at which it can be judged.
    probability : array_like, shape (n_windows,)
        Warning level, NaN where a window cannot be judged.
    config : AlarmConfig
        The rule.

    Returns
    -------
    alarms : tuple of Alarm
        In time order; the last may not have cleared.
    faults : tuple of Fault
        In time order; the last may not have ended.
    """
    _, judged = advance(AlarmState(), time_s, probability, config)
    return judged.alarms, judged.faults


def advance(
    state: AlarmState, time_s: ArrayLike, probability: ArrayLike, config: AlarmConfig
) -> tuple[AlarmState, Judged]:
    """Judge the next windows; any split of a recording into blocks gives identical alarms.

    Every window must be passed, with NaN where there was no data: the rule cannot see a window that never came.

    Parameters
    ----------
    state : AlarmState
        What the call before returned; ``AlarmState()`` at the start. It is not changed.
    time_s, probability : array_like, shape (n_windows,)
        As for ``find_alarms``; times go on from those of the call before.
    config : AlarmConfig
        The rule; the same in every call.

    Returns
    -------
    state : AlarmState
        For the next call.
    judged : Judged
        Smoothed probability, alarms and faults of these windows.

    Raises
    ------
    ValueError
        If the shapes differ, times do not increase, or a probability is outside [0, 1].
    """
    times, probabilities = _checked(state, time_s, probability)
    n_new = times.size
    if n_new == 0:
        return state, Judged(times, (), ())
    all_time_s = np.concatenate([state.recent_time_s, times])
    all_probability = np.concatenate([state.recent_probability, probabilities])
    smoothed = smooth(all_time_s, all_probability, config)[-n_new:]
    all_above = np.concatenate([state.recent_above, smoothed >= config.threshold])
    raising = _k_of_n(all_above, config)[-n_new:]
    alarms, silent_until_s = _follow_alarms(state, times, smoothed, raising, config)
    faults = _follow_faults(state.fault, times, np.isnan(smoothed))

    kept = all_time_s > times[-1] - config.smooth_s
    kept[-1] = True  # the next block's times are checked against it
    state = AlarmState(
        recent_time_s=all_time_s[kept],
        recent_probability=all_probability[kept],
        recent_above=all_above[max(0, all_above.size - (config.n - 1)) :],
        alarm=alarms[-1] if alarms and alarms[-1].cleared_s is None else None,
        fault=faults[-1] if faults and faults[-1].end_s is None else None,
        silent_until_s=silent_until_s,
    )
    return state, Judged(smoothed, tuple(alarms), tuple(faults))


def raise_alarms(time_s: NDArray[np.float64], smoothed: NDArray[np.float64], config: AlarmConfig) -> tuple[Alarm, ...]:
    """Alarms of a whole recording whose warning level is smoothed already: for trying many thresholds on it.

    Parameters
    ----------
    time_s, smoothed : ndarray, shape (n_windows,)
        As ``smooth`` takes and gives them.
    config : AlarmConfig
        The rule; ``smooth_s`` is not used.
    """
    raising = _k_of_n(smoothed >= config.threshold, config)
    if not raising.any():
        return ()
    return tuple(_follow_alarms(AlarmState(), time_s, smoothed, raising, config)[0])


def smooth(time_s: NDArray[np.float64], probability: NDArray[np.float64], config: AlarmConfig) -> NDArray[np.float64]:
    """Average the warning level over the windows that ended in the last ``smooth_s`` seconds.

    Parameters
    ----------
    time_s, probability : ndarray, shape (n_windows,)
        Times increase; NaN where a window cannot be judged.
    config : AlarmConfig
        The rule.

    Returns
    -------
    ndarray, shape (n_windows,)
        NaN where more than ``max_nan_share`` of the averaged windows are NaN.
    """
    last = np.arange(time_s.size)
    first = np.minimum(np.searchsorted(time_s, time_s - config.smooth_s + _ROUNDING_S), last)
    judged = np.isfinite(probability)
    n_judged = _sum_spans(judged.astype(np.float64), first, last)
    total = _sum_spans(np.where(judged, probability, 0.0), first, last)
    n_windows = last - first + 1
    at_fault = (n_windows - n_judged) > config.max_nan_share * n_windows
    return np.where(at_fault, np.nan, total / np.maximum(n_judged, 1))


def _sum_spans(values: NDArray[np.float64], first: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.float64]:
    # Each span is summed on its own: a difference of running sums would depend on where the block began.
    borders = np.column_stack([first, last + 1]).ravel()
    sums: NDArray[np.float64] = np.add.reduceat(np.append(values, 0.0), borders)[::2]
    return sums


def _k_of_n(above: NDArray[np.bool_], config: AlarmConfig) -> NDArray[np.bool_]:
    count = np.concatenate([[0], np.cumsum(above)])
    before = np.maximum(np.arange(1, count.size) - config.n, 0)
    enough: NDArray[np.bool_] = count[1:] - count[before] >= config.k
    return above & enough


def _follow_alarms(
    state: AlarmState,
    time_s: NDArray[np.float64],
    smoothed: NDArray[np.float64],
    raising: NDArray[np.bool_],
    config: AlarmConfig,
) -> tuple[list[Alarm], float]:
    """Alarms of a block and the time until which no other is raised; one step of the loop is one alarm."""
    raises = np.flatnonzero(raising)
    falls = np.flatnonzero(smoothed < config.release * config.threshold)  # never where NaN: a fault clears no alarm
    alarms: list[Alarm] = []
    alarm, silent_until_s, start = state.alarm, state.silent_until_s, 0
    while True:
        if alarm is None:
            allowed = max(start, int(np.searchsorted(time_s, silent_until_s - _ROUNDING_S)))
            later = raises[np.searchsorted(raises, allowed) :]
            if not later.size:
                return alarms, silent_until_s
            start = int(later[0])
            alarm = Alarm(float(time_s[start]), None, 0.0)
        ends = falls[np.searchsorted(falls, start) :]
        stop = int(ends[0]) if ends.size else time_s.size - 1
        peak = max(alarm.peak_probability, float(np.fmax.reduce(smoothed[start : stop + 1], initial=0.0)))
        cleared_s = float(time_s[stop]) if ends.size else None
        alarms.append(Alarm(alarm.raised_s, cleared_s, peak))
        if cleared_s is None:
            return alarms, silent_until_s
        alarm, silent_until_s, start = None, cleared_s + config.refractory_s, stop


def _follow_faults(fault: Fault | None, time_s: NDArray[np.float64], at_fault: NDArray[np.bool_]) -> list[Fault]:
    """Faults of a block, from the first window that could not be judged to the first that could again."""
    edges = np.flatnonzero(np.diff(np.concatenate([[fault is not None], at_fault]).astype(np.int8)))
    borders_s = [] if fault is None else [fault.start_s]
    borders_s += [float(second) for second in time_s[edges]]
    starts_s, ends_s = borders_s[::2], borders_s[1::2]
    return [Fault(start_s, end_s) for start_s, end_s in zip_longest(starts_s, ends_s)]


def _checked(
    state: AlarmState, time_s: ArrayLike, probability: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times, probabilities = np.asarray(time_s, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    if times.ndim != 1 or times.shape != probabilities.shape:
        raise ValueError(
            f"time_s and probability must both have shape (n_windows,), but got {times.shape}, {probabilities.shape}."
        )
    if not np.all(np.isfinite(times)) or np.any(np.diff(times, prepend=state.recent_time_s[-1:]) <= 0):
        raise ValueError("Window times must be finite and increase, from block to block as within one.")
    wrong = probabilities[(probabilities < 0) | (probabilities > 1)]
    if wrong.size:
        raise ValueError(f"A probability lies between 0 and 1 or is NaN, but got {wrong[0]!r}.")
    return times, probabilities


def alarm_events(alarms: Sequence[Alarm], *, end_s: float) -> tuple[SeizureEvent, ...]:
    """Turn alarms into the events that are written and scored.

    Parameters
    ----------
    alarms : sequence of Alarm
        As ``find_alarms`` returns them.
    end_s : float
        End of the recording, for an alarm that has not cleared.

    Returns
    -------
    tuple of SeizureEvent
        Onset is when the alarm was raised, not when the seizure is thought to have begun: nothing is dated back.
        ``confidence`` is the peak of the smoothed probability.
    """
    return tuple(
        SeizureEvent(
            alarm.raised_s,
            max(alarm.raised_s, end_s) if alarm.cleared_s is None else alarm.cleared_s,
            confidence=alarm.peak_probability,
        )
        for alarm in alarms
    )
