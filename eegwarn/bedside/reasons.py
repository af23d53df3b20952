"""What in a window moved a model's decision: its log-odds with and without each derivation, and each second."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.runtime import Runtime
from eegwarn.errors import RecordingError
from eegwarn.signal.windows import Windows

_PART_S = 1.0


@dataclass(frozen=True)
class Reasons:
    """By how much the log-odds of one window would fall without a part of it (occlusion).

    What carries the same sign of a seizure as others can be missed without loss: then all of them weigh little. The
    weights do not add up to the log-odds, and tell what the network listened to, not where a seizure begins.

    Parameters
    ----------
    start_s, window_s : float
        The window covers [start_s, start_s + window_s).
    logit : float
        Its log-odds of a seizure, as the network gives them: before calibration, and without the minutes before.
    by_derivation : ndarray, shape (n_derivations,)
        ``logit`` less that with the derivation set to zero: above 0 where it spoke for a seizure. NaN where it is bad,
        and so had no say.
    by_part : ndarray, shape (n_parts,)
        The same for equal parts of the window, a second long or as near as can be, each set to zero in all derivations.
    """

    start_s: float
    window_s: float
    logit: float
    by_derivation: NDArray[np.float64]
    by_part: NDArray[np.float64]


def reasons(runtime: Runtime, windows: Windows, number: int) -> Reasons:
    """Weigh the derivations and the seconds of a window.

    Parameters
    ----------
    runtime : Runtime
        The model's network; it is run once for each derivation and part, and once for the whole.
    windows : Windows
        Windows of a recording or a stream.
    number : int
        Which of them.

    Raises
    ------
    RecordingError
        If the window is not usable.
    ModelError
        If the network fails.
    """
    if not windows.usable[number]:
        raise RecordingError("This window could not be judged: too few derivations can be trusted. Choose another.")
    window, bad = windows.data[number], windows.bad[number]  # (n_derivations, n_times), (n_derivations,)
    n_derivations, n_times = window.shape
    n_parts = max(1, round(windows.window_s / _PART_S))
    n_runs = 1 + n_derivations + n_parts
    without = np.repeat(window[None], n_runs, axis=0)
    silenced = np.repeat(bad[None], n_runs, axis=0)
    derivations = np.arange(n_derivations)
    silenced[1 + derivations, derivations] = True  # what is bad is set to zero
    for part, times in enumerate(np.array_split(np.arange(n_times), n_parts)):
        without[1 + n_derivations + part][:, times] = 0
    start_s = float(windows.start_s[number])
    runs = Windows(without, np.full(n_runs, start_s), windows.window_s, silenced, np.ones(n_runs, dtype=bool))
    logit = runtime.logit(runs)
    weight = logit[0] - logit[1:]
    by_derivation = np.where(bad, np.nan, weight[:n_derivations])
    return Reasons(start_s, windows.window_s, float(logit[0]), by_derivation, weight[n_derivations:])
