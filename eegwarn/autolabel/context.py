"""The context label model: what a network thinks of a window and of the windows around it.

A network that was trained on rough marks is unsure of single windows around an onset. Its logits before and after a
window, weighed on a few clips that a clinician labelled, tell much better whether the seizure has begun.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from eegwarn.autolabel.labels import CorrectedLabels, RoughLabels
from eegwarn.autolabel.onsets import onsets_from_soft
from eegwarn.errors import CohortError, ConfigError

_TOLERANCE_S = 1e-6


@dataclass(frozen=True)
class ContextConfig:
    """How a window's context is summed up and weighed.

    Parameters
    ----------
    spans_s : tuple of (float, float)
        Stretches round a window, from and to in s, over which logits are averaged; (1, 6) is what comes after it.
    largest_logit : float
        Logits are held within +- this, so that one window does not outweigh its neighbours.
    regularisation : float
        Inverse strength of the pull of the weights to 0, as in scikit-learn's ``C``.
    n_certain : int
        Most windows of either class, far from every border of a mark, that join the known ones.
    least_known : int
        Known windows of either class without which nothing is fitted.
    """

    spans_s: tuple[tuple[float, float], ...] = ((-1, 1), (-3, 3), (-8, 8), (-6, -1), (1, 6), (1, 15))
    largest_logit: float = 8.0
    regularisation: float = 1.0
    n_certain: int = 60
    least_known: int = 5

    def __post_init__(self) -> None:
        if not self.spans_s or not all(-np.inf < start <= stop < np.inf for start, stop in self.spans_s):
            raise ConfigError(f"context.spans_s must hold stretches (from, to) in s, but got {self.spans_s}.")
        if not (0 < self.largest_logit < np.inf and 0 < self.regularisation < np.inf):
            raise ConfigError(
                "context.largest_logit and .regularisation must be finite and above 0, but got "
                f"{self.largest_logit} and {self.regularisation}."
            )
        if self.n_certain < 0 or self.least_known < 1:
            raise ConfigError(
                "context.n_certain must be at least 0 and .least_known at least 1, but got "
                f"{self.n_certain} and {self.least_known}."
            )


@dataclass(frozen=True)
class ContextModel:
    """A fitted label model: log-odds = bias + weights . (features - mean) / scale.

    Parameters
    ----------
    weights, mean, scale : tuple of float, length n_features
        Of `context_features`, in their order.
    bias : float
        Log-odds of a window with average features.
    config : ContextConfig
        How the features are made.
    """

    weights: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    bias: float
    config: ContextConfig


def context_features(rough: RoughLabels, config: ContextConfig) -> NDArray[np.float64]:
    """Describe each window by its logit, the logits around it, and its noisy label.

    Parameters
    ----------
    rough : RoughLabels
        One recording's windows.
    config : ContextConfig
        Which stretches.

    Returns
    -------
    ndarray, shape (n_windows, 2 + n_spans)
        Half the clipped logit; its mean over each stretch, windows that are not usable left out, and the window's own
        where a stretch has no other; 1 or 0 for the noisy label. A window that is not usable is all NaN.
    """
    half = np.clip(rough.logit, -config.largest_logit, config.largest_logit) / 2
    known = np.isfinite(half)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, half, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    columns = [half]
    for start_s, stop_s in config.spans_s:
        first = np.searchsorted(rough.start_s, rough.start_s + start_s - _TOLERANCE_S)
        end = np.searchsorted(rough.start_s, rough.start_s + stop_s + _TOLERANCE_S)
        n_known = count[end] - count[first]
        columns.append(np.where(n_known > 0, (total[end] - total[first]) / np.maximum(n_known, 1), half))
    features = np.column_stack([*columns, rough.noisy])
    features[~known] = np.nan
    return features


def fit_context(roughs: Sequence[RoughLabels], config: ContextConfig, rng: np.random.Generator) -> ContextModel:
    """Weigh the context on the windows whose label is known, and some that are certain.

    Parameters
    ----------
    roughs : sequence of RoughLabels
        The training recordings, some windows of which have a known label.
    config : ContextConfig
        How.
    rng : numpy.random.Generator
        Draws the certain windows.

    Raises
    ------
    CohortError
        If fewer than ``config.least_known`` usable windows of a class have a known label.
    """
    from sklearn.linear_model import LogisticRegression

    features = np.concatenate([context_features(rough, config) for rough in roughs])
    clean = np.concatenate([rough.clean for rough in roughs]).astype(np.float64)
    usable = np.isfinite(features[:, 0])
    known = np.flatnonzero(usable & np.isfinite(clean))
    for label, name in ((0, "calm"), (1, "seizure")):
        n_known = np.count_nonzero(clean[known] == label)
        if n_known < config.least_known:
            raise CohortError(
                f"Only {n_known} {name} windows around the marks have a known label, and the label model needs "
                f"{config.least_known}. Label more clips, or choose the method that needs none."
            )
    certain = _draw_certain(roughs, config.n_certain, rng)
    rows = np.concatenate([known, certain])
    target = np.concatenate([clean[known], np.concatenate([rough.noisy for rough in roughs])[certain]])
    mean = features[rows].mean(axis=0)
    scale = np.maximum(features[rows].std(axis=0), 1e-3)
    fit = LogisticRegression(C=config.regularisation, max_iter=1000).fit((features[rows] - mean) / scale, target)
    return ContextModel(
        tuple(fit.coef_[0].tolist()), tuple(mean.tolist()), tuple(scale.tolist()), float(fit.intercept_[0]), config
    )


def _draw_certain(roughs: Sequence[RoughLabels], n_certain: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw certain windows of either class whose label is not known, numbered through all recordings."""
    logit = np.concatenate([rough.logit for rough in roughs])
    noisy = np.concatenate([rough.noisy for rough in roughs]) > 0
    certain = np.concatenate([rough.certain & rough.counted & np.isnan(rough.clean) for rough in roughs])
    # Where the network disagrees with a certain label, the mark itself may be false, or a seizure was missed.
    certain &= np.isfinite(logit) & ((logit > 0) == noisy)
    drawn = [rng.permutation(np.flatnonzero(certain & (noisy == label)))[:n_certain] for label in (False, True)]
    return np.concatenate(drawn)


def context_logit(model: ContextModel, rough: RoughLabels) -> NDArray[np.float64]:
    """Give the log-odds of a seizure in each window, shape (n_windows,); NaN where a window is not usable."""
    scaled = (context_features(rough, model.config) - np.array(model.mean)) / np.array(model.scale)
    logit: NDArray[np.float64] = scaled @ np.array(model.weights) + model.bias
    return logit


def correct_by_context(model: ContextModel, rough: RoughLabels) -> CorrectedLabels:
    """Correct one recording's labels: known ones stay, all others become the model's probabilities.

    Far from marks too: a seizure that was not marked gets its label, and a false mark loses it.
    """
    soft = expit(context_logit(model, rough))
    soft = np.where(np.isfinite(rough.clean) & np.isfinite(rough.logit), rough.clean, soft).astype(np.float32)
    return CorrectedLabels(soft, onsets_from_soft(rough, soft))
