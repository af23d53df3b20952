"""What a model said about a recording beside its marks, as `eegwarn.evaluate` takes it; needs the ``train`` extra."""

import numpy as np
from numpy.typing import NDArray

from eegwarn.bedside.scoring import Scored
from eegwarn.cohort import CohortRecording, Patient
from eegwarn.evaluate.scored import ScoredRecording
from eegwarn.events import WindowState, label_windows
from eegwarn.warning.alarm import AlarmConfig, smooth


def compare_with_marks(
    scored: Scored, patient: Patient, recording: CohortRecording, alarm: AlarmConfig
) -> ScoredRecording:
    """Put what a model said about a recording beside the patient's marked seizures.

    Parameters
    ----------
    scored : Scored
        What the model said.
    patient : Patient
        Whose: seizures of the other recordings tell what the ends of this one are.
    recording : CohortRecording
        Which, one of the patient's.
    alarm : AlarmConfig
        The model's.
    """
    events = patient.events_seen_from(recording)
    state = label_windows(scored.start_s, scored.window_s, events, horizon_s=scored.horizon_s).state
    label: NDArray[np.float64] = np.isin(state, (WindowState.ICTAL, WindowState.PREICTAL)).astype(np.float64)
    label[state == WindowState.POSTICTAL] = np.nan
    return ScoredRecording(
        patient_id=recording.patient_id,
        name=recording.name,
        duration_s=scored.duration_s,
        time_s=scored.time_s,
        probability=scored.probability,
        label=label,
        seizures=recording.events,
        alarms=scored.events,
        faults=tuple(
            (fault.start_s, scored.duration_s if fault.end_s is None else fault.end_s) for fault in scored.faults
        ),
        neighbours=tuple(event for event in events if event not in recording.events),
        smoothed=smooth(scored.time_s, scored.probability, alarm),
        start=recording.start,
    )
