"""How a seizure changes the background before, during and after it."""

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort.simulate.patient import SimulatedPatient
from eegwarn.cohort.simulate.timeline import SimulatedSeizure, seizures_between

_POSTICTAL_DECAY_S = 240.0


def _around(
    patient: SimulatedPatient, time_s: NDArray[np.float64], *, ahead_s: float = 0.0
) -> tuple[SimulatedSeizure, ...]:
    return seizures_between(patient, time_s[0] - 6 * _POSTICTAL_DECAY_S, time_s[-1] + ahead_s)


def preictal_course(patient: SimulatedPatient, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Strength of the change before seizures at every time: 0 for a non-responder, rising to the patient's own.

    ``time_s`` are seconds of the patient's time, rising, shape (n_times,), as is what comes back; so in this module.
    """
    length_s = patient.epilepsy.preictal_s
    course = np.zeros_like(time_s)
    if patient.epilepsy.preictal_strength == 0:
        return course
    for seizure in _around(patient, time_s, ahead_s=length_s):
        before = np.clip(1 - (seizure.onset_s - time_s) / length_s, 0, 1) * (time_s < seizure.offset_s)
        course = np.maximum(course, before**0.7)
    return np.asarray(patient.epilepsy.preictal_strength * course)


def ictal_course(patient: SimulatedPatient, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the seizure that is established at every time, from 0 to 1."""
    course = np.zeros_like(time_s)
    for seizure in _around(patient, time_s):
        rise = np.clip((time_s - seizure.onset_s) / (seizure.early_s + 5), 0, 1)
        fall = np.clip((seizure.offset_s + 2 - time_s) / 2, 0, 1)
        course = np.maximum(course, rise * fall * (0.1 if seizure.subtle else 1.0))
    return course


def postictal_course(patient: SimulatedPatient, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Strength of the slowing after seizures at every time: 1 at the end of a seizure, then decaying."""
    course = np.zeros_like(time_s)
    for seizure in _around(patient, time_s):
        since_s = time_s - seizure.offset_s
        depth = 0.25 if seizure.subtle else 1.0
        rise = np.clip(since_s / 3, 0, 1)
        course = np.maximum(course, depth * rise * np.exp(-np.maximum(since_s, 0) / _POSTICTAL_DECAY_S))
    return course
