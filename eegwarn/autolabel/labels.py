"""What label correction takes and gives, whichever way it is done."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.events.event import SeizureEvent


@dataclass(frozen=True)
class RoughLabels:
    """One recording's windows before correction.

    Parameters
    ----------
    start_s : ndarray, shape (n_windows,)
        Start of each window, seconds from the recording's start, rising.
    window_s : float
        Length of a window.
    logit : ndarray, shape (n_windows,)
        Log-odds of a seizure from a network that was trained on the marks; NaN where a window is not usable.
    noisy : ndarray, shape (n_windows,)
        1 where the marks say seizure, 0 where they do not.
    clean : ndarray, shape (n_windows,)
        1 or 0 where the label is known, from a clinician's clip; NaN elsewhere.
    certain : ndarray of bool, shape (n_windows,)
        Windows so far from every border of a mark that no error of the marks could change their label.
    counted : ndarray of bool, shape (n_windows,)
        Windows that training may use: usable, and not in the time after a seizure.
    marks : tuple of SeizureEvent
        The rough marks, in seconds from the recording's start.
    """

    start_s: NDArray[np.float64]
    window_s: float
    logit: NDArray[np.float64]
    noisy: NDArray[np.float32]
    clean: NDArray[np.float32]
    certain: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    marks: tuple[SeizureEvent, ...]

    @property
    def centre_s(self) -> NDArray[np.float64]:
        """Middle of each window, by which marks become labels, shape (n_windows,)."""
        return self.start_s + self.window_s / 2

    def with_known(self, soft: NDArray[np.floating]) -> NDArray[np.float32]:
        """Put known labels in the place of soft ones, and NaN where a window is not usable; all (n_windows,)."""
        labels = np.where(np.isfinite(self.clean), self.clean, soft)
        labels[~np.isfinite(self.logit)] = np.nan
        return labels.astype(np.float32)


@dataclass(frozen=True)
class CorrectedOnset:
    """Where a mark's seizure is now thought to begin.

    Parameters
    ----------
    mark_s : float
        Onset as marked, seconds from the recording's start.
    onset_s : float
        Corrected onset: the median of where it may be. NaN where nothing around the mark looks like a seizure.
    low_s, high_s : float
        Bounds of the stretch that holds it with 90 % probability, as far as the model is right.
    p_seizure : float
        Probability that there is a seizure at all.
    """

    mark_s: float
    onset_s: float
    low_s: float
    high_s: float
    p_seizure: float


@dataclass(frozen=True)
class CorrectedLabels:
    """One recording's windows after correction.

    Parameters
    ----------
    soft : ndarray of float32, shape (n_windows,)
        Probability that the window is one of a seizure; the known label where there is one; NaN where the window is
        not usable.
    onsets : tuple of CorrectedOnset
        One of each mark, in the marks' order.
    """

    soft: NDArray[np.float32]
    onsets: tuple[CorrectedOnset, ...]
