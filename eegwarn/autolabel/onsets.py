"""Where a mark's seizure began and ended, as far as the windows around the mark tell.

Neighbouring windows share samples, and what the EEG does changes slowly: their log-odds cannot simply be added. They
are weighed down such that the sum over `OnsetConfig.independent_s` counts as one observation, whatever the hop.

A seizure from a to b is supported by the log-odds of the windows in between: what there is up to b less what there is
up to a. So both ends can be weighed apart, and joined by cumulative sums, for every pair of candidates at once.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, logsumexp

from eegwarn.autolabel.labels import CorrectedOnset, RoughLabels
from eegwarn.errors import ConfigError
from eegwarn.events.event import SeizureEvent
from eegwarn.events.labels import LabelConfig

_KNOWN_LOG_ODDS = 8.0
"""Weight of a window that a clinician labelled: people err too, but seldom."""
_SURE = 1e-4
"""Soft labels are held this far from 0 and 1, so that no single window decides."""


@dataclass(frozen=True)
class OnsetConfig:
    """Where seizures are looked for, and how much windows weigh.

    Parameters
    ----------
    before_s, after_s : float
        How far before a mark's onset and after its offset its seizure may reach, in s.
    step_s : float
        Distance of candidates, in s.
    independent_s : float
        So many seconds of windows weigh as one independent observation.
    p_false : float
        Probability, before anything was looked at, that a mark has no seizure.
    p_unseen : float
        Probability that a seizure is one that the network does not see: then the mark alone counts.
    unmarked_per_hour : float
        How many seizures an hour without marks is taken to hold, before anything was looked at.
    """

    before_s: float = 60.0
    after_s: float = 30.0
    step_s: float = 0.5
    independent_s: float = 10.0
    p_false: float = 0.1
    p_unseen: float = 0.1
    unmarked_per_hour: float = 0.5

    def __post_init__(self) -> None:
        for name in ("before_s", "after_s", "step_s", "independent_s"):
            if not 0 < getattr(self, name) < np.inf:
                raise ConfigError(f"onsets.{name} must be a finite time above 0 s, but got {getattr(self, name)}.")
        for name in ("p_false", "p_unseen"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigError(f"onsets.{name} must lie between 0 and 1, but got {getattr(self, name)}.")
        if not 0 <= self.unmarked_per_hour < np.inf:
            raise ConfigError(f"onsets.unmarked_per_hour must be 0 or more, but got {self.unmarked_per_hour}.")


@dataclass(frozen=True)
class MarkEvidence:
    """What the windows say around one mark.

    Parameters
    ----------
    onset_s, offset_s : float
        Bounds of the mark, seconds from the recording's start.
    edge_s : ndarray, shape (n_candidates + 1,)
        Bounds of the short stretches that may hold the seizure's onset or offset, rising.
    gained : ndarray, shape (n_candidates,)
        Sum of the tempered log-odds of a seizure up to the middle of each.
    """

    onset_s: float
    offset_s: float
    edge_s: NDArray[np.float64]
    gained: NDArray[np.float64]

    @property
    def candidate_s(self) -> NDArray[np.float64]:
        """Middles of the stretches, shape (n_candidates,)."""
        return (self.edge_s[1:] + self.edge_s[:-1]) / 2


@dataclass(frozen=True)
class SeizurePosterior:
    """Where one mark's seizure may be, all things considered.

    Parameters
    ----------
    evidence : MarkEvidence
        Of the mark.
    onset, offset : ndarray, shape (n_candidates,)
        Probability of each candidate if there is a seizure; either sums to 1.
    under_way : ndarray, shape (n_candidates + 1,)
        Probability, if there is a seizure, that it is under way at each of the edges.
    p_seizure : float
        Probability that there is one.
    """

    evidence: MarkEvidence
    onset: NDArray[np.float64]
    offset: NDArray[np.float64]
    under_way: NDArray[np.float64]
    p_seizure: float

    def corrected(self) -> CorrectedOnset:
        """Give the onset's median and middle 90 %; NaN where a seizure is less likely than none."""
        bounds_s = np.interp([0.05, 0.5, 0.95], np.append(0.0, np.cumsum(self.onset)), self.evidence.edge_s)
        low_s, onset_s, high_s = bounds_s.tolist() if self.p_seizure >= 0.5 else (np.nan,) * 3
        return CorrectedOnset(self.evidence.onset_s, onset_s, low_s, high_s, self.p_seizure)


