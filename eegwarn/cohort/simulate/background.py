"""The EEG between seizures: rhythms and noise, shaped in frequency, mixed over the head, and paced by vigilance."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from eegwarn.cohort.simulate.course import ictal_course, postictal_course, preictal_course
from eegwarn.cohort.simulate.geometry import leadfield, near, source_positions
from eegwarn.cohort.simulate.muscle import MUSCLES, muscle_patterns
from eegwarn.cohort.simulate.patient import SimulatedPatient
from eegwarn.cohort.simulate.timeline import smooth_noise, vigilance

BLOCK_S = 60
FADE_S = 4
_NOISE_S = BLOCK_S + FADE_S
_CONTROL_HZ = 8
_EPOCH_FADE_S = 6.0


@dataclass(frozen=True)
class _Component:
    """One part of the background: how many independent streams it has, and its gain by vigilance.

    ``gain_by_state`` is for wake, drowsy, N2, N3 and REM; ``pace_log_sd`` and ``drift_log_sd`` are the spreads of the
    gain within a minute and over ten; ``preictal``, ``ictal`` and ``postictal`` are the relative changes at full
    strength: a seizure rouses a sleeper and drowns the resting rhythms.
    """

    n_streams: int
    gain_by_state: tuple[float, float, float, float, float]
    pace_log_sd: float
    drift_log_sd: float = 0.22
    preictal: float = 0.0
    ictal: float = 0.0
    postictal: float = 0.0


_COMPONENTS = {
    "aperiodic": _Component(10, (1.0, 1.05, 1.15, 1.3, 0.95), 0.10, postictal=0.15),
    "alpha": _Component(5, (1.0, 0.5, 0.2, 0.1, 0.25), 0.25, preictal=-0.2, ictal=-0.7, postictal=-0.7),
    "theta": _Component(5, (1.0, 1.6, 1.5, 1.2, 1.4), 0.25, preictal=0.45, ictal=-0.3, postictal=0.8),
    "delta": _Component(4, (1.0, 1.2, 2.2, 4.0, 1.0), 0.25, ictal=-0.5, postictal=1.5),
    "sigma": _Component(4, (0.1, 0.3, 1.4, 0.7, 0.2), 0.5, ictal=-0.8),
    "beta": _Component(6, (1.0, 0.9, 0.7, 0.5, 0.9), 0.25, preictal=0.6, postictal=-0.3),
    "emg": _Component(len(MUSCLES), (1.0, 0.6, 0.3, 0.2, 0.1), 0.45, drift_log_sd=0.6, postictal=-0.3),
}


class Background:
    """The background of one patient, made in pieces of a minute.

    Parameters
    ----------
    patient : SimulatedPatient
        Whose EEG it is.
    """

    def __init__(self, patient: SimulatedPatient) -> None:
        self._patient = patient
        self._n_noise = round(_NOISE_S * patient.acquisition.sfreq)
        self._n_fade = round(FADE_S * patient.acquisition.sfreq)
        self._bands = [_band(patient, name, self._n_noise) for name in _COMPONENTS]
        self._mixing = np.hstack([_mixing(patient, name) for name in _COMPONENTS]).astype(np.float32)
        ramp = np.linspace(0, np.pi / 2, self._n_fade, endpoint=False)
        self._fade_in, self._fade_out = np.sin(ramp).astype(np.float32), np.cos(ramp).astype(np.float32)
        self._tail_of: tuple[int, NDArray[np.float32]] | None = None

    def block_uv(self, block: int) -> NDArray[np.float32]:
        """Make minute number ``block``, shape (n_electrodes, n_times), in µV."""
        noise = self._noise_uv(block)
        n_block = self._n_noise - self._n_fade
        if block > 0:
            noise[:, : self._n_fade] *= self._fade_in
            noise[:, : self._n_fade] += self._tail_uv(block - 1)
        self._tail_of = (block, noise[:, n_block:] * self._fade_out)
        return noise[:, :n_block]

    def _tail_uv(self, block: int) -> NDArray[np.float32]:
        """Make what minute ``block`` leaves to the next: the last seconds of its noise, fading out."""
        if self._tail_of is None or self._tail_of[0] != block:
            noise = self._noise_uv(block)
            self._tail_of = (block, noise[:, -self._n_fade :] * self._fade_out)
        return self._tail_of[1]

    def _noise_uv(self, block: int) -> NDArray[np.float32]:
        rng = self._patient.draws("background", block)
        start_s = block * float(BLOCK_S)
        control_s = start_s + np.arange(_NOISE_S * _CONTROL_HZ + 1) / _CONTROL_HZ
        gains = _gains(self._patient, control_s)
        sample = np.arange(self._n_noise) * (_CONTROL_HZ / self._patient.acquisition.sfreq)
        streams = np.empty((self._mixing.shape[1], self._n_noise), dtype=np.float32)
        row = 0
        for (first, shape), gain, component in zip(self._bands, gains, _COMPONENTS.values(), strict=True):
            rows = slice(row, row + component.n_streams)
            spectrum = np.zeros((component.n_streams, self._n_noise // 2 + 1), dtype=np.complex64)
            normals = rng.standard_normal((component.n_streams, 2 * len(shape)), dtype=np.float32)
            spectrum[:, first : first + len(shape)] = normals.view(np.complex64) * shape
            streams[rows] = scipy.fft.irfft(spectrum, self._n_noise, axis=1, overwrite_x=True)
            streams[rows] *= np.interp(sample, np.arange(len(gain)), gain).astype(np.float32)
            row += component.n_streams
        return self._mixing @ streams


def _band(patient: SimulatedPatient, name: str, n_times: int) -> tuple[int, NDArray[np.float32]]:
    """First frequency bin of a component and its amplitude there, scaled to unit variance in time."""
    rhythms = patient.rhythms
    hz = np.arange(n_times // 2 + 1) * patient.acquisition.sfreq / n_times
    top_hz = min(0.45 * patient.acquisition.sfreq, 110.0)
    peaks = {
        "alpha": _peak(hz, rhythms.alpha_hz, 0.9) + 0.15 * _peak(hz, 2 * rhythms.alpha_hz, 1.6),
        "theta": _peak(hz, 5.6, 1.3),
        "delta": _peak(hz, 1.6, 0.8),
        "sigma": _peak(hz, rhythms.sigma_hz, 0.5),
        "beta": _peak(hz, 19.0, 4.0),
        "emg": (hz > 15) * np.minimum((hz / 30) ** 1.0, 1.0) / (1 + (hz / 80) ** 2),
        "aperiodic": np.maximum(hz, 1.0) ** (-rhythms.aperiodic_slope / 2),
    }
    amplitude = np.where((hz >= 0.3) & (hz < top_hz), peaks[name], 0.0)
    used = np.flatnonzero(amplitude > 1e-3 * amplitude.max())
    first, stop = int(used[0]), int(used[-1]) + 1
    amplitude = amplitude[first:stop]
    return first, np.asarray(amplitude * n_times / np.sqrt(4 * np.sum(amplitude**2)), dtype=np.float32)


def _peak(hz: NDArray[np.float64], centre_hz: float, sd_hz: float) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.25 * ((hz - centre_hz) / sd_hz) ** 2))


def _mixing(patient: SimulatedPatient, name: str) -> NDArray[np.float64]:
    """Electrodes by streams: the leading spatial patterns of a component, scaled to its amplitude in µV."""
    component = _COMPONENTS[name]
    rng = patient.draws(f"mixing {name}")
    if name == "emg":
        patterns = muscle_patterns(patient).astype(np.float64)
    else:
        weight = _region(name) * np.exp(0.35 * rng.standard_normal(len(source_positions())))
        patch = np.array([near(source / np.linalg.norm(source), 22.0) for source in source_positions()])
        left, scale, _ = np.linalg.svd(leadfield() @ (patch * weight), full_matrices=False)
        patterns = left[:, : component.n_streams] * scale[: component.n_streams]
    centred = patterns - patterns.mean(axis=0)
    amplitude_uv = float(getattr(patient.rhythms, f"{name}_uv"))
    return np.asarray(patterns * amplitude_uv / np.median(np.linalg.norm(centred, axis=1)))


def _region(name: str) -> NDArray[np.float64]:
    """Weight of every source in a component, shape (n_sources,)."""
    occipital = near("O1", 35) + near("O2", 35) + near("PZ", 30)
    frontal = near("FZ", 40) + near("F3", 35) + near("F4", 35)
    temporal = near("T7", 35) + near("T8", 35)
    return {
        "aperiodic": np.ones(len(source_positions())),
        "alpha": occipital + 0.08,
        "theta": frontal + temporal + 0.3,
        "delta": frontal + 0.5,
        "sigma": near("CZ", 40) + 0.6 * near("FZ", 35) + 0.02,
        "beta": frontal + near("C3", 35) + near("C4", 35) + 0.2,
    }[name]


@cache
def _state_gains() -> NDArray[np.float64]:
    return np.array([component.gain_by_state for component in _COMPONENTS.values()])


def _gains(patient: SimulatedPatient, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain of every component at every control time, shape (n_components, n_control)."""
    steps = np.linspace(-_EPOCH_FADE_S / 2, _EPOCH_FADE_S / 2, 7)
    states = vigilance(patient, np.maximum(time_s[:, None] + steps, 0.0))
    gains = _state_gains()[:, states].mean(axis=2)
    gains *= np.exp(0.2 * smooth_noise(patient, "drift", time_s, spacing_s=437.0))
    preictal, ictal = preictal_course(patient, time_s), ictal_course(patient, time_s)
    postictal = postictal_course(patient, time_s)
    for row, (name, component) in enumerate(_COMPONENTS.items()):
        drift = component.drift_log_sd * smooth_noise(patient, f"drift {name}", time_s, spacing_s=613.0)
        pace = component.pace_log_sd * smooth_noise(patient, f"pace {name}", time_s, spacing_s=2.9)
        change = 1 + component.preictal * preictal + component.ictal * ictal + component.postictal * postictal
        gains[row] *= np.exp(drift + pace) * np.maximum(change, 0.1)
        if name == "alpha":
            eyes = smooth_noise(patient, "eyes", time_s, spacing_s=19.0)
            gains[row] *= 0.35 + 0.65 / (1 + np.exp(-6 * eyes))
    return np.asarray(gains)
