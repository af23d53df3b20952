"""Where a monitor's samples come from: what every source gives, and a file played as if it were live."""

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eegwarn.signal.chain import SignalConfig
from eegwarn.signal.channels import Channel
from eegwarn.signal.mains import check_amplitude, guess_mains_hz
from eegwarn.signal.recording import UNKNOWN_START, Recording

_CHUNK_S = 0.25
_MOST_AT_ONCE_S = 10.0


@dataclass(frozen=True, eq=False)
class Layout:
    """What the rows of a source's samples are; a source that changes them gives a new one.

    Parameters
    ----------
    channels : tuple of Channel
        The rows.
    sfreq : float
        Samples a second.
    start : datetime
        UTC of the first sample of this layout.
    mains_hz : int or None
        The mains frequency, where the source knows it; 0 for none to be seen.
    """

    channels: tuple[Channel, ...]
    sfreq: float
    start: datetime
    mains_hz: int | None = None


@dataclass(frozen=True)
class Stretch:
    """The next samples of a source, possibly none.

    Parameters
    ----------
    layout : Layout or None
        What they are; None as long as nothing is known of the stream.
    data_uv : ndarray of float32, shape (n_channels, n_times)
        In µV, NaN where there is none: gaps are as long as they were.
    slip_s : float
        How much later than by counting samples from ``layout.start`` the last was taken.
    trouble : str
        Why nothing comes at the moment; empty where samples come.
    notes : tuple of str
        What happened to the stream besides, each a sentence for people.
    """

    layout: Layout | None
    data_uv: NDArray[np.float32]
    slip_s: float = 0.0
    trouble: str = ""
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """Gives the samples of one bed."""

    def read(self, wait_s: float) -> Stretch | None:
        """Give what came, waiting up to about ``wait_s`` seconds for it; None after the end."""

    def close(self) -> None:
        """Let go of whatever is held."""


class Replay:
    """A recording played as if it were live.

    Its scale and its mains frequency are looked at first, as offline, so that the same is seen in it. Without a date it
    begins at `UNKNOWN_START`, the same in every replay.

    Parameters
    ----------
    recording : Recording
        What to play.
    signal : SignalConfig
        The model's.
    speed : float
        1 for real time; 0 or infinity for as fast as possible.

    Raises
    ------
    RecordingError
        If its scale cannot be EEG in µV.
    """

    def __init__(self, recording: Recording, signal: SignalConfig, *, speed: float = 1.0) -> None:
        check_amplitude(recording)
        start = recording.start or UNKNOWN_START
        self._recording = recording
        self._layout = Layout(
            recording.channels,
            recording.sfreq,
            start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC),
            guess_mains_hz(recording) if signal.notch_hz == "auto" else None,
        )
        self._speed = speed or math.inf
        self._begin_s: float | None = None
        self._n_read = 0

    def read(self, wait_s: float) -> Stretch | None:
        """Give what is due by now, at most 10 s of the recording at once."""
        if self._n_read >= self._recording.n_times:
            return None
        sfreq = self._recording.sfreq
        stop = self._n_read + round(_MOST_AT_ONCE_S * sfreq)
        if math.isfinite(self._speed):
            self._begin_s = time.monotonic() if self._begin_s is None else self._begin_s
            next_s = self._n_read / sfreq / self._speed + _CHUNK_S
            time.sleep(min(wait_s, max(0.0, self._begin_s + next_s - time.monotonic())))
            stop = min(stop, int((time.monotonic() - self._begin_s) * self._speed * sfreq))
        start = self._n_read
        self._n_read = max(start, min(stop, self._recording.n_times))
        return Stretch(self._layout, self._recording.read_uv(start, self._n_read))

    def close(self) -> None:
        """Nothing is held."""
