"""The alarm threshold for a wanted rate of false alarms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from eegwarn.errors import CohortError
from eegwarn.events.event import SeizureEvent, event_spans, join_overlapping
from eegwarn.events.matching import LONGEST_EVENT_S, MERGE_GAP_S, alarm_reach
from eegwarn.warning.alarm import Alarm, AlarmConfig, raise_alarms, smooth

MOST_TIME_IN_WARNING = 0.3
"""Share of the time that a forecast may call dangerous; people stop heeding one that always warns."""

_N_THRESHOLDS = 48
_FEW_SEIZURES = 5
_DAY_S = 86_400.0


@dataclass(frozen=True)
class ThresholdChoice:
    """A threshold, and what it did on the recordings it was chosen on.

    Parameters
    ----------
    config : AlarmConfig
        The rule with the threshold chosen.
    n_false, n_found, n_seizures : int
        False alarms, seizures in an alarm, and seizures.
    warning_s : float
        Time within the horizon after an alarm, or in one, but for alarms that a seizure raised; with a horizon of 0
        the time in alarms outside of seizures.
    judged_s : float
        Time that could be judged.
    caveat : str
        Why the choice deserves no trust, in one sentence; empty where it does.
    """

    config: AlarmConfig
    n_false: int
    n_found: int
    n_seizures: int
    warning_s: float
    judged_s: float
    caveat: str = ""

    @property
    def false_alarms_per_day(self) -> float:
        """Per 24 h that could be judged."""
        return self.n_false * _DAY_S / self.judged_s if self.judged_s else 0.0

    @property
    def highest_false_alarms_per_day(self) -> float:
        """Rate that would give no more false alarms than these in 1 of 40 times: the exact bound of a Poisson count."""
        bound = float(gammaincinv(self.n_false + 1, 0.975))
        return bound * _DAY_S / self.judged_s if self.judged_s else float("inf")

    @property
    def sensitivity(self) -> float:
        """Share of the seizures in an alarm; NaN where there was none."""
        return self.n_found / self.n_seizures if self.n_seizures else float("nan")

    @property
    def time_in_warning(self) -> float:
        """Share of the time in which a seizure was said to be due."""
        return min(self.warning_s / self.judged_s, 1.0) if self.judged_s else 0.0


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
    horizon if that is longer. As in SzCORE alarms less than 90 s apart are one, and each begun 5 minutes of an alarm
    (or each begun horizon, if that is longer) count as one.

    With a horizon an alarm says that a seizure is due for so long: the time in warning is kept within
    ``MOST_TIME_IN_WARNING`` as well. A refractory time as long as the horizon would spare repeated alarms, but the
    level may rise for good soon after a false one: at the same time in warning fewer seizures were foreseen with it.

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
        With a ``caveat`` where the rate cannot be reached, no seizure is found at it, or time or seizures are too few
        to say.

    Raises
    ------
    CohortError
        If no window could be judged.
    """
    recordings = [
        _smoothed(np.asarray(times, dtype=np.float64), np.asarray(levels, dtype=np.float64), marks, config, horizon_s)
        for times, levels, marks in zip(time_s, probability, events, strict=True)
        if len(times)
    ]
    levels = np.concatenate([np.empty(0), *(one.level for one in recordings)])
    levels = levels[np.isfinite(levels)]
    if not levels.size:
        raise CohortError("No alarm threshold can be chosen: none of the held-out windows could be judged.")
    thresholds = _thresholds(levels) if levels.any() else np.ones(1)
    coarse, refused = _lowest_allowed(thresholds, recordings, config, wanted_false_alarms_per_day, horizon_s)
    if coarse is None:
        first = _try(replace(config, threshold=float(thresholds[0])), recordings, horizon_s)
        return replace(first, caveat=_unreachable(wanted_false_alarms_per_day, first, horizon_s))
    between = levels[(levels < coarse.config.threshold) & (levels > (refused or np.inf))]
    fine, _ = _lowest_allowed(_thresholds(between), recordings, config, wanted_false_alarms_per_day, horizon_s)
    best = fine or coarse
    return replace(best, caveat=_caveat(best, wanted_false_alarms_per_day))


@dataclass(frozen=True)
class _Smoothed:
    """A recording as every threshold sees it: ``reach`` is where an alarm is true, shape (n_events, 2)."""

    time_s: NDArray[np.float64]
    level: NDArray[np.float64]
    reach: NDArray[np.float64]
    onset_s: NDArray[np.float64]
    recorded: NDArray[np.bool_]
    judged_s: float


def _smoothed(
    time_s: NDArray[np.float64],
    probability: NDArray[np.float64],
    events: Sequence[SeizureEvent],
    config: AlarmConfig,
    horizon_s: float,
) -> _Smoothed:
    level = smooth(time_s, probability, config)
    onset_s, offset_s = event_spans(events).T
    hop_s = float(np.median(np.diff(time_s))) if time_s.size > 1 else 0.0
    judged_s = hop_s * int(np.isfinite(level).sum())
    recorded = (onset_s <= time_s[-1]) & (offset_s >= 0)
    return _Smoothed(time_s, level, alarm_reach(events, horizon_s=horizon_s), onset_s, recorded, judged_s)


