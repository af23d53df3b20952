"""All candidates of a cohort side by side, and the part of them that a policy compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eegwarn.active.pool import Pool
from eegwarn.signal.windows import WindowConfig
from training.candidates import Described, GridConfig
from training.windows import LabelledRecording

LARGEST_POOL = 8192
"""Open candidates that are compared; of more, those of most doubt and of highest score, and the others by chance."""

_MOST_LABELLED = 256
_BY_DOUBT, _BY_SCORE = 0.25, 0.25
_FIRST_LABELS = 5


@dataclass(frozen=True)
class CandidateTable:
    """Candidates, one a row; what a network sees of them stays on disk.

    Parameters
    ----------
    described : tuple of Described
        The recordings.
    recording : ndarray of int64, shape (n_candidates,)
        Which of them each candidate lies in, rising.
    row : ndarray of int64, shape (n_candidates,)
        Its place among the recording's candidates.
    start_s : ndarray of float64, shape (n_candidates,)
        Where its window begins, in s from the recording's start.
    logit, doubt : ndarray of float64, shape (n_candidates,)
        See `eegwarn.active.pool.Pool`.
    known : ndarray of float64, shape (n_candidates,)
        1 or 0 as clinicians labelled, NaN elsewhere.
    certain : ndarray of float64, shape (n_candidates,)
        1 deep in a mark where the model agrees, 0 far from every mark where it does; NaN elsewhere.
    """

    described: tuple[Described, ...]
    recording: NDArray[np.int64]
    row: NDArray[np.int64]
    start_s: NDArray[np.float64]
    logit: NDArray[np.float64]
    doubt: NDArray[np.float64]
    known: NDArray[np.float64]
    certain: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.logit)

    def features(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Read what the network sees of candidates, in rising order, recording by recording: (n_rows, n_features)."""
        border = np.searchsorted(self.recording[rows], np.arange(len(self.described) + 1))
        return np.concatenate(
            [
                self.described[number].features(self.row[rows[first:end]])
                for number, (first, end) in enumerate(pairwise(border))
                if end > first
            ]
        )

    def pool(self, rows: NDArray[np.intp]) -> Pool:
        """Make a pool of candidates, in rising order."""
        return Pool(self.features(rows), self.logit[rows], self.doubt[rows], self.start_s[rows], self.recording[rows])

    def labels(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Give each candidate the label that a policy is told: 1, 0, or NaN; shape (n_candidates,).

        Where clinicians labelled no candidate of a class, a few certain ones start it; of very many labelled ones some
        are drawn.
        """
        label = np.full(len(self), np.nan)
        for wanted in (0.0, 1.0):
            rows = np.flatnonzero(self.known == wanted)
            most = _MOST_LABELLED // 2
            if not len(rows):
                rows, most = np.flatnonzero((self.certain == wanted) & np.isnan(self.known)), _FIRST_LABELS
            label[rng.permutation(rows)[:most]] = wanted
        return label

    def shortlist(self, rows: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """Take at most `LARGEST_POOL` of the candidates ``rows``, in rising order."""
        if len(rows) <= LARGEST_POOL:
            return rows
        kept = np.zeros(len(rows), dtype=bool)
        for value, share in ((self.doubt, _BY_DOUBT), (self.logit, _BY_SCORE)):
            kept[np.argsort(-value[rows], kind="stable")[: int(share * LARGEST_POOL)]] = True
        others = np.flatnonzero(~kept)
        kept[rng.permutation(others)[: LARGEST_POOL - np.count_nonzero(kept)]] = True
        return rows[kept]


def candidate_table(
    described: Sequence[Described],
    labelled: Sequence[LabelledRecording],
    doubt: Sequence[NDArray[np.float64]],
    grid: GridConfig,
    windows: WindowConfig,
) -> CandidateTable:
    """Put the candidates of recordings side by side; see `training.doubt` for what is known of each."""
    known, certain = [], []
    for each, one in zip(described, labelled, strict=True):
        place = each.window // grid.steps(windows.hop_s)[0]
        known.append(one.clean[place])
        agreed = one.certain[place] & (one.positive[place] == (each.logit > 0))
        certain.append(np.where(agreed, one.positive[place], np.nan))
    return CandidateTable(
        tuple(described),
        recording=np.repeat(np.arange(len(described)), [len(each.window) for each in described]),
        row=np.concatenate([np.arange(len(each.window)) for each in described]),
        start_s=np.concatenate([each.window for each in described]) * windows.hop_s,
        logit=np.concatenate([each.logit for each in described]),
        doubt=np.concatenate(doubt),
        known=np.concatenate(known).astype(np.float64),
        certain=np.concatenate(certain),
    )
