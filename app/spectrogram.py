"""Minutes of EEG at a glance: the power of either side of the head over time and frequency."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from app.eeg_page import EegPage
from app.montages import side_of

NOT_KNOWN = 255
"""Step of a column in which no row could be trusted; 0 to 254 is from quiet to loud."""

_WINDOW_S = 2.0
_HIGHEST_HZ = 25.0
_STEPS = 254
_LEAST_UV2_HZ = 1e-4
"""Below what any amplifier hears: a flat signal has this."""
_QUIET, _LOUD = 5.0, 99.5
"""Percentiles of the power that are drawn darkest and brightest."""


@dataclass(frozen=True)
class Spectrogram:
    """Power of the left and the right rows of a page.

    Parameters
    ----------
    left, right : ndarray of uint8, shape (n_frequencies, n_columns)
        From the lowest frequency up, in even steps of dB on one scale for both sides; `NOT_KNOWN` where nothing can be
        trusted.
    start_s, end_s : float
        What the columns cover, seconds from the start of the recording.
    low_hz, high_hz : float
        What the rows cover.
    quiet_db, loud_db : float
        Power density of step 0 and of the highest step, in dB re 1 µV²/Hz.
    """

    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    start_s: float
    end_s: float
    low_hz: float
    high_hz: float
    quiet_db: float
    loud_db: float


def spectrogram(page: EegPage, *, n_columns: int = 600) -> Spectrogram:
    """Give the mean power in dB of the rows of either side, in windows of 2 s.

    Parameters
    ----------
    page : EegPage
        Some minutes.
    n_columns : int
        At most so many windows, evenly spread.
    """
    n_window = round(_WINDOW_S * page.sfreq)
    n_times = page.data.shape[1]
    hop = max(n_window // 2, n_times // n_columns, 1)
    bin_hz = page.sfreq / n_window
    bins = slice(1, round(_HIGHEST_HZ / bin_hz) + 1)
    sides = np.array([side_of(name) for name in page.names])
    power_db = [_side_db(page, sides == side, n_window, hop, bins) for side in ("left", "right")]
    known_db = np.concatenate([side[np.isfinite(side)] for side in power_db])
    quiet_db, loud_db = np.percentile(known_db, [_QUIET, _LOUD]) if known_db.size else (0.0, 1.0)
    # Whole numbers stay as they are while a little more is heard.
    quiet_db, loud_db = np.floor(quiet_db), np.ceil(max(loud_db, quiet_db + 1.0))
    left, right = (_steps(side, quiet_db, loud_db) for side in power_db)
    # A window stands for the time around its middle.
    begin_s = page.start_s + (n_window - hop) / 2 / page.sfreq
    return Spectrogram(
        left,
        right,
        begin_s,
        begin_s + left.shape[1] * hop / page.sfreq,
        (bins.start - 0.5) * bin_hz,
        (bins.stop - 0.5) * bin_hz,
        float(quiet_db),
        float(loud_db),
    )


def _side_db(page: EegPage, rows: NDArray[np.bool_], n_window: int, hop: int, bins: slice) -> NDArray[np.float64]:
    """Give mean power in dB, shape (n_frequencies, n_columns), NaN where no row can be trusted."""
    n_bins = bins.stop - bins.start
    taper = np.hanning(n_window)
    density = 2.0 / (page.sfreq * np.sum(taper**2))  # of one side of the spectrum, in µV²/Hz
    if page.data.shape[1] < n_window or not rows.any():
        return np.full((n_bins, 0), np.nan)
    total, n_trusted = 0.0, 0.0
    for samples, flags in zip(page.data[rows], page.quality[rows], strict=True):
        windows = sliding_window_view(samples, n_window)[::hop] * (page.scale_uv * taper)
        power = density * np.abs(np.fft.rfft(windows - windows.mean(axis=1, keepdims=True), axis=1)[:, bins]) ** 2
        trusted = ~sliding_window_view(flags != 0, n_window)[::hop].any(axis=1)[:, None]
        total = total + np.where(trusted, 10 * np.log10(power + _LEAST_UV2_HZ), 0.0)
        n_trusted = n_trusted + trusted
    mean_db = np.divide(total, n_trusted, out=np.full_like(total, np.nan), where=np.asarray(n_trusted) > 0)
    return mean_db.T


def _steps(power_db: NDArray[np.float64], quiet_db: float, loud_db: float) -> NDArray[np.uint8]:
    share = np.clip((power_db - quiet_db) / (loud_db - quiet_db), 0, 1)
    return np.where(np.isnan(share), NOT_KNOWN, np.rint(np.nan_to_num(share) * _STEPS)).astype(np.uint8)
