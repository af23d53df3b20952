"""Windows of processed signal: views into it, marked where they cannot be judged."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from eegwarn.errors import ConfigError, RecordingError
from eegwarn.signal.chain import Processed, SignalConfig, process
from eegwarn.signal.recording import Recording


@dataclass(frozen=True)
class WindowConfig:
    """How a recording is cut.

    Parameters
    ----------
    window_s : float
        Length of a window, in s.
    hop_s : float
        From one window's start to the next, in s.
    max_bad_fraction : float
        A derivation is bad in a window where more than this share of its samples has a quality flag.
    min_channels : int
        A window with fewer good derivations than this cannot be judged.
    """

    window_s: float = 4.0
    hop_s: float = 1.0
    max_bad_fraction: float = 0.25
    min_channels: int = 9

    def __post_init__(self) -> None:
        if not 0 < self.hop_s <= self.window_s < np.inf:
            raise ConfigError(f"windows.hop_s must lie in (0, window_s = {self.window_s}], but got {self.hop_s}.")
        if not 0 <= self.max_bad_fraction < 1:
            raise ConfigError(f"windows.max_bad_fraction must lie in [0, 1), but got {self.max_bad_fraction}.")
        if self.min_channels < 1:
            raise ConfigError(f"windows.min_channels must be at least 1, but got {self.min_channels}.")

    def in_samples(self, sfreq: float) -> tuple[int, int]:
        """Give window and hop in samples.

        Raises
        ------
        ConfigError
            If either is not a whole number of samples, at least one.
        """
        lengths = self.window_s * sfreq, self.hop_s * sfreq
        if any(not np.isfinite(length) or abs(length - round(length)) > 1e-6 or length < 0.5 for length in lengths):
            raise ConfigError(
                f"window_s = {self.window_s} and hop_s = {self.hop_s} must be whole numbers of samples at {sfreq} Hz."
            )
        return round(lengths[0]), round(lengths[1])


@dataclass(frozen=True)
class Windows:
    """Windows in time order.

    Parameters
    ----------
    data : ndarray of float32, shape (n_windows, n_derivations, n_times)
        A view, in µV.
    start_s : ndarray of float64, shape (n_windows,)
        Seconds from the recording's start.
    window_s : float
        Length of each.
    bad : ndarray of bool, shape (n_windows, n_derivations)
        Derivations that cannot be trusted in a window.
    usable : ndarray of bool, shape (n_windows,)
        Windows with enough good derivations to be judged.
    """

    data: NDArray[np.float32]
    start_s: NDArray[np.float64]
    window_s: float
    bad: NDArray[np.bool_]
    usable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start_s)

    @property
    def centre_s(self) -> NDArray[np.float64]:
        """Middle of each window, seconds from the recording's start, shape (n_windows,)."""
        return self.start_s + self.window_s / 2

    @property
    def end_s(self) -> NDArray[np.float64]:
        """When each window is complete, seconds from the recording's start, shape (n_windows,)."""
        return self.start_s + self.window_s


def cut_windows(
    data: NDArray[np.float32],
    quality: NDArray[np.uint8],
    *,
    sfreq: float,
    config: WindowConfig,
    first_start_s: float = 0.0,
) -> Windows:
    """Cut windows out of an array in memory, or mapped from disk, without copying it.

    Parameters
    ----------
    data : ndarray, shape (n_derivations, n_times)
        In µV at ``sfreq`` Hz.
    quality : ndarray of uint8, shape (n_derivations, n_times)
        Bits of `Quality`.
    sfreq : float
        Samples a second.
    config : WindowConfig
        How to cut.
    first_start_s : float
        Time of the first sample.

    Returns
    -------
    Windows
        None where the signal is shorter than a window; a partial last window is dropped.
    """
    length, hop = config.in_samples(sfreq)
    n_windows = max(0, (data.shape[1] - length) // hop + 1)
    start = np.arange(n_windows) * hop
    if not n_windows:
        views = np.empty((0, len(data), length), dtype=data.dtype)
    else:
        views = sliding_window_view(data, length, axis=1)[:, ::hop].swapaxes(0, 1)
    bad = _bad_fraction(quality, start, length) > config.max_bad_fraction
    usable = (~bad).sum(axis=1) >= config.min_channels
    return Windows(views, first_start_s + start / sfreq, config.window_s, bad, usable)


def _bad_fraction(quality: NDArray[np.uint8], start: NDArray[np.int64], length: int) -> NDArray[np.float64]:
    """Share of each window's samples that have a flag, shape (n_windows, n_derivations)."""
    if not quality.any():
        return np.zeros((len(start), len(quality)))
    n_bad_before = np.zeros((len(quality), quality.shape[1] + 1), dtype=np.int32)
    np.cumsum(quality != 0, axis=1, out=n_bad_before[:, 1:])
    fraction: NDArray[np.float64] = (n_bad_before[:, start + length] - n_bad_before[:, start]).T / length
    return fraction


class WindowCutter:
    """Cuts windows out of a stream: keeps the end of one stretch for the windows that reach into the next.

    Parameters
    ----------
    sfreq : float
        Rate of the processed signal, in Hz.
    config : WindowConfig
        How to cut.
    """

    def __init__(self, sfreq: float, config: WindowConfig) -> None:
        self.config = config
        self._sfreq = sfreq
        self._length, self._hop = config.in_samples(sfreq)
        self._kept: Processed | None = None
        self._n_before = 0

    def push(self, processed: Processed) -> Windows:
        """Take the next stretch and give the windows that it completes, as views into what is kept."""
        if self._kept is not None:
            processed = Processed(
                np.concatenate([self._kept.data, processed.data], axis=1),
                np.concatenate([self._kept.quality, processed.quality], axis=1),
            )
        windows = cut_windows(
            processed.data,
            processed.quality,
            sfreq=self._sfreq,
            config=self.config,
            first_start_s=self._n_before / self._sfreq,
        )
        n_done = len(windows) * self._hop
        self._n_before += n_done
        self._kept = Processed(processed.data[:, n_done:].copy(), processed.quality[:, n_done:].copy())
        return windows


def stream_windows(
    recording: Recording, signal: SignalConfig, config: WindowConfig, *, block_s: float = 120.0, ahead: bool = True
) -> Iterator[Windows]:
    """Process a recording and cut it, block by block; memory does not grow with its length.

    Parameters
    ----------
    recording : Recording
        What to cut.
    signal, config : SignalConfig, WindowConfig
        How it is filtered, and how long windows are and how far apart.
    block_s : float
        Seconds read at a time; changes no sample.
    ahead : bool
        Whether the next block is read while this one is worked on.

    Yields
    ------
    Windows
        Consecutive, never empty.

    Raises
    ------
    RecordingError
        If the recording is shorter than one window, or cannot be processed.
    """
    if recording.duration_s < config.window_s:
        raise RecordingError(
            f"Recording {recording.name!r} lasts {recording.duration_s:.1f} s, less than one window of "
            f"{config.window_s:g} s. Give a longer recording."
        )
    cutter = WindowCutter(signal.sfreq, config)
    for processed in process(recording, signal, block_s=block_s, ahead=ahead):
        windows = cutter.push(processed)
        if len(windows):
            yield windows
