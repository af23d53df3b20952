"""How far raters agree with each other, and each with herself.

Kappa is the agreement beyond what the raters' shares of each label would give by chance: 1 is perfect, 0 is chance.
"Unsure" is no judgement and is left out. Intervals resample recordings, since clips of one are alike.

Cohen, J. (1960). A coefficient of agreement for nominal scales. Educ. Psychol. Meas. 20:37-46, equation 1.
Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters. Psychol. Bull. 76:378-382, equations 3 to 7;
for clips with unequal numbers of raters each clip's agreement is over its own pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eegwarn.store.answer import Label
from eegwarn.store.labels import LabelRow, present_labels

JUDGED = (Label.SEIZURE, Label.NOT_SEIZURE, Label.ARTEFACT)
_N_RESAMPLES = 2000


@dataclass(frozen=True)
class Agreement:
    """How far labels agree.

    Parameters
    ----------
    raters : tuple of str
        Between whom; one name for a rater with herself.
    n_clips : int
        Clips that at least two judged, or one twice.
    observed : float
        Share of pairs of labels on one clip that are equal; NaN without clips.
    kappa : float
        NaN without clips, and where there was but one label, so that chance agrees always.
    interval : tuple of float
        Bounds of 95 %, NaN with fewer than two recordings.
    """

    raters: tuple[str, ...]
    n_clips: int
    observed: float
    kappa: float
    interval: tuple[float, float]


def cohen_kappa(table: ArrayLike) -> NDArray[np.float64]:
    """Cohen's kappa of tables of counts.

    Parameters
    ----------
    table : array_like, shape (..., n_labels, n_labels)
        How often the first rater gave the row's label where the second gave the column's.

    Returns
    -------
    ndarray, shape (...)
        NaN where it is not defined.
    """
    counts = np.asarray(table, dtype=np.float64)
    n = counts.sum(axis=(-2, -1))
    chance = np.sum(counts.sum(axis=-1) * counts.sum(axis=-2), axis=-1)
    return _beyond_chance(np.trace(counts, axis1=-2, axis2=-1) * n, chance, n * n)


def fleiss_kappa(counts: ArrayLike) -> float:
    """Fleiss' kappa.

    Parameters
    ----------
    counts : array_like, shape (n_clips, n_labels)
        How many raters gave each label; clips with fewer than two are left out.

    Returns
    -------
    float
        NaN where it is not defined.
    """
    return float(_fleiss(_fleiss_sums(np.asarray(counts, dtype=np.float64)).sum(axis=0)))


def _fleiss_sums(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give what Fleiss' kappa sums over clips: agreement, clips, and labels of each kind, shape (n_clips, 2 + k)."""
    n = counts.sum(axis=1, keepdims=True)
    judged = n >= 2
    agreement = np.sum(counts * (counts - 1), axis=1, keepdims=True) / np.where(judged, n * (n - 1), 1)
    sums = np.concatenate([agreement, np.ones_like(n), counts], axis=1)
    return np.where(judged, sums, 0.0)


