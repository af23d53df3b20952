"""Electrodes and amplifier: mains interference and electrodes that come off."""

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort.simulate.geometry import ELECTRODES
from eegwarn.cohort.simulate.noise import band_noise
from eegwarn.cohort.simulate.patient import SimulatedPatient
from eegwarn.cohort.simulate.timeline import smooth_noise

_SLOT_S = 36000.0
_DETACHED_UV = 60.0


def add_mains(data: NDArray[np.float32], patient: SimulatedPatient, start_s: float) -> None:
    """Add the mains to a stretch that begins at ``start_s``; strength and phase differ between electrodes."""
    acquisition = patient.acquisition
    if acquisition.line_hz == 0:
        return
    rng = patient.draws("mains")
    strength = acquisition.line_uv * np.exp(0.6 * rng.standard_normal(len(ELECTRODES)))
    lag = 0.5 * rng.standard_normal(len(ELECTRODES))
    hz = acquisition.line_hz + 0.02 * rng.standard_normal()
    turns = (hz * start_s + hz / acquisition.sfreq * np.arange(data.shape[1])) % 1
    phase = (2 * np.pi * turns).astype(np.float32)
    coarse_s = start_s + np.linspace(0, data.shape[1] / acquisition.sfreq, 65)
    gain = np.exp(0.3 * smooth_noise(patient, "mains gain", coarse_s, spacing_s=97.0))
    swell = np.interp(np.linspace(0, 64, data.shape[1], endpoint=False), np.arange(65), gain).astype(np.float32)
    waves = np.stack([np.sin(phase) * swell, np.cos(phase) * swell])
    data += np.stack([strength * np.cos(lag), strength * np.sin(lag)], axis=1).astype(np.float32) @ waves


def detached(patient: SimulatedPatient, slot: int) -> tuple[float, float, int]:
    """Give onset, end (in seconds) and number of the electrode that comes off once in each ten hours."""
    rng = patient.draws("detached", slot)
    onset_s = float(_SLOT_S * (slot + rng.random()))
    return onset_s, onset_s + float(np.exp(rng.uniform(np.log(120), np.log(2400)))), int(rng.integers(len(ELECTRODES)))


def replace_detached(data: NDArray[np.float32], patient: SimulatedPatient, start_s: float) -> None:
    """Turn what a detached electrode records into drift, mains and noise."""
    if patient.config.artefact_rate == 0:
        return
    sfreq = patient.acquisition.sfreq
    slot = int(start_s // _SLOT_S)
    for candidate in (slot - 1, slot):
        if candidate < 0:
            continue
        onset_s, end_s, electrode = detached(patient, candidate)
        first = int(np.clip(round((onset_s - start_s) * sfreq), 0, data.shape[1]))
        last = int(np.clip(round((end_s - start_s) * sfreq), 0, data.shape[1]))
        if first < last:
            rng = patient.draws("detached noise", int(start_s))
            noise = band_noise(rng, (2, data.shape[1]), sfreq, low_hz=0.2, high_hz=100.0, slope=0.3)
            time_s = start_s + np.arange(first, last) / sfreq
            hum = np.sin(2 * np.pi * ((patient.acquisition.line_hz * time_s) % 1)).astype(np.float32)
            loose = _DETACHED_UV * (0.4 * noise[0, first:last] + 1.5 * hum)
            data[electrode, first:last] = 0.1 * data[electrode, first:last] + loose
