"""Where a mark's seizure began, as far as the windows around the mark tell.

Neighbouring windows share samples, and what the EEG does changes slowly: their log-odds cannot simply be added. They
are weighed down such that the sum over `OnsetConfig.independent_s` counts as one observation, whatever the hop.
"""

from dataclasses import dataclass

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
    """Where onsets are looked for, and how much windows weigh.

    Parameters
    ----------
    before_s, after_s : float
        How far before and after a mark its onset may lie, in s.
    step_s : float
        Distance of candidate onsets, in s.
    independent_s : float
        So many seconds of windows weigh as one independent observation.
    p_false : float
        Probability, before anything was looked at, that a mark has no seizure.
    unmarked_per_hour : float
        How many seizures an hour without marks is taken to hold, before anything was looked at.
    """

    before_s: float = 60.0
    after_s: float = 30.0
    step_s: float = 0.5
    independent_s: float = 15.0
    p_false: float = 0.1
    unmarked_per_hour: float = 0.5

    def __post_init__(self) -> None:
        for name in ("before_s", "after_s", "step_s", "independent_s"):
            if not 0 < getattr(self, name) < np.inf:
                raise ConfigError(f"onsets.{name} must be a finite time above 0 s, but got {getattr(self, name)}.")
        if not 0 < self.p_false < 1:
            raise ConfigError(f"onsets.p_false must lie between 0 and 1, but got {self.p_false}.")
        if not 0 <= self.unmarked_per_hour < np.inf:
            raise ConfigError(f"onsets.unmarked_per_hour must be 0 or more, but got {self.unmarked_per_hour}.")


@dataclass(frozen=True)
class MarkEvidence:
    """What the windows say about where one mark's seizure began.

    Parameters
    ----------
    mark_s, offset_s : float
        Bounds of the mark, seconds from the recording's start.
    edge_s : ndarray, shape (n_candidates + 1,)
        Bounds of the short stretches that may hold the onset, rising.
    log_ratio : ndarray, shape (n_candidates,)
        Log-likelihood of a seizure from there to the mark's offset, against none.
    """

    mark_s: float
    offset_s: float
    edge_s: NDArray[np.float64]
    log_ratio: NDArray[np.float64]

    @property
    def centre_s(self) -> NDArray[np.float64]:
        """Candidate onsets, shape (n_candidates,)."""
        return (self.edge_s[1:] + self.edge_s[:-1]) / 2


