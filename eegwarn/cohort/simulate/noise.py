"""Noise of a given band, the raw material of muscle, movement and discharges."""

import numpy as np
import scipy.fft
from numpy.typing import NDArray


def band_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    sfreq: float,
    *,
    low_hz: float,
    high_hz: float,
    slope: float = 0.0,
) -> NDArray[np.float32]:
    """Draw Gaussian noise of unit variance.

    Parameters
    ----------
    rng : Generator
        Source of the random numbers.
    shape : tuple of int
        (n_rows, n_times); rows are independent.
    sfreq : float
        Samples a second.
    low_hz, high_hz : float
        Band; above 0.45 ``sfreq`` there is nothing.
    slope : float
        Power falls as frequency to the power of minus ``slope`` within the band.
    """
    n_rows, n_times = shape
    n_fft = scipy.fft.next_fast_len(n_times + round(sfreq), real=True)
    hz = np.arange(n_fft // 2 + 1) * sfreq / n_fft
    used = np.flatnonzero((hz >= low_hz) & (hz <= min(high_hz, 0.45 * sfreq)) & (hz > 0))
    amplitude = hz[used] ** (-slope / 2)
    amplitude *= n_fft / np.sqrt(4 * np.sum(amplitude**2))
    spectrum = np.zeros((n_rows, n_fft // 2 + 1), dtype=np.complex64)
    normals = rng.standard_normal((n_rows, 2 * len(used)), dtype=np.float32)
    spectrum[:, used] = normals.view(np.complex64) * amplitude.astype(np.float32)
    return np.asarray(scipy.fft.irfft(spectrum, n_fft, axis=1, overwrite_x=True)[:, :n_times], dtype=np.float32)


def slow_noise(
    rng: np.random.Generator, shape: tuple[int, int], sfreq: float, *, cutoff_hz: float
) -> NDArray[np.float32]:
    """Draw slow Gaussian noise of unit variance below ``cutoff_hz``, shape (n_rows, n_times).

    It is made at 16 times ``cutoff_hz`` and joined by straight lines, which is much faster for the same look.
    """
    n_rows, n_times = shape
    coarse_hz = 16 * cutoff_hz
    coarse = band_noise(rng, (n_rows, int(n_times / sfreq * coarse_hz) + 3), coarse_hz, low_hz=0.0, high_hz=cutoff_hz)
    place = np.arange(n_times) * (coarse_hz / sfreq)
    below = place.astype(np.intp)
    rest = (place - below).astype(np.float32)
    return coarse[:, below] * (1 - rest) + coarse[:, below + 1] * rest
