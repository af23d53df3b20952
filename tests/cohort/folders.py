"""Small data sets in the layouts that eegwarn reads."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from edfio import Edf, EdfAnnotation, EdfSignal, Patient, Recording

from eegwarn.cohort import CohortRecording
from eegwarn.cohort import Patient as CohortPatient
from eegwarn.events import SeizureEvent

BIPOLAR = (
    "FP1-F7 F7-T7 T7-P7 P7-O1 FP1-F3 F3-C3 C3-P3 P3-O1 FZ-CZ CZ-PZ FP2-F4 F4-C4 C4-P4 P4-O2 FP2-F8 F8-T8 T8-P8 P8-O2"
).split()


def write_edf(
    path: Path,
    *,
    labels: Sequence[str] = BIPOLAR,
    duration_s: int = 10,
    sfreq: int = 64,
    start: datetime | None = None,
    annotations: Sequence[tuple[float, float | None, str]] | None = None,
    patient: Patient | None = None,
    data_uv: np.ndarray | None = None,
) -> Path:
    """Write noise of 30 µV, or the given data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if data_uv is None:
        data_uv = np.random.default_rng(0).normal(0, 30, (len(labels), duration_s * sfreq))
    signals = [
        EdfSignal(row, sfreq, label=label, physical_dimension="uV", physical_range=(-3000, 3000))
        for label, row in zip(labels, data_uv, strict=True)
    ]
    Edf(
        signals,
        patient=patient,
        recording=Recording(startdate=start.date() if start else None),
        starttime=start.time() if start else None,
        annotations=None if annotations is None else [EdfAnnotation(*one) for one in annotations],
        data_record_duration=1,
    ).write(path)
    return path


def write_summary(path: Path, files: dict[str, tuple[str | None, list[tuple[float, float]]]]) -> None:
    """Write a CHB-MIT summary: file name to (start clock, seizures)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["Data Sampling Rate: 64 Hz", ""]
    for name, (clock, seizures) in files.items():
        lines += [f"File Name: {name}"]
        lines += [f"File Start Time: {clock}"] if clock else []
        lines += [f"Number of Seizures in File: {len(seizures)}"]
        for onset, offset in seizures:
            lines += [f"Seizure Start Time: {onset} seconds", f"Seizure End Time: {offset} seconds"]
        lines.append("")
    path.write_text("\n".join(lines))


def patient_of(
    patient_id: str, seizures: Sequence[int], *, subject_id: str | None = None, hours: float = 1.0
) -> CohortPatient:
    """A patient whose recordings have the given numbers of seizures; nothing is on disk."""
    recordings = tuple(
        CohortRecording(
            path=Path(f"/data/{patient_id}/{patient_id}_{i:02d}.edf"),
            patient_id=patient_id,
            subject_id=subject_id or patient_id,
            events=tuple(SeizureEvent(60.0 * k, 60.0 * k + 20) for k in range(n)),
            duration_s=3600 * hours,
            sfreq=256.0,
            start_s=3600 * hours * i,
            position=i,
        )
        for i, n in enumerate(seizures)
    )
    return CohortPatient(patient_id, recordings)
