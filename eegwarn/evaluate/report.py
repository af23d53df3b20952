"""Scores of a cohort as a table: for machines, for the terminal, and for the HTML report."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from eegwarn.evaluate.bootstrap import (
    NO_INTERVAL,
    Interval,
    mean_interval,
    median_interval,
    rate_interval,
    share_interval,
)
from eegwarn.evaluate.events import SZCORE_RULES, EventCounts
from eegwarn.evaluate.forecast import ForecastRule, chance_p_value
from eegwarn.evaluate.patients import PatientScores, ScoredRecording, score_patients

DISCLAIMER = "Research software, not a medical device: never rely on it for the care of a patient."


@dataclass(frozen=True)
class Context:
    """Where a table comes from; without it the numbers mean nothing.

    Parameters
    ----------
    model : str
        File or name of the model.
    split : str
        How training and test were kept apart, in words.
    data : str
        What was scored, in words.
    fingerprint : str
        Of the test data, so that two tables can be told to rest on the same.
    seeds : tuple of int
        Of training and of the resampling.
    scorer : str
        What counted the events, with its version.
    """

    model: str
    split: str
    data: str
    fingerprint: str
    seeds: tuple[int, ...]
    scorer: str


class Metric(NamedTuple):
    """One column of the table of patients, one row of the table of means."""

    key: str
    title: str
    unit: str
    digits: int
    read: Callable[[PatientScores], float]
    kind: str = "number"
    """``share`` lies between 0 and 1; ``rate`` is a count over time; ``number`` is anything else."""


def _foreseen(read: Callable[[Any], float]) -> Callable[[PatientScores], float]:
    return lambda patient: math.nan if patient.forecast is None else read(patient.forecast)


SAMPLE_METRICS = (
    Metric("auroc", "AUROC", "", 3, lambda p: p.samples.auroc, "share"),
    Metric("auprc", "AUPRC", "", 3, lambda p: p.samples.auprc, "share"),
    Metric("sensitivity_at_95", "sensitivity at 95 % specificity", "", 3, lambda p: p.samples.sensitivity, "share"),
    Metric("brier", "Brier score", "", 4, lambda p: p.samples.brier),
    Metric("brier_skill", "Brier skill score", "", 3, lambda p: p.brier_skill),
    Metric("ece", "calibration error", "", 4, lambda p: p.samples.ece),
)
EVENT_METRICS = (
    Metric("sensitivity", "event sensitivity", "", 3, lambda p: p.all_events.sensitivity, "share"),
    Metric("precision", "event precision", "", 3, lambda p: p.all_events.precision, "share"),
    Metric("f1", "event F1", "", 3, lambda p: p.all_events.f1, "share"),
    Metric("false_alarms_per_day", "false alarms", "/24 h", 2, lambda p: p.all_events.false_alarms_per_day, "rate"),
    Metric("warning_time_s", "median warning time", "s", 1, lambda p: p.median_warning_time_s),
)
FORECAST_METRICS = (
    Metric("foreseen", "seizures foreseen", "", 3, _foreseen(lambda f: f.sensitivity), "share"),
    Metric("false_warnings_per_hour", "false warnings", "/h", 3, _foreseen(lambda f: f.false_alarms_per_hour)),
    Metric("time_in_warning", "time in warning", "", 3, _foreseen(lambda f: f.time_in_warning)),
    Metric("over_chance", "foreseen above chance", "", 3, _foreseen(lambda f: f.improvement_over_chance)),
)


class Estimate(NamedTuple):
    """Mean over patients with its interval, and over how many patients it could be taken."""

    metric: Metric
    mean: float
    interval: Interval
    n_patients: int


@dataclass(frozen=True)
class Report:
    """Scores per patient, their means, and where they come from.

    Parameters
    ----------
    context : Context
        Model, split, data, seeds, scorer.
    patients : tuple of PatientScores
        One each.
    estimates : tuple of Estimate
        Means over patients; of a single patient its own values.
    pooled : EventCounts
        Events of all patients together.
    p_value : float
        That chance foresees as many seizures; NaN for a model that only detects.
    rules : tuple of str
        How it was counted, in words.
    """

    context: Context
    patients: tuple[PatientScores, ...]
    estimates: tuple[Estimate, ...]
    pooled: EventCounts
    p_value: float
    rules: tuple[str, ...]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics reported, in order."""
        return tuple(estimate.metric for estimate in self.estimates)