def _thresholds(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thresholds from high to low among the levels that occur, dense where few windows exceed them."""
    levels = levels[levels > 0]
    if not levels.size:
        return np.empty(0)
    exceeded_share = np.geomspace(1 / (2 * levels.size), 1, _N_THRESHOLDS)
    return np.unique(np.quantile(levels, 1 - exceeded_share, method="higher"))[::-1]


def _lowest_allowed(
    thresholds: NDArray[np.float64],
    recordings: Sequence[_Smoothed],
    config: AlarmConfig,
    wanted: float,
    horizon_s: float,
) -> tuple[ThresholdChoice | None, float | None]:
    """Go down until a threshold is not allowed; give the one above it, and the one refused."""
    best: ThresholdChoice | None = None
    for threshold in thresholds.tolist():
        choice = _try(replace(config, threshold=threshold), recordings, horizon_s)
        if choice.false_alarms_per_day > wanted or (horizon_s and choice.time_in_warning > MOST_TIME_IN_WARNING):
            return best, threshold
        best = choice
    return best, None


def _try(config: AlarmConfig, recordings: Sequence[_Smoothed], horizon_s: float) -> ThresholdChoice:
    n_false = n_found = n_seizures = 0
    warning_s = 0.0
    for one in recordings:
        alarms = _spans(raise_alarms(one.time_s, one.level, config), end_s=float(one.time_s[-1]))
        merged = join_overlapping(alarms[:, 0], alarms[:, 1], closer_than_s=MERGE_GAP_S)
        pieces = _split(merged, longest_s=max(LONGEST_EVENT_S, horizon_s))
        # (n_pieces, n_events): touching counts
        overlap = (pieces[:, :1] <= one.reach[:, 1]) & (pieces[:, 1:] >= one.reach[:, 0])
        n_false += int((~overlap.any(axis=1)).sum())
        n_found += int((overlap.any(axis=0) & one.recorded).sum())
        n_seizures += int(one.recorded.sum())
        # (n_alarms, n_events): raised by a seizure, so that no warning of the next is meant
        by_seizure = (alarms[:, :1] >= one.onset_s) & (alarms[:, :1] <= one.reach[:, 1])
        early = alarms[~by_seizure.any(axis=1)]
        ends_s = np.minimum(early[:, 1] + horizon_s, one.time_s[-1])
        dangerous = join_overlapping(early[:, 0], ends_s)
        warning_s += float(np.sum(dangerous[:, 1] - dangerous[:, 0]))
    return ThresholdChoice(config, n_false, n_found, n_seizures, warning_s, sum(one.judged_s for one in recordings))


def _spans(alarms: Sequence[Alarm], *, end_s: float) -> NDArray[np.float64]:
    bounds_s = [(one.raised_s, end_s if one.cleared_s is None else one.cleared_s) for one in alarms]
    return np.array(bounds_s, dtype=np.float64).reshape(-1, 2)


def _split(spans: NDArray[np.float64], *, longest_s: float) -> NDArray[np.float64]:
    """Cut stretches into pieces of at most ``longest_s``, shape (n_pieces, 2)."""
    n_pieces = np.maximum(np.ceil((spans[:, 1] - spans[:, 0]) / longest_s), 1).astype(int)
    piece = np.arange(n_pieces.sum()) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    start_s = np.repeat(spans[:, 0], n_pieces) + piece * longest_s
    return np.column_stack([start_s, np.minimum(start_s + longest_s, np.repeat(spans[:, 1], n_pieces))])


def _unreachable(wanted: float, choice: ThresholdChoice, horizon_s: float) -> str:
    warning = f", with {100 * choice.time_in_warning:.0f} % of the time in warning" if horizon_s else ""
    return (
        f"Even the highest threshold leaves {choice.false_alarms_per_day:.3g} false alarms a day where at most "
        f"{wanted:.3g} were wanted{warning}."
    )


def _caveat(choice: ThresholdChoice, wanted: float) -> str:
    if not choice.n_seizures:
        return "Chosen on recordings without a seizure: its sensitivity is not known."
    if not choice.n_found:
        return f"At no more than {wanted:.3g} false alarms a day no seizure is found."
    highest = choice.highest_false_alarms_per_day
    if highest > 2 * wanted:
        return (
            f"Chosen on {choice.judged_s / 3600:.3g} h with {choice.n_false} false alarms, too short for a rate of "
            f"{wanted:.3g} a day: the true one may be up to {highest:.3g}."
        )
    if choice.n_seizures < _FEW_SEIZURES:
        return f"Its sensitivity rests on {choice.n_seizures} seizure{'s' if choice.n_seizures > 1 else ''} only."
    return ""
