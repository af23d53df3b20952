"""A first look at a recording: its mains frequency, and whether its scale can be EEG in µV."""

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import RecordingError
from eegwarn.signal.recording import Recording

_LOOK_S = 60.0
_MAINS_POWER_RATIO = 5.0
LEAST_PLAUSIBLE_UV = 0.05
"""A typical amplitude below this, in µV, cannot be EEG."""
MOST_PLAUSIBLE_UV = 20_000.0
"""A typical amplitude above this, in µV, cannot be EEG."""


def guess_mains_hz(recording: Recording) -> int:
    """Look for the mains frequency in the first minute of a recording.

    The power at 50 and at 60 Hz is held against the power 3 to 8 Hz to either side, channel by channel; where the
    median channel stands out by a factor of 5, that frequency is taken. A live stream is judged by the same minute.

    Returns
    -------
    int
        50, 60, or 0 where neither stands out.
    """
    from scipy.signal import welch

    data = _alive(recording.read_uv(0, min(recording.n_times, round(_LOOK_S * recording.sfreq))))
    n_per_segment = round(2 * recording.sfreq)
    if not len(data) or data.shape[1] < n_per_segment:
        return 0
    hz, power = welch(data, fs=recording.sfreq, nperseg=n_per_segment, axis=-1)
    ratios = {mains_hz: _ratio_at(mains_hz, hz, power) for mains_hz in (50, 60)}
    best_hz = max(ratios, key=lambda mains_hz: ratios[mains_hz])
    return best_hz if ratios[best_hz] > _MAINS_POWER_RATIO else 0


def _ratio_at(mains_hz: int, hz: NDArray[np.float64], power: NDArray[np.float64]) -> float:
    distance_hz = np.abs(hz - mains_hz)
    around = (distance_hz >= 3) & (distance_hz <= 8)
    if mains_hz + 1 > hz[-1] or not around.any():
        return 0.0
    peak = power[:, distance_hz <= 1].max(axis=1)
    return float(np.median(peak / np.maximum(np.median(power[:, around], axis=1), 1e-12)))


def check_amplitude(recording: Recording) -> None:
    """Refuse a recording whose scale cannot be EEG in µV.

    Raises
    ------
    RecordingError
        If the median channel's amplitude in short looks at the beginning, middle and end is below 0.05 or above
        20000 µV: the file's unit is wrong by a power of ten. Flat and empty channels have no say.
    """
    amplitude_uv = typical_amplitude_uv(recording)
    if amplitude_uv is None or LEAST_PLAUSIBLE_UV <= amplitude_uv <= MOST_PLAUSIBLE_UV:
        return
    raise RecordingError(
        f"Recording {recording.name!r} has a typical amplitude of {amplitude_uv:.3g} µV, which cannot be EEG (allowed: "
        f"{LEAST_PLAUSIBLE_UV} to {MOST_PLAUSIBLE_UV:.0f} µV). Correct the unit (V, mV or µV) in the file's header."
    )


def typical_amplitude_uv(recording: Recording) -> float | None:
    """Median over channels of the standard deviation of short stretches, in µV; None where all channels are flat."""
    length = min(recording.n_times, round(5 * recording.sfreq))
    starts = sorted({0, (recording.n_times - length) // 2, recording.n_times - length})
    spreads = [_alive(recording.read_uv(start, start + length)).std(axis=1) for start in starts]
    spread = np.concatenate(spreads)
    return float(np.median(spread)) if len(spread) else None


def _alive(data: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep the channels that have a signal, and of them the samples outside gaps."""
    if not np.isfinite(data).all():
        data = data[np.isfinite(data).mean(axis=1) > 0.5]
        data = data[:, np.isfinite(data).all(axis=0)]
    return data[np.ptp(data, axis=1) > 0] if data.size else data