def _fleiss(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    n_clips, labels = sums[..., 1], sums[..., 2:]
    n_labels = labels.sum(axis=-1)
    chance = np.sum(labels**2, axis=-1) * n_clips
    return _beyond_chance(sums[..., 0] * n_labels**2, chance, n_clips * n_labels**2)


def _beyond_chance(
    observed: NDArray[np.float64], chance: NDArray[np.float64], whole: NDArray[np.float64]
) -> NDArray[np.float64]:
    # All three are multiplied by the same count, so that whole numbers stay whole and "always" is exact.
    room = whole - chance
    kappa = np.full(np.shape(room), np.nan)
    np.divide(observed - chance, room, out=kappa, where=room > 0)
    return kappa


def agreement_between(log: Sequence[LabelRow], rng: np.random.Generator) -> tuple[Agreement, ...]:
    """Compare every two raters who judged a clip both (Cohen), and where there are more, all together (Fleiss).

    Parameters
    ----------
    log : sequence of LabelRow
        What counts now is compared.
    rng : numpy.random.Generator
        Resamples recordings.

    Returns
    -------
    tuple of Agreement
        Pairs in the order of names, then all.
    """
    judged = [row for row in present_labels(log) if row.answer and row.answer.label in JUDGED]
    raters = sorted({row.rater for row in judged})
    given = {(row.rater, row.clip.id): row for row in judged}
    found = []
    for pair in combinations(raters, 2):
        of_first, of_second = ({clip for rater, clip in given if rater == one} for one in pair)
        both = sorted(of_first & of_second)
        if both:
            found.append(_cohen_agreement(pair, [(given[pair[0], clip], given[pair[1], clip]) for clip in both], rng))
    if len(raters) > 2:
        found.append(_fleiss_agreement(tuple(raters), judged, rng))
    return tuple(found)


def agreement_with_oneself(log: Sequence[LabelRow], rng: np.random.Generator) -> tuple[Agreement, ...]:
    """Compare what each rater said when a clip was shown again on purpose with what she had said before (Cohen).

    Parameters
    ----------
    log : sequence of LabelRow
        In the order written.
    rng : numpy.random.Generator
        Resamples recordings.

    Returns
    -------
    tuple of Agreement
        One for each rater who was asked again, in the order of names.
    """
    before: dict[tuple[str, int], LabelRow] = {}
    pairs: dict[str, list[tuple[LabelRow, LabelRow]]] = {}
    for row in log:
        if row.answer is None or row.is_undone or row.answer.label not in JUDGED:
            continue
        earlier = before.get((row.rater, row.clip.id))
        if row.is_repeat and earlier is not None:
            pairs.setdefault(row.rater, []).append((earlier, row))
        before[row.rater, row.clip.id] = row
    return tuple(_cohen_agreement((rater,), pairs[rater], rng) for rater in sorted(pairs))


def _cohen_agreement(
    raters: tuple[str, ...], pairs: Sequence[tuple[LabelRow, LabelRow]], rng: np.random.Generator
) -> Agreement:
    tables = np.zeros((len(pairs), len(JUDGED), len(JUDGED)))
    first, second = (np.array([_label_number(pair[side]) for pair in pairs], dtype=np.intp) for side in (0, 1))
    tables[np.arange(len(pairs)), first, second] = 1
    of_recording = _sums_by_recording(tables.reshape(len(pairs), -1), [pair[0] for pair in pairs])

    def kappa(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return cohen_kappa(sums.reshape(*sums.shape[:-1], len(JUDGED), len(JUDGED)))

    resampled = kappa(_resampled(of_recording, rng))
    observed = float(np.mean(first == second))
    return Agreement(raters, len(pairs), observed, float(kappa(of_recording.sum(axis=0))), _interval(resampled))


def _fleiss_agreement(raters: tuple[str, ...], judged: Sequence[LabelRow], rng: np.random.Generator) -> Agreement:
    rows = {row.clip.id: row for row in judged}
    place = {clip: number for number, clip in enumerate(rows)}
    counts = np.zeros((len(rows), len(JUDGED)))
    np.add.at(counts, ([place[row.clip.id] for row in judged], [_label_number(row) for row in judged]), 1)
    of_recording = _sums_by_recording(_fleiss_sums(counts), list(rows.values()))
    total = of_recording.sum(axis=0)
    n_clips = int(total[1])
    observed = float(total[0] / n_clips) if n_clips else float("nan")
    return Agreement(raters, n_clips, observed, fleiss_kappa(counts), _interval(_fleiss(_resampled(of_recording, rng))))


def _label_number(row: LabelRow) -> int:
    if row.answer is None:
        raise ValueError("an undo or a skip says nothing about its clip")
    return JUDGED.index(row.answer.label)


def _sums_by_recording(values: NDArray[np.float64], rows: Sequence[LabelRow]) -> NDArray[np.float64]:
    _, number = np.unique([row.clip.recording.id for row in rows], return_inverse=True)
    sums = np.zeros((number.max() + 1, values.shape[1]))
    np.add.at(sums, number, values)
    return sums


def _resampled(sums: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw recordings with replacement and add up, shape (n_resamples, n_sums); none from fewer than two."""
    n = len(sums)
    if n < 2:
        return np.full((0, sums.shape[1]), np.nan)
    return np.asarray(rng.multinomial(n, np.full(n, 1 / n), size=_N_RESAMPLES) @ sums)


def _interval(kappas: NDArray[np.float64]) -> tuple[float, float]:
    defined = kappas[np.isfinite(kappas)]
    if len(defined) < _N_RESAMPLES / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(low), float(high)
