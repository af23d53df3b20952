"""What is in an EEG besides the brain's rest and its seizures: spikes, mimics, eyes, muscles, movement, electrodes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort.simulate.course import preictal_course
from eegwarn.cohort.simulate.geometry import ELECTRODES, leadfield, near
from eegwarn.cohort.simulate.muscle import MUSCLES, burst_gate, field_of, muscle_noise, seen_on_scalp
from eegwarn.cohort.simulate.noise import band_noise, slow_noise
from eegwarn.cohort.simulate.patient import SimulatedPatient
from eegwarn.cohort.simulate.timeline import vigilance

_HOUR_S = 3600.0

Draw = Callable[[np.random.Generator, SimulatedPatient], NDArray[np.float32]]


@dataclass(frozen=True)
class _Kind:
    """One kind of event.

    ``rate_by_state`` is the number an hour in wake, drowsy, N2, N3 and REM; ``longest_s`` bounds its length; ``draw``
    gives its potential, shape (n_electrodes, n_times), in µV.
    """

    rate_by_state: tuple[float, float, float, float, float]
    longest_s: float
    draw: Draw


def events_between(
    patient: SimulatedPatient, start_s: float, stop_s: float
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Give every event that may reach into a stretch of time: its onset (s) and its potential (µV).

    Potentials have the shape (n_electrodes, n_times); onsets are in the patient's time.
    """
    for name, kind in KINDS.items():
        from_s = start_s - kind.longest_s
        for hour in range(max(int(from_s // _HOUR_S), 0), int(stop_s // _HOUR_S) + 1):
            onsets_s = event_onsets_s(patient, name, hour)
            for number in np.flatnonzero((onsets_s > from_s) & (onsets_s < stop_s)):
                rng = patient.draws(f"{name} shape", hour * 2**16 + int(number))
                yield float(onsets_s[number]), kind.draw(rng, patient)


@lru_cache(maxsize=256)
def event_onsets_s(patient: SimulatedPatient, kind: str, hour: int) -> NDArray[np.float64]:
    """Draw the onsets of one kind in one hour of the patient's time: a Poisson process thinned by vigilance.

    In s of the patient's time, rising, shape (n_events,).
    """
    rates = np.array(KINDS[kind].rate_by_state)
    factor = patient.config.artefact_rate
    if kind == "spike":
        factor = patient.epilepsy.spikes_per_hour * (1 + 2.5 * patient.epilepsy.preictal_strength)
    rng = patient.draws(kind, hour)
    n_events = rng.poisson(rates.max() * factor)
    onsets_s = _HOUR_S * (hour + rng.random(n_events))
    order = np.argsort(onsets_s)
    kept = rng.random(n_events)[order] * rates.max()
    onsets_s = onsets_s[order]
    if n_events == 0:
        return np.asarray(onsets_s)
    rate = rates[vigilance(patient, onsets_s)]
    if kind == "spike":
        preictal = preictal_course(patient, onsets_s)
        rate = rate * (1 + 2.5 * preictal) / (1 + 2.5 * patient.epilepsy.preictal_strength)
    return np.asarray(onsets_s[kept < rate])


def _times_s(patient: SimulatedPatient, duration_s: float) -> NDArray[np.float32]:
    return (np.arange(round(duration_s * patient.acquisition.sfreq)) / patient.acquisition.sfreq).astype(np.float32)


def _outer(pattern: NDArray[np.float64], wave: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.outer(pattern, wave).astype(np.float32)


def _patch(place: NDArray[np.float64] | str, width_mm: float) -> NDArray[np.float64]:
    """Give what the electrodes see of a patch of cortex, shape (n_electrodes,), 1 at the strongest."""
    pattern = leadfield() @ near(place, width_mm)
    return np.asarray(pattern / np.abs(pattern).max())


def _hanning(time_s: NDArray[np.float32], edge_s: float) -> NDArray[np.float32]:
    """Rise and fall over ``edge_s`` at both ends."""
    edge = np.clip(np.minimum(time_s, time_s[-1] - time_s) / edge_s, 0, 1)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * edge), dtype=np.float32)


def _spike(rng: np.random.Generator, patient: SimulatedPatient) -> NDArray[np.float32]:
    """Draw an interictal spike or sharp wave near the focus with its slow wave."""
    time_s = _times_s(patient, 0.6)
    width_s = rng.uniform(0.012, 0.035)
    peak = np.exp(-0.5 * ((time_s - 0.12) / width_s) ** 2)
    after = np.exp(-0.5 * ((time_s - 0.12 - 2.2 * width_s) / (1.6 * width_s)) ** 2)
    slow = np.exp(-0.5 * ((time_s - 0.32) / 0.075) ** 2)
    place = np.array(patient.epilepsy.focus) + 0.15 * rng.standard_normal(3)
    pattern = _patch(place / np.linalg.norm(place), rng.uniform(12, 28))
    amplitude_uv = 55 * np.exp(0.45 * rng.standard_normal())
    return _outer(-amplitude_uv * pattern, peak - 0.45 * after - rng.uniform(0.15, 0.6) * slow)


def _sharp_transient(rng: np.random.Generator, patient: SimulatedPatient) -> NDArray[np.float32]:
    """Draw a vertex wave, a K-complex or a wicket: sharp, but no sign of epilepsy."""
    time_s = _times_s(patient, 1.4)
    width_s = rng.uniform(0.03, 0.08)
    wave = np.exp(-0.5 * ((time_s - 0.3) / width_s) ** 2) - 0.7 * np.exp(
        -0.5 * ((time_s - 0.3 - 3.5 * width_s) / (2.2 * width_s)) ** 2
    )
    place = ("CZ", "CZ", "FZ", "T7", "T8")[rng.integers(5)]
    return _outer(-45 * np.exp(0.4 * rng.standard_normal()) * _patch(place, 30), wave)


def _blink(rng: np.random.Generator, patient: SimulatedPatient) -> NDArray[np.float32]:
    time_s = _times_s(patient, 0.6)
    width_s = rng.uniform(0.05, 0.09)
    wave = np.exp(-0.5 * ((time_s - 0.2) / width_s) ** 2) - 0.15 * np.exp(-0.5 * ((time_s - 0.42) / 0.07) ** 2)
    pattern = field_of("FP1", width=0.15) + rng.uniform(0.8, 1.2) * field_of("FP2", width=0.15)
    return _outer(80 * np.exp(0.35 * rng.standard_normal()) * pattern, wave)


def _eye_movement(rng: np.random.Generator, patient: SimulatedPatient) -> NDArray[np.float32]:
    """Draw a glance to one side: F7 and F8 step apart and decay through the amplifier."""
    time_s = _times_s(patient, 2.5)
    wave = np.minimum(time_s / 0.04, 1) * np.exp(-time_s / rng.uniform(0.3, 0.9))
    pattern = field_of("F7", width=0.12) - field_of("F8", width=0.12)
    return _outer(rng.choice([-1, 1]) * 35 * np.exp(0.4 * rng.standard_normal()) * pattern, wave)


def _chewing(rng: np.random.Generator, patient: SimulatedPatient) -> NDArray[np.float32]:
    sfreq = patient.acquisition.sfreq
    time_s = _times_s(patient, float(rng.uniform(4, 20)))
    rhythm = np.cos(
        2 * np.pi * rng.uniform(0.9, 2.0) * time_s + 0.6 * slow_noise(rng, (1, len(time_s)), sfreq, cutoff_hz=0.5)[0]
    )
    gate = _hanning(time_s, 0.5) / (1 + np.exp(-8 * (rhythm - 0.3)))
    activity = muscle_noise(rng, (len(MUSCLES), len(time_s)), sfreq) * gate
    strength_uv = 25 * np.exp(0.5 * rng.standard_normal())
    tongue = field_of("F7", width=0.3) + field_of("F8", width=0.3)
    slow = 0.6 * strength_uv * gate * np.sin(np.pi * rhythm)
    return seen_on_scalp(patient, strength_uv * activity) + _outer(tongue, slow)


def _muscle_burst(rng: np.random.Generator, patient: SimulatedPatient) -> NDArray[np.float32]:
    """Draw a clench, a frown or a swallow."""
    sfreq = patient.acquisition.sfreq
    time_s = _times_s(patient, float(rng.uniform(1, 12)))
    gate = burst_gate(rng, len(time_s), sfreq, bursts_per_s=0.5, burst_s=1.2) * _hanning(time_s, 0.1)
    share = np.where(rng.random(len(MUSCLES)) < 0.5, 1.0, 0.15)
    activity = muscle_noise(rng, (len(MUSCLES), len(time_s)), sfreq) * gate
    strength_uv = 24 * np.exp(0.5 * rng.standard_normal())
    return seen_on_scalp(patient, strength_uv * share[:, None] * activity)


def _movement(rng: np.random.Generator, patient: SimulatedPatient) -> NDArray[np.float32]:
    """Draw large slow swings at many electrodes; one in three is rhythmic, as when a limb shakes or a bed is rocked."""
    sfreq = patient.acquisition.sfreq
    time_s = _times_s(patient, float(rng.uniform(1.5, 12)))
    waves = band_noise(rng, (3, len(time_s)), sfreq, low_hz=0.4, high_hz=4.0, slope=1.5)
    if rng.random() < 0.35:
        hz = rng.uniform(1.0, 4.5)
        jitter = 0.5 * slow_noise(rng, (1, len(time_s)), sfreq, cutoff_hz=0.5)[0]
        waves[0] = 1.8 * np.sin(2 * np.pi * hz * time_s + jitter)
    patterns = rng.standard_normal((len(ELECTRODES), 3)) * np.exp(0.8 * rng.standard_normal((len(ELECTRODES), 1)))
    amplitude_uv = 20 * np.exp(0.6 * rng.standard_normal())
    moved = (amplitude_uv * patterns).astype(np.float32) @ (waves * _hanning(time_s, 0.4))
    tense = 0.5 * amplitude_uv * muscle_noise(rng, (len(MUSCLES), len(time_s)), sfreq) * _hanning(time_s, 0.2)
    return np.asarray(moved + seen_on_scalp(patient, tense))


def _electrode_pop(rng: np.random.Generator, patient: SimulatedPatient) -> NDArray[np.float32]:
    time_s = _times_s(patient, 2.0)
    pattern = field_of(ELECTRODES[rng.integers(len(ELECTRODES))], width=0.005)
    amplitude_uv = rng.choice([-1, 1]) * 130 * np.exp(0.5 * rng.standard_normal())
    return _outer(amplitude_uv * pattern, np.minimum(time_s / 0.006, 1) * np.exp(-time_s / rng.uniform(0.1, 0.4)))


def _ictal_mimic(rng: np.random.Generator, patient: SimulatedPatient) -> NDArray[np.float32]:
    """Draw rhythmic slow activity that comes and goes as a seizure might, but does not recruit.

    Rhythmic temporal theta of drowsiness, frontal delta, slowing at the focus; some slow down a little or come with
    muscle, as an arousal does.
    """
    sfreq = patient.acquisition.sfreq
    time_s = _times_s(patient, float(rng.uniform(8, 60)))
    place = ("focus", "T7", "T8", "FZ", "PZ")[rng.integers(5)]
    hz = rng.uniform(1.8, 3.0) if place == "FZ" else rng.uniform(4.0, 7.0)
    drift = rng.choice([0.0, 0.25]) * time_s / time_s[-1]
    wander, swell = slow_noise(rng, (2, len(time_s)), sfreq, cutoff_hz=0.5)
    phase = 2 * np.pi * np.cumsum(hz * (1 - drift) * np.exp(0.06 * wander)) / sfreq
    sharpness = rng.uniform(0.2, 2.5)
    wave = np.exp(sharpness * (np.cos(phase) - 1))
    wave = (wave - wave.mean()) / wave.std() * np.exp(0.4 * swell) * _hanning(time_s, min(4.0, time_s[-1] / 3))
    point = np.array(patient.epilepsy.focus) if place == "focus" else place
    amplitude_uv = 30 * np.exp(0.5 * rng.standard_normal())
    data = _outer(amplitude_uv * _patch(point, rng.uniform(20, 55)), wave)
    if rng.random() < 0.45:
        gate = burst_gate(rng, len(time_s), sfreq, bursts_per_s=0.15, burst_s=2.0)
        activity = 18 * gate * muscle_noise(rng, (len(MUSCLES), len(time_s)), sfreq)
        data += seen_on_scalp(patient, activity)
    return data


# Rates an hour in wake, drowsy, N2, N3 and REM; a spike's are multiples of the patient's own rate.
KINDS: dict[str, _Kind] = {
    "spike": _Kind((1.0, 1.5, 2.2, 2.5, 0.6), 1, _spike),
    "sharp transient": _Kind((6, 40, 90, 30, 6), 2, _sharp_transient),
    "blink": _Kind((600, 120, 0, 0, 0), 1, _blink),
    "eye movement": _Kind((90, 60, 0, 0, 240), 3, _eye_movement),
    "chewing": _Kind((9, 2, 0, 0, 0), 20, _chewing),
    "muscle burst": _Kind((46, 22, 5, 4, 4), 12, _muscle_burst),
    "movement": _Kind((12, 8, 4, 2, 2), 12, _movement),
    "electrode pop": _Kind((4, 4, 4, 4, 4), 2, _electrode_pop),
    "ictal mimic": _Kind((14, 22, 14, 9, 7), 60, _ictal_mimic),
}
