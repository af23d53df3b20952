"""The one type of a seizure event."""

import math
from dataclasses import dataclass

from eegwarn.errors import EventsError


@dataclass(frozen=True, order=True)
class SeizureEvent:
    """A stretch of a recording in which somebody, or a model, saw a seizure.

    Parameters
    ----------
    onset_s : float
        Seconds from the start of the recording.
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
        if self.offset_s is not None and not self.offset_s >= self.onset_s:
            raise EventsError(f"A seizure cannot end at {self.offset_s} s before its onset at {self.onset_s} s.")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise EventsError(f"A confidence lies between 0 and 1, but got {self.confidence!r}.")

    @property
    def duration_s(self) -> float | None:
        """Length in seconds, or None where the end was not marked."""
        return None if self.offset_s is None else self.offset_s - self.onset_s
