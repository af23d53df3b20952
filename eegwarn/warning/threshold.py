"""The alarm threshold for a wanted rate of false alarms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import CohortError
from eegwarn.events.event import SeizureEvent
from eegwarn.warning.alarm import AlarmConfig, alarm_events, find_alarms, smooth

TOLERANCE_BEFORE_S = 30.0
TOLERANCE_AFTER_S = 60.0
LONGEST_ALARM_S = 300.0
"""SzCORE's rules: how far an alarm may lie from a seizure, and how long it may last before it counts as several."""

_N_THRESHOLDS = 64
_DAY_S = 86_400.0


@dataclass(frozen=True)
class ThresholdChoice:
    """A threshold, and what it did on the recordings it was chosen on.

    Parameters
    ----------
    config : AlarmConfig
        The rule with the threshold chosen.
    false_alarms_per_day : float
        Per 24 h that could be judged.
    sensitivity : float
        Share of the seizures in an alarm; NaN where there was none.
    judged_s : float
        Time that could be judged; a rate far below one alarm in this time cannot be told from zero.
    caveat : str
        Why the choice deserves no trust, in one sentence; empty where it does.
    """

    config: AlarmConfig
    false_alarms_per_day: float
    sensitivity: float
    judged_s: float
    caveat: str = ""


def choose_threshold(
    time_s: Sequence[NDArray[np.float64]],
    probability: Sequence[NDArray[np.float64]],
    events: Sequence[Sequence[SeizureEvent]],
    config: AlarmConfig,
    *,
    wanted_false_alarms_per_day: float,
    horizon_s: float = 0.0,
) -> ThresholdChoice:
    """Find the lowest threshold whose false alarms, and those of every higher one, stay within the wanted rate.

    An alarm is false where it overlaps no seizure, extended by SzCORE's tolerance and, before the onset, by the
    horizon if that is longer. As in SzCORE each begun 5 minutes of an alarm count as one.

    Parameters
    ----------
    time_s, probability : sequence of ndarray, shape (n_windows,)
        One of each per recording: held-out recordings of the training part, never of the test part.
    events : sequence of sequence of SeizureEvent
        The seizures of each recording. Those of the patient's other recordings may be given too, in the same seconds:
        an alarm may be true by them, but they count as found or missed only where they were recorded.
    config : AlarmConfig
        The rule; its own threshold is not used.
    wanted_false_alarms_per_day : float
        Not to be exceeded.
    horizon_s : float
        How long before an onset an alarm counts as an early warning; 0 for detection.

    Returns
    -------
    ThresholdChoice
        With a ``caveat`` where the rate cannot be reached, no seizure is found at it, or the time is too short to say.

    Raises
    ------
    CohortError
        If no window could be judged.
    """
    recordings = [
        (
            np.asarray(times, dtype=np.float64),
            np.asarray(levels, dtype=np.float64),
            *_marked(marks, horizon_s, until_s=float(times[-1])),
        )
        for times, levels, marks in zip(time_s, probability, events, strict=True)
        if len(times)
    ]
    smoothed = [smooth(times, levels, config) for times, levels, *_ in recordings]
    judged_s = sum(_judged_s(times, level) for (times, *_), level in zip(recordings, smoothed, strict=True))
    thresholds = _candidates(smoothed)
    best: ThresholdChoice | None = None
    for threshold in thresholds:
        choice = _try(replace(config, threshold=float(threshold)), recordings, judged_s)
        if choice.false_alarms_per_day > wanted_false_alarms_per_day:
            best = best or replace(choice, caveat=_unreachable(wanted_false_alarms_per_day, choice))
            break
        best = choice
    if best is None:
        raise CohortError("No alarm threshold can be chosen: none of the held-out windows could be judged.")
    return best if best.caveat else replace(best, caveat=_caveat(best, wanted_false_alarms_per_day))


def _candidates(smoothed: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Thresholds from high to low, dense where few windows exceed them."""
    levels = np.concatenate([np.empty(0), *smoothed])
    levels = levels[np.isfinite(levels) & (levels > 0)]
    if not levels.size:
        return np.array([1.0]) if any(np.isfinite(level).any() for level in smoothed) else np.empty(0)
    exceeded_share = np.geomspace(1 / (2 * levels.size), 1, _N_THRESHOLDS)
    return np.unique(np.quantile(levels, 1 - exceeded_share, method="higher"))[::-1]


def _marked(
    events: Sequence[SeizureEvent], horizon_s: float, *, until_s: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Start and end within which an alarm is true, shape (n_events, 2); which events are in the recording."""
    bounds_s = [(event.onset_s, event.onset_s if event.offset_s is None else event.offset_s) for event in events]
    spans = np.array(bounds_s, dtype=np.float64).reshape(-1, 2)
    recorded = (spans[:, 0] <= until_s) & (spans[:, 1] >= 0)
    return spans + np.array([-max(TOLERANCE_BEFORE_S, horizon_s), TOLERANCE_AFTER_S]), recorded


def _judged_s(time_s: NDArray[np.float64], smoothed: NDArray[np.float64]) -> float:
    hop_s = float(np.median(np.diff(time_s))) if time_s.size > 1 else 0.0
    return hop_s * int(np.isfinite(smoothed).sum())


def _try(
    config: AlarmConfig,
    recordings: Sequence[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]],
    judged_s: float,
) -> ThresholdChoice:
    n_false = n_found = n_seizures = 0
    for time_s, level, spans, recorded in recordings:
        alarms, _ = find_alarms(time_s, level, config)
        pieces = _pieces(alarm_events(alarms, end_s=float(time_s[-1])))
        # (n_pieces, n_events): touching counts
        overlap = (pieces[:, :1] <= spans[:, 1]) & (pieces[:, 1:] >= spans[:, 0])
        n_false += int((~overlap.any(axis=1)).sum())
        n_found += int((overlap.any(axis=0) & recorded).sum())
        n_seizures += int(recorded.sum())
    rate = n_false * _DAY_S / judged_s if judged_s else 0.0
    return ThresholdChoice(config, rate, n_found / n_seizures if n_seizures else float("nan"), judged_s)


def _pieces(events: Sequence[SeizureEvent]) -> NDArray[np.float64]:
    """Start and end of alarms cut into stretches of at most 5 minutes, shape (n_pieces, 2)."""
    spans = np.array([(event.onset_s, event.offset_s) for event in events], dtype=np.float64).reshape(-1, 2)
    n_pieces = np.maximum(np.ceil((spans[:, 1] - spans[:, 0]) / LONGEST_ALARM_S), 1).astype(int)
    piece = np.arange(n_pieces.sum()) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    start_s = np.repeat(spans[:, 0], n_pieces) + piece * LONGEST_ALARM_S
    return np.column_stack([start_s, np.minimum(start_s + LONGEST_ALARM_S, np.repeat(spans[:, 1], n_pieces))])


def _unreachable(wanted: float, choice: ThresholdChoice) -> str:
    return (
        f"Even the highest threshold leaves {choice.false_alarms_per_day:.3g} false alarms a day where at most "
        f"{wanted:.3g} were wanted."
    )


def _caveat(choice: ThresholdChoice, wanted: float) -> str:
    if choice.sensitivity == 0:
        return f"At no more than {wanted:.3g} false alarms a day no seizure is found."
    if np.isnan(choice.sensitivity):
        return "Chosen on recordings without a seizure: its sensitivity is not known."
    if wanted * choice.judged_s < _DAY_S:
        return (
            f"Chosen on {choice.judged_s / 3600:.3g} h, too short to see a rate of {wanted:.3g} false alarms a day: "
            "it allowed none."
        )
    return ""
