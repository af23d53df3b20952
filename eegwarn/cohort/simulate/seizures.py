"""Seizures as they are seen on the scalp: a small beginning, discharges that recruit the brain, muscle, an end.

The discharges come from an evolving rhythm or from the Epileptor; all else is common to both.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import i0e

from eegwarn.cohort.simulate.epileptor import run_epileptor
from eegwarn.cohort.simulate.geometry import distances_mm, leadfield
from eegwarn.cohort.simulate.muscle import MUSCLES, burst_gate, field_of, muscle_noise, seen_on_scalp
from eegwarn.cohort.simulate.noise import band_noise, slow_noise
from eegwarn.cohort.simulate.patient import SimulatedPatient
from eegwarn.cohort.simulate.timeline import SimulatedSeizure

_LEAST_REACH = 0.04
_EARLY_AMPLITUDE = 0.55
_SUBTLE_AMPLITUDE = 0.17
_SUBTLE_REACH_MM = 22.0
_NOISE_SHARE = 0.8


def render_seizure(patient: SimulatedPatient, seizure: SimulatedSeizure) -> NDArray[np.float32]:
    """Draw a seizure at every electrode from its onset to its end, shape (n_electrodes, n_times), in µV."""
    sfreq = patient.acquisition.sfreq
    rng = patient.draws("seizure", seizure.index)
    time_s = (np.arange(round((seizure.offset_s - seizure.onset_s) * sfreq)) / sfreq).astype(np.float32)
    arrival_s, reach = _recruitment(patient, seizure)
    active = np.flatnonzero(reach > _LEAST_REACH)
    arrival_s = arrival_s[active]
    envelope = _envelope(rng, seizure, time_s, arrival_s, reach[active], sfreq)
    if patient.epilepsy.family == "epileptor":
        waves = _epileptor_waves(rng, patient, seizure, time_s, arrival_s)
    else:
        waves = _rhythm_waves(rng, patient, time_s, arrival_s)
    noise = band_noise(rng, waves.shape, sfreq, low_hz=1.0, high_hz=40.0, slope=1.5)
    waves += np.float32(_NOISE_SHARE) * noise
    data = leadfield()[:, active].astype(np.float32) @ (envelope * waves)
    amplitude_uv = _amplitude_uv(rng, patient) * (_SUBTLE_AMPLITUDE if seizure.subtle else 1.0)
    data *= np.float32(amplitude_uv / _established_rms(data, time_s, seizure))
    data += _early_chirp(rng, patient, seizure, time_s)
    if not seizure.subtle:
        data += _muscle(rng, patient, seizure, time_s)
    return data


def _recruitment(
    patient: SimulatedPatient, seizure: SimulatedSeizure
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When each source joins, in seconds after the early stage, and how strongly; both of shape (n_sources,)."""
    epilepsy = patient.epilepsy
    rng = patient.draws("recruitment", seizure.index)
    focus = np.array(epilepsy.focus)
    reach_mm = _SUBTLE_REACH_MM if seizure.subtle else epilepsy.reach_mm
    distance = distances_mm(focus)
    arrival_s, reach = distance / epilepsy.spread_mm_s, np.exp(-distance / reach_mm)
    if epilepsy.bitemporal and not seizure.subtle:
        mirrored = distances_mm(focus * [-1, 1, 1])
        delay_s, share = rng.uniform(0.5, 5), rng.uniform(0.5, 1.0)
        arrival_s = np.minimum(arrival_s, delay_s + mirrored / epilepsy.spread_mm_s)
        reach = np.maximum(reach, share * np.exp(-mirrored / reach_mm))
    if seizure.generalised:
        everywhere_s = 0.5 if epilepsy.kind == "generalised" else 0.35 * (seizure.offset_s - seizure.onset_s)
        late = np.maximum(reach, rng.uniform(0.5, 0.9))
        arrival_s = np.where(late > reach, np.minimum(arrival_s, everywhere_s), arrival_s)
        reach = late
    return arrival_s, reach


