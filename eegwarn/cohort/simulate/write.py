"""Simulated cohorts on disk: EDF files, experts' marks, and the truth apart from them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn import __version__
from eegwarn.cohort.simulate.config import SimulationConfig
from eegwarn.cohort.simulate.edf import edf_size, write_edf
from eegwarn.cohort.simulate.marks import rater_marks
from eegwarn.cohort.simulate.montage import Layout, RecordedMontage, recorded_montage
from eegwarn.cohort.simulate.patient import SimulatedPatient, simulate_patient
from eegwarn.cohort.simulate.signal import PatientSignal
from eegwarn.cohort.simulate.timeline import seizures_until
from eegwarn.config import to_table, to_toml
from eegwarn.errors import CohortError, ConfigError, OutputError
from eegwarn.events.event import SeizureEvent
from eegwarn.events.szcore import write_szcore_tsv
from eegwarn.whole_file import whole_file

DERIVATIVES = "derivatives"
"""Folder for what no reader of the cohort takes for a recording: the other raters' marks and the truth."""
TRUTH = "truth"
_BLOCK_S = 60
_SETTINGS = "simulation.toml"

Progress = Callable[[float, float], None]


@dataclass(frozen=True)
class _File:
    """One file to write: seconds of the patient's time, and where it goes."""

    number: int
    start_s: int
    n_s: int
    start: datetime
    montage: RecordedMontage
    path: Path


