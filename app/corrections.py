"""Where the marks went that a model's training corrected, as its record tells."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Correction:
    """A mark, and where the seizure began as far as the training of a model could tell.

    Parameters
    ----------
    recording : str
        Fingerprint of the recording's content, see `eegwarn.cohort.content`.
    mark_s : float
        Onset as marked, in s from the recording's start.
    onset_s, low_s, high_s : float or None
        Corrected onset and its middle 90 %; None where the mark is taken for no seizure.
    p_seizure : float
        Probability that there is a seizure at all.
    """

    recording: str
    mark_s: float
    onset_s: float | None
    low_s: float | None
    high_s: float | None
    p_seizure: float

    @property
    def moved_s(self) -> float | None:
        """By how much the onset moved, in s; negative where it began before the mark."""
        return None if self.onset_s is None else self.onset_s - self.mark_s


def corrections_of(record: Mapping[str, Any]) -> tuple[Correction, ...]:
    """Read the corrected marks from a training record; none where marks were taken as they are."""
    labels = record.get("labels", {})
    rows = labels.get("onsets", []) if isinstance(labels, Mapping) else []
    return tuple(_correction(row) for row in rows if isinstance(row, Mapping))


def moves_in_words(record: Mapping[str, Any]) -> str:
    """Say in a sentence where the marks of training went; empty where they were not corrected."""
    all_of = corrections_of(record)
    moves_s = sorted(one.moved_s for one in all_of if one.moved_s is not None)
    if not moves_s:
        return ""
    low_s, middle_s, high_s = (moves_s[round(share * (len(moves_s) - 1))] for share in (0.1, 0.5, 0.9))
    return (
        f"Of {len(all_of)} marks {len(moves_s)} are taken for seizures; onsets moved by {middle_s:+.0f} s "
        f"({low_s:+.0f} to {high_s:+.0f} s for 8 of 10)."
    )


def _correction(row: Mapping[str, Any]) -> Correction:
    mark_s, onset_s, low_s, high_s, p_seizure = (
        float(row.get(name, math.nan)) for name in ("mark_s", "onset_s", "low_s", "high_s", "p_seizure")
    )
    place = (None, None, None) if math.isnan(onset_s) or p_seizure < 0.5 else (onset_s, low_s, high_s)
    return Correction(str(row.get("recording", "")), mark_s, *place, p_seizure)