def make_report(
    recordings: Sequence[ScoredRecording],
    context: Context,
    rng: np.random.Generator,
    *,
    forecast: ForecastRule | None = None,
) -> Report:
    """Score a test part.

    Parameters
    ----------
    recordings : sequence of ScoredRecording
        All recordings of the test part, of one patient or many.
    context : Context
        Model, split, data, seeds, scorer.
    rng : numpy.random.Generator
        Source of the resamples.
    forecast : ForecastRule, optional
        SPH and SOP of a model that foresees; left out for one that detects.
    """
    patients = score_patients(recordings, forecast=forecast)
    metrics = SAMPLE_METRICS + EVENT_METRICS + (FORECAST_METRICS if forecast else ())
    rules = [f"Events (SzCORE): {SZCORE_RULES}."]
    if forecast:
        rules.append(
            f"Forecast: an alarm is true if an onset follows after {forecast.sph_s:g} s and within the next "
            f"{forecast.sop_s:g} s; chance spends the same time in warning. Among the events above, an alarm "
            "earlier than the tolerance counts as false all the same."
        )
    rules.append("Warning time: from the first alarm of a seizure to its onset, negative after it.")
    rules.append(_interval_rule(len(patients)))
    return Report(
        context=context,
        patients=patients,
        estimates=tuple(_estimate(metric, patients, rng) for metric in metrics),
        pooled=sum((patient.all_events for patient in patients), EventCounts()),
        p_value=chance_p_value([patient.forecast for patient in patients if patient.forecast]),
        rules=tuple(rules),
    )


def _interval_rule(n_patients: int) -> str:
    if n_patients == 1:
        return "95 % intervals: bootstrap over the patient's seizures and recordings; none for the sample scores."
    return f"95 % intervals: bootstrap over the {n_patients} patients; exact bounds where all are at a limit."


def _estimate(metric: Metric, patients: Sequence[PatientScores], rng: np.random.Generator) -> Estimate:
    values = np.array([metric.read(patient) for patient in patients])
    defined = values[np.isfinite(values)]
    mean = float(defined.mean()) if defined.size else math.nan
    if len(patients) == 1:
        interval = _interval_of_one(metric, patients[0], rng)
    elif metric.kind == "share":
        interval = share_interval(values, rng)
    elif metric.kind == "rate":
        counts = [patient.all_events for patient in patients]
        interval = rate_interval(
            [c.n_false for c in counts], [c.duration_s / 86_400 for c in counts], rng, pooled=False
        )
    else:
        interval = mean_interval(values, rng)
    return Estimate(metric, mean, interval, int(defined.size))


def _interval_of_one(metric: Metric, patient: PatientScores, rng: np.random.Generator) -> Interval:
    """Within a patient only what counts seizures or false alarms has units to resample."""
    counts = patient.all_events
    if metric.key == "sensitivity":
        return share_interval(np.repeat([1, 0], [counts.n_detected, counts.n_seizures - counts.n_detected]), rng)
    if metric.key == "foreseen" and patient.forecast is not None:
        missed = patient.forecast.n_seizures - patient.forecast.n_foreseen
        return share_interval(np.repeat([1, 0], [patient.forecast.n_foreseen, missed]), rng)
    if metric.key == "false_alarms_per_day":
        days = [one.duration_s / 86_400 for one in patient.events]
        return rate_interval([one.n_false for one in patient.events], days, rng, pooled=True)
    if metric.key == "warning_time_s":
        return median_interval(patient.warning_times_s, rng)
    return NO_INTERVAL


def to_table(report: Report) -> dict[str, Any]:
    """Report as nested dictionaries and lists that JSON and TOML can hold; what is not defined is None."""
    return {
        "context": {**asdict(report.context), "seeds": list(report.context.seeds)},
        "rules": list(report.rules),
        "mean": {
            one.metric.key: {
                "value": _number(one.mean),
                "low": _number(one.interval.low),
                "high": _number(one.interval.high),
                "n_patients": one.n_patients,
                "unit": one.metric.unit,
            }
            for one in report.estimates
        },
        "pooled": asdict(report.pooled),
        "p_value": _number(report.p_value),
        "patients": [_patient_row(patient, report.metrics) for patient in report.patients],
    }


def _patient_row(patient: PatientScores, metrics: Iterable[Metric]) -> dict[str, Any]:
    counts = patient.all_events
    return {
        "patient_id": patient.patient_id,
        "hours": patient.duration_s / 3600,
        "fault_hours": patient.fault_s / 3600,
        "n_seizures": counts.n_seizures,
        "n_detected": counts.n_detected,
        "n_false": counts.n_false,
        **{metric.key: _number(metric.read(patient)) for metric in metrics},
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
