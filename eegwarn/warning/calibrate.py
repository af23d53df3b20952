"""From a network's logit to a probability that means what it says."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.special import logit as log_odds_of

from eegwarn.errors import ConfigError

CalibrationKind = Literal["temperature", "isotonic"]

TEMPERATURE_BOUNDS = (0.05, 20.0)
BIAS_BOUND = 20.0
MOST_KNOTS = 32
_PRIOR_WINDOWS = 20.0
"""Windows that the straight line counts for in each bin of the isotonic fit."""


@dataclass(frozen=True)
class Calibration:
    """How logits become the warning level.

    Without knots it is ``sigmoid(logit / temperature + bias)``. With knots the log odds follow straight lines from
    knot to knot, and rise by ``1 / temperature`` beyond the first and the last: so the order of windows is always kept.

    Parameters
    ----------
    temperature : float
        Above 1 the network was too sure of itself, below 1 too shy; between 0.05 and 20.
    bias : float
        Added log odds, between -20 and 20: undoes a training set in which seizures were more frequent than they are.
    caveat : str
        Why these values deserve no trust, in one sentence; empty where they do.
    knot_logit, knot_log_odds : tuple of float
        What the network said and what that means, both strictly rising; 2 to 32 of each, or none.
    """

    temperature: float = 1.0
    bias: float = 0.0
    caveat: str = ""
    knot_logit: tuple[float, ...] = ()
    knot_log_odds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        low, high = TEMPERATURE_BOUNDS
        if not low <= self.temperature <= high:
            raise ConfigError(f"temperature = {self.temperature!r} is out of bounds: it lies between {low} and {high}.")
        if not abs(self.bias) <= BIAS_BOUND:
            raise ConfigError(f"bias = {self.bias!r} is out of bounds: it lies between -{BIAS_BOUND} and {BIAS_BOUND}.")
        if len(self.knot_logit) != len(self.knot_log_odds) or len(self.knot_logit) not in (
            0,
            *range(2, MOST_KNOTS + 1),
        ):
            raise ConfigError(
                f"A calibration has 2 to {MOST_KNOTS} knots or none, with as many log odds as logits, but got "
                f"{len(self.knot_logit)} and {len(self.knot_log_odds)}."
            )
        for name, knots in (("knot_logit", self.knot_logit), ("knot_log_odds", self.knot_log_odds)):
            if not np.all(np.isfinite(knots)) or np.any(np.diff(knots) <= 0):
                raise ConfigError(f"{name} must be finite and strictly rising, but got {knots!r}.")


def probability(calibration: Calibration, logit: ArrayLike) -> NDArray[np.float64]:
    """Warning level of every window.

    Parameters
    ----------
    calibration : Calibration
        As fitted on held-out windows of the training part.
    logit : array_like
        Any shape; NaN where a window cannot be judged.

    Returns
    -------
    ndarray
        Same shape, between 0 and 1, NaN where the logit is NaN.
    """
    logits = np.asarray(logit, dtype=np.float64)
    if calibration.knot_logit:
        inside = np.clip(logits, calibration.knot_logit[0], calibration.knot_logit[-1])
        between = np.interp(inside, calibration.knot_logit, calibration.knot_log_odds)
        log_odds = between + (logits - inside) / calibration.temperature
    else:
        log_odds = logits / calibration.temperature + calibration.bias
    level: NDArray[np.float64] = expit(log_odds)
    return level


def fit_calibration(logit: ArrayLike, label: ArrayLike, kind: CalibrationKind = "temperature") -> Calibration:
    """Fit a calibration on held-out windows.

    Parameters
    ----------
    logit, label : array_like, shape (n_windows,)
        As for ``fit_temperature``.
    kind : {"temperature", "isotonic"}
        A straight line in log odds, or any rising course.
    """
    return fit_isotonic(logit, label) if kind == "isotonic" else fit_temperature(logit, label)


def fit_temperature(logit: ArrayLike, label: ArrayLike) -> Calibration:
    """Fit temperature and bias on held-out windows by the least negative log likelihood.

    Temperature scaling is Guo et al. 2017 (ICML); the bias makes it Platt's scaling, and so do the targets
    (n_seizure + 1) / (n_seizure + 2) and 1 / (n_calm + 2) in place of 1 and 0 (Platt 1999): with them logits that
    separate the classes perfectly still lead to a finite temperature.

    Parameters
    ----------
    logit : array_like, shape (n_windows,)
        NaN windows are left out.
    label : array_like, shape (n_windows,)
        True where a seizure is under way or begins within the horizon.

    Returns
    -------
    Calibration
        With a ``caveat`` where a class is absent (the identity is returned) or the logits do not rank the classes.

    Raises
    ------
    ValueError
        If the two differ in shape.
    """
    logits, labels = _judged(logit, label)
    n_seizure = int(labels.sum())
    n_calm = labels.size - n_seizure
    if not n_seizure or not n_calm:
        return Calibration(caveat=f"Not calibrated: {n_seizure} seizure and {n_calm} calm windows; both are needed.")
    target = np.where(labels, (n_seizure + 1) / (n_seizure + 2), 1 / (n_calm + 2))
    slope, bias = _least_loss(logits, target, start_bias=float(np.log(n_seizure / n_calm)))
    temperature = float(np.clip(1 / slope, *TEMPERATURE_BOUNDS))
    caveat = ""
    if temperature >= TEMPERATURE_BOUNDS[1]:
        caveat = "The logits do not rank seizure windows above calm ones: the probability is close to the base rate."
    elif temperature <= TEMPERATURE_BOUNDS[0]:
        caveat = f"The temperature stopped at its lowest allowed value, {temperature}: the logits are very small."
    return Calibration(temperature, float(bias), caveat)


def fit_isotonic(logit: ArrayLike, label: ArrayLike) -> Calibration:
    """Fit rising log odds on held-out windows: isotonic regression (Zadrozny and Elkan 2002, KDD) on 32 bins.

    Each bin holds as much of the seizure windows as of the calm ones, on average, so that the few seizure windows are
    not all in one. In each, the line of ``fit_temperature`` counts for 20 windows more: a bin with few does not become
    certain. What is left after bins out of order are joined are the knots.

    Parameters
    ----------
    logit, label : array_like, shape (n_windows,)
        As for ``fit_temperature``.

    Returns
    -------
    Calibration
        Without knots, as of ``fit_temperature``, where a class is absent or no rise is found.

    Raises
    ------
    ValueError
        If the two differ in shape.
    """
    from scipy.optimize import isotonic_regression

    line = fit_temperature(logit, label)
    logits, labels = _judged(logit, label)
    if labels.all() or not labels.any():
        return line
    bins = _balanced_bins(logits, labels)
    n_windows = np.bincount(bins)
    mean_logit = np.bincount(bins, weights=logits) / n_windows
    prior = np.bincount(bins, weights=probability(line, logits)) / n_windows
    share = (np.bincount(bins, weights=labels) + _PRIOR_WINDOWS * prior) / (n_windows + _PRIOR_WINDOWS)
    fit = isotonic_regression(share, weights=n_windows)
    first = fit.blocks[:-1]  # bins with which a joined block begins
    knot_logit = np.add.reduceat(mean_logit * n_windows, first) / np.add.reduceat(n_windows, first)
    knot_log_odds = log_odds_of(np.clip(fit.x[first], 1e-9, 1 - 1e-9))
    rising = np.diff(knot_log_odds, prepend=-np.inf) > 0
    if rising.sum() < 2:
        return line
    return replace(
        line, knot_logit=tuple(knot_logit[rising].tolist()), knot_log_odds=tuple(knot_log_odds[rising].tolist())
    )


def _balanced_bins(logits: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Bin of each window, none of them empty; in all together the classes weigh the same."""
    order = np.argsort(logits)
    passed = np.cumsum(np.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum())[order])
    edges = logits[order][np.searchsorted(passed, np.arange(1, MOST_KNOTS) / MOST_KNOTS)]
    bins: NDArray[np.intp] = np.unique(np.searchsorted(edges, logits, side="right"), return_inverse=True)[1]
    return bins


def _judged(logit: ArrayLike, label: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    logits, labels = np.asarray(logit, dtype=np.float64), np.asarray(label, dtype=bool)
    if logits.shape != labels.shape:
        raise ValueError(f"logit has shape {logits.shape} but label {labels.shape}; they must be equal.")
    judged = np.isfinite(logits)
    return logits[judged], labels[judged]


def _least_loss(logits: NDArray[np.float64], target: NDArray[np.float64], *, start_bias: float) -> tuple[float, float]:
    """Slope (1 / temperature) and bias with the least cross-entropy; convex in both."""
    from scipy.optimize import minimize

    def loss_and_gradient(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, bias = parameters
        scaled = slope * logits + bias
        error = expit(scaled) - target
        loss = np.mean(np.logaddexp(0, scaled) - target * scaled)
        return float(loss), np.array([np.mean(error * logits), np.mean(error)])

    low, high = TEMPERATURE_BOUNDS
    start = np.array([1.0, np.clip(start_bias, -BIAS_BOUND, BIAS_BOUND)])
    bounds = [(1 / high, 1 / low), (-BIAS_BOUND, BIAS_BOUND)]
    fit = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12})
    slope, bias = fit.x
    return float(slope), float(bias)
