"""Scores of warnings that come before the onset, and whether chance would do as well."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eegwarn.errors import ConfigError
from eegwarn.evaluate.samples import labelled
from eegwarn.evaluate.spans import Spans, covered, merge_spans, outside, total_s
from eegwarn.events.event import SeizureEvent, event_spans

MARK_ERROR_S = 120.0
"""Onsets as two of three experts marked them lie 7 s apart at the median, 31 and 135 s at the 75th and 90th percentile
(79 neonates; Stevenson et al. 2019, Sci. Data, 10.1038/sdata.2019.39)."""
_HOUR_S = 3600.0


@dataclass(frozen=True)
class ForecastRule:
    """When a warning is right.

    Parameters
    ----------
    sph_s : float
        Seizure prediction horizon in s: the least time from an alarm to the onset that leaves time to act.
    sop_s : float
        Seizure occurrence period in s: the stretch after it in which the onset must lie.
    postictal_s : float
        So long after an offset, in s, the EEG is still that of the last seizure. What is said then says nothing about
        the next: alarms are neither true nor false, and a seizure that begins then is not asked for.
    """

    sph_s: float
    sop_s: float
    postictal_s: float = 1200.0

    def __post_init__(self) -> None:
        if not (0 <= self.sph_s < np.inf and 0 < self.sop_s < np.inf and 0 <= self.postictal_s < np.inf):
            raise ConfigError(f"{self} is out of bounds: sop_s must be above 0 s, the others 0 s or more, all finite.")


def rule_of_horizon(horizon_s: float, *, sph_s: float | None = None) -> ForecastRule | None:
    """Make the rule for a model that warns up to ``horizon_s`` before an onset; None for one that detects.

    Parameters
    ----------
    horizon_s : float
        SPH and SOP together, in s; 0 for detection.
    sph_s : float, optional
        SPH, below the horizon. By default two minutes, or half of the horizon if that is less: nine of ten onsets
        marked by two experts lie no further apart, and an alarm by a seizure whose mark comes late is no forecast.
    """
    if not horizon_s:
        return None
    sph_s = min(MARK_ERROR_S, horizon_s / 2) if sph_s is None else sph_s
    return ForecastRule(sph_s, horizon_s - sph_s)


@dataclass(frozen=True)
class ForecastCounts:
    """What the warnings of a recording come to; counts of several add up with ``+``.

    Parameters
    ----------
    n_seizures : int
        Seizures that could have been foreseen: those with at least ``sph_s`` of recording before the onset, and not
        in the time after another.
    n_foreseen : int
        Those whose onset lay in the occurrence period of an alarm.
    n_false : int
        Alarms raised in interictal time whose occurrence period held no onset.
    interictal_s : float
        Time far from any seizure that could be judged.
    warning_s, judged_s : float
        Time in the occurrence period of some alarm, and all time in which a seizure could have been foreseen: judged,
        neither in a seizure nor in the time after it, and not within the first ``sph_s`` of the recording.
    """

    n_seizures: int = 0
    n_foreseen: int = 0
    n_false: int = 0
    interictal_s: float = 0.0
    warning_s: float = 0.0
    judged_s: float = 0.0

    def __add__(self, other: "ForecastCounts") -> "ForecastCounts":
        return ForecastCounts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def sensitivity(self) -> float:
        """Share of the seizures that were foreseen; NaN without seizures."""
        return self.n_foreseen / self.n_seizures if self.n_seizures else float("nan")

    @property
    def false_alarms_per_hour(self) -> float:
        """False alarms per interictal hour; NaN without interictal time."""
        return self.n_false * _HOUR_S / self.interictal_s if self.interictal_s else float("nan")

    @property
    def time_in_warning(self) -> float:
        """Share of the time in which a seizure was said to be due; NaN without time."""
        return min(self.warning_s / self.judged_s, 1.0) if self.judged_s else float("nan")

    @property
    def improvement_over_chance(self) -> float:
        """Sensitivity less that of a chance predictor with the same time in warning."""
        return self.sensitivity - self.time_in_warning

    @property
    def p_value(self) -> float:
        """Probability that this chance predictor foresees as many seizures or more; NaN without seizures."""
        return chance_p_value([self])


def count_forecast(
    seizures: Sequence[SeizureEvent],
    alarms: Sequence[SeizureEvent],
    rule: ForecastRule,
    *,
    duration_s: float,
    faults: ArrayLike = (),
) -> ForecastCounts:
    """Score the warnings of one recording.

    An alarm at t is true if an onset lies in [t + SPH, t + SPH + SOP], its occurrence period. An alarm that lasts
    speaks at every moment from its raising to its clearing, so that holding one for hours costs time in warning. In a
    seizure and in the time after it no alarm speaks: it would foresee the next seizure of a cluster by the last one.

    Parameters
    ----------
    seizures, alarms : sequence of SeizureEvent
        In any order. Seizures of the patient's other recordings may be given too, in the same seconds: time near them
        is not interictal, but they are not counted here.
    rule : ForecastRule
        SPH and SOP.
    duration_s : float
        Length of the recording.
    faults : array_like, shape (n_faults, 2)
        Stretches that could not be judged: left out of all times. An onset in one still has to be foreseen.
    """
    periods = occurrence_periods(alarms, rule)
    after = seizure_times(seizures, rule, duration_s=duration_s)
    onsets_s = foreseeable_onsets(seizures, rule, duration_s=duration_s)
    warning = warning_times(seizures, alarms, rule, duration_s=duration_s)
    unjudged = merge_spans(faults, duration_s=duration_s)
    near = event_spans(seizures, before_s=rule.sph_s + rule.sop_s, after_s=rule.postictal_s)
    not_interictal = merge_spans(np.concatenate([near, unjudged]), duration_s=duration_s)
    closed = merge_spans(np.concatenate([unjudged, after, [[0.0, rule.sph_s]]]), duration_s=duration_s)
    all_onsets_s = np.array([event.onset_s for event in seizures])
    holds_onset = ((all_onsets_s >= periods[:, :1]) & (all_onsets_s <= periods[:, 1:])).any(axis=1)
    raised_s = np.array([alarm.onset_s for alarm in alarms])
    return ForecastCounts(
        n_seizures=onsets_s.size,
        n_foreseen=int(covered(onsets_s, warning).sum()),
        n_false=int(np.sum(~holds_onset & ~covered(raised_s, not_interictal))),
        interictal_s=duration_s - total_s(not_interictal),
        warning_s=total_s(merge_spans(outside(warning, closed), duration_s=duration_s)),
        judged_s=duration_s - total_s(closed),
    )


def warning_times(
    seizures: Sequence[SeizureEvent], alarms: Sequence[SeizureEvent], rule: ForecastRule, *, duration_s: float
) -> Spans:
    """Give the merged stretches in which a seizure was said to be due, by alarms outside of seizures."""
    speaking = outside(event_spans(alarms), seizure_times(seizures, rule, duration_s=duration_s))
    return merge_spans(speaking + np.array([rule.sph_s, rule.sph_s + rule.sop_s]), duration_s=duration_s)


def seizure_times(seizures: Sequence[SeizureEvent], rule: ForecastRule, *, duration_s: float) -> Spans:
    """Give the merged stretches that belong to seizures, each from the onset to the end of the time after it."""
    return merge_spans(event_spans(seizures, after_s=rule.postictal_s), duration_s=duration_s)


def foreseeable_onsets(
    seizures: Sequence[SeizureEvent], rule: ForecastRule, *, duration_s: float
) -> NDArray[np.float64]:
    """Onsets that a recording's warnings are asked for, in s, shape (n_onsets,); see ``ForecastCounts.n_seizures``."""
    begins_s, ends_s = event_spans(seizures, after_s=rule.postictal_s).T
    follows = (begins_s > begins_s[:, np.newaxis]) & (begins_s <= ends_s[:, np.newaxis])
    asked = (begins_s >= rule.sph_s) & (begins_s < duration_s) & ~follows.any(axis=0)
    onsets_s: NDArray[np.float64] = begins_s[asked]
    return onsets_s