def weigh_marks(rough: RoughLabels, log_odds: NDArray[np.float64], config: OnsetConfig) -> tuple[MarkEvidence, ...]:
    """Add up what the windows say around every mark.

    A window counts by how much of it lies before a candidate, and one whose label is known by whether its centre does.

    Parameters
    ----------
    rough : RoughLabels
        One recording's windows.
    log_odds : ndarray, shape (n_windows,)
        Of a seizure against none, in each window; NaN where there is no telling.
    config : OnsetConfig
        Where seizures are looked for, and how much windows weigh.

    Returns
    -------
    tuple of MarkEvidence
        One of each mark, in the marks' order.
    """
    bend_s, gained = _gained(rough, log_odds, config)
    known = np.isfinite(rough.clean)
    known_s = rough.centre_s[known]
    stepped = np.append(0.0, np.cumsum(np.where(rough.clean[known] > 0.5, _KNOWN_LOG_ODDS, -_KNOWN_LOG_ODDS)))
    weighed = []
    for mark in rough.marks:
        edge_s = _candidate_edges(rough, mark, config)
        middle_s = (edge_s[1:] + edge_s[:-1]) / 2
        up_to = np.interp(middle_s, bend_s, gained) + stepped[np.searchsorted(known_s, middle_s)]
        weighed.append(MarkEvidence(mark.onset_s, _offset_s(mark), edge_s, up_to))
    return tuple(weighed)


