"""How hard is the simulated cohort for simple methods? Line length, variance and logistic regression on band powers.

Three tasks on windows of 4 s, each against interictal windows: established seizures, their early stage, and the ten
minutes before them. Thresholds of hardness are in the tests of nobody: the table says where the cohort stands.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eegwarn.cohort.simulate import (
    PatientSignal,
    SimulatedPatient,
    SimulationConfig,
    patient_recording,
    seizures_until,
    simulate_patient,
)
from eegwarn.signal.chain import SignalConfig
from eegwarn.signal.windows import WindowConfig, stream_windows

SEED = 20262
N_PATIENTS = 24
_HOURS = 24.0
_SEIZURES_PER_HOUR = 0.3
_WINDOW_S, _HOP_S = 4.0, 2.0
_PREICTAL_S = 600.0
_CALM_S = 2400.0
_SEGMENT_S = 300.0
_N_INTERICTAL = 16
_N_SURROGATES = 40
_BANDS_HZ = ((0.5, 4), (4, 8), (8, 13), (13, 30), (30, 40))
INTERICTAL, PREICTAL, EARLY, ICTAL, UNUSED = range(5)

Progress = Callable[[float, float], None]


@dataclass(frozen=True)
class PatientWindows:
    """Features of one patient's windows.

    Parameters
    ----------
    responder : bool
        Whether the patient's EEG changes before seizures.
    band_power : ndarray, shape (n_windows, 18 * 5)
        Logarithm of the power of each band in each derivation.
    line_length, variance : ndarray, shape (n_windows,)
        Mean over derivations, in µV/s and µV².
    state : ndarray, shape (n_windows,)
        INTERICTAL, PREICTAL, EARLY, ICTAL or UNUSED, from the truth.
    segment : ndarray, shape (n_windows,)
        Which uninterrupted stretch the window is from.
    """

    responder: bool
    band_power: NDArray[np.float64]
    line_length: NDArray[np.float64]
    variance: NDArray[np.float64]
    state: NDArray[np.int64]
    segment: NDArray[np.int64]


def patient_windows(patient: SimulatedPatient) -> PatientWindows:
    """Simulate what is needed of one patient's day: the time round each seizure and stretches far from all."""
    seizures = [s for s in seizures_until(patient, _HOURS * 3600) if s.offset_s < _HOURS * 3600 - 60]
    stretches = [(max(s.onset_s - _PREICTAL_S - 60, 0.0), s.offset_s) for s in seizures]
    starts = patient.draws("interictal stretches").permutation(int(_HOURS * 3600 / _SEGMENT_S)) * _SEGMENT_S
    calm = [
        (float(start), float(start + _SEGMENT_S))
        for start in starts
        if all(s.onset_s - start > _CALM_S or start - s.offset_s > _CALM_S / 2 for s in seizures)
    ]
    signal = PatientSignal(patient)
    parts = []
    for number, (start_s, stop_s) in enumerate(stretches + sorted(calm[:_N_INTERICTAL])):
        features, begin_s = _features(signal, start_s, stop_s - start_s)
        parts.append((features, _states(begin_s, seizures), np.full(len(begin_s), number)))
    features = np.vstack([part[0] for part in parts])
    return PatientWindows(
        responder=patient.epilepsy.preictal_strength > 0,
        line_length=features[:, 0],
        variance=features[:, 1],
        band_power=features[:, 2:],
        state=np.concatenate([part[1] for part in parts]),
        segment=np.concatenate([part[2] for part in parts]),
    )


def _features(
    signal: PatientSignal, start_s: float, duration_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features (line length, variance, band powers) and begin, in the patient's time, of every usable window."""
    recording = patient_recording(signal, start_s=start_s, duration_s=duration_s, layout="chb-mit")
    rows, begin_s = [], []
    config = SignalConfig(missing="mask")
    for windows in stream_windows(recording, config, WindowConfig(window_s=_WINDOW_S, hop_s=_HOP_S)):
        if not len(windows):
            continue
        data = windows.data[windows.usable]
        hz, power = welch(data, config.sfreq, nperseg=256)
        bands = [power[..., (hz >= low) & (hz < high)].mean(axis=-1) for low, high in _BANDS_HZ]
        line_length = np.abs(np.diff(data, axis=-1)).mean(axis=(1, 2)) * config.sfreq
        variance = data.var(axis=-1).mean(axis=-1)
        rows.append(np.column_stack([line_length, variance, np.log(np.concatenate(bands, axis=1) + 0.01)]))
        begin_s.append(windows.start_s[windows.usable] + start_s)
    return np.vstack(rows), np.concatenate(begin_s)


def _states(begin_s: NDArray[np.float64], seizures: list[Any]) -> NDArray[np.int64]:
    """State of every window from the truth; a window that straddles two is UNUSED."""
    state = np.full(len(begin_s), INTERICTAL)
    end_s = begin_s + _WINDOW_S
    for seizure in seizures:
        near = (end_s > seizure.onset_s - _CALM_S) & (begin_s < seizure.offset_s + _CALM_S / 2)
        state[near & (state == INTERICTAL)] = UNUSED
        state[(begin_s >= seizure.onset_s - _PREICTAL_S) & (end_s <= seizure.onset_s)] = PREICTAL
        early_end_s = seizure.onset_s + max(seizure.early_s, _WINDOW_S)
        state[(begin_s >= seizure.onset_s) & (end_s <= early_end_s)] = EARLY
        state[(begin_s >= early_end_s) & (end_s <= seizure.offset_s)] = ICTAL
    return state