def occurrence_periods(alarms: Sequence[SeizureEvent], rule: ForecastRule) -> Spans:
    """Stretch in which each alarm says that an onset is due, shape (n_alarms, 2), in the order of the alarms."""
    return event_spans(alarms, before_s=-rule.sph_s, after_s=rule.sph_s + rule.sop_s)


def chance_p_value(parts: Sequence[ForecastCounts]) -> float:
    """Probability that chance foresees as many seizures or more, over patients who differ in time in warning.

    The comparison is that of Snyder et al. 2008 (J. Neural Eng. 5:392): sensitivity against that of a predictor which
    spends the same time in warning but knows nothing. They derive its sensitivity for their own scoring rule; under
    the rule here, by which an onset must lie in an occurrence period, it is the time in warning itself. The number
    foreseen then follows a binomial distribution, or a sum of such. Seizures are taken as independent: clusters make
    the value too small.

    Parameters
    ----------
    parts : sequence of ForecastCounts
        One for each patient.

    Returns
    -------
    float
        One-sided; NaN without seizures.
    """
    with_seizures = [part for part in parts if part.n_seizures]
    if not with_seizures:
        return float("nan")
    shares = np.repeat([part.time_in_warning for part in with_seizures], [part.n_seizures for part in with_seizures])
    if np.isnan(shares).any():
        return float("nan")
    single = np.column_stack([1 - shares, shares])
    n_foreseen_probability: NDArray[np.float64] = reduce(np.convolve, single, np.ones(1))
    at_least = n_foreseen_probability[sum(part.n_foreseen for part in with_seizures) :]
    return float(min(at_least.sum(), 1.0))


def brier_skill(probability: ArrayLike, label: ArrayLike) -> float:
    """Brier skill score against a forecast that always says the true rate of these windows.

    1 is perfect, 0 no better than that reference, which knows the rate from the test data, and below 0 worse.

    Parameters
    ----------
    probability, label : array_like, shape (n_windows,)
        As for ``samples.labelled``.

    Returns
    -------
    float
        NaN where a class is absent.
    """
    probabilities, labels = labelled(probability, label)
    rate = labels.mean() if labels.size else 0.0
    if not 0 < rate < 1:
        return float("nan")
    return float(1 - np.mean((probabilities - labels) ** 2) / (rate * (1 - rate)))
