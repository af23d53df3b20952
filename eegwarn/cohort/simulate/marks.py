"""What experts would have marked: late, early, missed and imagined seizures."""

import numpy as np

from eegwarn.cohort.simulate.patient import SimulatedPatient
from eegwarn.cohort.simulate.timeline import SimulatedSeizure, seizures_until
from eegwarn.events.event import SeizureEvent, in_time_order

# Spread of onset errors and rates of misses and false marks are fitted to three experts on 79 neonates (Stevenson et
# al., Sci. Data 2019, doi 10.1038/sdata.2019.39). The data fix only the spread; that errors are mostly late is assumed.
_ERROR_MEDIAN_S = 2.1
_ERROR_LOG_SD = 2.55
_LARGEST_ERROR_S = 900.0
_LATE_SHARE = 0.85
_MISSED_SHARE = 0.08
_MISSED_SHARE_SUBTLE = 0.40
_FALSE_PER_SEIZURE = 0.15


def rater_marks(patient: SimulatedPatient, rater: int, *, stop_s: float) -> tuple[SeizureEvent, ...]:
    """Give the marks of one expert that begin before ``stop_s``, in time order, in seconds of the patient's time.

    Parameters
    ----------
    patient : SimulatedPatient
        Whose recordings were read.
    rater : int
        From 0; each expert errs independently.
    stop_s : float
        End of what was recorded.
    """
    marks = [*marks_of_seizures(patient, rater, stop_s=stop_s).values(), *false_marks(patient, rater, stop_s=stop_s)]
    return in_time_order(mark for mark in marks if mark.onset_s < stop_s)


def marks_of_seizures(patient: SimulatedPatient, rater: int, *, stop_s: float) -> dict[int, SeizureEvent]:
    """Give one expert's mark of each seizure that was not missed, under the seizure's index."""
    marks = {}
    for seizure in seizures_until(patient, stop_s):
        rng = patient.draws(f"rater {rater}", seizure.index)
        missed = rng.random() < (_MISSED_SHARE_SUBTLE if seizure.subtle else _MISSED_SHARE)
        if not missed:
            marks[seizure.index] = _mark(seizure, rng)
    return marks


def _mark(seizure: SimulatedSeizure, rng: np.random.Generator) -> SeizureEvent:
    error_s = min(_ERROR_MEDIAN_S * float(np.exp(_ERROR_LOG_SD * rng.standard_normal())), _LARGEST_ERROR_S)
    late = rng.random() < _LATE_SHARE
    onset_s = max(seizure.onset_s + (error_s if late else -error_s / 2), 0.0)
    offset_s = seizure.offset_s + 4.0 * float(rng.standard_normal())
    return SeizureEvent(onset_s, max(offset_s, onset_s + 10.0))


def false_marks(patient: SimulatedPatient, rater: int, *, stop_s: float) -> list[SeizureEvent]:
    """Give one expert's marks of seizures that never were."""
    rate_per_hour = _FALSE_PER_SEIZURE * patient.epilepsy.seizures_per_hour
    marks = []
    for hour in range(int(np.ceil(stop_s / 3600))):
        rng = patient.draws(f"false marks {rater}", hour)
        for onset_s in 3600 * (hour + rng.random(rng.poisson(rate_per_hour))):
            marks.append(SeizureEvent(float(onset_s), float(onset_s + rng.uniform(10, 60))))
    return marks
