"""Recordings and a model that are small enough to score in a second, written as real files."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
from edfio import Edf, EdfAnnotation, EdfSignal
from edfio import Patient as EdfPatient
from edfio import Recording as EdfRecording

from app.viewer import markup, style
from eegwarn.bedside.scoring import Scored
from eegwarn.warning.alarm import Alarm, Fault

SFREQ = 256
DURATION_S = 180
SEIZURE_S = (90, 120)
ELECTRODES = "Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T3 T4 T5 T6 Fz Cz Pz".split()


def write_edf(
    path: Path,
    data_uv: Mapping[str, np.ndarray],
    *,
    marks: tuple[EdfAnnotation, ...] = (),
    start: datetime | None = None,
    patient: EdfPatient | None = None,
) -> Path:
    """Write channels in µV at 256 Hz as EDF+."""
    signals = [
        EdfSignal(values, SFREQ, label=label, physical_dimension="uV", physical_range=(-3276.8, 3276.7))
        for label, values in data_uv.items()
    ]
    Edf(
        signals,
        annotations=marks,
        patient=patient,
        recording=EdfRecording(startdate=start.date() if start else None),
        starttime=start.time() if start else None,
    ).write(path)
    return path


def simulated_uv(duration_s: int = DURATION_S, *, seed: int = 3) -> dict[str, np.ndarray]:
    """Noise on 19 electrodes, and a rhythm of 4 Hz that differs from electrode to electrode in the seizure."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(duration_s * SFREQ) / SFREQ
    in_seizure = (time_s >= SEIZURE_S[0]) & (time_s < SEIZURE_S[1])
    return {
        f"EEG {name}-REF": rng.normal(0, 12, time_s.size)
        + in_seizure * 120 * np.sin(2 * np.pi * 4 * time_s + number * 0.9)
        for number, name in enumerate(ELECTRODES)
    }


def scored_with(
    *, alarms: tuple[Alarm, ...] = (), faults: tuple[Fault, ...] = (), duration_s: float = 100.0, horizon_s: float = 0.0
) -> Scored:
    """A scored recording of 4 s windows every second, with the alarms and faults that are given."""
    start_s = np.arange(0.0, duration_s - 3.0)
    level = np.zeros_like(start_s)
    return Scored("test.edf", None, duration_s, 4.0, horizon_s, start_s, level, alarms, faults)


VIEWER_HTML = f"<style>{style()}</style>{markup()}"
"""The viewer's markup and style, for a page without a server."""
