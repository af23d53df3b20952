"""What experts would have marked: late, early, too long, missed and imagined seizures."""

import numpy as np

from eegwarn.cohort.simulate.patient import SimulatedPatient
from eegwarn.cohort.simulate.timeline import SimulatedSeizure, seizures_until
from eegwarn.events.event import SeizureEvent, in_time_order, join_overlapping

# Chosen so that three simulated experts disagree as three real ones did on 79 neonates (Stevenson et al., Sci. Data
# 2019, doi 10.1038/sdata.2019.39), by one definition of disagreement: ``eegwarn benchmark realism``. The data fix only
# how far two experts are apart; that onsets are mostly late is assumed.
_ONSET_ERROR_MEDIAN_S = 1.8
_ONSET_ERROR_LOG_SD = 2.45
_LATE_SHARE = 0.85
# Some marks take in minutes of other activity before the seizure: a mark that is only late cannot differ from another
# by minutes and still be of the same seizure of about one minute.
_TAKING_IN_SHARE = 0.06
_TAKEN_IN_S = (60.0, 600.0)
_OFFSET_ERROR_MEDIAN_S = 1.5
_OFFSET_ERROR_LOG_SD = 2.7
_LATE_OFFSET_SHARE = 0.7
_LARGEST_ERROR_S = 600.0
_SHORTEST_MARK_S = 10.0
_MISSED_SHARE = 0.06
_MISSED_SHARE_SUBTLE = 0.35
_FALSE_PER_SEIZURE = 0.13


def rater_marks(patient: SimulatedPatient, rater: int, *, stop_s: float) -> tuple[SeizureEvent, ...]:
    """Give the marks of one expert that begin before ``stop_s``, in time order, in seconds of the patient's time.

    Marks of one expert never overlap: where they would, they are one, as in a record of seizure or none. Longer times
    give the same onsets and more.

    Parameters
    ----------
    patient : SimulatedPatient
        Whose recordings were read.
    rater : int
        From 0; each expert errs independently.
    stop_s : float
        End of what was recorded.
    """
    # A seizure that comes later may be marked as beginning before.
    until_s = stop_s + _LARGEST_ERROR_S
    seen = (_mark(patient, seizure, rater) for seizure in seizures_until(patient, until_s))
    marks = in_time_order([*(mark for mark in seen if mark), *_false_marks(patient, rater, stop_s=stop_s)])
    if not marks:
        return ()
    onset_s, offset_s = np.array([(mark.onset_s, mark.offset_s) for mark in marks], dtype=np.float64).T
    joined = join_overlapping(onset_s, offset_s).tolist()
    return tuple(SeizureEvent(onset, offset) for onset, offset in joined if onset < stop_s)


def _mark(patient: SimulatedPatient, seizure: SimulatedSeizure, rater: int) -> SeizureEvent | None:
    """Give one expert's mark of a seizure, or None where it was missed."""
    rng = patient.draws(f"rater {rater}", seizure.index)
    if rng.random() < (_MISSED_SHARE_SUBTLE if seizure.subtle else _MISSED_SHARE):
        return None
    length_s = _marked_length_s(seizure.offset_s - seizure.onset_s, rng)
    onset_error_s = _onset_error_s(length_s, rng)
    onset_s = max(seizure.onset_s + onset_error_s, 0.0)
    return SeizureEvent(onset_s, max(seizure.onset_s + length_s, onset_s + _SHORTEST_MARK_S))


def _marked_length_s(length_s: float, rng: np.random.Generator) -> float:
    """Draw how long after a seizure's true onset the mark ends."""
    error_s = _error_s(_OFFSET_ERROR_MEDIAN_S, _OFFSET_ERROR_LOG_SD, rng)
    if rng.random() < _LATE_OFFSET_SHARE:
        return length_s + error_s
    return length_s - _inside_s(error_s, length_s)


def _onset_error_s(length_s: float, rng: np.random.Generator) -> float:
    """Draw how late a mark begins: negative is early. A late one begins before it ends."""
    error_s = _error_s(_ONSET_ERROR_MEDIAN_S, _ONSET_ERROR_LOG_SD, rng)
    which = rng.random()
    if which < _LATE_SHARE:
        return _inside_s(error_s, length_s)
    if which < _LATE_SHARE + _TAKING_IN_SHARE:
        return -float(np.exp(rng.uniform(*np.log(_TAKEN_IN_S))))
    return -error_s


def _error_s(median_s: float, log_sd: float, rng: np.random.Generator) -> float:
    return min(float(median_s * np.exp(log_sd * rng.standard_normal())), _LARGEST_ERROR_S)


def _inside_s(error_s: float, length_s: float) -> float:
    """Bound an error by a length: nearly the error itself while that is small, never more than the length."""
    return float(error_s / np.cbrt(1 + (error_s / length_s) ** 3))


def _false_marks(patient: SimulatedPatient, rater: int, *, stop_s: float) -> list[SeizureEvent]:
    """Give one expert's marks of seizures that never were."""
    rate_per_hour = _FALSE_PER_SEIZURE * patient.epilepsy.seizures_per_hour
    marks = []
    for hour in range(int(np.ceil(stop_s / 3600))):
        rng = patient.draws(f"false marks {rater}", hour)
        for onset_s in 3600 * (hour + rng.random(rng.poisson(rate_per_hour))):
            marks.append(SeizureEvent(float(onset_s), float(onset_s + rng.uniform(10, 60))))
    return marks
