"""How what happens over minutes reaches the decision: a window's logit beside leaky means of those before it.

Before a seizure the EEG changes over minutes, and less than it differs from patient to patient: the mean of the last
minute speaks louder than a window of seconds, and its distance from the mean of the last half hour louder still.

Everything here is a pure function of the logits. A recording in a file and a live one have the same trend.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from eegwarn.errors import ConfigError

_LONGEST_S = 86_400.0
_MOST_MEANS = 8
_RIDGE = 1e-3
"""Pull towards 0 on weights of columns of unit variance: means of near time constants are nearly the same."""


@dataclass(frozen=True)
class Trend:
    """What each mean of the logits so far counts.

    Parameters
    ----------
    time_constants_s : tuple of float
        One mean for each: a window that began so many seconds before the latest has 1/e of its weight. Increasing, in
        s, above 0 and at most a day.
    weights : tuple of float
        Of the window's own logit first, then of each mean. The default leaves every window to itself.
    """

    time_constants_s: tuple[float, ...] = ()
    weights: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        check_time_constants(self.time_constants_s)
        if len(self.weights) != 1 + len(self.time_constants_s) or not np.all(np.isfinite(self.weights)):
            raise ConfigError(
                f"trend.weights must be {1 + len(self.time_constants_s)} finite numbers, of the window and of each "
                f"mean, but got {self.weights}."
            )


def check_time_constants(time_constants_s: tuple[float, ...]) -> None:
    """Raise a ConfigError unless time constants increase, lie above 0 and up to a day, and are at most 8."""
    borders = (0.0, *time_constants_s, np.nextafter(_LONGEST_S, np.inf))
    if len(time_constants_s) > _MOST_MEANS or not np.all(np.diff(borders) > 0):
        raise ConfigError(
            f"trend.time_constants_s must be at most {_MOST_MEANS} increasing numbers above 0 and up to "
            f"{_LONGEST_S:g} s, but got {time_constants_s}."
        )


@dataclass(frozen=True)
class TrendState:
    """All that the means keep between two blocks; its size does not grow with time.

    Parameters
    ----------
    sums : ndarray, shape (n_time_constants, 2)
        Decayed sum of the logits, and of their number.
    """

    sums: NDArray[np.float64]


def follow(
    logit: NDArray[np.floating], hop_s: float, trend: Trend, state: TrendState | None = None
) -> tuple[NDArray[np.float64], TrendState]:
    """Judge the next windows in the light of those before; any split of a recording into blocks gives the same.

    Parameters
    ----------
    logit : ndarray, shape (n_windows,)
        Consecutive windows, NaN where one cannot be judged.
    hop_s : float
        From one window to the next, in s.
    trend : Trend
        The same in every call.
    state : TrendState, optional
        What the call before returned; left out at the start. It is not changed.

    Returns
    -------
    logit : ndarray of float64, shape (n_windows,)
        Weighted sum of each window's logit and the means up to it; NaN where its own is.
    state : TrendState
        For the next call.
    """
    means, state = leaky_means(logit, hop_s, trend.time_constants_s, state)
    total = trend.weights[0] * logit.astype(np.float64)
    for weight, mean in zip(trend.weights[1:], means, strict=True):  # one by one: a matrix product's order may vary
        total += weight * mean
    return total, state


def leaky_means(
    logit: NDArray[np.floating], hop_s: float, time_constants_s: tuple[float, ...], state: TrendState | None = None
) -> tuple[NDArray[np.float64], TrendState]:
    """Average the logits of all windows so far, one that began t seconds before the latest weighted by exp(-t / tau).

    A window that cannot be judged has no weight: the mean is of what could be judged, at the start of a recording as
    after a gap. Parameters as for `follow`.

    Returns
    -------
    means : ndarray, shape (n_time_constants, n_windows)
        The window itself included; NaN where it cannot be judged.
    state : TrendState
        For the next call.
    """
    from scipy.signal import lfilter

    judged = np.isfinite(logit)
    counted = np.stack([np.where(judged, logit, 0.0), judged.astype(np.float64)])  # (2, n_windows)
    means = np.full((len(time_constants_s), len(logit)), np.nan)
    kept = np.zeros((len(time_constants_s), 2)) if state is None else state.sums.copy()
    if len(logit):  # lfilter takes no empty block
        for number, tau_s in enumerate(time_constants_s):
            sums, last = lfilter([1.0], [1.0, -np.exp(-hop_s / tau_s)], counted, zi=kept[number, :, None])
            means[number, judged] = sums[0, judged] / sums[1, judged]
            kept[number] = last[:, 0]
    return means, TrendState(kept)


def fit_trend(
    logits: Sequence[NDArray[np.floating]],
    targets: Sequence[NDArray[np.floating]],
    hop_s: float,
    time_constants_s: tuple[float, ...],
) -> Trend:
    """Fit the weights by logistic regression in which both classes count the same.

    Parameters
    ----------
    logits : sequence of ndarray, shape (n_windows,)
        One of each recording; consecutive windows, NaN where one cannot be judged.
    targets : sequence of ndarray, shape (n_windows,)
        Probability that a seizure is under way or begins within the horizon; NaN where a window is not to be learned
        from.
    hop_s : float
        From one window to the next, in s.
    time_constants_s : tuple of float
        Of the means.

    Returns
    -------
    Trend
        Calibration is left to what comes after it. Every window by itself where there is nothing to learn from.
    """
    rows: list[NDArray[np.float64]] = []
    wanted: list[NDArray[np.float64]] = []
    for logit, target in zip(logits, targets, strict=True):
        means, _ = leaky_means(logit, hop_s, time_constants_s)
        learned = np.isfinite(logit) & np.isfinite(target)
        rows.append(np.vstack([logit, means])[:, learned])
        wanted.append(target[learned].astype(np.float64))
    columns, chance = np.concatenate(rows, axis=1), np.concatenate(wanted)
    if not 0 < chance.sum() < chance.size:
        return Trend()
    spread = columns.std(axis=1) + 1e-6
    weights = _least_loss((columns - columns.mean(axis=1)[:, None]) / spread[:, None], chance)
    return Trend(time_constants_s, tuple((weights / spread).tolist()))


def _least_loss(columns: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights with the least cross-entropy, each class's mean counting half; convex."""
    from scipy.optimize import minimize

    seizure, calm = target / target.sum() / 2, (1 - target) / (1 - target).sum() / 2

    def loss_and_gradient(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = parameters[:-1], parameters[-1]
        scaled = weights @ columns + bias
        loss = seizure @ np.logaddexp(0, -scaled) + calm @ np.logaddexp(0, scaled) + _RIDGE * weights @ weights / 2
        error = calm * expit(scaled) - seizure * expit(-scaled)
        return float(loss), np.append(columns @ error + _RIDGE * weights, error.sum())

    start = np.zeros(len(columns) + 1)
    fit = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-12})
    weights: NDArray[np.float64] = fit.x[:-1]
    return weights
