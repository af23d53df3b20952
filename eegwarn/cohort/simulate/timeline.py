"""When seizures come, how awake the patient is, and slow random courses, all known for any time alone."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort.simulate.draws import keyed_normals
from eegwarn.cohort.simulate.patient import SimulatedPatient

FIRST_ONSET_S = 120.0
"""No seizure begins before: a file starts with a stretch that can be seen as baseline."""
_LEAST_GAP_S = 180.0
_DAY_S = 86400.0

WAKE, DROWSY, N2, N3, REM = range(5)
_EPOCH_S = 30.0
_EPOCHS_A_DAY = round(_DAY_S / _EPOCH_S)
# Probability of the next state (columns) after each state (rows) for an epoch of 30 s, by day and by night.
_BY_DAY = (
    (0.985, 0.015, 0.0, 0.0, 0.0),
    (0.10, 0.88, 0.02, 0.0, 0.0),
    (0.06, 0.02, 0.92, 0.0, 0.0),
    (0.05, 0.0, 0.05, 0.90, 0.0),
    (0.10, 0.0, 0.05, 0.0, 0.85),
)
_BY_NIGHT = (
    (0.90, 0.10, 0.0, 0.0, 0.0),
    (0.05, 0.80, 0.15, 0.0, 0.0),
    (0.01, 0.01, 0.94, 0.03, 0.01),
    (0.005, 0.0, 0.035, 0.96, 0.0),
    (0.01, 0.01, 0.02, 0.0, 0.96),
)


@dataclass(frozen=True)
class SimulatedSeizure:
    """The truth about one seizure.

    Parameters
    ----------
    index : int
        Number of the draw that it came from.
    onset_s, offset_s : float
        Seconds from the start of the patient's first recording.
    early_s : float
        Length of the small, local stage after the onset.
    subtle : bool
        Whether it stays small and local.
    generalised : bool
        Whether it ends up on both sides.
    """

    index: int
    onset_s: float
    offset_s: float
    early_s: float
    subtle: bool
    generalised: bool


def seizures_between(patient: SimulatedPatient, start_s: float, stop_s: float) -> tuple[SimulatedSeizure, ...]:
    """Give the seizures that end after ``start_s`` and begin before ``stop_s``, in time order."""
    # Asked for minute by minute: lists for doubling lengths are kept, so that none is made for every minute.
    hours = 2 ** math.ceil(math.log2(max(stop_s / 3600, 1)))
    return tuple(s for s in seizures_until(patient, 3600.0 * hours) if s.offset_s > start_s and s.onset_s < stop_s)


@lru_cache(maxsize=64)
def seizures_until(patient: SimulatedPatient, stop_s: float) -> tuple[SimulatedSeizure, ...]:
    """Give all seizures that begin before ``stop_s``, in time order.

    One leading seizure falls at random into each stretch of 1 / rate; a cluster adds another some minutes after it.
    The list for a longer time begins with the list for a shorter one.
    """
    rate_per_s = patient.epilepsy.seizures_per_hour / 3600
    seizures: list[SimulatedSeizure] = []
    index = 0
    while rate_per_s > 0:
        leader, follower = _draw_slot(patient, index, rate_per_s)
        if leader.onset_s >= stop_s:
            break
        free_s = seizures[-1].offset_s + _LEAST_GAP_S if seizures else 0.0
        if leader.onset_s >= free_s:
            seizures.append(leader)
        if follower is not None and seizures and seizures[-1] is leader:
            seizures.append(follower)
        index += 1
    return tuple(seizure for seizure in seizures if seizure.onset_s < stop_s)


def _draw_slot(
    patient: SimulatedPatient, index: int, rate_per_s: float
) -> tuple[SimulatedSeizure, SimulatedSeizure | None]:
    rng = patient.draws("seizures", index)
    onset_s = FIRST_ONSET_S + _warp(patient, (index + rng.random() * 0.999) / rate_per_s)
    leader = _draw_seizure(patient, 2 * index, onset_s, rng)
    if rng.random() >= patient.epilepsy.cluster_probability:
        return leader, None
    return leader, _draw_seizure(patient, 2 * index + 1, leader.offset_s + float(rng.uniform(240, 900)), rng)


def _draw_seizure(patient: SimulatedPatient, index: int, onset_s: float, rng: np.random.Generator) -> SimulatedSeizure:
    epilepsy = patient.epilepsy
    subtle = bool(rng.random() < patient.config.subtle_fraction)
    generalised = bool(epilepsy.kind == "generalised" or (rng.random() < 0.25 and not subtle))
    early_s = epilepsy.early_s * float(rng.uniform(0.8, 1.25))
    duration_s = epilepsy.duration_s * float(np.exp(0.35 * rng.standard_normal())) * (0.7 if subtle else 1.0)
    length_s = float(np.clip(duration_s, early_s + 15, 300))
    return SimulatedSeizure(index, onset_s, onset_s + length_s, early_s, subtle, generalised)


def _warp(patient: SimulatedPatient, even_s: float) -> float:
    """Turn a time of even seizure rate into one whose rate follows the patient's day and night."""
    depth = patient.epilepsy.night_share
    start_s = clock_s(patient, 0.0)

    turn = 2 * math.pi / _DAY_S
    # The rate, 1 + depth * cos(clock), integrated over time is even_s; bisection to a microsecond.
    low, high = even_s / 2, even_s * 2 + 1
    while high - low > 1e-6:
        middle = (low + high) / 2
        spent_s = middle + depth / turn * (math.sin(turn * (start_s + middle)) - math.sin(turn * start_s))
        low, high = (middle, high) if spent_s < even_s else (low, middle)
    return high


