"""The last ten minutes of a bed's EEG, as another process finds them in the file that its monitor writes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.ring import HEADER, JUMP_S, MAGIC, N_SECONDS, digest, second_type, whole_seconds
from eegwarn.errors import RecordingError
from eegwarn.signal.quality import Quality

_MOST = 10_000
"""A damaged header may ask for more rows or samples than any memory holds."""


@dataclass(frozen=True)
class RecentEeg:
    """The latest stretch of a bed's EEG, as the model sees it.

    Parameters
    ----------
    data : ndarray of int16, shape (n_derivations, n_times)
        In steps of `SCALE_UV`; 0 in a gap.
    quality : ndarray of uint8, shape (n_derivations, n_times)
        Bits of `Quality`; `Quality.GAP` where nothing was written.
    start_s, sfreq : float
        Sample k was taken at ``start_s + k / sfreq``, in seconds since 1970 (UTC).
    written_s : float
        When the latest second was written, by the clock of the computer that wrote it.
    """

    data: NDArray[np.int16]
    quality: NDArray[np.uint8]
    start_s: float
    sfreq: float
    written_s: float

    @property
    def end_s(self) -> float:
        """End of the latest second, in seconds since 1970 (UTC)."""
        return self.start_s + int(self.data.shape[1]) / self.sfreq


def read_ring(path: Path, bed: str) -> RecentEeg | None:
    """Read the last ten minutes of a bed.

    Parameters
    ----------
    path : Path
        What a `Ring` wrote, or writes.
    bed : str
        Name of the bed.

    Returns
    -------
    RecentEeg or None
        Up to the latest second that is whole, gaps in their place; None where no second was written yet.

    Raises
    ------
    RecordingError
        If the file is absent or cannot be read, is none of a monitor, or that of another bed.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"The EEG of {bed!r} cannot be read: {error.strerror}.") from error
    shown = f"The EEG of {bed!r} cannot be read: {str(path)!r}"
    if not raw:
        return None  # it is being begun
    if len(raw) < HEADER.itemsize or not raw.startswith(MAGIC):
        raise RecordingError(f"{shown} was not written by a monitor. Remove it, and start the monitor again.")
    header = np.frombuffer(raw, HEADER, 1)[0]
    if not np.array_equal(header["bed"], digest(bed)):
        raise RecordingError(f"{shown} is that of another bed. Remove it, and start the monitor again.")
    second = second_type(min(int(header["n_rows"]), _MOST), min(int(header["n_times"]), _MOST))
    is_rate = abs(float(header["sfreq"]) - second["data"].shape[1]) <= 0.5
    if len(raw) != HEADER.itemsize + N_SECONDS * second.itemsize or not is_rate:
        raise RecordingError(f"{shown} is damaged. Remove it, and start the monitor again.")
    seconds = np.frombuffer(raw, second, offset=HEADER.itemsize)
    order = _of_one_stretch(seconds, whole_seconds(seconds), int(header["n_times"]) / float(header["sfreq"]))
    return _joined(seconds, order, float(header["sfreq"])) if order.size else None


def _of_one_stretch(seconds: NDArray[np.void], order: NDArray[np.intp], second_s: float) -> NDArray[np.intp]:
    """Leave out what was written before a clock was set back or a recording played again, and what is too long ago."""
    at_s = seconds["at_s"][order]
    earliest_since_s = np.minimum.accumulate(np.append(at_s, np.inf)[::-1])[::-1][1:]
    return order[(at_s < earliest_since_s) & (at_s > at_s[-1:] - N_SECONDS * second_s)]


def _joined(seconds: NDArray[np.void], order: NDArray[np.intp], sfreq: float) -> RecentEeg:
    """Lay seconds out in time; runs that follow on each other do so to the sample, up to the latest of their run."""
    _, n_rows, n_times = seconds["data"].shape
    at_s, second_s = seconds["at_s"][order], n_times / sfreq
    borders = np.flatnonzero(np.abs(np.diff(at_s) - second_s) >= JUMP_S) + 1
    runs = np.split(np.arange(order.size), borders)
    begins_s = np.array([at_s[run[-1]] - (run.size - 1) * second_s for run in runs])
    first = np.rint((begins_s - begins_s.min()) * sfreq).astype(np.int64)
    n_all = max(int(start) + run.size * n_times for start, run in zip(first, runs, strict=True))
    data = np.zeros((n_rows, n_all), dtype=np.int16)
    quality = np.full(data.shape, Quality.GAP.value, dtype=np.uint8)
    for run, start in zip(runs, first, strict=True):
        place = np.s_[:, start : start + run.size * n_times]
        data[place] = seconds["data"][order[run]].swapaxes(0, 1).reshape(n_rows, -1)
        quality[place] = seconds["quality"][order[run]].swapaxes(0, 1).reshape(n_rows, -1)
    return RecentEeg(data, quality, float(begins_s.min()), sfreq, float(seconds["written_s"][order[-1]]))
