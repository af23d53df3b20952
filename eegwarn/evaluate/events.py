"""Scores over whole seizures by the rules of SzCORE (Dan et al. 2024, Epilepsia, 10.1111/epi.18113)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring

from eegwarn.evaluate.spans import merge_spans
from eegwarn.events.event import SeizureEvent, event_spans
from eegwarn.events.matching import LONGEST_EVENT_S, MERGE_GAP_S, TOLERANCE_AFTER_S, TOLERANCE_BEFORE_S

_SCORING_SFREQ = 10
"""timescoring works on a mask of this rate; an event shorter than one sample would vanish from it."""
_DAY_S = 86_400.0

SZCORE_RULES = (
    f"any overlap counts; tolerance {TOLERANCE_BEFORE_S:g} s before and {TOLERANCE_AFTER_S:g} s after a seizure; "
    f"events less than {MERGE_GAP_S:g} s apart are merged, longer than {LONGEST_EVENT_S / 60:g} min split; without a "
    "detection precision counts as 0; patients without a seizure enter only the false alarm rate"
)
"""The rules in words, for reports."""

_PARAMETERS = EventScoring.Parameters(
    toleranceStart=TOLERANCE_BEFORE_S,
    toleranceEnd=TOLERANCE_AFTER_S,
    maxEventDuration=LONGEST_EVENT_S,
    minDurationBetweenEvents=MERGE_GAP_S,
)


@dataclass(frozen=True)
class EventCounts:
    """What a patient's events come to; counts of several recordings add up with ``+``.

    Parameters
    ----------
    n_seizures : int
        Reference events after merging and splitting.
    n_detected : int
        Those that an alarm overlaps.
    n_false : int
        Alarms, after merging and splitting, that overlap no detected seizure.
    duration_s : float
        Time scored.
    """

    n_seizures: int = 0
    n_detected: int = 0
    n_false: int = 0
    duration_s: float = 0.0

    def __add__(self, other: "EventCounts") -> "EventCounts":
        return EventCounts(
            self.n_seizures + other.n_seizures,
            self.n_detected + other.n_detected,
            self.n_false + other.n_false,
            self.duration_s + other.duration_s,
        )

    @property
    def sensitivity(self) -> float:
        """Share of the seizures that were detected; NaN without seizures."""
        return self.n_detected / self.n_seizures if self.n_seizures else float("nan")

    @property
    def precision(self) -> float:
        """Share of the alarms that were right; 0 where there was a seizure but no alarm, NaN without seizures."""
        return self._of_patient_with_seizures(self.n_detected, self.n_detected + self.n_false)

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and precision; NaN without seizures."""
        return self._of_patient_with_seizures(2 * self.n_detected, self.n_detected + self.n_false + self.n_seizures)

    @property
    def false_alarms_per_day(self) -> float:
        """False alarms per 24 h; NaN without time."""
        return self.n_false * _DAY_S / self.duration_s if self.duration_s else float("nan")

    def _of_patient_with_seizures(self, part: int, whole: int) -> float:
        # Leaving a silent patient out instead would reward silence: a published ranking's best F1 rests on that.
        if not self.n_seizures:
            return float("nan")
        return part / whole if whole else 0.0


def count_events(seizures: Sequence[SeizureEvent], alarms: Sequence[SeizureEvent], *, duration_s: float) -> EventCounts:
    """Score the alarms of one recording with timescoring.

    timescoring needs events in time order that do not overlap: its merging takes each event's end as it comes, so that
    unsorted or nested ones are shortened or counted wrongly. Both lists are therefore sorted, cut to the recording and
    joined where they overlap, and an event shorter than timescoring's sample of 0.1 s is given that length.

    Parameters
    ----------
    seizures, alarms : sequence of SeizureEvent
        In any order; without an offset an event is a moment.
    duration_s : float
        Length of the recording.
    """
    n_times = round(duration_s * _SCORING_SFREQ)
    scores = EventScoring(_annotation(seizures, n_times), _annotation(alarms, n_times), _PARAMETERS)
    return EventCounts(int(scores.refTrue), int(scores.tp), int(scores.fp), duration_s)


def _annotation(events: Sequence[SeizureEvent], n_times: int) -> Annotation:
    spans = merge_spans(event_spans(events), duration_s=n_times / _SCORING_SFREQ)
    start = np.minimum(np.round(spans[:, 0] * _SCORING_SFREQ), max(n_times - 1, 0))
    stop = np.maximum(np.round(spans[:, 1] * _SCORING_SFREQ), start + 1)
    on_grid = np.column_stack([start, stop]) / _SCORING_SFREQ
    return Annotation([tuple(span) for span in on_grid.tolist()], _SCORING_SFREQ, n_times)
