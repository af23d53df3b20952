"""A simulated cohort with known truth: EEG of any length, made as it is read or written as EDF files.

Every random number is keyed by seed, patient, purpose and index (`draws`), so that any minute can be made alone. A
patient (`patient`) has a course of seizures and vigilance (`timeline`, `course`). The EEG is the sum of a background,
seizures, artefacts and mimics, and electrodes (`background`, `seizures`, `epileptor`, `artefacts`, `electrodes`), led
to the scalp by a spherical head (`geometry`), and recorded in a montage (`montage`). Experts mark it roughly (`marks`).

How near it is to real EEG, and how hard, is measured by ``eegwarn benchmark realism`` and ``difficulty``. What it does
not have: breach rhythms, slowing by lesions or drugs between seizures, infants' EEG, electrocardiogram, and archives
whose clocks jump.
"""

from eegwarn.cohort.simulate.cohort import SimulatedCohortRecording, simulated_cohort
from eegwarn.cohort.simulate.config import SimulationConfig
from eegwarn.cohort.simulate.patient import SimulatedPatient, simulate_patient
from eegwarn.cohort.simulate.signal import PatientSignal, patient_recording, simulated_recording
from eegwarn.cohort.simulate.timeline import SimulatedSeizure, seizures_until
from eegwarn.cohort.simulate.write import write_cohort

__all__ = [
    "PatientSignal",
    "SimulatedCohortRecording",
    "SimulatedPatient",
    "SimulatedSeizure",
    "SimulationConfig",
    "patient_recording",
    "seizures_until",
    "simulate_patient",
    "simulated_cohort",
    "simulated_recording",
    "write_cohort",
]
