"""Means over patients and scores of all patients together, each with its interval."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eegwarn.evaluate.bootstrap import (
    NO_INTERVAL,
    Interval,
    draw_units,
    exact_rate_interval,
    exact_share_interval,
    mean_interval,
    percentile_interval,
    rate_interval,
    share_interval,
)
from eegwarn.evaluate.forecast import ForecastRule
from eegwarn.evaluate.metrics import Metric
from eegwarn.evaluate.patients import PatientScores
from eegwarn.evaluate.pooled import pooled_scores, tally
from eegwarn.evaluate.samples import score_samples
from eegwarn.evaluate.scored import ScoredRecording, cut_at_seizures

_OF_SEIZURES = ("sensitivity", "foreseen")
_OF_CALM = ("false_alarms_per_day", "false_warnings_per_hour", "time_in_warning")


class Estimate(NamedTuple):
    """One metric: its mean over patients, and its value for all patients together, each with a 95 % interval.

    ``n_patients`` is over how many the mean could be taken. Of a single patient both are the patient's own value.
    """

    metric: Metric
    mean: float
    interval: Interval
    n_patients: int
    pooled: float
    pooled_interval: Interval


def estimate(
    metrics: Sequence[Metric],
    patients: Sequence[PatientScores],
    recordings: Sequence[ScoredRecording],
    rule: ForecastRule | None,
    rng: np.random.Generator,
) -> tuple[Estimate, ...]:
    """Estimate every metric.

    Intervals are bootstrapped over patients. Of a single patient the recordings are cut half-way between seizures and
    the stretches drawn again, those with a seizure and those without apart: so over seizures.

    Parameters
    ----------
    metrics : sequence of Metric
        Which.
    patients : sequence of PatientScores
        Scores of ``recordings``.
    recordings : sequence of ScoredRecording
        Of the test part.
    rule : ForecastRule or None
        None for a model that detects.
    rng : numpy.random.Generator
        Source of the resamples.
    """
    units = _units(patients, recordings)
    strata = [any(one.seizures for one in unit) for unit in units]
    tallies = tally(units, rule)
    counted = {key: float(value[0]) for key, value in pooled_scores(tallies, np.ones((1, len(units)))).items()}
    together = _together(metrics, patients, recordings, counted)
    alone = len(patients) == 1
    scattered = pooled_scores(tallies, draw_units(np.zeros(len(units)), rng))
    if alone:
        # Where seizures count, a cohort has as many of them as the patient.
        of_calm = {key: scattered[key] for key in _OF_CALM}
        scattered = pooled_scores(tallies, draw_units(strata, rng)) | of_calm
    estimates = []
    for metric in metrics:
        values = np.array([metric.read(patient) for patient in patients])
        pooled, interval = together[metric.key], _exact(metric, together[metric.key], patients)
        # One seizure drawn again and again would look like certainty.
        if interval is None and (not alone or sum(strata) > 1 or metric.key in _OF_CALM) and math.isfinite(pooled):
            interval = percentile_interval(scattered[metric.key])
        interval = interval or NO_INTERVAL
        defined = values[np.isfinite(values)]
        mean = float(defined.mean()) if defined.size else math.nan
        over_patients = interval if alone else _over_patients(metric, values, patients, rng)
        estimates.append(Estimate(metric, mean, over_patients, int(defined.size), pooled, interval))
    return tuple(estimates)


def _units(patients: Sequence[PatientScores], recordings: Sequence[ScoredRecording]) -> list[list[ScoredRecording]]:
    """Collect what is drawn together: a patient's recordings, or of a single patient one stretch with a seizure."""
    if len(patients) == 1:
        return [[stretch] for one in recordings for stretch in cut_at_seizures(one)]
    return [[one for one in recordings if one.patient_id == each.patient_id] for each in patients]


def _together(
    metrics: Sequence[Metric],
    patients: Sequence[PatientScores],
    recordings: Sequence[ScoredRecording],
    counted: dict[str, float],
) -> dict[str, float]:
    """Exact values of all patients together; of one, the patient's own."""
    if len(patients) == 1:
        return {metric.key: metric.read(patients[0]) for metric in metrics}
    samples = score_samples(
        np.concatenate([one.probability for one in recordings]), np.concatenate([one.label for one in recordings])
    )
    areas = {"auroc": samples.auroc, "auprc": samples.auprc, "sensitivity_at_95": samples.sensitivity}
    return {**counted, **areas}


def _exact(metric: Metric, pooled: float, patients: Sequence[PatientScores]) -> Interval | None:
    """Give the exact interval where all seizures, or none, were found, or no false alarm was raised; else None."""
    forecasts = [patient.forecast for patient in patients if patient.forecast]
    if metric.key in _OF_SEIZURES and pooled in (0, 1):
        seizures = forecasts if metric.key == "foreseen" else [patient.all_events for patient in patients]
        counts = [one.n_seizures for one in seizures if one.n_seizures]
        return exact_share_interval(pooled, sum(counts) if len(patients) == 1 else len(counts))
    if metric.kind == "rate" and pooled == 0:
        if metric.key == "false_warnings_per_hour":
            return exact_rate_interval(sum(one.interictal_s for one in forecasts) / 3600)
        return exact_rate_interval(sum(patient.all_events.duration_s for patient in patients) / 86_400)
    return None


def _over_patients(
    metric: Metric, values: NDArray[np.float64], patients: Sequence[PatientScores], rng: np.random.Generator
) -> Interval:
    if metric.kind == "share":
        return share_interval(values, rng)
    if metric.key == "false_alarms_per_day":
        counts = [patient.all_events for patient in patients]
        return rate_interval([c.n_false for c in counts], [c.duration_s / 86_400 for c in counts], rng, pooled=False)
    if metric.key == "false_warnings_per_hour":
        warned = [patient.forecast for patient in patients if patient.forecast]
        return rate_interval([c.n_false for c in warned], [c.interictal_s / 3600 for c in warned], rng, pooled=False)
    return mean_interval(values, rng)
