"""Early-warning indicators: one number for each window, the higher the nearer a seizure is said to be.

Four are compared. The networks' are ``Runtime(bundle).logit`` of `eegwarn.bedside.runtime`: of the backbone, or of the
corrector that learned to relabel ("meta"). The two older ones are here and need no training. All are of the type
`Indicator`; calibration (`fit_calibration`) and alarm threshold (`choose_threshold`) take the scores of any of them.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from eegwarn.signal.windows import Windows
from eegwarn.warning.alarm import AlarmConfig, smooth

Indicator = Callable[[Windows], NDArray[np.float64]]
"""Takes the windows of a recording, all at once or block after block, and gives one score for each, shape
(n_windows,); NaN where a window is not usable or there is nothing to judge by."""

INDICATORS = ("backbone", "meta", "variance", "line-length")
"""Names of the indicators that are compared."""

_AT_ONCE = 64
"""Windows whose copies are held together: they overlap, and whole recordings would not fit into memory."""
_LEAST = 1e-3
"""Added before a logarithm is taken, in µV² or µV/s: a flat derivation has no finite one."""


def line_length(windows: Windows) -> NDArray[np.float64]:
    """Logarithm of the length of the EEG's line (Esteller et al. 2001, IEEE EMBS 23:1707), mean over derivations.

    Parameters
    ----------
    windows : Windows
        Of a recording, in µV.

    Returns
    -------
    ndarray, shape (n_windows,)
        Natural logarithm of µV/s, without the derivations that are bad in a window; NaN where it is not usable.
    """
    sfreq = windows.data.shape[-1] / windows.window_s

    def log_length(data: NDArray[np.float32]) -> NDArray[np.float32]:
        step_uv = np.diff(data, axis=-1)
        logarithm: NDArray[np.float32] = np.log(sfreq * np.abs(step_uv, out=step_uv).mean(axis=-1) + _LEAST)
        return logarithm

    return _mean_over_derivations(windows, log_length)


def log_variance(windows: Windows) -> NDArray[np.float64]:
    """Logarithm of each window's variance, mean over derivations.

    Returns
    -------
    ndarray, shape (n_windows,)
        Natural logarithm of µV², as for ``line_length``.
    """
    return _mean_over_derivations(windows, lambda data: np.log(data.var(axis=-1) + _LEAST))


class RollingVariance:
    """Variance over the last minute, which rises near a tipping point: critical slowing (Scheffer et al. 2009, Nature).

    The mean of ``log_variance`` over the windows that ended in the last ``span_s`` seconds. It remembers those, so that
    a recording may come in any blocks; take a new one for every recording.

    Parameters
    ----------
    span_s : float
        How far it looks back, between 0 and 3600 s.

    Raises
    ------
    ConfigError
        If ``span_s`` is out of bounds.
    """

    def __init__(self, span_s: float = 60.0) -> None:
        self._average = AlarmConfig(smooth_s=span_s)
        self._recent_s = np.empty(0)
        self._recent = np.empty(0)

    def __call__(self, windows: Windows) -> NDArray[np.float64]:
        """Score the next windows.

        Returns
        -------
        ndarray, shape (n_windows,)
            Natural logarithm of µV². NaN where the window, or more than half of the windows averaged, is not usable.
        """
        if not len(windows):
            return np.empty(0)
        time_s = np.concatenate([self._recent_s, windows.end_s])
        value = np.concatenate([self._recent, log_variance(windows)])
        kept = time_s > time_s[-1] - self._average.smooth_s
        self._recent_s, self._recent = time_s[kept], value[kept]
        score = np.where(np.isfinite(value), smooth(time_s, value, self._average), np.nan)
        return score[-len(windows) :]


def _mean_over_derivations(
    windows: Windows, measure: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> NDArray[np.float64]:
    """Mean over the good derivations of a measure (n, n_derivations, n_times) -> (n, n_derivations)."""
    value = np.empty(windows.bad.shape)
    for start in range(0, len(windows), _AT_ONCE):
        # Kept signals are of half precision, whose squares end at 65504.
        value[start : start + _AT_ONCE] = measure(windows.data[start : start + _AT_ONCE].astype(np.float32))
    good = ~windows.bad & windows.usable[:, np.newaxis]
    n_good = good.sum(axis=1)
    total = np.where(good, value, 0.0).sum(axis=1)
    return np.where(n_good > 0, total / np.maximum(n_good, 1), np.nan)
