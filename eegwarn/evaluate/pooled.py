"""Scores of all patients together, and how they scatter when patients (or a patient's seizures) are drawn again."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.evaluate.events import EventCounts, count_events
from eegwarn.evaluate.forecast import ForecastCounts, ForecastRule, count_forecast
from eegwarn.evaluate.latency import warning_times_s
from eegwarn.evaluate.samples import labelled
from eegwarn.evaluate.scored import ScoredRecording

N_CALIBRATION_BINS = 15
_EDGES = 500
"""Levels of either class at which its windows are counted; areas differ from the exact ones by less than 0.002."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tallies:
    """What every unit adds to the pooled scores; the first axis of each array is the units.

    Parameters
    ----------
    seizure, calm : ndarray, shape (n_units, n_levels)
        Windows with and without the label of a seizure at each warning level, from low to high.
    squared_error : ndarray, shape (n_units,)
        Sum of squared differences of probability and label.
    said, came, n_windows : ndarray, shape (n_units, n_bins)
        Sum of probabilities, seizure windows and windows in bins of the calibration error.
    events : ndarray, shape (n_units, 4)
        Fields of ``EventCounts``.
    forecast : ndarray, shape (n_units, 6)
        Fields of ``ForecastCounts``; zeros where the model only detects.
    warning_time_s, warning_unit : ndarray, shape (n_warned,)
        Warning time of each seizure that had an alarm, in rising order, and its unit.
    """

    seizure: Floats
    calm: Floats
    squared_error: Floats
    said: Floats
    came: Floats
    n_windows: Floats
    events: Floats
    forecast: Floats
    warning_time_s: Floats
    warning_unit: NDArray[np.intp]


def tally(units: Sequence[Sequence[ScoredRecording]], rule: ForecastRule | None) -> Tallies:
    """Count what each unit adds.

    Parameters
    ----------
    units : sequence of sequence of ScoredRecording
        What is drawn together: all recordings of a patient, or one stretch of one patient.
    rule : ForecastRule or None
        None for a model that detects.
    """
    windows = [
        labelled(np.concatenate([one.probability for one in unit]), np.concatenate([one.label for one in unit]))
        for unit in units
    ]
    edges = _level_edges(windows)
    bins = [np.minimum((level * N_CALIBRATION_BINS).astype(np.intp), N_CALIBRATION_BINS - 1) for level, _ in windows]
    warning_time_s, warning_unit = _warning_times(units, rule)
    return Tallies(
        seizure=_counted([level[label] for level, label in windows], edges),
        calm=_counted([level[~label] for level, label in windows], edges),
        squared_error=np.array([np.sum((level - label) ** 2) for level, label in windows]),
        said=_binned(bins, [level for level, _ in windows]),
        came=_binned(bins, [label.astype(np.float64) for _, label in windows]),
        n_windows=_binned(bins, [np.ones(level.size) for level, _ in windows]),
        events=np.array([astuple(_events(unit)) for unit in units]),
        forecast=np.array([astuple(_forecast(unit, rule)) for unit in units]),
        warning_time_s=warning_time_s,
        warning_unit=warning_unit,
    )


