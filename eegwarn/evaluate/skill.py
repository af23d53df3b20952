"""Whether warnings foresee seizures better than chance: each patient against the same seizures at other times."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtrc

from eegwarn.evaluate.moments import Moments

LEAST_SEIZURES = 3
"""With fewer a single coincidence decides, and no p value can tell skill from luck."""
SIGNIFICANT = 0.05
LEAST_SHARE = 0.2
"""A seizure that less time in warning would have foreseen counts as one at this share in the p values: it may be one
whose mark came late, so that it was under way already, and must not make up for seizures that were not foreseen."""
N_SURROGATES = 5000
_N_COHORTS = 10_000


class Verdict(StrEnum):
    """What a test says about one patient."""

    BETTER = "better than chance"
    NO_BETTER = "no better than chance"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True)
class PatientSkill:
    """How far a patient's warnings are better than chance.

    Parameters
    ----------
    n_seizures : int
        Seizures that could have been foreseen.
    area : float
        Area under sensitivity against time in warning, over all thresholds; 0.5 for chance, NaN without seizures.
    p_value : float
        Share of the surrogates that are foreseen as well; NaN without seizures.
    p_value_of_alarms : float
        The same for the number of seizures foreseen by the alarms as they were raised.
    shifted : ndarray, shape (1 + n_surrogates,)
        Sum over seizures of the time in warning that each would have needed, at least 0.2: of the patient, and of the
        surrogates.
    """

    n_seizures: int
    area: float
    p_value: float
    p_value_of_alarms: float
    shifted: NDArray[np.float64]


def patient_skill(moments: Moments, rng: np.random.Generator) -> PatientSkill:
    """Compare a patient with surrogates whose seizures came at other times (Andrzejak et al. 2003, PRE 67:010901).

    All seizures are shifted by one random time, in a circle over the moments at which one could begin, and the
    intervals between them put into random order. That keeps their number and spacing, and how long levels and alarms
    last; only their place in time becomes chance.

    Parameters
    ----------
    moments : Moments
        Of the patient.
    rng : numpy.random.Generator
        Source of the shifts and orders.
    """
    n_moments, n_seizures = moments.level.size, moments.onset.size
    if not n_seizures or not n_moments:
        nan = float("nan")
        return PatientSkill(n_seizures, nan, nan, nan, np.empty(0))
    place = np.concatenate([moments.onset[np.newaxis], shifted_onsets(moments, N_SURROGATES, rng)])
    needed = moments.needed_share
    shifted = np.maximum(needed, LEAST_SHARE)[place].sum(axis=1)
    foreseen = moments.in_warning[place].sum(axis=1)
    # The patient is one of the surrogates: no p value is 0.
    return PatientSkill(
        n_seizures,
        area=float(1 - needed[moments.onset].mean()),
        p_value=float(np.mean(shifted <= shifted[0] + 1e-9)),
        p_value_of_alarms=float(np.mean(foreseen >= foreseen[0])),
        shifted=shifted,
    )


def shifted_onsets(moments: Moments, n_surrogates: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw other moments at which the seizures might have begun, shape (n_surrogates, n_seizures)."""
    n_moments, onset = moments.level.size, np.sort(moments.onset)
    interval = np.diff(onset, append=onset[0] + n_moments)
    order = rng.permuted(np.tile(interval, (n_surrogates, 1)), axis=1)
    start = rng.integers(n_moments, size=(n_surrogates, 1))
    place: NDArray[np.intp] = (start + np.cumsum(order, axis=1)) % n_moments
    return place


@dataclass(frozen=True)
class CohortSkill:
    """Skill over patients.

    Parameters
    ----------
    verdicts : tuple of Verdict
        One for each patient, in their order: after Holm's correction, so that in 19 of 20 cohorts without any skill
        no patient is called better than chance.
    n_tested, n_below : int
        Patients with at least ``LEAST_SEIZURES``, and those of them with p < 0.05 before the correction.
    p_value_of_count : float
        Probability that chance gives ``n_below`` or more; NaN where none was tested.
    area : float
        Mean over the seizures of all patients; NaN without seizures.
    p_value : float
        Share of cohorts of surrogates that are foreseen as well; patients with few seizures are included.
    """

    verdicts: tuple[Verdict, ...]
    n_tested: int
    n_below: int
    p_value_of_count: float
    area: float
    p_value: float


def cohort_skill(patients: Sequence[PatientSkill], rng: np.random.Generator) -> CohortSkill:
    """Judge every patient, and all together.

    Parameters
    ----------
    patients : sequence of PatientSkill
        In any order.
    rng : numpy.random.Generator
        Source of the draws of whole cohorts.
    """
    tested = np.array([patient.n_seizures >= LEAST_SEIZURES and patient.shifted.size > 0 for patient in patients])
    p_values = np.array([patient.p_value for patient in patients])
    verdicts = np.full(len(patients), Verdict.UNKNOWN, dtype=object)
    verdicts[tested] = np.where(holm(p_values[tested]) < SIGNIFICANT, Verdict.BETTER, Verdict.NO_BETTER)
    n_tested, n_below = int(tested.sum()), int((p_values[tested] < SIGNIFICANT).sum())
    # bdtrc is the probability of more than its first argument.
    p_of_count = float(bdtrc(n_below - 1, n_tested, SIGNIFICANT)) if n_below else 1.0
    known = [patient for patient in patients if patient.shifted.size]
    n_seizures = sum(patient.n_seizures for patient in known)
    area = p_value = float("nan")
    if known:
        area = sum(patient.area * patient.n_seizures for patient in known) / n_seizures
        needed = sum(float(patient.shifted[0]) for patient in known)
        by_chance = sum(rng.choice(patient.shifted, _N_COHORTS) for patient in known)
        p_value = float((1 + np.sum(by_chance <= needed + 1e-9)) / (1 + _N_COHORTS))
    return CohortSkill(tuple(verdicts), n_tested, n_below, p_of_count if n_tested else float("nan"), area, p_value)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Correct p values for their number (Holm 1979, Scand. J. Statist. 6:65), shape (n,) to (n,)."""
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values)
    corrected = np.empty_like(values)
    corrected[order] = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    return np.minimum(corrected, 1.0)


def in_words(cohort: CohortSkill) -> str:
    """Say what the test of a cohort comes to."""
    n_patients = len(cohort.verdicts)
    n_better = cohort.verdicts.count(Verdict.BETTER)
    sentences = []
    if cohort.n_tested:
        sentences.append(
            f"Better than chance in {n_better} of {cohort.n_tested} patients with {LEAST_SEIZURES} seizures or more "
            f"(time-shifted surrogates, p < {SIGNIFICANT:g} after Holm's correction). Without the correction "
            f"{cohort.n_below}, where chance alone gives {SIGNIFICANT * cohort.n_tested:.2g}: p = "
            f"{cohort.p_value_of_count:.2g}."
        )
    if n_patients > cohort.n_tested:
        sentences.append(f"Cannot tell for {n_patients - cohort.n_tested} with fewer seizures.")
    if np.isfinite(cohort.p_value):
        verdict = Verdict.BETTER if cohort.p_value < SIGNIFICANT else Verdict.NO_BETTER
        sentences.append(f"All patients together: {verdict}, p = {cohort.p_value:.2g}, area {cohort.area:.3f}.")
    return " ".join(sentences)
