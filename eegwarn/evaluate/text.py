"""The tables of a report as cells, and as aligned text for a terminal."""

import math
from collections.abc import Sequence

from eegwarn.evaluate.patients import PatientScores
from eegwarn.evaluate.report import DISCLAIMER, Metric, Report

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
    "foreseen": "foreseen",
    "false_warnings_per_hour": "false/h",
    "time_in_warning": "in warning",
}


def mean_rows(report: Report) -> list[Row]:
    """Header and one row per metric: name, mean with its interval, patients that it could be taken over."""
    rows: list[Row] = [("metric", "mean", "95 % interval", "patients")]
    for metric, mean, interval, n_patients in report.estimates:
        bounds = UNDEFINED
        if math.isfinite(interval.low):
            bounds = f"{_cell(metric, interval.low)} to {_cell(metric, interval.high)}"
        title = f"{metric.title} ({metric.unit})" if metric.unit else metric.title
        rows.append((title, _cell(metric, mean), bounds, str(n_patients)))
    return rows


def patient_rows(report: Report) -> list[Row]:
    """Header and one row per patient; the other scores are in the JSON form."""
    columns = [metric for metric in report.metrics if metric.key in _PATIENT_COLUMNS]
    header = ("patient", "hours", "fault %", "seizures", *(_PATIENT_COLUMNS[metric.key] for metric in columns))
    return [header, *(_patient_row(patient, columns) for patient in report.patients)]


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
        *([("p value against chance", f"{report.p_value:.3g}")] if math.isfinite(report.p_value) else []),
    ]


def to_text(report: Report) -> str:
    """Report as lines of text, columns aligned."""
    parts = [
        "\n".join(f"{name}: {value}" for name, value in context_rows(report)),
        _aligned(mean_rows(report)),
        _aligned(patient_rows(report)),
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
