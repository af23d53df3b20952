"""Samples with time stamps, laid on an even grid: gaps become NaN, and time never runs backwards.

All times are seconds of the receiver's own clock, which only goes forward.
"""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

GAP_S = 0.1
"""Stamps further from where they are expected than this, in s, are a gap; less is followed as drift or jitter."""

STALL_S = 3.0
"""A stream that gives nothing for so long, in s, is stalled; the time since is filled with NaN from then on."""

_FOLLOW_S = 60.0
_MOST_LAG_S = 2.0
"""Stamps this far from the receiver's clock, in s, that do not go on from those before come of a clock that jumped."""


class Timeline:
    """Lays the samples of one stream on an even grid.

    Sample k lies at ``start_s + slip_s + k / sfreq``. The slip follows the stamps slowly, so that the time of a sample
    stays right while the sender's clock drifts; no sample is added or dropped for it.

    Parameters
    ----------
    n_channels : int
        Rows of the samples.
    sfreq : float
        Nominal rate, in Hz.

    Attributes
    ----------
    start_s : float or None
        When the first sample was taken; None before it came.
    slip_s : float
        How much later than ``start_s + k / sfreq`` the samples are by now.
    n_jumps : int
        How often the sender's clock jumped.
    """

    def __init__(self, n_channels: int, sfreq: float) -> None:
        self.start_s: float | None = None
        self.slip_s = 0.0
        self.n_jumps = 0
        self._n_channels, self._sfreq = n_channels, sfreq
        self._n_laid = 0
        self._skew_s = 0.0
        self._last_stamp_s: float | None = None
        self._taken_s = -math.inf
        self._has_dropped = self._ends_in_gap = False

    @property
    def next_s(self) -> float:
        """When the next sample is expected to be taken; minus infinity before the first."""
        return -math.inf if self.start_s is None else self.start_s + self.slip_s + self._n_laid / self._sfreq

    def reconnected(self) -> None:
        """Expect stamps of a new sender, whose clock may be another."""
        self._last_stamp_s = None
        self._skew_s = 0.0

    def place(self, stamp_s: NDArray[np.float64], data: NDArray[np.float32], now_s: float) -> NDArray[np.float32]:
        """Lay the next samples: gaps before and between them are filled, those whose time is past are dropped.

        Parameters
        ----------
        stamp_s : ndarray, shape (n_times,)
            When each sample was taken. Not finite stamps are replaced by an even grid that ends now.
        data : ndarray of float32, shape (n_channels, n_times)
            The samples.
        now_s : float
            When they came.

        Returns
        -------
        ndarray of float32, shape (n_channels, n_laid)
        """
        if not stamp_s.size:
            return self._nan(0)
        if not np.isfinite(stamp_s).all():
            stamp_s = now_s - np.arange(stamp_s.size)[::-1] / self._sfreq
        steps = np.abs(np.diff(stamp_s) - 1 / self._sfreq) > GAP_S
        edges = [0, *(np.flatnonzero(steps) + 1).tolist(), stamp_s.size]
        # All came at once; what has more behind it was taken as much earlier.
        runs = [
            (stamp_s[a:b], data[:, a:b], now_s - (edges[-1] - b) / self._sfreq) for a, b in itertools.pairwise(edges)
        ]
        return np.hstack([part for run in runs for part in self._place_run(*run)])

    def fill(self, now_s: float, *, most_s: float = math.inf) -> NDArray[np.float32]:
        """Give NaN for the time of a stall so far, up to ``most_s`` at once; none where the stream is not stalled."""
        if self.start_s is None or not self.is_stalled(now_s):
            return self._nan(0)
        return self._nan(max(0, math.floor(min(now_s - STALL_S - self.next_s, most_s) * self._sfreq)))

    def is_stalled(self, now_s: float) -> bool:
        """Whether no sample was taken in for longer than `STALL_S`."""
        return now_s - self._taken_s > STALL_S

    def _nan(self, n_times: int) -> NDArray[np.float32]:
        self._n_laid += n_times
        self._ends_in_gap |= n_times > 0
        return np.full((self._n_channels, n_times), np.nan, dtype=np.float32)

    def _place_run(
        self, stamp_s: NDArray[np.float64], data: NDArray[np.float32], now_s: float
    ) -> list[NDArray[np.float32]]:
        """Lay samples whose stamps follow each other."""
        jumped = self._set_right(stamp_s, now_s)
        stamp_s = stamp_s + self._skew_s
        self._last_stamp_s = float(stamp_s[-1])
        if self.start_s is None:
            self.start_s = float(stamp_s[0])
        n_times = stamp_s.size
        late_s = float(np.median(stamp_s - np.arange(n_times) / self._sfreq)) - self.next_s
        n_late = round(late_s * self._sfreq)
        parts = []
        if jumped:
            # At least one: what comes after a jump is not next to what came before, and must not be taken for it.
            n_late = max(n_late, 1)
        elif abs(late_s) <= GAP_S:
            n_late = 0
            self.slip_s += late_s * (1 - math.exp(-n_times / self._sfreq / _FOLLOW_S))
        if n_late > 0:
            parts.append(self._nan(n_late))
        self._has_dropped |= n_late < 0
        data = data[:, max(0, -n_late) :]
        if data.shape[1]:
            if self._has_dropped and not self._ends_in_gap:
                # Nor is what follows dropped samples next to what came before them.
                data = np.hstack([np.full_like(data[:, :1], np.nan), data[:, 1:]])
            self._has_dropped = self._ends_in_gap = False
            self._taken_s = now_s
        elif now_s - self._last_stamp_s > _MOST_LAG_S and self.is_stalled(now_s):
            # All of it too late, and not as a backlog that is caught up with: believe the arrival from now on.
            self._skew_s += now_s - self._last_stamp_s
        self._n_laid += data.shape[1]
        return [*parts, data]

    def _set_right(self, stamp_s: NDArray[np.float64], now_s: float) -> bool:
        """Find stamps of another clock than the receiver's, or of one that jumped, and set them right by arrival."""
        lag_s = now_s - float(stamp_s[-1]) - self._skew_s
        first = self._last_stamp_s is None
        goes_on = not first and stamp_s[0] + self._skew_s > (self._last_stamp_s or 0.0) - GAP_S
        if lag_s < -_MOST_LAG_S or (lag_s > _MOST_LAG_S and not goes_on):
            self._skew_s += lag_s
            self.n_jumps += not first
            return not first
        return False
