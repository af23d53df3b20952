"""Seizures of the evolving rhythm: a focus that recruits its surroundings, slows down and sharpens."""

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort.simulate.geometry import distances_mm, leadfield
from eegwarn.cohort.simulate.patient import SimulatedPatient
from eegwarn.cohort.simulate.timeline import SimulatedSeizure


def render_seizure(patient: SimulatedPatient, seizure: SimulatedSeizure) -> NDArray[np.float32]:
    """Draw a seizure at every electrode from its onset to its end, shape (n_electrodes, n_times), in µV."""
    epilepsy, sfreq = patient.epilepsy, patient.acquisition.sfreq
    time_s = np.arange(round((seizure.offset_s - seizure.onset_s) * sfreq)) / sfreq
    share = time_s / time_s[-1]
    hz = epilepsy.end_hz + (epilepsy.start_hz - epilepsy.end_hz) / (1 + np.exp(8 * (share - 0.5)))
    phase = 2 * np.pi * np.cumsum(hz) / sfreq
    distance = distances_mm(np.array(epilepsy.focus))
    reach = np.exp(-distance / epilepsy.reach_mm)
    active = np.flatnonzero(reach > 0.03)
    grown = 1 / (1 + np.exp(-(time_s - seizure.early_s - distance[active, None] / epilepsy.spread_mm_s) / 2))
    envelope = reach[active, None] * (0.3 + 0.7 * grown) * np.clip((time_s[-1] - time_s) / 2, 0, 1)
    wave = np.sin(phase - distance[active, None] / 40) + 0.4 * np.sin(2 * phase)
    signal = (leadfield()[:, active] @ (envelope * wave)).astype(np.float32)
    return np.asarray(signal * np.float32(epilepsy.amplitude_uv))
