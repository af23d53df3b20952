"""The metrics of a report: how each is called, and where it is read from."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from eegwarn.evaluate.patients import PatientScores


class Metric(NamedTuple):
    """One column of the table of patients, one row of the table of means."""

    key: str
    title: str
    unit: str
    digits: int
    read: Callable[[PatientScores], float]
    kind: str = "number"
    """``share`` lies between 0 and 1; ``rate`` is a count of false alarms over time; ``number`` is anything else."""


def _forecast(read: Callable[[Any], float]) -> Callable[[PatientScores], float]:
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
    Metric("foreseen", "seizures foreseen", "", 3, _forecast(lambda f: f.sensitivity), "share"),
    Metric("false_warnings_per_hour", "false warnings", "/h", 3, _forecast(lambda f: f.false_alarms_per_hour), "rate"),
    Metric("time_in_warning", "time in warning", "", 3, _forecast(lambda f: f.time_in_warning), "share"),
    Metric("over_chance", "foreseen above chance", "", 3, _forecast(lambda f: f.improvement_over_chance)),
)