def _envelope(
    rng: np.random.Generator,
    seizure: SimulatedSeizure,
    time_s: NDArray[np.float32],
    arrival_s: NDArray[np.float64],
    reach: NDArray[np.float64],
    sfreq: float,
) -> NDArray[np.float32]:
    """Amplitude of every active source, shape (n_active, n_times)."""
    middle_s = (seizure.early_s + arrival_s)[:, None].astype(np.float32)
    growth_s = np.float32(rng.uniform(0.8, 2.5))
    grown = 1 / (1 + np.exp(np.clip((middle_s - time_s) / growth_s, -30, 30)))
    share = time_s / time_s[-1]
    swell = 0.6 + 0.4 * np.minimum(share / 0.5, 1)
    end = np.clip((time_s[-1] - time_s) / 1.5, 0, 1) * _clonic_gate(rng, time_s, sfreq)
    restless = np.exp(0.3 * slow_noise(rng, (len(reach), len(time_s)), sfreq, cutoff_hz=0.6))
    return np.asarray(reach[:, None] * grown * restless * (swell * end), dtype=np.float32)


def _clonic_gate(rng: np.random.Generator, time_s: NDArray[np.float32], sfreq: float) -> NDArray[np.float32]:
    """In half of the seizures the last part breaks into bursts with longer and longer pauses."""
    if rng.random() < 0.5:
        return np.ones_like(time_s)
    begin = rng.uniform(0.65, 0.85)
    share = np.clip((time_s / time_s[-1] - begin) / (1 - begin), 0, 1)
    burst_hz = 2.2 - 1.4 * share
    phase = 2 * np.pi * np.cumsum(burst_hz) / sfreq
    depth = np.minimum(4 * share, 0.95)
    return np.asarray(1 - depth / (1 + np.exp(8 * (np.cos(phase) + 0.6 - 0.9 * share))), dtype=np.float32)


