"""Small EDF files for the tests of the signal path."""

from pathlib import Path

import numpy as np
from edfio import Edf, EdfAnnotation, EdfSignal, Patient

from eegwarn.signal import Channel, Recording

ELECTRODES = "Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T3 T4 T5 T6 Fz Cz Pz".split()


def noise_uv(n_channels: int, n_times: int, *, seed: int = 0, amplitude_uv: float = 30.0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n_channels, n_times)) * amplitude_uv


def write_edf(
    path: Path,
    data_uv: np.ndarray,
    *,
    labels: list[str] | None = None,
    sfreq: float = 256,
    annotations: tuple[EdfAnnotation, ...] = (),
    patient: Patient | None = None,
    unit: str = "uV",
    scale: float = 1.0,
) -> Path:
    labels = labels or [f"EEG {name}-REF" for name in ELECTRODES]
    span = max(float(np.nanmax(np.abs(data_uv))) * scale, 1e-3)
    signals = [
        EdfSignal(row * scale, sfreq, label=label, physical_dimension=unit, physical_range=(-span, span))
        for label, row in zip(labels, data_uv, strict=True)
    ]
    Edf(signals, annotations=annotations, patient=patient, data_record_duration=1).write(path)
    return path


def recording_of(data_uv: np.ndarray, *, sfreq: float = 256, names: list[str] | None = None) -> Recording:
    data = data_uv.astype(np.float32)
    channels = tuple(Channel(*name.split("-")) for name in names or [name.upper() for name in MODERN])
    return Recording("in memory", sfreq, channels, data.shape[1], lambda start, stop: data[:, start:stop].copy())


MODERN = "FP1 FP2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T7 T8 P7 P8 FZ CZ PZ".split()
