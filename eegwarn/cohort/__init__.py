"""Cohorts: folders of patients and recordings, splits that cannot leak, download, simulation."""

from eegwarn.cohort.cohort import Cohort, CohortRecording, Patient, Skipped, fingerprint
from eegwarn.cohort.reading import read_cohort
from eegwarn.cohort.splits import Split, leave_one_seizure_out, split_in_time, split_patients

__all__ = [
    "read_cohort",
    "Cohort",
    "Patient",
    "CohortRecording",
    "Skipped",
    "fingerprint",
    "Split",
    "split_patients",
    "split_in_time",
    "leave_one_seizure_out",
]