def write_cohort(
    folder: Path,
    *,
    n_patients: int,
    hours: float,
    seed: int,
    layout: Layout = "chb-mit",
    config: SimulationConfig | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a simulated cohort as a folder of EDF files with one expert's marks.

    The other experts' marks and the truth go to ``derivatives``, which cohort readers pass over. Called again with the
    same seed and settings, it keeps the files that are already complete and writes what is missing; more patients or
    more hours can be asked for.

    Parameters
    ----------
    folder : Path
        Created where it does not exist.
    n_patients : int
        How many, 1 to 999.
    hours : float
        Length of each patient's EEG, cut into files of ``config.recording_h``.
    seed : int
        0 to 2**32 - 1.
    layout : str
        ``"chb-mit"``: bipolar, with summary files. ``"bids"``: referential, with SzCORE event tables.
    config : SimulationConfig, optional
        Settings of the cohort.
    progress : callable, optional
        Called as ``progress(hours_done, hours_in_all)``.

    Raises
    ------
    ConfigError
        If a number is out of bounds.
    CohortError
        If the folder holds something else.
    OutputError
        If a file cannot be written; nothing half-written is left behind.
    """
    config = config or SimulationConfig()
    _check(n_patients, hours, layout)
    patients = [simulate_patient(number, seed=seed, config=config) for number in range(n_patients)]
    _claim(folder, config, seed, layout)
    report = progress or (lambda done, total: None)
    for number, patient in enumerate(patients):
        files = _plan(folder, patient, hours, layout)
        for file in files:
            _write_signal(file, patient, partial(_report_hours, report, number * hours, n_patients * hours))
            _report_hours(report, number * hours, n_patients * hours, (file.start_s + file.n_s) / 3600)
        _write_marks(folder, patient, files, layout)
        _write_truth(folder, patient, files)
    if layout == "bids":
        _write_text(folder / "dataset_description.json", json.dumps(_BIDS_DESCRIPTION, indent=2) + "\n")


def _report_hours(report: Progress, before_h: float, total_h: float, done_h: float) -> None:
    report(before_h + done_h, total_h)


_BIDS_DESCRIPTION = {
    "Name": "Simulated EEG with seizures",
    "BIDSVersion": "1.9.0",
    "DatasetType": "raw",
    "GeneratedBy": [{"Name": "eegwarn simulate", "Description": "No person's EEG: every sample is computed."}],
}


def _check(n_patients: int, hours: float, layout: str) -> None:
    if not 1 <= n_patients <= 999:
        raise ConfigError(f"A cohort holds 1 to 999 patients, but got {n_patients}.")
    if not 0 < hours <= 24 * 365:
        raise ConfigError(f"Each patient's EEG lasts more than 0 and at most 8760 hours, but got {hours}.")
    if layout not in ("chb-mit", "bids"):
        raise ConfigError(f"Unknown layout {layout!r}. Allowed values are 'chb-mit' and 'bids'.")


def _claim(folder: Path, config: SimulationConfig, seed: int, layout: str) -> None:
    """Make the folder, or check that it holds a cohort of the same settings."""
    settings = to_toml({"eegwarn": __version__, "seed": seed, "layout": layout, "simulation": to_table(config)})
    path = folder / _SETTINGS
    if path.is_file():
        if path.read_text(encoding="utf-8") != settings:
            raise CohortError(
                f"{str(folder)!r} holds a cohort simulated with other settings or another version: compare {_SETTINGS} "
                "there. Choose another folder, or the same seed, layout and settings."
            )
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CohortError(f"{str(folder)!r} is not empty and holds no simulated cohort. Choose another folder.")
    except OSError as error:
        raise OutputError(f"{str(folder)!r} cannot be written: {error.strerror}. Choose another place.") from error
    _write_text(path, settings)


def _plan(folder: Path, patient: SimulatedPatient, hours: float, layout: Layout) -> list[_File]:
    total_s, step_s = max(1, round(hours * 3600)), max(1, round(patient.config.recording_h * 3600))
    files = []
    for number, start_s in enumerate(range(0, total_s, step_s)):
        if layout == "chb-mit":
            name = f"sim{patient.number + 1:02d}"
            path = folder / name / f"{name}_{number + 1:02d}.edf"
        else:
            name = f"sub-{patient.number + 1:03d}"
            path = folder / name / "eeg" / f"{name}_task-szMonitoring_run-{number + 1:02d}_eeg.edf"
        montage = recorded_montage(patient, layout=layout, file_number=number)
        start = patient.acquisition.start + timedelta(seconds=start_s)
        files.append(_File(number, start_s, min(step_s, total_s - start_s), start, montage, path))
    return files


def _write_signal(file: _File, patient: SimulatedPatient, progress: Callable[[float], None]) -> None:
    sfreq = round(patient.acquisition.sfreq)
    if file.path.is_file() and file.path.stat().st_size == edf_size(len(file.montage.labels), sfreq, file.n_s):
        return
    _make_folder(file.path.parent)
    blocks = _blocks_uv(file, PatientSignal(patient), sfreq, progress)
    write_edf(file.path, blocks, labels=file.montage.labels, sfreq=sfreq, start=file.start, n_s=file.n_s)


def _blocks_uv(
    file: _File, signal: PatientSignal, sfreq: int, progress: Callable[[float], None]
) -> Iterator[NDArray[np.float32]]:
    for start_s in range(file.start_s, file.start_s + file.n_s, _BLOCK_S):
        stop_s = min(start_s + _BLOCK_S, file.start_s + file.n_s)
        yield file.montage.weights @ signal.read_uv(start_s * sfreq, stop_s * sfreq)
        progress(stop_s / 3600)


def _write_marks(folder: Path, patient: SimulatedPatient, files: Sequence[_File], layout: Layout) -> None:
    for rater in range(patient.config.n_raters):
        marks = rater_marks(patient, rater, stop_s=float(files[-1].start_s + files[-1].n_s))
        by_file = [_within(marks, file) for file in files]
        if rater == 0 and layout == "chb-mit":
            summary = files[0].path.parent / f"{files[0].path.parent.name}-summary.txt"
            _write_text(summary, _summary(patient, files, by_file))
            continue
        for file, events in zip(files, by_file, strict=True):
            place = file.path.parent
            if rater > 0:
                place = folder / DERIVATIVES / f"rater-{rater + 1}" / place.relative_to(folder)
            _make_folder(place)
            table = place / (file.path.stem.removesuffix("_eeg") + "_events.tsv")
            write_szcore_tsv(table, events, recording_duration_s=float(file.n_s), start=file.start)


def _within(marks: Sequence[SeizureEvent], file: _File) -> list[SeizureEvent]:
    """Keep the marks that begin in a file, in its own seconds, cut at its end."""
    return [
        SeizureEvent(
            mark.onset_s - file.start_s, min(mark.offset_s or mark.onset_s, file.start_s + file.n_s) - file.start_s
        )
        for mark in marks
        if file.start_s <= mark.onset_s < file.start_s + file.n_s
    ]


def _summary(patient: SimulatedPatient, files: Sequence[_File], by_file: Sequence[Sequence[SeizureEvent]]) -> str:
    """Text in the form of CHB-MIT's summary files, with whole seconds and with its note where channels change."""
    title = f"Data Sampling Rate: {patient.acquisition.sfreq:.0f} Hz"
    lines = [title, "*" * 25, ""]
    labels: tuple[str, ...] = ()
    for file, events in zip(files, by_file, strict=True):
        if file.montage.labels != labels:
            heading = "Channels changed:" if labels else "Channels in EDF Files:"
            labels = file.montage.labels
            lines += [heading, "*" * len(heading)]
            lines += [*(f"Channel {number}: {label}" for number, label in enumerate(labels, start=1)), ""]
        lines += [
            f"File Name: {file.path.name}",
            f"File Start Time: {file.start:%H:%M:%S}",
            f"File End Time: {file.start + timedelta(seconds=file.n_s):%H:%M:%S}",
            f"Number of Seizures in File: {len(events)}",
        ]
        for number, event in enumerate(events, start=1):
            which = f"{number} " if len(events) > 1 else ""
            lines.append(f"Seizure {which}Start Time: {event.onset_s:.0f} seconds")
            lines.append(f"Seizure {which}End Time: {event.offset_s:.0f} seconds")
        lines.append("")
    return "\n".join(lines)


def _write_truth(folder: Path, patient: SimulatedPatient, files: Sequence[_File]) -> None:
    stop_s = float(files[-1].start_s + files[-1].n_s)
    truth = {
        "patient": files[0].path.relative_to(folder).parts[0],
        "epilepsy": asdict(patient.epilepsy),
        "rhythms": asdict(patient.rhythms),
        "acquisition": {**asdict(patient.acquisition), "start": patient.acquisition.start.isoformat()},
        "files": [{"name": file.path.name, "start_s": file.start_s, "duration_s": file.n_s} for file in files],
        "seizures": [asdict(seizure) for seizure in seizures_until(patient, stop_s)],
    }
    place = folder / DERIVATIVES / TRUTH
    _make_folder(place)
    _write_text(place / f"{truth['patient']}_truth.json", json.dumps(truth, indent=1) + "\n")


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{str(path)!r} cannot be written: {error.strerror}. Choose another place.") from error


def _write_text(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(text.encode())
