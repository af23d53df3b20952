"""Results of label correction as a table: means over seeds, and what each way gains over the floor, seed by seed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.evaluate.bootstrap import mean_interval

FLOOR, CEILING, CONTROL = "plain", "truth", "bi-level, meta step off"
_COLUMNS = {
    "label_auroc": "label AUROC",
    "label_accuracy": "label acc.",
    "onset_error_s": "onset err. s",
    "early_auroc": "early AUROC",
    "early_balanced_accuracy": "early bal. acc.",
    "ictal_auroc": "ictal AUROC",
    "sensitivity_at_rate": "sens. at 1/h",
    "latency_at_rate_s": "latency s",
    "within_15_s_at_rate": "within 15 s",
    "event_f1": "event F1",
    "false_alarms_per_day": "false/day",
}
_DECIDING = ("early_auroc", "early_balanced_accuracy", "within_15_s_at_rate", "event_f1")
"""Columns of which the share of the gap is told."""

ONE_CLASS = 0.02
"""Labels have collapsed where one class has less than this share of the doubtful stretch; about a third is ictal."""


def table_text(rows: Sequence[dict[str, Any]]) -> str:
    """Write a table for each network and condition, means with standard deviations over seeds."""
    parts = []
    for backbone in dict.fromkeys(row["backbone"] for row in rows):
        for condition in dict.fromkeys(row["condition"] for row in rows if row["backbone"] == backbone):
            chosen = [row for row in rows if (row["backbone"], row["condition"]) == (backbone, condition)]
            parts.append(_one_table(f"{backbone}, marks {condition}", chosen))
    return "\n\n".join(parts)


def _one_table(title: str, rows: Sequence[dict[str, Any]]) -> str:
    ways = list(dict.fromkeys(row["way"] for row in rows))
    n_seeds = len({row["seed"] for row in rows})
    lines = [f"{title} ({n_seeds} seeds; mean and standard deviation)"]
    lines.append(f"{'':<26}" + "".join(f"{name:>17}" for name in _COLUMNS.values()))
    for way in ways:
        cells = [_cell(_values(rows, way, column)) for column in _COLUMNS]
        lines.append(f"{way:<26}" + "".join(f"{cell:>17}" for cell in cells))
    corrected = [way for way in ways if way not in (FLOOR, CEILING)]
    if {FLOOR, CEILING} <= set(ways):
        lines += [_gain_text(rows, way) for way in corrected]
    if CONTROL in ways:
        lines += [_over_control_text(rows, way) for way in corrected if way != CONTROL]
    return "\n".join(lines)


def _values(rows: Sequence[dict[str, Any]], way: str, column: str) -> NDArray[np.float64]:
    """Values of the seeds in order; NaN where a seed is missing."""
    seeds = sorted({row["seed"] for row in rows})
    found = {row["seed"]: row[column] for row in rows if row["way"] == way}
    return np.array([found.get(seed, np.nan) for seed in seeds], dtype=np.float64)


def _cell(values: NDArray[np.float64]) -> str:
    if not np.isfinite(values).any():
        return "-"
    spread = np.nanstd(values, ddof=1) if np.isfinite(values).sum() > 1 else np.nan
    digits = 1 if np.nanmax(np.abs(values)) > 2 else 3
    return f"{np.nanmean(values):.{digits}f} ± {spread:.{digits}f}"


def failures_text(rows: Sequence[dict[str, Any]]) -> str:
    """Count the runs whose labels collapsed to one class, or that put seizures below calm windows."""
    lines = []
    for way in dict.fromkeys(row["way"] for row in rows):
        own = [row for row in rows if row["way"] == way]
        collapsed = [row for row in own if not ONE_CLASS <= row["label_positive_share"] <= 1 - ONE_CLASS]
        inverted = [row for row in own if min(row["label_auroc"], row["ictal_auroc"]) < 0.5]
        lines.append(
            f"  {way}: {len(collapsed)} collapsed, {len(inverted)} inverted of {len(own)} runs, "
            f"{len({row['seed'] for row in own})} seeds"
        )
    return "\n".join(["Runs that failed", *lines])


def _gain_text(rows: Sequence[dict[str, Any]], way: str) -> str:
    """Say what a way gains over the floor, with a 95 % interval over seeds, and which share of the gap that is."""
    parts = []
    for column in _DECIDING:
        floor, ceiling, value = (_values(rows, name, column) for name in (FLOOR, CEILING, way))
        gain, gap = value - floor, ceiling - floor
        share = np.nanmean(gain) / np.nanmean(gap) if np.nanmean(gap) > 0 else np.nan
        parts.append(f"{_difference_text(column, gain)} = {share:.0%} of the gap")
    return f"  {way} over {FLOOR}: " + "; ".join(parts)


def _over_control_text(rows: Sequence[dict[str, Any]], way: str) -> str:
    """Say what a way gains over the same loop whose corrector is never taught."""
    columns = ("label_auroc", "label_accuracy", *_DECIDING)
    parts = [
        _difference_text(column, _values(rows, way, column) - _values(rows, CONTROL, column)) for column in columns
    ]
    return f"  {way} over {CONTROL}: " + "; ".join(parts)


def _difference_text(column: str, difference: NDArray[np.float64]) -> str:
    low, high = mean_interval(difference, np.random.default_rng(0), n_resamples=10_000)
    return f"{_COLUMNS[column]} {np.nanmean(difference):+.3f} [{low:+.3f}, {high:+.3f}]"
