"""A patient of two nights: a seizure that an amplitude model finds, and one that was marked where there is none."""

from datetime import datetime
from pathlib import Path

from edfio import EdfAnnotation

from eegwarn.bedside.bundle import write_bundle
from tests.app.examples import SEIZURE_S, SFREQ, simulated_uv, write_edf
from tests.models import amplitude_model

FIRST, SECOND = datetime(2026, 3, 1, 23, 59), datetime(2026, 3, 3, 4, 30)
MISSED_S = (20, 40)


def write_nights(folder: Path) -> Path:
    """Write the patient ``p07`` to a folder: a marked night over midnight, one with a false mark, one without marks."""
    patient = folder / "ward" / "p07"
    patient.mkdir(parents=True)
    write_edf(patient / "night_1.edf", simulated_uv(), marks=(_mark(SEIZURE_S),), start=FIRST)
    quiet = {label: values[: 60 * SFREQ] for label, values in simulated_uv(seed=4).items()}
    write_edf(patient / "night_2.edf", quiet, marks=(_mark(MISSED_S),), start=SECOND)
    write_edf(patient / "night_3.edf", simulated_uv(seed=5))
    write_bundle(folder / "amplitude.eegwarn", amplitude_model())
    return patient


def _mark(span_s: tuple[int, int]) -> EdfAnnotation:
    return EdfAnnotation(span_s[0], span_s[1] - span_s[0], "seizure")
