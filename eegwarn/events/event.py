"""The one type of a seizure event."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import EventsError


@dataclass(frozen=True)
class SeizureEvent:
    """A stretch of a recording in which somebody, or a model, saw a seizure.

    Parameters
    ----------
    onset_s : float
        Seconds from the start of the recording; negative where it began before the recording did.
    offset_s : float or None
        End in the same seconds, not before ``onset_s``; None where only the onset was marked.
    kind : str
        Event type in SzCORE's terms: ``"sz"``, or a longer one such as ``"sz_foc_ia"``.
    confidence : float or None
        Between 0 and 1; None where it was not given.
    channels : tuple of str
        Channels it was seen on; empty for all.
    """

    onset_s: float
    offset_s: float | None = None
    kind: str = "sz"
    confidence: float | None = None
    channels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not math.isfinite(self.onset_s):
            raise EventsError(f"A seizure's onset must be a finite number of seconds, but got {self.onset_s!r}.")
        if self.offset_s is not None and not self.onset_s <= self.offset_s < math.inf:
            raise EventsError(
                f"A seizure from {self.onset_s} s must end later, at a finite time, but got {self.offset_s} s."
            )
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise EventsError(f"A confidence lies between 0 and 1, but got {self.confidence!r}.")

    @property
    def duration_s(self) -> float | None:
        """Length in seconds, or None where the end was not marked."""
        return None if self.offset_s is None else self.offset_s - self.onset_s

    def lies_in(self, recording_duration_s: float) -> bool:
        """Whether it is under way at some moment of a recording of that length: it may have begun before."""
        goes_on = self.offset_s is not None and self.offset_s > 0
        return self.onset_s < recording_duration_s and (self.onset_s >= 0 or goes_on)


def in_time_order(events: Iterable[SeizureEvent]) -> tuple[SeizureEvent, ...]:
    """Sort events by onset; of two with one onset the one that ends first, or has no end, comes first."""
    return tuple(
        sorted(events, key=lambda event: (event.onset_s, event.onset_s if event.offset_s is None else event.offset_s))
    )


def overlap_groups(onset_s: NDArray[np.float64], offset_s: NDArray[np.float64]) -> NDArray[np.intp]:
    """Give stretches that overlap or touch, directly or through others, the same number.

    Parameters
    ----------
    onset_s, offset_s : ndarray, shape (n,)
        Bounds of each stretch in seconds, sorted by onset.

    Returns
    -------
    ndarray of int, shape (n,)
        0, 1, 2, … in time order.
    """
    if not len(onset_s):
        return np.zeros(0, dtype=np.intp)
    latest_end = np.maximum.accumulate(offset_s)
    return np.concatenate(([0], np.cumsum(onset_s[1:] > latest_end[:-1]))).astype(np.intp)


def join_overlapping(
    onset_s: NDArray[np.float64], offset_s: NDArray[np.float64], *, closer_than_s: float = 0.0
) -> NDArray[np.float64]:
    """Join stretches that overlap or touch, or lie less than ``closer_than_s`` apart.

    Parameters
    ----------
    onset_s, offset_s : ndarray, shape (n,)
        Bounds of each stretch in seconds, sorted by onset.
    closer_than_s : float
        Those exactly so far apart are left apart.

    Returns
    -------
    ndarray, shape (n_joined, 2)
        Start and end.
    """
    # Stretches that touch have one number, so that a gap of exactly closer_than_s must not look like touching.
    reach_s = np.nextafter(offset_s + closer_than_s, -np.inf) if closer_than_s else offset_s
    first = np.flatnonzero(np.diff(overlap_groups(onset_s, reach_s), prepend=-1))
    if not len(first):
        return np.empty((0, 2))
    return np.column_stack([onset_s[first], np.maximum.reduceat(offset_s, first)])


def event_spans(events: Sequence[SeizureEvent], *, before_s: float = 0.0, after_s: float = 0.0) -> NDArray[np.float64]:
    """Onset and offset of events, widened, shape (n_events, 2), in their order and not joined.

    An event without an offset ends at its onset.
    """
    spans = [
        (event.onset_s - before_s, (event.onset_s if event.offset_s is None else event.offset_s) + after_s)
        for event in events
    ]
    return np.array(spans, dtype=np.float64).reshape(-1, 2)
