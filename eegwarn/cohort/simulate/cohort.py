"""A simulated cohort without files: its recordings are made as they are read."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from eegwarn.cohort.cohort import Cohort, CohortRecording, Patient
from eegwarn.cohort.simulate.config import SimulationConfig
from eegwarn.cohort.simulate.marks import rater_marks
from eegwarn.cohort.simulate.patient import SimulatedPatient, simulate_patient
from eegwarn.cohort.simulate.signal import PatientSignal, patient_recording
from eegwarn.cohort.simulate.timeline import seizures_until
from eegwarn.errors import ConfigError
from eegwarn.events.event import SeizureEvent
from eegwarn.signal.recording import Recording


@dataclass(frozen=True)
class SimulatedCohortRecording(CohortRecording):
    """One patient's whole time as a recording that no file holds; ``path`` is only its name."""

    simulated: SimulatedPatient = field(kw_only=True)

    @property
    def n_bytes(self) -> int:
        """Size that 23 channels of 16 bits would have."""
        return round(self.duration_s * self.sfreq) * 23 * 2

    def open(self) -> Recording:
        """Give the recording, bipolar as in CHB-MIT, made as it is read."""
        signal = PatientSignal(self.simulated)
        return patient_recording(signal, start_s=0.0, duration_s=self.duration_s, layout="chb-mit")

    def content(self) -> str:
        """Tell its content: 16 hexadecimal digits of everything it is made from."""
        patient = self.simulated
        made_from = f"{patient.seed} {patient.number} {patient.config} {self.duration_s}"
        return hashlib.sha256(made_from.encode()).hexdigest()[:16]

    def written(self) -> str:
        """Nothing to tell: nobody can edit it."""
        return ""

    @property
    def true_events(self) -> tuple[SeizureEvent, ...]:
        """The seizures as they are; ``events`` are those that an expert marked."""
        return tuple(
            SeizureEvent(seizure.onset_s, seizure.offset_s)
            for seizure in seizures_until(self.simulated, self.duration_s)
            if seizure.onset_s < self.duration_s
        )


def simulated_cohort(n_patients: int, *, hours: float, seed: int, config: SimulationConfig | None = None) -> Cohort:
    """Simulate a cohort of one recording a patient, with the first rater's rough marks, without any file.

    Parameters
    ----------
    n_patients : int
        At least 1.
    hours : float
        Length of each recording.
    seed : int
        The cohort's seed, 0 to 2**32 - 1.
    config : SimulationConfig, optional
        Settings of the cohort.

    Raises
    ------
    ConfigError
        If a number is too small.
    """
    if n_patients < 1 or not hours > 0:
        raise ConfigError(f"A cohort needs at least 1 patient of more than 0 h, but got {n_patients} of {hours} h.")
    duration_s = float(round(hours * 3600))
    patients = []
    for number in range(n_patients):
        patient = simulate_patient(number, seed=seed, config=config)
        name = f"sim{number + 1:02d}"
        recording = SimulatedCohortRecording(
            path=Path(f"{name}_simulated"),
            patient_id=name,
            subject_id=name,
            events=rater_marks(patient, 0, stop_s=duration_s),
            duration_s=duration_s,
            sfreq=patient.acquisition.sfreq,
            start=patient.acquisition.start,
            start_s=0.0,
            simulated=patient,
        )
        patients.append(Patient(name, (recording,)))
    return Cohort(Path("simulated"), "chb-mit", tuple(patients))
