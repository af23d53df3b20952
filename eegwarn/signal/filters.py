"""Causal filters that keep their state from block to block."""

import math
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

_STOPBAND_DB = 40.0
STOPBAND_RATIO = 1.6
"""Where the low-pass has fallen to -40 dB, as a multiple of its cutoff."""
_NOTCH_QUALITY = 30.0


class CausalFilter:
    """A cascade of second-order sections over channels; any split into blocks gives the same samples.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6)
        Sections as scipy designs them.
    n_channels : int
        Channels filtered side by side. The filter starts at rest.
    """

    def __init__(self, sos: NDArray[np.float64], n_channels: int) -> None:
        self._sos = sos
        self._state = np.zeros((len(sos), n_channels, 2))

    def __call__(self, data: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Filter a block of shape (n_channels, n_times), in the unit it comes in."""
        from scipy.signal import sosfilt

        if not data.shape[1]:
            return data.astype(np.float64)
        filtered: NDArray[np.float64]
        filtered, self._state = sosfilt(self._sos, data, axis=-1, zi=self._state)
        return filtered


def design_band(high_pass_hz: float, low_pass_hz: float, mains_hz: float, *, sfreq: float) -> NDArray[np.float64]:
    """Design the one cascade that a recording passes: low-pass, high-pass, and a notch where ``mains_hz`` is not 0.

    The low-pass, which also guards the rate conversion against aliases, is a Chebyshev type II of order 4: -1 dB at 0.8
    ``low_pass_hz``, -5 dB at ``low_pass_hz``, -40 dB from 1.6 times it; a rate too low for it gets none. The high-pass
    is a Butterworth of order 2, the notch has a quality of 30.

    Parameters
    ----------
    high_pass_hz, low_pass_hz, mains_hz : float
        In Hz.
    sfreq : float
        Rate of the signal that is filtered, in Hz.

    Returns
    -------
    ndarray, shape (n_sections, 6)
        Second-order sections.
    """
    # Here and not above: it takes a second to import, and commands that filter nothing need not wait for it.
    from scipy.signal import butter, cheby2, iirnotch, tf2sos

    nyquist_hz = sfreq / 2
    sections = [butter(2, high_pass_hz, "highpass", fs=sfreq, output="sos")]
    if low_pass_hz < 0.9 * nyquist_hz:
        stop_hz = min(STOPBAND_RATIO * low_pass_hz, 0.98 * nyquist_hz)
        sections.append(cheby2(4, _STOPBAND_DB, stop_hz, fs=sfreq, output="sos"))
    if 0 < mains_hz < nyquist_hz:
        sections.append(tf2sos(*iirnotch(mains_hz, _NOTCH_QUALITY, fs=sfreq)))
    return np.vstack(sections)


class RateConverter:
    """Rate conversion; output sample k lies at k / ``to_sfreq`` s, and any split into blocks gives the same samples.

    A whole ratio, such as 256 to 128 Hz, keeps every n-th sample. For other ratios soxr's ``QQ`` quality (cubic
    interpolation without a filter) is chosen on purpose: its better qualities hold back up to 4 s (LQ) or 9 s (MQ, HQ,
    VHQ) of a 100-1000 Hz stream in internal blocks, which a live monitor cannot wait for; ``QQ`` holds back less than
    20 ms. In both cases the causal low-pass before has removed what would alias. ``QQ`` is exact to 2 % at 30 Hz for
    200 Hz input; a 100 Hz recording loses 20 % of its amplitude at 30 Hz and 0.4 % at 10 Hz.

    Parameters
    ----------
    from_sfreq, to_sfreq : float
        Rates in Hz.
    n_channels : int
        Channels converted side by side.
    """

    def __init__(self, from_sfreq: float, to_sfreq: float, n_channels: int) -> None:
        ratio = from_sfreq / to_sfreq
        self._every = round(ratio) if math.isclose(ratio, round(ratio), rel_tol=1e-9) else 0
        self._n_in = 0
        # A stream a channel: laying channels out side by side for a common one takes longer than converting them.
        self._streams = [
            soxr.ResampleStream(from_sfreq, to_sfreq, 1, dtype="float64", quality="QQ")
            for _ in range(0 if self._every else n_channels)
        ]

    def __call__(self, data: NDArray[np.float64], *, last: bool = False) -> NDArray[np.float32]:
        """Convert a block of shape (n_channels, n_times); ``last`` gives out what is held back."""
        if self._every:
            kept = data[:, -self._n_in % self._every :: self._every]
            self._n_in += data.shape[1]
            return kept.astype(np.float32)
        if not last and not data.shape[1]:
            return data.astype(np.float32)
        pairs = zip(self._streams, data, strict=True)
        return np.stack([stream.resample_chunk(row, last=last) for stream, row in pairs], dtype=np.float32)
