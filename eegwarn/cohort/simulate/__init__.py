"""A simulated cohort with known truth: EEG of any length, made as it is read or written as EDF files."""

from eegwarn.cohort.simulate.config import SimulationConfig
from eegwarn.cohort.simulate.patient import SimulatedPatient, simulate_patient
from eegwarn.cohort.simulate.signal import PatientSignal, patient_recording, simulated_recording
from eegwarn.cohort.simulate.timeline import SimulatedSeizure, seizures_until
from eegwarn.cohort.simulate.write import write_cohort

__all__ = [
    "PatientSignal",
    "SimulatedPatient",
    "SimulatedSeizure",
    "SimulationConfig",
    "patient_recording",
    "seizures_until",
    "simulate_patient",
    "simulated_recording",
    "write_cohort",
]
