"""All scores of one patient."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.evaluate.events import EventCounts, count_events
from eegwarn.evaluate.forecast import ForecastCounts, ForecastRule, brier_skill, count_forecast
from eegwarn.evaluate.latency import warning_times_s
from eegwarn.evaluate.samples import SampleScores, score_samples
from eegwarn.evaluate.spans import merge_spans, total_s
from eegwarn.events.event import SeizureEvent


@dataclass(frozen=True)
class ScoredRecording:
    """What a model said about a recording, beside what is known of it.

    Parameters
    ----------
    patient_id, name : str
        Whose recording, and which.
    duration_s : float
        Its length.
    time_s : ndarray, shape (n_windows,)
        End of each window in seconds.
    probability : ndarray, shape (n_windows,)
        Warning level; NaN where a window could not be judged.
    label : ndarray, shape (n_windows,)
        1 for seizure (or within the horizon before one), 0 for none, NaN to leave a window out of the sample scores.
    seizures, alarms : tuple of SeizureEvent
        What was marked, and what was raised.
    faults : tuple of (float, float)
        Start and end of the stretches in which the monitor could not judge.
    neighbours : tuple of SeizureEvent
        Seizures of the patient's other recordings, in seconds from this one's start: a warning shortly before the end
        may be right by a seizure in the next recording. They are counted where they were recorded.
    """

    patient_id: str
    name: str
    duration_s: float
    time_s: NDArray[np.float64]
    probability: NDArray[np.float64]
    label: NDArray[np.float64]
    seizures: tuple[SeizureEvent, ...] = ()
    alarms: tuple[SeizureEvent, ...] = ()
    faults: tuple[tuple[float, float], ...] = ()
    neighbours: tuple[SeizureEvent, ...] = ()


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
        warning_times_s=np.concatenate(
            [warning_times_s(one.seizures, one.alarms, horizon_s=horizon_s) for one in recordings]
        ),
    )


def _forecast(recordings: Sequence[ScoredRecording], rule: ForecastRule) -> ForecastCounts:
    counts = (
        count_forecast((*one.seizures, *one.neighbours), one.alarms, rule, duration_s=one.duration_s, faults=one.faults)
        for one in recordings
    )
    return sum(counts, ForecastCounts())
