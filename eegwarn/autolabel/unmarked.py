"""Seizures that nobody marked: how probable one is in each window that no mark reaches.

Raters miss a tenth of the seizures, and a training that calls them calm unlearns what it should learn. But seizures
are rare, and EEG that misleads the network for a moment is not: single windows must not decide. A hidden Markov chain
of two states, calm and seizure, weighs stretches whole.
"""

import numpy as np
from numpy.typing import NDArray

from eegwarn.autolabel.labels import RoughLabels
from eegwarn.autolabel.onsets import OnsetConfig, reached_by_marks, window_weight

_USUAL_DURATION_S = 60.0
_LEAST_PROBABILITY = 1e-12
_LEAST_EXPONENT = -300.0


def p_unmarked(rough: RoughLabels, log_odds: NDArray[np.float64], config: OnsetConfig) -> NDArray[np.float64]:
    """Probability that each window is one of a seizure without a mark.

    The chain's smoothed marginals (Rabiner, Proc. IEEE 1989, equations 19 to 27) from tempered log-odds.

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
    begins = np.clip(config.unmarked_per_hour * hop_s / 3600, _LEAST_PROBABILITY, 0.5)
    ends = min(hop_s / _USUAL_DURATION_S, 0.5)
    change = np.log([[1 - begins, begins], [ends, 1 - ends]])
    steps = np.tile(change[:, :, None], len(log_odds))
    steps[:, 1] += np.where(reached | ~np.isfinite(log_odds), 0.0, log_odds * weight)
    steps -= steps.max(axis=(0, 1))
    scaled = np.exp(np.maximum(steps, _LEAST_EXPONENT))
    before = _running_products(scaled)[0]
    # What is still to come: products from the end, of transposed steps because their order turns round.
    after = np.ones_like(before)
    after[:, :-1] = _running_products(scaled[:, :, :0:-1].swapaxes(0, 1))[:, :, ::-1].sum(axis=0)
    both = before * after
    return np.where(reached, 0.0, both[1] / both.sum(axis=0))


def _running_products(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply each matrix by all before it, but for a factor, shape (2, 2, n), by doubling (Hillis and Steele 1986).

    Every product is scaled to a largest entry of 1: the chain may change at every step, which keeps its other entries
    within the reach of a double.
    """
    product = steps.copy()
    reach = 1
    while reach < product.shape[2]:
        left, right = product[:, :, :-reach], product[:, :, reach:]
        joined = left[:, :1] * right[:1] + left[:, 1:] * right[1:]
        product[:, :, reach:] = joined / joined.max(axis=(0, 1))
        reach *= 2
    return product