def _gained(
    rough: RoughLabels, log_odds: NDArray[np.float64], config: OnsetConfig
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Add up the tempered log-odds: times, and the sum up to each, linear in between, of shape (2 * n_windows,)."""
    unknown = np.isnan(rough.clean) & np.isfinite(log_odds)
    height = np.where(unknown, log_odds, 0.0) * window_weight(rough, config)
    # A window's share before a time grows evenly from its start to its end, so that the slope changes only there.
    bend_s = np.concatenate([rough.start_s, rough.start_s + rough.window_s])
    order = np.argsort(bend_s, kind="stable")
    slope = np.cumsum(np.concatenate([height, -height])[order]) / rough.window_s
    return bend_s[order], np.append(0.0, np.cumsum(slope[:-1] * np.diff(bend_s[order])))


def window_weight(rough: RoughLabels, config: OnsetConfig) -> float:
    """Share of an independent observation that one window counts for: its hop's."""
    hop_s = float(np.median(np.diff(rough.start_s))) if len(rough.start_s) > 1 else rough.window_s
    return hop_s / config.independent_s


def reached_by_marks(rough: RoughLabels, config: OnsetConfig) -> NDArray[np.bool_]:
    """Whether each window lies where a mark's seizure may be, shape (n_windows,)."""
    reached = np.zeros(len(rough.start_s), dtype=bool)
    for mark in rough.marks:
        edge_s = _candidate_edges(rough, mark, config)
        reached |= (rough.centre_s >= edge_s[0]) & (rough.centre_s <= edge_s[-1])
    return reached


def _candidate_edges(rough: RoughLabels, mark: SeizureEvent, config: OnsetConfig) -> NDArray[np.float64]:
    """Give the bounds of what may hold the ends of a mark's seizure, shape (n_candidates + 1,).

    They do not reach into another mark, nor, unless the mark does, before the recording.
    """
    offset_s = _offset_s(mark)
    earlier_s = [_offset_s(other) for other in rough.marks if _offset_s(other) <= mark.onset_s]
    later_s = [other.onset_s for other in rough.marks if other.onset_s >= offset_s]
    first_s = max([mark.onset_s - config.before_s, min(mark.onset_s, 0.0), *earlier_s])
    last_s = min([offset_s + config.after_s, *later_s])
    n_before = max(round((mark.onset_s - first_s) / config.step_s), 1)
    n_after = max(round((last_s - mark.onset_s) / config.step_s), 1)
    edge_s: NDArray[np.float64] = mark.onset_s + config.step_s * np.arange(-n_before, n_after + 1, dtype=np.float64)
    return edge_s


def _offset_s(mark: SeizureEvent) -> float:
    return mark.onset_s + (mark.duration_s or LabelConfig().assumed_duration_s)


def seizure_posterior(
    evidence: MarkEvidence, log_onset: ArrayLike, log_offset: ArrayLike, config: OnsetConfig
) -> SeizurePosterior:
    """Join what the windows say with what is known without them.

    Parameters
    ----------
    evidence : MarkEvidence
        Of one mark.
    log_onset, log_offset : array_like, shape (n_candidates,) or ()
        Logarithm of how probable each candidate is for the mark alone, up to a constant.
    config : OnsetConfig
        How probable it is that the mark is false, or its seizure not to be seen.
    """
    begin, end = (
        np.broadcast_to(np.asarray(prior, dtype=np.float64), evidence.gained.shape) for prior in (log_onset, log_offset)
    )
    begin, end = begin - logsumexp(begin), end - logsumexp(end)
    seen = _pairs(begin - evidence.gained, end + evidence.gained)
    unseen = _pairs(begin, end)
    odds_seen = seen.total - unseen.total + np.log1p(-config.p_unseen) - np.log(config.p_unseen)
    share = float(expit(odds_seen))
    log_ratio = float(np.log(config.p_unseen) + np.logaddexp(0.0, odds_seen))
    onset, offset, under_way = (
        share * one + (1 - share) * other for one, other in zip(seen.shares, unseen.shares, strict=True)
    )
    return SeizurePosterior(evidence, onset, offset, under_way, float(expit(log_ratio - logit(config.p_false))))


@dataclass(frozen=True)
class _Pairs:
    total: float
    shares: tuple[NDArray[np.float64], ...]


def _pairs(begin: NDArray[np.float64], end: NDArray[np.float64]) -> _Pairs:
    """Weigh all pairs of an onset and a later offset by the sum of their log-weights, each of shape (n_candidates,)."""
    # What began before each edge, and what ends after it; at the outer edges there is nothing.
    begun = np.append(-np.inf, np.logaddexp.accumulate(begin))
    to_end = np.append(np.logaddexp.accumulate(end[::-1])[::-1], -np.inf)
    total = float(logsumexp(begin + to_end[1:]))
    return _Pairs(
        total, (np.exp(begin + to_end[1:] - total), np.exp(begun[:-1] + end - total), np.exp(begun + to_end - total))
    )


def onsets_from_soft(
    rough: RoughLabels, soft: NDArray[np.float32], config: OnsetConfig | None = None
) -> tuple[CorrectedOnset, ...]:
    """Read a corrected onset of every mark off soft labels, wherever they come from.

    Parameters
    ----------
    rough : RoughLabels
        One recording's windows.
    soft : ndarray, shape (n_windows,)
        Probability that each window is one of a seizure; NaN where it is not known.
    config : OnsetConfig or None
        Where onsets are looked for; None for the defaults. Within these bounds no place is preferred, and a seizure
        that the labels do not show is none: soft labels have taken account of the mark already.

    Returns
    -------
    tuple of CorrectedOnset
        One of each mark, in the marks' order.
    """
    config = replace(config or OnsetConfig(), p_unseen=_SURE)
    log_odds = logit(np.clip(np.asarray(soft, dtype=np.float64), _SURE, 1 - _SURE))
    evidence = weigh_marks(rough, log_odds, config)
    return tuple(seizure_posterior(each, 0.0, 0.0, config).corrected() for each in evidence)
