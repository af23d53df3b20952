"""From a network's logit to a probability that means what it says."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit

from eegwarn.errors import ConfigError

TEMPERATURE_BOUNDS = (0.05, 20.0)
BIAS_BOUND = 20.0


@dataclass(frozen=True)
class Calibration:
    """How logits become the warning level: ``sigmoid(logit / temperature + bias)``.

    Parameters
    ----------
    temperature : float
        Above 1 the network was too sure of itself, below 1 too shy; between 0.05 and 20.
    bias : float
        Added log odds, between -20 and 20: undoes a training set in which seizures were more frequent than they are.
    caveat : str
        Why these values deserve no trust, in one sentence; empty where they do.
    """

    temperature: float = 1.0
    bias: float = 0.0
    caveat: str = ""

    def __post_init__(self) -> None:
        low, high = TEMPERATURE_BOUNDS
        if not low <= self.temperature <= high:
            raise ConfigError(f"temperature = {self.temperature!r} is out of bounds: it lies between {low} and {high}.")
        if not abs(self.bias) <= BIAS_BOUND:
            raise ConfigError(f"bias = {self.bias!r} is out of bounds: it lies between -{BIAS_BOUND} and {BIAS_BOUND}.")


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
    scaled: NDArray[np.float64] = expit(
        np.asarray(logit, dtype=np.float64) / calibration.temperature + calibration.bias
    )
    return scaled


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
    logits, labels = np.asarray(logit, dtype=np.float64), np.asarray(label, dtype=bool)
    if logits.shape != labels.shape:
        raise ValueError(f"logit has shape {logits.shape} but label {labels.shape}; they must be equal.")
    judged = np.isfinite(logits)
    logits, labels = logits[judged], labels[judged]
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


def _least_loss(logits: NDArray[np.float64], target: NDArray[np.float64], *, start_bias: float) -> tuple[float, float]:
    """Slope (1 / temperature) and bias with the least cross-entropy; convex in both."""

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
