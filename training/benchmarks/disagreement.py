"""How far experts who mark the same seizures are apart: one definition for real and for simulated experts.

A mark's counterpart is the other expert's first mark that overlaps it. Every mark of every expert is looked at, against
each other expert in turn.
"""

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn.cohort.simulate import SimulationConfig, simulate_patient
from eegwarn.cohort.simulate.marks import rater_marks

_N_EXPERTS = 3
_RECORDED_S = 240 * 3600.0

Marks = NDArray[np.float64]


def disagreement(recordings: Iterable[Sequence[Marks]]) -> dict[str, float]:
    """Compare experts in pairs.

    Parameters
    ----------
    recordings : iterable of sequence of ndarray, shape (n_marks, 2)
        For every recording and expert: onset and offset of each mark in s, in time order, none overlapping.

    Returns
    -------
    dict
        Share of marks without a counterpart; median, 75th and 90th percentile in s of how far the onsets, and of how
        far the offsets, of a mark and its counterpart are apart.
    """
    apart_s = [_apart_s(*pair) for experts in recordings for pair in itertools.permutations(experts, 2)]
    both_s = np.concatenate(apart_s)
    found = ~np.isnan(both_s[:, 0])
    result = {"marks without counterpart": float(1 - found.mean())}
    for column, name in enumerate(("onsets", "offsets")):
        values = np.percentile(both_s[found, column], [50, 75, 90])
        labels = (f"{name} apart, {which} (s)" for which in ("median", "75 %", "90 %"))
        result.update(zip(labels, map(float, values), strict=True))
    return result


def _apart_s(marks: Marks, others: Marks) -> NDArray[np.float64]:
    """Distance of each mark's onset and offset from its counterpart's, shape (n_marks, 2); NaN without one."""
    if not len(others):
        return np.full((len(marks), 2), np.nan)
    # The others do not overlap each other, so that their offsets too are in order.
    first = np.searchsorted(others[:, 1], marks[:, 0], side="right")
    counterpart = others[np.minimum(first, len(others) - 1)]
    overlaps = (first < len(others)) & (counterpart[:, 0] < marks[:, 1])
    return np.where(overlaps[:, None], np.abs(counterpart - marks), np.nan)


def neonatal_marks(data: Path) -> list[list[Marks]]:
    """Read the marks of three experts on 79 neonates (Stevenson et al., Sci. Data 2019), one row a second."""
    experts = []
    for name in ("A_fixed", "B", "C"):
        with (data / "helsinki_neonatal" / f"annotations_2017_{name}.csv").open(newline="") as file:
            rows = list(csv.reader(file))[1:]
        seizure = np.array(rows) == "1"
        edges = np.diff(np.pad(seizure.astype(np.int8), ((1, 1), (0, 0))), axis=0)
        experts.append([_bounds_s(edges[:, number]) for number in range(seizure.shape[1])])
    return [list(marks) for marks in zip(*experts, strict=True)]


def _bounds_s(edges: NDArray[np.int8]) -> Marks:
    return np.column_stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)]).astype(np.float64)


def simulated_marks(n_patients: int, *, seed: int, config: SimulationConfig) -> Iterator[list[Marks]]:
    """Give the marks of three simulated experts on ten days of each patient."""
    for number in range(n_patients):
        patient = simulate_patient(number, seed=seed, config=config)
        yield [
            np.array(
                [(mark.onset_s, mark.offset_s) for mark in rater_marks(patient, rater, stop_s=_RECORDED_S)], dtype=float
            ).reshape(-1, 2)
            for rater in range(_N_EXPERTS)
        ]
