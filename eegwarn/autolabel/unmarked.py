"""Seizures that nobody marked: how probable one is in each window that no mark reaches.

Raters miss a tenth of the seizures, and a training that calls them calm unlearns what it should learn. But seizures
are rare, and a stretch of EEG that misleads the network is not: single windows must not decide. Stretches of a
seizure's length are weighed whole, against there being none.
"""

import numpy as np
from numpy.typing import NDArray

from eegwarn.autolabel.labels import RoughLabels
from eegwarn.autolabel.onsets import OnsetConfig, reached_by_marks, window_weight

_DURATIONS_S = (15.0, 30.0, 60.0, 120.0)
_NEAR_S = 30.0
"""Stretches that end or begin so near a window are the alternatives to those that hold it."""
_LARGEST_LOG_ODDS = 6.0
_LARGEST_SUM = 40.0


def p_unmarked(rough: RoughLabels, log_odds: NDArray[np.float64], config: OnsetConfig) -> NDArray[np.float64]:
    """Probability that each window is one of a seizure without a mark.

    A stretch's log-likelihood ratio is the tempered sum of its windows' log-odds; a window's probability is that of
    all stretches that hold it, among all stretches near it and no seizure at all.

    Parameters
    ----------
    rough : RoughLabels
        One recording's windows.
    log_odds : ndarray, shape (n_windows,)
        Of a seizure against none, in each window; NaN where there is no telling.
    config : OnsetConfig
        How much windows weigh, and how many such seizures to expect.

    Returns
    -------
    ndarray, shape (n_windows,)
        0 where a mark reaches.
    """
    reached = reached_by_marks(rough, config)
    weight = window_weight(rough, config)
    hop_s = weight * config.independent_s
    silent = reached | ~np.isfinite(log_odds)
    evidence = np.where(silent, 0.0, np.clip(log_odds, -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS)) * weight
    sum_up_to = np.append(0.0, np.cumsum(evidence))
    holding, nearby = np.zeros(len(evidence)), np.zeros(len(evidence))
    for duration_s in _DURATIONS_S:
        length = max(round(duration_s / hop_s), 1)
        if length > len(evidence):
            continue
        ratio = np.exp(np.minimum(sum_up_to[length:] - sum_up_to[:-length], _LARGEST_SUM))
        odds = ratio * config.unmarked_per_hour / 3600 * hop_s / len(_DURATIONS_S)
        holding += _sum_of_stretches(odds, length, 0)
        nearby += _sum_of_stretches(odds, length, round(_NEAR_S / hop_s))
    p_seizure: NDArray[np.float64] = np.where(reached, 0.0, holding / (1 + nearby))
    return p_seizure


def _sum_of_stretches(odds: NDArray[np.float64], length: int, margin: int) -> NDArray[np.float64]:
    """Sum, for each window, of the odds of all stretches of ``length`` windows within ``margin`` windows of it.

    ``odds`` has one value for each first window, shape (n_windows - length + 1,).
    """
    window = np.arange(len(odds) + length - 1)
    up_to = np.append(0.0, np.cumsum(odds))
    last = np.clip(window + margin + 1, 0, len(odds))
    first = np.clip(window - margin - length + 1, 0, len(odds))
    return np.asarray(up_to[last] - up_to[first])
