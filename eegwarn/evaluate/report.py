"""Scores of a cohort as a table: for machines, for the terminal, and for the HTML report."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from eegwarn.evaluate.bootstrap import Interval
from eegwarn.evaluate.estimates import Estimate, estimate
from eegwarn.evaluate.events import SZCORE_RULES, EventCounts
from eegwarn.evaluate.forecast import ForecastRule, chance_p_value
from eegwarn.evaluate.metrics import EVENT_METRICS, FORECAST_METRICS, SAMPLE_METRICS, Metric
from eegwarn.evaluate.patients import PatientScores, score_patients
from eegwarn.evaluate.scored import ScoredRecording
from eegwarn.evaluate.skill import LEAST_SHARE, CohortSkill, PatientSkill, Verdict, cohort_skill, patient_skill
from eegwarn.evaluate.sweep import Sweep, sweep_thresholds

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


@dataclass(frozen=True)
class Skill:
    """How far the warnings are better than chance.

    Parameters
    ----------
    patients : tuple of PatientSkill
        One for each patient of the report.
    cohort : CohortSkill
        Verdicts, and all patients together.
    p_value_of_alarms : float
        That a chance predictor with each patient's time in warning foresees as many seizures as the alarms.
    """

    patients: tuple[PatientSkill, ...]
    cohort: CohortSkill
    p_value_of_alarms: float


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
        Means over patients, and scores of all patients together.
    pooled : EventCounts
        Events of all patients together.
    rule : ForecastRule or None
        Of a model that foresees; None for one that detects.
    skill : Skill or None
        None for a model that detects.
    sweep : Sweep or None
        Sensitivity against time in warning; None without a seizure.
    rules : tuple of str
        How it was counted, in words.
    """

    context: Context
    patients: tuple[PatientScores, ...]
    estimates: tuple[Estimate, ...]
    pooled: EventCounts
    rule: ForecastRule | None
    skill: Skill | None
    sweep: Sweep | None
    rules: tuple[str, ...]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics reported, in order."""
        return tuple(one.metric for one in self.estimates)


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
        Source of the resamples and of the shifts in time.
    forecast : ForecastRule, optional
        SPH and SOP of a model that foresees; left out for one that detects.
    """
    patients = score_patients(recordings, forecast=forecast)
    metrics = SAMPLE_METRICS + EVENT_METRICS + (FORECAST_METRICS if forecast else ())
    return Report(
        context=context,
        patients=patients,
        estimates=estimate(metrics, patients, recordings, forecast, rng),
        pooled=sum((patient.all_events for patient in patients), EventCounts()),
        rule=forecast,
        skill=_skill(patients, rng) if forecast else None,
        sweep=sweep_thresholds([patient.moments for patient in patients], rng),
        rules=_rules(len(patients), forecast),
    )


def _skill(patients: Sequence[PatientScores], rng: np.random.Generator) -> Skill:
    each = tuple(patient_skill(patient.moments, rng) for patient in patients)
    foreseen = chance_p_value([patient.forecast for patient in patients if patient.forecast])
    return Skill(each, cohort_skill(each, rng), foreseen)


def _rules(n_patients: int, forecast: ForecastRule | None) -> tuple[str, ...]:
    rules = [f"Events (SzCORE): {SZCORE_RULES}."]
    if forecast:
        rules += [
            f"Forecast: an alarm is true if an onset follows after {forecast.sph_s:g} s and within the next "
            f"{forecast.sop_s:g} s. In a seizure and {forecast.postictal_s:g} s after it no alarm speaks, and none is "
            "asked for. Among the events above, an alarm earlier than the tolerance counts as false all the same.",
            "Chance: a patient's seizures shifted together by a random time, the intervals between them in random "
            "order; p is the share of such surrogates that are foreseen as well over all thresholds (p of the alarms: "
            "as many by the alarms). A seizure counts for no "
            f"more than one that {100 * LEAST_SHARE:g} % of the time in warning would have foreseen: its mark may have "
            "come late.",
        ]
    rules.append("Warning time: from the first alarm of a seizure to its onset, negative after it.")
    rules.append(
        "A score that is not defined is left out of the mean: areas, sensitivity and skill without a seizure window, "
        "event scores without a seizure, warning time without an alarm at a seizure. The Brier skill score compares "
        "with a forecast that always says the true rate."
    )
    if n_patients == 1:
        rules.append("95 % intervals: bootstrap over stretches around the patient's seizures; none with one seizure.")
    else:
        rules.append(
            f"95 % intervals: bootstrap over the {n_patients} patients; exact bounds where all are at a limit. With "
            "fewer than about ten patients they are too narrow."
        )
    return tuple(rules)


def to_table(report: Report) -> dict[str, Any]:
    """Report as nested dictionaries and lists that JSON and TOML can hold; what is not defined is None."""
    return {
        "context": {**asdict(report.context), "seeds": list(report.context.seeds)},
        "rules": list(report.rules),
        "mean": {one.metric.key: _row(one, one.mean, one.interval, one.n_patients) for one in report.estimates},
        "together": {one.metric.key: _row(one, one.pooled, one.pooled_interval) for one in report.estimates},
        "pooled": asdict(report.pooled),
        "skill": None if report.skill is None else _skill_row(report.skill),
        "patients": [_patient_row(patient, number, report) for number, patient in enumerate(report.patients)],
    }


def _row(one: Estimate, value: float, interval: Interval, n_patients: int | None = None) -> dict[str, Any]:
    row = {
        "value": _number(value),
        "low": _number(interval.low),
        "high": _number(interval.high),
        "unit": one.metric.unit,
    }
    return row if n_patients is None else {**row, "n_patients": n_patients}


def _skill_row(skill: Skill) -> dict[str, Any]:
    cohort = skill.cohort
    return {
        "n_patients": len(cohort.verdicts),
        "n_tested": cohort.n_tested,
        "n_better": cohort.verdicts.count(Verdict.BETTER),
        "n_below_before_correction": cohort.n_below,
        "p_value_of_count": _number(cohort.p_value_of_count),
        "area": _number(cohort.area),
        "p_value": _number(cohort.p_value),
        "p_value_of_alarms": _number(skill.p_value_of_alarms),
    }


def _patient_row(patient: PatientScores, number: int, report: Report) -> dict[str, Any]:
    counts = patient.all_events
    row = {
        "patient_id": patient.patient_id,
        "hours": patient.duration_s / 3600,
        "fault_hours": patient.fault_s / 3600,
        "n_seizures": counts.n_seizures,
        "n_detected": counts.n_detected,
        "n_false": counts.n_false,
        **{metric.key: _number(metric.read(patient)) for metric in report.metrics},
    }
    if report.skill is None:
        return row
    own = report.skill.patients[number]
    return {
        **row,
        "n_foreseeable": own.n_seizures,
        "area": _number(own.area),
        "p_value": _number(own.p_value),
        "p_value_of_alarms": _number(own.p_value_of_alarms),
        "verdict": str(report.skill.cohort.verdicts[number]),
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