def pooled_scores(tallies: Tallies, times: Floats) -> dict[str, Floats]:
    """Score cohorts made of the units.

    Parameters
    ----------
    tallies : Tallies
        Of the units.
    times : ndarray, shape (n_cohorts, n_units)
        How often each unit is in each cohort.

    Returns
    -------
    dict of str to ndarray, shape (n_cohorts,)
        Under the keys of the report's metrics; NaN where a score is not defined.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            **_sample_scores(tallies, times),
            **_event_scores(times @ tallies.events),
            **_forecast_scores(times @ tallies.forecast),
            "warning_time_s": _weighted_median(tallies.warning_time_s, times[:, tallies.warning_unit]),
        }


def _sample_scores(tallies: Tallies, times: Floats) -> dict[str, Floats]:
    # From the highest level to the lowest, as a threshold comes down.
    found = np.cumsum((times @ tallies.seizure)[:, ::-1], axis=1)
    wrong = np.cumsum((times @ tallies.calm)[:, ::-1], axis=1)
    n_seizure, n_calm = found[:, -1], wrong[:, -1]
    sensitivity, false_share = found / n_seizure[:, None], wrong / n_calm[:, None]
    step = np.diff(sensitivity, axis=1, prepend=0.0)
    auroc = 1 - np.sum(step * (false_share - np.diff(false_share, axis=1, prepend=0.0) / 2), axis=1)
    auprc = np.nansum(step * found / (found + wrong), axis=1)
    n_windows = n_seizure + n_calm
    brier = times @ tallies.squared_error / n_windows
    rate = n_seizure / n_windows
    came, said = times @ tallies.came, times @ tallies.said
    defined = (n_seizure > 0) & (n_calm > 0)
    return {
        "auroc": np.where(defined, auroc, np.nan),
        "auprc": np.where(defined, auprc, np.nan),
        "sensitivity_at_95": np.where(
            defined, np.where(false_share <= 0.05 + 1e-12, sensitivity, 0.0).max(axis=1), np.nan
        ),
        "brier": brier,
        "brier_skill": np.where(defined, 1 - brier / (rate * (1 - rate)), np.nan),
        "ece": np.abs(said - came).sum(axis=1) / n_windows,
    }


def _event_scores(counts: Floats) -> dict[str, Floats]:
    n_seizures, n_detected, n_false, duration_s = counts.T
    without = np.where(n_seizures > 0, 0.0, np.nan)
    raised = n_detected + n_false
    return {
        "sensitivity": n_detected / n_seizures,
        "precision": np.where((raised > 0) & (n_seizures > 0), n_detected / raised, without),
        "f1": np.where(n_seizures > 0, 2 * n_detected / (raised + n_seizures), np.nan),
        "false_alarms_per_day": n_false * 86_400 / duration_s,
    }


def _forecast_scores(counts: Floats) -> dict[str, Floats]:
    n_seizures, n_foreseen, n_false, interictal_s, warning_s, judged_s = counts.T
    foreseen, in_warning = n_foreseen / n_seizures, np.minimum(warning_s / judged_s, 1)
    return {
        "foreseen": foreseen,
        "false_warnings_per_hour": n_false * 3600 / interictal_s,
        "time_in_warning": in_warning,
        "over_chance": foreseen - in_warning,
    }


def _weighted_median(values: Floats, weights: Floats) -> Floats:
    """Median of rising values, each repeated as often as its weight, for every row of weights."""
    if not values.size:
        return np.full(len(weights), np.nan)
    passed = np.cumsum(weights, axis=1)
    total = passed[:, -1:]
    low = values[np.minimum((passed <= (total - 1) // 2).sum(axis=1), values.size - 1)]
    high = values[np.minimum((passed <= total // 2).sum(axis=1), values.size - 1)]
    return np.where(total[:, 0] > 0, (low + high) / 2, np.nan)


def _level_edges(windows: Sequence[tuple[Floats, NDArray[np.bool_]]]) -> Floats:
    """Levels between which windows are counted together: quantiles of either class, so that both are told apart."""
    edges = []
    for kind in (True, False):
        level = np.concatenate([np.empty(0), *(level[label == kind] for level, label in windows)])
        distinct = np.unique(level)
        edges.append(distinct if distinct.size <= _EDGES else np.quantile(level, np.linspace(0, 1, _EDGES)))
    return np.unique(np.concatenate(edges))


def _counted(levels: Sequence[Floats], edges: Floats) -> Floats:
    rows = [np.bincount(np.searchsorted(edges, row, side="right"), minlength=edges.size + 1) for row in levels]
    return np.array(rows, dtype=np.float64)


def _binned(bins: Sequence[NDArray[np.intp]], values: Sequence[Floats]) -> Floats:
    rows = [
        np.bincount(row, weights=value, minlength=N_CALIBRATION_BINS) for row, value in zip(bins, values, strict=True)
    ]
    return np.array(rows, dtype=np.float64)


def _warning_times(
    units: Sequence[Sequence[ScoredRecording]], rule: ForecastRule | None
) -> tuple[Floats, NDArray[np.intp]]:
    """Warning times in rising order, without those of seizures that had no alarm, and the unit of each."""
    horizon_s = rule.sph_s + rule.sop_s if rule else 0.0
    times_s = [[warning_times_s(one.seizures, one.alarms, horizon_s=horizon_s) for one in unit] for unit in units]
    flat_s = np.concatenate([np.empty(0), *(one for unit in times_s for one in unit)])
    owner = np.repeat(np.arange(len(units)), [sum(one.size for one in unit) for unit in times_s])
    order = np.argsort(flat_s)[: int(np.isfinite(flat_s).sum())]  # NaN is sorted last
    return flat_s[order], owner[order]


def _events(unit: Sequence[ScoredRecording]) -> EventCounts:
    counts = (count_events(one.seizures, one.alarms, duration_s=one.duration_s) for one in unit)
    return sum(counts, EventCounts())


def _forecast(unit: Sequence[ScoredRecording], rule: ForecastRule | None) -> ForecastCounts:
    if rule is None:
        return ForecastCounts()
    counts = (
        count_forecast(one.marked, one.alarms, rule, duration_s=one.duration_s, faults=one.faults) for one in unit
    )
    return sum(counts, ForecastCounts())
