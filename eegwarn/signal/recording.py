"""What a recording is to the rest of eegwarn, wherever its samples come from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from eegwarn.signal.channels import Channel


@dataclass(frozen=True)
class Mark:
    """An annotation found in the recording's own file, its times in seconds from the start."""

    onset_s: float
    duration_s: float
    text: str


@dataclass(frozen=True)
class Recording:
    """EEG that is read block by block; nothing is held in memory.

    Parameters
    ----------
    name : str
        Shown to people: the file's name, or the simulator's.
    sfreq : float
        Samples a second.
    channels : tuple of Channel
        The EEG channels in the order of the samples, names normalised.
    n_times : int
        Samples per channel.
    read_uv : callable
        ``read_uv(start, stop)`` gives samples ``start`` to ``stop`` as a new array, shape
        (n_channels, stop - start), float32, in µV.
    start : datetime or None
        When the recording began, where it is known; used to put recordings in order.
    marks : tuple of Mark
        Annotations found in the file.
    set_aside : tuple of str
        Names, as written in the file, of channels that are not EEG.
    """

    name: str
    sfreq: float
    channels: tuple[Channel, ...]
    n_times: int
    read_uv: Callable[[int, int], NDArray[np.float32]]
    start: datetime | None = None
    marks: tuple[Mark, ...] = ()
    set_aside: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_times / self.sfreq

    def blocks_uv(self, block_s: float = 60.0) -> Iterator[NDArray[np.float32]]:
        """Read the whole recording in time order, ``block_s`` seconds at a time."""
        step = max(1, round(block_s * self.sfreq))
        for start in range(0, self.n_times, step):
            yield self.read_uv(start, min(start + step, self.n_times))
