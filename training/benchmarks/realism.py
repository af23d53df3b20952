"""Is the simulated EEG like real EEG? One definition of every statistic, applied to both.

Real recordings: one temporal-lobe seizure (courtesy of B. Malow, University of Michigan; Ombao et al., JASA 2001),
single-channel segments of Bonn (Andrzejak et al., Phys. Rev. E 64:061907, 2001), and three experts' marks on 79 neonates
(Stevenson et al., Sci. Data 2019). Numbers and pictures are written; the pictures are for looking at.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt, welch
from scipy.stats import kurtosis

from eegwarn.cohort.simulate import (
    PatientSignal,
    SimulatedPatient,
    SimulatedSeizure,
    SimulationConfig,
    seizures_until,
    simulate_patient,
)
from eegwarn.cohort.simulate.geometry import ELECTRODES

SEED = 20261
N_PATIENTS = 60
_SFREQ = 100
_BANDS_HZ = {"delta": (0.5, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 30), "gamma": (30, 45)}
_PRE_S, _ICTAL_S = (-330.0, -10.0), (10.0, 70.0)
_SHOWN_S = (-10.0, 30.0)

Progress = Callable[[float, float], None]
Eeg = NDArray[np.floating]


def statistics(eeg_uv: Eeg, sfreq: float) -> dict[str, float]:
    """Describe a stretch of EEG; every value is the median over channels.

    Parameters
    ----------
    eeg_uv : ndarray, shape (n_channels, n_times)
        In µV, already filtered and referenced.
    sfreq : float
        Samples a second.
    """
    hz, power = welch(eeg_uv, sfreq, nperseg=round(4 * sfreq))
    inside = (hz >= 2) & (hz <= min(40, 0.4 * sfreq))
    slopes = np.polyfit(np.log(hz[inside]), np.log(power[:, inside].T), 1)[0]
    spread = 1.4826 * np.median(np.abs(eeg_uv - np.median(eeg_uv, axis=1, keepdims=True)), axis=1, keepdims=True)
    outside = np.abs(eeg_uv) > 5 * spread
    transients = np.count_nonzero(outside[:, 1:] & ~outside[:, :-1], axis=1) * 60 * sfreq / eeg_uv.shape[1]
    values = {
        "RMS (µV)": np.sqrt(np.mean(eeg_uv**2, axis=1)),
        "line length (µV/s)": np.mean(np.abs(np.diff(eeg_uv, axis=1)), axis=1) * sfreq,
        "slope 2-40 Hz": slopes,
        "kurtosis": kurtosis(eeg_uv, axis=1, fisher=False),
        "transients a minute": transients,
    }
    for band, (low_hz, high_hz) in _BANDS_HZ.items():
        values[f"relative {band}"] = power[:, (hz >= low_hz) & (hz < high_hz)].sum(axis=1) / power[:, hz >= 0.5].sum(
            axis=1
        )
    result = {name: float(np.median(value)) for name, value in values.items()}
    if len(eeg_uv) > 1:
        between = np.abs(np.corrcoef(eeg_uv))[np.triu_indices(len(eeg_uv), 1)]
        result["median |r|"] = float(np.median(between))
    return result


def seizure_statistics(around_uv: Eeg, onset_s: float) -> dict[str, float]:
    """Describe the EEG before and in a seizure.

    Parameters
    ----------
    around_uv : ndarray, shape (19, n_times)
        Average reference, 0.5 to 45 Hz, 100 Hz.
    onset_s : float
        When the seizure begins.
    """
    parts = {}
    power = {}
    for name, (first_s, last_s) in {"before": _PRE_S, "ictal": _ICTAL_S}.items():
        part = around_uv[:, round((onset_s + first_s) * _SFREQ) : round((onset_s + last_s) * _SFREQ)]
        parts.update({f"{name}: {key}": value for key, value in statistics(part, _SFREQ).items()})
        hz, density = welch(part, _SFREQ, nperseg=4 * _SFREQ)
        power[name] = {
            band: density[:, (hz >= low_hz) & (hz < high_hz)].sum(axis=1)
            for band, (low_hz, high_hz) in _BANDS_HZ.items()
        }
    for band in _BANDS_HZ:
        parts[f"ictal / before: {band} power"] = float(np.median(power["ictal"][band] / power["before"][band]))
    return parts


def prepare(eeg_uv: Eeg, sfreq: float) -> Eeg:
    """Bring referential EEG to the form of `seizure_statistics`."""
    if sfreq != _SFREQ:
        eeg_uv = soxr.resample(eeg_uv.T, sfreq, _SFREQ, quality="HQ").T
    band = butter(4, [0.5, 45], "band", fs=_SFREQ, output="sos")
    return sosfiltfilt(band, eeg_uv - eeg_uv.mean(axis=0), axis=1)


def simulated_seizures(n_patients: int, *, seed: int) -> Iterator[tuple[SimulatedPatient, SimulatedSeizure, Eeg]]:
    """Give each patient's first seizure that has 350 s before it and 75 s of it, as `prepare` leaves it."""
    config = SimulationConfig(seizures_per_hour=0.5, changing_channels_fraction=0.0)
    scalp = [row for row, name in enumerate(ELECTRODES) if name not in ("FT9", "FT10")]
    for number in range(n_patients):
        patient = simulate_patient(number, seed=seed, config=config)
        sfreq = patient.acquisition.sfreq
        for seizure in seizures_until(patient, 24 * 3600.0):
            if seizure.onset_s > 350 and seizure.offset_s - seizure.onset_s > 60 and not seizure.subtle:
                start = round((seizure.onset_s - 350) * sfreq)
                eeg_uv = PatientSignal(patient).read_uv(start, start + round(430 * sfreq))[scalp]
                yield patient, seizure, prepare(eeg_uv, sfreq)
                break


_CHAINS = (
    "FP1 F7 T7 P7 O1".split(),
    "FP1 F3 C3 P3 O1".split(),
    "FZ CZ PZ".split(),
    "FP2 F4 C4 P4 O2".split(),
    "FP2 F8 T8 P8 O2".split(),
)


def plot_onset(axes: Any, around_uv: Eeg, electrodes: list[str], onset_s: float, title: str) -> None:
    """Draw 40 s around an onset in the longitudinal bipolar montage."""
    rows = {name: around_uv[number] for number, name in enumerate(electrodes)}
    first, last = (round((onset_s + shown_s) * _SFREQ) for shown_s in _SHOWN_S)
    time_s = np.arange(first, last) / _SFREQ - onset_s
    height = 0.0
    ticks = {}
    for chain in _CHAINS:
        for anode, cathode in zip(chain[:-1], chain[1:], strict=True):
            axes.plot(time_s, height + (rows[anode] - rows[cathode])[first:last], lw=0.4, color="black")
            ticks[f"{anode}-{cathode}"] = height
            height -= 120
        height -= 60
    axes.axvline(0, color="red", lw=0.8)
    axes.set(xlim=_SHOWN_S, ylim=(height, 150), yticks=list(ticks.values()), title=title)
    axes.set_yticklabels(list(ticks), fontsize=5)
