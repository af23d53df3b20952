"""Two models on the same patients: differences with intervals, and which of the two to use."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from eegwarn.evaluate.bootstrap import Interval, mean_interval
from eegwarn.evaluate.events import EventCounts
from eegwarn.evaluate.metrics import EVENT_METRICS, FORECAST_METRICS, SAMPLE_METRICS, Metric
from eegwarn.evaluate.patients import PatientScores

LEAST_PATIENTS = 6
"""With fewer that had a seizure, a gain in every single one comes by chance more often than once in 40 (sign test)."""

_METRICS = {metric.key: metric for metric in (*SAMPLE_METRICS, *EVENT_METRICS, *FORECAST_METRICS)}
OF_DETECTORS = tuple(_METRICS[key] for key in ("f1", "sensitivity", "false_alarms_per_day", "auroc"))
OF_FORECASTERS = tuple(_METRICS[key] for key in ("over_chance", "foreseen", "false_warnings_per_hour", "auroc"))
"""What two models are compared by; the first decides."""


@dataclass(frozen=True)
class Difference:
    """One metric of two models on the same patients.

    Parameters
    ----------
    metric : Metric
        Which.
    old, new : float
        Means over the patients of whom it is defined for both; NaN where there are none.
    interval : Interval
        Of ``gain``, 95 %; NaN with fewer than two patients, or where all differ by the same.
    n_patients : int
        Over how many.
    """

    metric: Metric
    old: float
    new: float
    interval: Interval
    n_patients: int

    @property
    def gain(self) -> float:
        """New less old, in the metric's unit."""
        return self.new - self.old

    @property
    def is_better(self) -> bool:
        """Whether the new model is better beyond the interval; fewer false alarms are better."""
        return self.interval.high < 0 if self.metric.kind == "rate" else self.interval.low > 0

    @property
    def is_worse(self) -> bool:
        """Whether the new model is worse beyond the interval."""
        return self.interval.low > 0 if self.metric.kind == "rate" else self.interval.high < 0

    def __str__(self) -> str:
        digits = self.metric.digits
        low, high = (f"{bound:+.{digits}f}" for bound in self.interval)
        bounds = f"95 % interval {low} to {high}" if math.isfinite(self.interval.low) else "no interval"
        return f"{self.metric.title} {self.gain:+.{digits}f}{self.metric.unit} ({bounds})"


class Advice(StrEnum):
    """What to do with a new model."""

    PROMOTE = "promote"
    DO_NOT_PROMOTE = "do not promote"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Comparison:
    """A new model against the old one.

    Parameters
    ----------
    differences : tuple of Difference
        The first decides.
    n_patients, n_seizures : int
        Patients with seizures, and their seizures.
    advice : Advice
        See `compare_models`.
    reason : str
        Why, in a sentence.
    """

    differences: tuple[Difference, ...]
    n_patients: int
    n_seizures: int
    advice: Advice
    reason: str


def paired_differences(
    metrics: Sequence[Metric],
    old: Sequence[PatientScores],
    new: Sequence[PatientScores],
    rng: np.random.Generator,
) -> tuple[Difference, ...]:
    """Compare two models patient by patient.

    Each patient's difference is one unit of a percentile bootstrap of the mean (Efron 1979): what makes a patient easy
    or hard for both models drops out, and seizures of one patient are never drawn apart. With fewer than about ten
    patients the intervals are too narrow.

    Parameters
    ----------
    metrics : sequence of Metric
        Which.
    old, new : sequence of PatientScores
        Of the same recordings; patients that are not in both are left out.
    rng : numpy.random.Generator
        Source of the resamples.

    Returns
    -------
    tuple of Difference
        One a metric, in the order given.
    """
    before = {one.patient_id: one for one in old}
    pairs = [(before[one.patient_id], one) for one in new if one.patient_id in before]
    found = []
    for metric in metrics:
        values = np.array([[metric.read(one) for one in pair] for pair in pairs]).reshape(-1, 2)  # (n_patients, 2)
        values = values[np.isfinite(values).all(axis=1)]
        means = values.mean(axis=0) if len(values) else np.full(2, np.nan)
        interval = mean_interval(values[:, 1] - values[:, 0], rng)
        found.append(Difference(metric, float(means[0]), float(means[1]), interval, len(values)))
    return tuple(found)


def compare_models(old: Sequence[PatientScores], new: Sequence[PatientScores], rng: np.random.Generator) -> Comparison:
    """Say whether a new model is to take the place of an old one.

    Promote it if the first metric (event F1 of detectors, seizures foreseen above chance of forecasters) is better and
    none of the others is worse; do not if one is worse and the first is not better; else it cannot be told. Better and
    worse are meant beyond the 95 % interval of the paired difference, so that an interval that holds 0 never promotes,
    and only one metric can: the chance that a model no better is promoted stays that of a single interval. Fewer than
    `LEAST_PATIENTS` patients with seizures never decide.

    Parameters
    ----------
    old, new : sequence of PatientScores
        Of the same recordings, on which neither was trained.
    rng : numpy.random.Generator
        Source of the resamples.
    """
    foresees = any(patient.forecast for patient in new)
    differences = paired_differences(OF_FORECASTERS if foresees else OF_DETECTORS, old, new, rng)
    counts = [patient.all_events for patient in new if patient.all_events.n_seizures]
    advice, reason = _advise(differences, counts)
    return Comparison(differences, len(counts), sum(each.n_seizures for each in counts), advice, reason)


def _advise(differences: Sequence[Difference], counts: Sequence[EventCounts]) -> tuple[Advice, str]:
    first, *_ = differences
    n_seizures = sum(each.n_seizures for each in counts)
    on = f"{_counted(len(counts), 'held-out patient')} with {_counted(n_seizures, 'seizure')}"
    if len(counts) < LEAST_PATIENTS:
        return Advice.CANNOT_TELL, (
            f"{on}: too few, since it takes {LEAST_PATIENTS} patients with seizures before even a gain in all of "
            "them is more than chance"
        )
    worse = ", ".join(str(each) for each in differences if each.is_worse)
    if first.is_better and worse:
        return Advice.CANNOT_TELL, f"on {on} it is a trade: {first}, but {worse}"
    if first.is_better:
        return Advice.PROMOTE, f"{first} on {on}, and nothing else that was compared is worse"
    if worse:
        return Advice.DO_NOT_PROMOTE, f"on {on} it is worse: {worse}"
    return Advice.CANNOT_TELL, f"on {on} a difference cannot be told from chance: {first}"


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def comparison_table(comparison: Comparison) -> dict[str, Any]:
    """Turn a comparison into a table for the training record and for JSON; what is not defined is left out."""
    return {
        "advice": str(comparison.advice),
        "reason": comparison.reason,
        "n_patients": comparison.n_patients,
        "n_seizures": comparison.n_seizures,
        "differences": [_row(each) for each in comparison.differences],
    }


def _row(each: Difference) -> dict[str, Any]:
    low, high = each.interval
    numbers = {"old": each.old, "new": each.new, "gain": each.gain, "low": low, "high": high}
    known = {name: number for name, number in numbers.items() if math.isfinite(number)}
    metric = each.metric
    named = {"metric": metric.key, "title": metric.title, "unit": metric.unit, "digits": metric.digits}
    return {**named, "n_patients": each.n_patients, **known}
