"""The tables of a report as cells, and as aligned text for a terminal."""

import math
from collections.abc import Sequence

from eegwarn.evaluate.bootstrap import Interval
from eegwarn.evaluate.forecast import ForecastCounts
from eegwarn.evaluate.metrics import Metric
from eegwarn.evaluate.patients import PatientScores
from eegwarn.evaluate.report import DISCLAIMER, Report
from eegwarn.evaluate.skill import in_words

Row = tuple[str, ...]

UNDEFINED = "–"
"""Shown where a score is not defined."""

_PATIENT_COLUMNS = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "sensitivity": "sens.",
    "precision": "prec.",
    "f1": "F1",
    "false_alarms_per_day": "false/24 h",
    "warning_time_s": "warn. s",
}
_SKILL_COLUMNS = {"foreseen": "foreseen", "false_warnings_per_hour": "false/h", "time_in_warning": "in warning"}


def mean_rows(report: Report) -> list[Row]:
    """Header and one row per metric: name, mean with its interval and patients, and all patients together."""
    alone = len(report.patients) == 1
    rows: list[Row] = [("metric", "value", "95 % interval")]
    if not alone:
        rows = [("metric", "mean over patients", "95 % interval", "patients", "all together", "95 % interval")]
    for one in report.estimates:
        title = f"{one.metric.title} ({one.metric.unit})" if one.metric.unit else one.metric.title
        row = (title, _cell(one.metric, one.mean), _bounds(one.metric, one.interval))
        together = (str(one.n_patients), _cell(one.metric, one.pooled), _bounds(one.metric, one.pooled_interval))
        rows.append(row if alone else row + together)
    return rows


def _bounds(metric: Metric, interval: Interval) -> str:
    if not math.isfinite(interval.low):
        return UNDEFINED
    return f"{_cell(metric, interval.low)} to {_cell(metric, interval.high)}"


def patient_rows(report: Report) -> list[Row]:
    """Header and one row per patient; the other scores are in the JSON form."""
    columns = [metric for metric in report.metrics if metric.key in _PATIENT_COLUMNS]
    header = ("patient", "hours", "fault %", "seizures", *(_PATIENT_COLUMNS[metric.key] for metric in columns))
    return [header, *(_patient_row(patient, columns) for patient in report.patients)]


def skill_rows(report: Report) -> list[Row]:
    """Header and one row per patient: is it better than chance? Empty for a model that only detects."""
    if report.skill is None:
        return []
    columns = [metric for metric in report.metrics if metric.key in _SKILL_COLUMNS]
    header = ("patient", "to foresee", *(_SKILL_COLUMNS[metric.key] for metric in columns))
    rows: list[Row] = [(*header, "area", "p", "p of alarms", "verdict")]
    skills = zip(report.patients, report.skill.patients, report.skill.cohort.verdicts, strict=True)
    for patient, skill, verdict in skills:
        p_values = (_p_value(skill.p_value), _p_value(skill.p_value_of_alarms))
        area = f"{skill.area:.2f}" if math.isfinite(skill.area) else UNDEFINED
        own = (_cell(metric, metric.read(patient)) for metric in columns)
        rows.append((patient.patient_id, str(skill.n_seizures), *own, area, *p_values, str(verdict)))
    return rows


def _p_value(value: float) -> str:
    return f"{value:.2g}" if math.isfinite(value) else UNDEFINED


def _patient_row(patient: PatientScores, columns: Sequence[Metric]) -> Row:
    fault_percent = 100 * patient.fault_s / patient.duration_s if patient.duration_s else math.nan
    return (
        patient.patient_id,
        f"{patient.duration_s / 3600:.2f}",
        f"{fault_percent:.1f}" if math.isfinite(fault_percent) else UNDEFINED,
        str(patient.all_events.n_seizures),
        *(_cell(metric, metric.read(patient)) for metric in columns),
    )


def _cell(metric: Metric, value: float) -> str:
    return f"{value:.{metric.digits}f}" if math.isfinite(value) else UNDEFINED


def context_rows(report: Report) -> list[Row]:
    """Name and value of everything that a reader must know to judge the numbers."""
    context, pooled = report.context, report.pooled
    return [
        ("model", context.model),
        ("split", context.split),
        ("data", context.data),
        ("fingerprint", context.fingerprint),
        ("seeds", ", ".join(map(str, context.seeds))),
        ("scorer", context.scorer),
        (
            "all patients together",
            f"{pooled.n_detected} of {pooled.n_seizures} seizures detected, {pooled.n_false} false alarms in "
            f"{pooled.duration_s / 3600:.1f} h",
        ),
        *_chance_rows(report),
    ]


def _chance_rows(report: Report) -> list[tuple[str, str]]:
    if report.skill is None:
        return []
    counts = sum((patient.forecast for patient in report.patients if patient.forecast), ForecastCounts())
    rows = [("against chance", in_words(report.skill.cohort))]
    if math.isfinite(report.skill.p_value_of_alarms):
        alarms = (
            f"{counts.n_foreseen} of {counts.n_seizures} seizures foreseen in {100 * counts.time_in_warning:.0f} % of "
            "the time; a chance predictor that spends as much time in warning foresees as many with p = "
            f"{report.skill.p_value_of_alarms:.2g}."
        )
        rows.append(("alarms against chance", alarms))
    return rows


def to_text(report: Report) -> str:
    """Report as lines of text, columns aligned."""
    parts = [
        "\n".join(f"{name}: {value}" for name, value in context_rows(report)),
        _aligned(mean_rows(report)),
        _aligned(patient_rows(report)),
        *([_aligned(skill_rows(report))] if report.skill else []),
        "\n".join(report.rules),
        DISCLAIMER,
    ]
    return "\n\n".join(parts) + "\n"


def _aligned(rows: Sequence[Row]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    )
