"""All scores of one patient."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.evaluate.events import EventCounts, count_events
from eegwarn.evaluate.forecast import ForecastCounts, ForecastRule, brier_skill, count_forecast
from eegwarn.evaluate.latency import warning_times_s
from eegwarn.evaluate.moments import Moments, patient_moments
from eegwarn.evaluate.samples import SampleScores, score_samples
from eegwarn.evaluate.scored import ScoredRecording
from eegwarn.evaluate.spans import merge_spans, total_s


@dataclass(frozen=True)
class PatientScores:
    """Scores of one patient over all of his or her recordings.

    Parameters
    ----------
    patient_id : str
        Whose.
    duration_s, fault_s : float
        Time recorded, and the part of it that could not be judged.
    samples : SampleScores
        Over all windows together.
    brier_skill : float
        Against the patient's own rate of seizure windows.
    events : tuple of EventCounts
        One of each recording.
    forecast : ForecastCounts or None
        Over all recordings; None where the model only detects.
    moments : Moments
        What was said at each moment at which a seizure could begin.
    warning_times_s : ndarray, shape (n_seizures,)
        Time from alarm to onset of each marked seizure, negative after it; NaN where no alarm came.
    """

    patient_id: str
    duration_s: float
    fault_s: float
    samples: SampleScores
    brier_skill: float
    events: tuple[EventCounts, ...]
    forecast: ForecastCounts | None
    moments: Moments
    warning_times_s: NDArray[np.float64]

    @property
    def all_events(self) -> EventCounts:
        """Event counts of all recordings together."""
        return sum(self.events, EventCounts())

    @property
    def median_warning_time_s(self) -> float:
        """Over the seizures that had an alarm; NaN where none had."""
        known = self.warning_times_s[np.isfinite(self.warning_times_s)]
        return float(np.median(known)) if known.size else float("nan")


def score_patients(
    recordings: Sequence[ScoredRecording], *, forecast: ForecastRule | None = None
) -> tuple[PatientScores, ...]:
    """Score every patient on his or her own recordings.

    Parameters
    ----------
    recordings : sequence of ScoredRecording
        Of the test part.
    forecast : ForecastRule, optional
        SPH and SOP of a model that foresees; left out for one that detects.

    Returns
    -------
    tuple of PatientScores
        In the order of the patients' ids.
    """
    return tuple(
        _score_patient([one for one in recordings if one.patient_id == patient_id], forecast)
        for patient_id in sorted({one.patient_id for one in recordings})
    )


def _score_patient(recordings: Sequence[ScoredRecording], rule: ForecastRule | None) -> PatientScores:
    probability = np.concatenate([one.probability for one in recordings])
    label = np.concatenate([one.label for one in recordings])
    horizon_s = rule.sph_s + rule.sop_s if rule else 0.0
    return PatientScores(
        patient_id=recordings[0].patient_id,
        duration_s=sum(one.duration_s for one in recordings),
        fault_s=sum(total_s(merge_spans(one.faults, duration_s=one.duration_s)) for one in recordings),
        samples=score_samples(probability, label),
        brier_skill=brier_skill(probability, label),
        events=tuple(count_events(one.seizures, one.alarms, duration_s=one.duration_s) for one in recordings),
        forecast=_forecast(recordings, rule) if rule else None,
        moments=patient_moments(recordings, rule),
        warning_times_s=np.concatenate(
            [warning_times_s(one.seizures, one.alarms, horizon_s=horizon_s) for one in recordings]
        ),
    )


def _forecast(recordings: Sequence[ScoredRecording], rule: ForecastRule) -> ForecastCounts:
    counts = (
        count_forecast(one.marked, one.alarms, rule, duration_s=one.duration_s, faults=one.faults) for one in recordings
    )
    return sum(counts, ForecastCounts())
