"""How well the warning level tells windows apart, and whether it means what it says."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve


@dataclass(frozen=True)
class SampleScores:
    """Scores over windows; NaN where a class is absent.

    Parameters
    ----------
    n_windows, n_seizure : int
        Windows that were judged and have a label, and those of them with the label of a seizure.
    auroc, auprc : float
        Area under the ROC curve, and average precision, which has to be compared with ``n_seizure / n_windows``.
    sensitivity, specificity : float
        The highest sensitivity at no less than this specificity.
    brier : float
        Mean squared difference of probability and label.
    ece : float
        Expected calibration error over bins of equal width (Naeini et al. 2015).
    """

    n_windows: int
    n_seizure: int
    auroc: float
    auprc: float
    sensitivity: float
    specificity: float
    brier: float
    ece: float


@dataclass(frozen=True)
class Reliability:
    """Reliability diagram: what was said against what came, NaN in an empty bin; arrays of shape (n_bins,)."""

    mean_probability: NDArray[np.float64]
    seizure_share: NDArray[np.float64]
    n_windows: NDArray[np.intp]


def labelled(probability: ArrayLike, label: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Keep the windows that were judged and have a label.

    Parameters
    ----------
    probability : array_like, shape (n_windows,)
        Warning level; NaN where a window could not be judged.
    label : array_like, shape (n_windows,)
        1 or True for seizure, 0 or False for none, NaN to leave a window out.

    Raises
    ------
    ValueError
        If the two differ in shape.
    """
    probabilities, labels = np.asarray(probability, dtype=np.float64), np.asarray(label, dtype=np.float64)
    if probabilities.shape != labels.shape:
        raise ValueError(f"probability has shape {probabilities.shape} but label {labels.shape}; they must be equal.")
    kept = np.isfinite(probabilities) & np.isfinite(labels)
    return probabilities[kept], labels[kept] > 0.5


def score_samples(
    probability: ArrayLike, label: ArrayLike, *, specificity: float = 0.95, n_bins: int = 15
) -> SampleScores:
    """Score windows one by one.

    Parameters
    ----------
    probability, label : array_like, shape (n_windows,)
        As for ``labelled``.
    specificity : float
        At which sensitivity is reported.
    n_bins : int
        Bins of the expected calibration error.
    """
    probabilities, labels = labelled(probability, label)
    n_windows, n_seizure = labels.size, int(labels.sum())
    auroc = auprc = sensitivity = brier = ece = float("nan")
    if n_windows:
        brier = float(np.mean((probabilities - labels) ** 2))
        ece = calibration_error(reliability(probabilities, labels, n_bins=n_bins))
    if 0 < n_seizure < n_windows:
        auroc = float(roc_auc_score(labels, probabilities))
        auprc = float(average_precision_score(labels, probabilities))
        false_positive_rate, true_positive_rate, _ = roc_curve(labels, probabilities, drop_intermediate=False)
        sensitivity = float(true_positive_rate[false_positive_rate <= 1 - specificity + 1e-12].max())
    return SampleScores(n_windows, n_seizure, auroc, auprc, sensitivity, specificity, brier, ece)


def reliability(probability: ArrayLike, label: ArrayLike, *, n_bins: int = 10) -> Reliability:
    """Count in bins of equal width what share of the windows was a seizure at each warning level.

    Parameters
    ----------
    probability, label : array_like, shape (n_windows,)
        As for ``labelled``.
    n_bins : int
        Bins between 0 and 1; a bin holds its lower bound, the last one both.
    """
    probabilities, labels = labelled(probability, label)
    bins = np.minimum((probabilities * n_bins).astype(np.intp), n_bins - 1)
    n_windows = np.bincount(bins, minlength=n_bins)
    said = np.bincount(bins, weights=probabilities, minlength=n_bins)
    came = np.bincount(bins, weights=labels.astype(np.float64), minlength=n_bins)
    divisor = np.where(n_windows > 0, n_windows, np.nan)
    return Reliability(said / divisor, came / divisor, n_windows)


def calibration_error(table: Reliability) -> float:
    """Mean distance of what was said from what came, weighted by windows; NaN without windows."""
    if not table.n_windows.sum():
        return float("nan")
    distance = np.abs(table.mean_probability - table.seizure_share)
    return float(np.nansum(distance * table.n_windows) / table.n_windows.sum())