def _rhythm_waves(
    rng: np.random.Generator, patient: SimulatedPatient, time_s: NDArray[np.float32], arrival_s: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Discharges that slow down along a logistic and sharpen, of unit variance, shape (n_active, n_times)."""
    epilepsy, sfreq = patient.epilepsy, patient.acquisition.sfreq
    share = time_s / time_s[-1]
    falling = 1 / (1 + np.exp(9 * (share - np.float32(rng.uniform(0.35, 0.6)))))
    hz = epilepsy.end_hz + (epilepsy.start_hz - epilepsy.end_hz) * falling
    wander = slow_noise(rng, (1, len(time_s)), sfreq, cutoff_hz=0.3)[0]
    phase = (2 * np.pi * np.cumsum(hz * np.exp(0.08 * wander), dtype=np.float64) / sfreq) % (2 * np.pi)
    apart = slow_noise(rng, (len(arrival_s), len(time_s)), sfreq, cutoff_hz=0.4)
    lag = (0.12 * epilepsy.spread_mm_s * np.minimum(arrival_s, 12) / 5)[:, None].astype(np.float32)
    angle = phase.astype(np.float32) - lag + np.float32(0.45) * apart
    # A von Mises pulse train: nearly a sine for small sharpness, a train of sharp waves for large.
    sharpness = 0.4 + (np.float32(rng.uniform(2.0, 5.0)) - 0.4) * share
    mean, power = i0e(sharpness), i0e(2 * sharpness)
    return np.asarray((np.exp(sharpness * (np.cos(angle) - 1)) - mean) / np.sqrt(power - mean**2), dtype=np.float32)


def _epileptor_waves(
    rng: np.random.Generator,
    patient: SimulatedPatient,
    seizure: SimulatedSeizure,
    time_s: NDArray[np.float32],
    arrival_s: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Discharges of two coupled Epileptors, shape (n_active, n_times); a source follows the nearest in time."""
    sfreq = patient.acquisition.sfreq
    begin = round(0.8 * seizure.early_s * sfreq)
    delays_s = (0.0, float(rng.uniform(2, 8)))
    duration_s = (len(time_s) - begin) / sfreq
    nodes = np.zeros((len(delays_s), len(time_s)), dtype=np.float32)
    nodes[:, begin:] = run_epileptor(rng, delays_s=delays_s, duration_s=duration_s, sfreq=sfreq)
    closeness = np.exp(-np.abs(arrival_s[:, None] - np.array(delays_s)) / 2.0) + 0.02
    weights = closeness / np.sqrt((closeness**2).sum(axis=1, keepdims=True))
    return np.asarray(weights.astype(np.float32) @ nodes, dtype=np.float32)


def _amplitude_uv(rng: np.random.Generator, patient: SimulatedPatient) -> float:
    return patient.epilepsy.amplitude_uv * float(np.exp(0.2 * rng.standard_normal()))


def _established_rms(data: NDArray[np.float32], time_s: NDArray[np.float32], seizure: SimulatedSeizure) -> float:
    """RMS at the strongest electrodes, against the average, while the seizure is in full course."""
    from_s = seizure.early_s + 0.3 * (time_s[-1] - seizure.early_s)
    established = data[:, (time_s > from_s) & (time_s < 0.85 * time_s[-1])]
    rms = np.sqrt(np.mean((established - established.mean(axis=0)) ** 2, axis=1))
    return float(np.mean(np.sort(rms)[-3:]))


def _early_chirp(
    rng: np.random.Generator, patient: SimulatedPatient, seizure: SimulatedSeizure, time_s: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Draw the early stage: small fast activity at the focus, from about 20 to 16 Hz, and a small slow rhythm."""
    epilepsy, sfreq = patient.epilepsy, patient.acquisition.sfreq
    pattern = leadfield() @ np.exp(-0.5 * (distances_mm(np.array(epilepsy.focus)) / 20) ** 2)
    pattern /= np.abs(pattern).max()
    rise = np.minimum(time_s / 2.0, 1)
    fade = 1 / (1 + np.exp(np.clip((time_s - seizure.early_s - 2) / 1.0, -30, 30)))
    fast_hz = rng.uniform(17, 23) - 4.0 * np.clip(time_s / seizure.early_s, 0, 1)
    slow_hz = epilepsy.start_hz * rng.uniform(0.8, 1.1)
    wander = slow_noise(rng, (3, len(time_s)), sfreq, cutoff_hz=0.6)
    fast = np.sin(2 * np.pi * np.cumsum(fast_hz) / sfreq + 0.5 * wander[0]) * np.exp(0.3 * wander[1])
    slow = np.sin(2 * np.pi * slow_hz * time_s + 0.8 * wander[2]) * np.clip(time_s / seizure.early_s, 0, 1)
    # A subtle seizure is small because it does not grow: its beginning is that of any other.
    strength_uv = _EARLY_AMPLITUDE * _amplitude_uv(rng, patient)
    return np.asarray(pattern[:, None] * (strength_uv * rise * fade * (0.35 * fast + 0.8 * slow)), dtype=np.float32)


def _muscle(
    rng: np.random.Generator, patient: SimulatedPatient, seizure: SimulatedSeizure, time_s: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Abrupt bursts of muscle once the seizure is established, in most seizures."""
    if rng.random() < 0.15:
        return np.zeros((1, 1), dtype=np.float32)
    sfreq = patient.acquisition.sfreq
    strength_uv = float(np.clip(14 * np.exp(0.6 * rng.standard_normal()), 3, 45))
    strength_uv *= 1.4 if seizure.generalised else 1.0
    # Long contractions, and the short strong ones of lip smacking and jerks, which all muscles share.
    tonic = burst_gate(rng, len(time_s), sfreq, bursts_per_s=0.2, burst_s=2.5)
    jerks = 2.5 * burst_gate(rng, len(time_s), sfreq, bursts_per_s=float(rng.uniform(0.1, 0.7)), burst_s=0.3)
    own = [burst_gate(rng, len(time_s), sfreq, bursts_per_s=0.15, burst_s=1.0) for _ in MUSCLES]
    begun = 1 / (1 + np.exp(np.clip((seizure.early_s + 3 - time_s) / 0.7, -30, 30)))
    course = begun * np.clip((time_s[-1] - time_s) / 0.5, 0, 1)
    gates = np.maximum(np.maximum(tonic, jerks), own) * course
    activity = muscle_noise(rng, (len(MUSCLES), len(time_s)), sfreq) * (strength_uv * gates)
    jaw = (field_of("F7", width=0.3) + field_of("F8", width=0.3)).astype(np.float32)
    swing = 1.5 * strength_uv * jerks * course * slow_noise(rng, (1, len(time_s)), sfreq, cutoff_hz=3.0)
    return np.asarray(seen_on_scalp(patient, activity) + jaw[:, None] * swing)