def clock_s(patient: SimulatedPatient, time_s: float) -> float:
    """Seconds since midnight (of the first day) at ``time_s`` of the patient's time."""
    start = patient.acquisition.start
    return start.hour * 3600.0 + start.minute * 60.0 + time_s


def vigilance(patient: SimulatedPatient, time_s: NDArray[np.float64]) -> NDArray[np.int8]:
    """State of the patient at each of ``time_s``: WAKE, DROWSY, N2, N3 or REM, a Markov chain of 30 s epochs."""
    offset_s = _EPOCH_S * float(keyed_normals(patient.seed, patient.number, "vigilance offset", 0, 1)[0] % 1)
    epoch = ((time_s + offset_s) // _EPOCH_S).astype(np.int64)
    last_day = int(epoch.max()) // _EPOCHS_A_DAY
    states = np.concatenate([_vigilance_of_day(patient, day) for day in range(last_day + 1)])
    return np.asarray(states[np.maximum(epoch, 0)], dtype=np.int8)


@lru_cache(maxsize=256)
def _vigilance_of_day(patient: SimulatedPatient, day: int) -> NDArray[np.int8]:
    state = WAKE if day == 0 else int(_vigilance_of_day(patient, day - 1)[-1])
    uniform = patient.draws("vigilance", day).random(_EPOCHS_A_DAY)
    clock_h = (clock_s(patient, 0.0) / 3600 + np.arange(_EPOCHS_A_DAY) * _EPOCH_S / 3600) % 24
    night = (clock_h >= 22.5) | (clock_h < 6.5)
    cumulative = np.cumsum([_BY_DAY, _BY_NIGHT], axis=2)
    states = np.empty(_EPOCHS_A_DAY, dtype=np.int8)
    for epoch in range(_EPOCHS_A_DAY):
        state = min(int(np.searchsorted(cumulative[int(night[epoch]), state], uniform[epoch], side="right")), REM)
        states[epoch] = state
    return states


_KNOTS = 64


def smooth_noise(
    patient: SimulatedPatient, purpose: str, time_s: NDArray[np.float64], *, spacing_s: float
) -> NDArray[np.float64]:
    """Draw a slow random course of unit variance at every time.

    Independent knots every ``spacing_s`` are joined by sine and cosine weights, whose squares sum to one: the variance
    is the same on and between knots, so that the spacing cannot be seen in it.
    """
    who = (patient.seed, patient.number)
    # Knots lie elsewhere for every patient and purpose, so that no two courses keep step.
    offset = keyed_normals(*who, f"{purpose} offset", 0, 1)[0] % 1
    place = np.maximum(time_s / spacing_s + offset + 1, 0)
    knot = place.astype(np.int64)
    first, last = int(knot[0]) // _KNOTS, (int(knot[-1]) + 1) // _KNOTS
    values = np.concatenate([keyed_normals(*who, purpose, chunk, _KNOTS) for chunk in range(first, last + 1)])
    angle = np.pi / 2 * (place - knot)
    knot = knot - first * _KNOTS
    return np.asarray(np.cos(angle) * values[knot] + np.sin(angle) * values[knot + 1])