@dataclass(frozen=True)
class OnsetPosterior:
    """Where one mark's seizure may have begun, all things considered.

    Parameters
    ----------
    evidence : MarkEvidence
        Of the mark.
    mass : ndarray, shape (n_candidates,)
        Probability of each candidate if there is a seizure; sums to 1.
    p_seizure : float
        Probability that there is one.
    """

    evidence: MarkEvidence
    mass: NDArray[np.float64]
    p_seizure: float

    def p_begun(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability, if there is a seizure, that it has begun by each time, any shape."""
        p_begun: NDArray[np.float64] = np.interp(time_s, self.evidence.edge_s, np.append(0.0, np.cumsum(self.mass)))
        return p_begun

    def corrected(self) -> CorrectedOnset:
        """Give the median and the bounds of the middle 90 %; NaN where a seizure is less likely than none."""
        bounds_s = np.interp([0.05, 0.5, 0.95], np.append(0.0, np.cumsum(self.mass)), self.evidence.edge_s)
        low_s, onset_s, high_s = bounds_s.tolist() if self.p_seizure >= 0.5 else (np.nan,) * 3
        return CorrectedOnset(self.evidence.mark_s, onset_s, low_s, high_s, self.p_seizure)


def weigh_marks(rough: RoughLabels, log_odds: NDArray[np.float64], config: OnsetConfig) -> tuple[MarkEvidence, ...]:
    """Weigh every candidate onset of every mark against there being no seizure.

    A candidate's log-likelihood ratio is the log-odds of the windows between it and the mark's offset; a window counts
    by how much of it lies there, and one whose label is known by whether its centre does.

    Parameters
    ----------
    rough : RoughLabels
        One recording's windows.
    log_odds : ndarray, shape (n_windows,)
        Of a seizure against none, in each window; NaN where there is no telling.
    config : OnsetConfig
        Where onsets are looked for, and how much windows weigh.

    Returns
    -------
    tuple of MarkEvidence
        One of each mark, in the marks' order.
    """
    bend_s, gained = _evidence_gained(rough, log_odds, config)
    known = np.isfinite(rough.clean)
    known_s = rough.centre_s[known]
    stepped = np.append(0.0, np.cumsum(np.where(rough.clean[known] > 0.5, _KNOWN_LOG_ODDS, -_KNOWN_LOG_ODDS)))
    weighed = []
    for mark in rough.marks:
        edge_s, offset_s = _candidate_edges(rough, mark, config)
        time_s = np.append((edge_s[1:] + edge_s[:-1]) / 2, offset_s)
        up_to = np.interp(time_s, bend_s, gained) + stepped[np.searchsorted(known_s, time_s)]
        weighed.append(MarkEvidence(mark.onset_s, offset_s, edge_s, up_to[-1] - up_to[:-1]))
    return tuple(weighed)


def _evidence_gained(
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
    """Share of an independent observation that one window counts for: what hops there are share it."""
    hop_s = float(np.median(np.diff(rough.start_s))) if len(rough.start_s) > 1 else rough.window_s
    return hop_s / config.independent_s


def reached_by_marks(rough: RoughLabels, config: OnsetConfig) -> NDArray[np.bool_]:
    """Whether each window lies where a mark's seizure may be, from its first candidate onset to its offset."""
    reached = np.zeros(len(rough.start_s), dtype=bool)
    for mark in rough.marks:
        edge_s, offset_s = _candidate_edges(rough, mark, config)
        reached |= (rough.centre_s >= edge_s[0]) & (rough.centre_s < offset_s)
    return reached


def _candidate_edges(rough: RoughLabels, mark: SeizureEvent, config: OnsetConfig) -> tuple[NDArray[np.float64], float]:
    """Give the bounds of what may hold a mark's onset, shape (n_candidates + 1,), and the mark's offset.

    No onset lies after the mark's own offset, before the offset of the mark that came before, or, unless the mark does,
    before the recording.
    """
    offset_s = _offset_s(mark)
    earlier = [_offset_s(other) for other in rough.marks if _offset_s(other) <= mark.onset_s]
    first_s = max([mark.onset_s - config.before_s, min(mark.onset_s, 0.0), *earlier])
    last_s = min(mark.onset_s + config.after_s, offset_s)
    n_before = max(round((mark.onset_s - first_s) / config.step_s), 1)
    n_after = max(round((last_s - mark.onset_s) / config.step_s), 1)
    edge_s: NDArray[np.float64] = mark.onset_s + config.step_s * np.arange(-n_before, n_after + 1, dtype=np.float64)
    return edge_s, offset_s


def _offset_s(mark: SeizureEvent) -> float:
    return mark.onset_s + (mark.duration_s or LabelConfig().assumed_duration_s)


def onset_posterior(evidence: MarkEvidence, log_prior: ArrayLike, p_false: float) -> OnsetPosterior:
    """Join what the windows say with what is known without them.

    Parameters
    ----------
    evidence : MarkEvidence
        Of one mark.
    log_prior : array_like, shape (n_candidates,) or ()
        Logarithm of how probable each candidate is for the mark alone, up to a constant.
    p_false : float
        Probability, before anything was looked at, that the mark has no seizure.
    """
    prior = np.broadcast_to(np.asarray(log_prior, dtype=np.float64), evidence.log_ratio.shape)
    weight = prior - logsumexp(prior) + evidence.log_ratio
    total = float(logsumexp(weight))
    return OnsetPosterior(evidence, np.exp(weight - total), float(expit(total - logit(p_false))))


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
        Where onsets are looked for; None for the defaults. Within these bounds no place is preferred: soft labels
        have taken account of the mark already.

    Returns
    -------
    tuple of CorrectedOnset
        One of each mark, in the marks' order.
    """
    config = config or OnsetConfig()
    log_odds = logit(np.clip(np.asarray(soft, dtype=np.float64), _SURE, 1 - _SURE))
    evidence = weigh_marks(rough, log_odds, config)
    return tuple(onset_posterior(each, 0.0, config.p_false).corrected() for each in evidence)
