"""A cohort: patients, their recordings, and the seizures in them."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from eegwarn.cohort.content import file_fingerprint
from eegwarn.errors import CohortError
from eegwarn.events import SeizureEvent
from eegwarn.signal.recording import Recording, open_recording

Layout = Literal["chb-mit", "siena", "bids", "plain"]


@dataclass(frozen=True)
class CohortRecording:
    """One recording of a patient: what its header and its annotation files say; no samples.

    Parameters
    ----------
    path : Path
        The file.
    patient_id : str
        The patient, as the data set names them.
    subject_id : str
        The person. Two patients of a data set may be one person, examined twice.
    events : tuple of SeizureEvent
        Seizures in seconds from the start of the recording, in time order.
    duration_s : float
        Length in seconds.
    sfreq : float
        Sampling rate in Hz.
    start : datetime or None
        Start as the header gives it; dates of public data are surrogates.
    start_s : float or None
        Seconds from the start of the patient's first recording; None where the order is known by name only.
    position : int
        0, 1, 2, … in the patient's order of time.
    """

    path: Path
    patient_id: str
    subject_id: str
    events: tuple[SeizureEvent, ...]
    duration_s: float
    sfreq: float
    start: datetime | None = None
    start_s: float | None = None
    position: int = 0

    @property
    def name(self) -> str:
        """File name."""
        return self.path.name

    @property
    def n_bytes(self) -> int:
        """Size of the file."""
        return self.path.stat().st_size

    def open(self) -> Recording:
        """Open the recording lazily; see `eegwarn.signal.recording.open_recording`."""
        return open_recording(self.path)

    def content(self) -> str:
        """Tell its content from any other's; see `eegwarn.cohort.content.file_fingerprint`."""
        return file_fingerprint(self.path)

    def written(self) -> str:
        """Tell when it was written: a fingerprint rests on pieces of the file, and an edit between them shows here."""
        return str(self.path.stat().st_mtime_ns)


@dataclass(frozen=True)
class Patient:
    """A patient with their recordings in order of time."""

    id: str
    recordings: tuple[CohortRecording, ...]

    @property
    def n_seizures(self) -> int:
        """Number of seizures in all recordings."""
        return sum(len(recording.events) for recording in self.recordings)

    @property
    def duration_s(self) -> float:
        """Length of all recordings in seconds."""
        return sum(recording.duration_s for recording in self.recordings)

    def events_seen_from(self, recording: CohortRecording) -> tuple[SeizureEvent, ...]:
        """Give the seizures of all the patient's recordings in seconds from the start of this one.

        Those of earlier recordings have negative times. So the last minutes of a recording are known to be preictal
        when the next one begins with a seizure. Where the time line is not known, only the recording's own are given.
        """
        if recording.start_s is None:
            return recording.events
        shifted = []
        for other in self.recordings:
            shift_s = 0.0 if other.start_s is None else other.start_s - recording.start_s
            shifted += [
                replace(
                    event,
                    onset_s=event.onset_s + shift_s,
                    offset_s=None if event.offset_s is None else event.offset_s + shift_s,
                )
                for event in other.events
            ]
        return tuple(shifted)


@dataclass(frozen=True)
class Skipped:
    """Something that was left out of a cohort, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Cohort:
    """All patients of a folder.

    Parameters
    ----------
    folder : Path
        Where it was read from.
    layout : {"chb-mit", "siena", "bids", "plain"}
        How the folder is laid out.
    patients : tuple of Patient
        In the order of their names.
    skipped : tuple of Skipped
        What was left out, and why.
    """

    folder: Path
    layout: Layout
    patients: tuple[Patient, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def recordings(self) -> tuple[CohortRecording, ...]:
        """All recordings, patient by patient."""
        return tuple(recording for patient in self.patients for recording in patient.recordings)

    def patient(self, patient_id: str) -> Patient:
        """Find a patient.

        Raises
        ------
        CohortError
            If there is none of that name.
        """
        for patient in self.patients:
            if patient.id == patient_id:
                return patient
        known = ", ".join(patient.id for patient in self.patients)
        raise CohortError(f"{str(self.folder)!r} has no patient {patient_id!r}. It has {known}.")


def fingerprint(recordings: tuple[CohortRecording, ...]) -> str:
    """Give a hash that changes with the recordings' patients, names, sizes or events, and with nothing else.

    Neither where the files lie nor the order in which they are given matters.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    lines = sorted(
        f"{recording.patient_id} {recording.name} {recording.n_bytes} {recording.duration_s:.3f} "
        + " ".join(f"{event.onset_s:.3f}:{event.duration_s}:{event.kind}" for event in recording.events)
        for recording in recordings
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
