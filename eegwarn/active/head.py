"""The base learner that labels are chosen for: a logistic head on what a frozen network sees.

It starts as the model itself and departs from it as far as labels tell: the prior of its weights is the model's own
log-odds, so that a choice can be made before anything was labelled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from eegwarn.active.pool import Pool

N_COMPONENTS = 32
_PRECISION = 30.0
_BIAS_PRECISION = 0.1
_LARGEST_LOGIT = 8.0
_NEWTON_STEPS = 8
_LEAST_SD = 1e-6


@dataclass(frozen=True)
class View:
    """How features are turned into what the head weighs: centred, on their first principal components.

    Components keep their own variance: what a network was trained for is what its features vary in most, and heads on
    components of equal variance need several times the labels.

    Parameters
    ----------
    mean : ndarray, shape (n_features,)
        Of the pool.
    axes : ndarray, shape (n_features, n_components)
        Principal axes, scaled so that components vary by 1 in the mean.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]

    def inputs(self, features: NDArray[np.floating], logit: NDArray[np.floating]) -> NDArray[np.float64]:
        """Give the inputs of the head: a constant, the model's log-odds, the components; (n, 2 + n_components)."""
        held = np.clip(logit, -_LARGEST_LOGIT, _LARGEST_LOGIT)
        return np.column_stack([np.ones(len(features)), held, (features - self.mean) @ self.axes])


def view_of(pool: Pool) -> View:
    """Find the principal components of a pool's features, as many as `N_COMPONENTS` or as there are."""
    features = pool.features.astype(np.float64)
    mean, sd = features.mean(axis=0), features.std(axis=0)
    scale = np.where(sd > _LEAST_SD, sd, np.inf)
    covariance = np.cov((features - mean) / scale, rowvar=False, bias=True).reshape(len(mean), len(mean))
    variance, axes = np.linalg.eigh(covariance)
    kept = np.argsort(variance)[::-1][:N_COMPONENTS]
    kept = kept[variance[kept] > _LEAST_SD]
    mean_variance = variance[kept].mean() if len(kept) else 1.0
    return View(mean, axes[:, kept] / np.sqrt(mean_variance) / scale[:, None])


def prior_weights(n_inputs: int) -> NDArray[np.float64]:
    """Give the weights with which the head is the model itself, shape (n_inputs,)."""
    weights = np.zeros(n_inputs)
    weights[1] = 1.0
    return weights


def fit_heads(
    inputs: NDArray[np.float64], label: NDArray[np.float64], *, start: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Fit logistic heads by Newton's method, several at once.

    Parameters
    ----------
    inputs : ndarray, shape (n_heads, n_labelled, n_inputs)
        As `View.inputs` gives them.
    label : ndarray, shape (n_heads, n_labelled)
        1 or 0.
    start : ndarray, shape (n_heads, n_inputs), optional
        Weights to begin from.

    Returns
    -------
    ndarray, shape (n_heads, n_inputs)
        The weights of greatest posterior density, under a normal prior around `prior_weights`.
    """
    n_heads, _, n_inputs = inputs.shape
    prior = prior_weights(n_inputs)
    precision = np.full(n_inputs, _PRECISION)
    precision[0] = _BIAS_PRECISION
    weights = np.tile(prior, (n_heads, 1)) if start is None else start.copy()
    transposed = inputs.transpose(0, 2, 1)
    for _ in range(_NEWTON_STEPS):
        p = expit((inputs @ weights[:, :, None])[:, :, 0])
        gradient = (transposed @ (p - label)[:, :, None])[:, :, 0] + precision * (weights - prior)
        curvature = (transposed * (p * (1 - p))[:, None, :]) @ inputs + np.diag(precision)
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        # A whole Newton step may leap over the optimum of a logistic loss.
        weights = weights - step * np.minimum(1.0, 4.0 / np.maximum(np.linalg.norm(step, axis=1), 1e-12))[:, None]
    return weights
