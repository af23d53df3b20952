"""What a monitor writes down about its bed, wherever that is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from eegwarn.errors import ConfigError

RECORDING_ENDED = "the recording has ended"
"""Why nothing is judged any more where a recording was played to its end: the last word of its monitor."""


class BedState(StrEnum):
    """What a monitor says of its bed; a bed whose monitor is silent is offline, which only its readers can see."""

    CALM = "calm"
    ELEVATED = "elevated"
    ALARM = "alarm"
    FAULT = "fault"


@dataclass(frozen=True)
class LevelRow:
    """The warning level after a window that ended ``at`` (UTC); None where it could not be judged."""

    at: datetime
    level: float | None


@dataclass(frozen=True)
class Retention:
    """How long warning levels are kept. Alarms, faults, and what people did and said are kept for good.

    Parameters
    ----------
    keep_whole_hours : float
        Every level is kept for so long, and then of each minute the highest.
    keep_days : float
        No level is kept for longer.
    """

    keep_whole_hours: float = 6.0
    keep_days: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= self.keep_days <= 36_500:
            raise ConfigError(f"keep_days = {self.keep_days} must lie in [1, 36500].")
        if not 1 <= self.keep_whole_hours <= 24 * self.keep_days:
            raise ConfigError(
                f"keep_whole_hours = {self.keep_whole_hours} must lie in [1, 24 keep_days = {24 * self.keep_days:g}]."
            )


@dataclass(frozen=True)
class AlarmRow:
    """An alarm, known by its bed and ``raised_at`` (UTC); ``cleared_at`` is None while it lasts."""

    raised_at: datetime
    cleared_at: datetime | None
    peak_probability: float


@dataclass(frozen=True)
class FaultRow:
    """A stretch without judgement, known by its bed and ``start_at`` (UTC); ``end_at`` is None while it lasts."""

    start_at: datetime
    end_at: datetime | None
    reason: str


@dataclass(frozen=True)
class Heartbeat:
    """A sign of life.

    Parameters
    ----------
    at : datetime
        By the monitor's own clock, UTC.
    state : BedState
        What it says of its bed.
    level : float or None
        The latest warning level, None where the latest window could not be judged.
    data_until : datetime or None
        Time of the latest sample, UTC; None before the first.
    reason : str
        Why it is at fault; empty otherwise. A monitor that ends is at fault, and says why it ended.
    """

    at: datetime
    state: BedState
    level: float | None
    data_until: datetime | None
    reason: str = ""

    @property
    def recording_has_ended(self) -> bool:
        """Whether a recording was played to its end, so that its monitor falls silent for want of more."""
        return self.state is BedState.FAULT and self.reason == RECORDING_ENDED


class BedLog(Protocol):
    """Where the monitor of one bed writes; rows survive the end of its process in any way.

    Every method raises `eegwarn.errors.StoreError` when nothing can be written now (locked, full, away): what was
    written before is kept, and the same call may be made again.
    """

    def latest_alarm(self) -> AlarmRow | None:
        """Give the bed's latest alarm, cleared or not: what a monitor that starts again goes on from."""

    def open_fault(self) -> FaultRow | None:
        """Give the bed's fault that has no end, if there is one: a monitor that was killed leaves it so."""

    def write(self, *, levels: Sequence[LevelRow], alarms: Sequence[AlarmRow], faults: Sequence[FaultRow]) -> None:
        """Write all rows or none; a row that is there already is brought up to date, never doubled.

        A bed has one open fault at most. Where one is written, any other ends where it starts, or at its own start if
        that is later: its monitor was killed, and nobody judged the bed in between.
        """

    def beat(self, heartbeat: Heartbeat) -> None:
        """Replace the bed's last sign of life."""
