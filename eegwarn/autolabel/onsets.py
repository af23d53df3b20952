"""Where a mark's seizure began, as far as the windows around the mark tell."""

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
        Windows overlap, and what lies near in time is alike: so many seconds of windows weigh as one independent
        observation.
    p_false : float
        Probability, before anything was looked at, that a mark has no seizure.
    """

    before_s: float = 60.0
    after_s: float = 30.0
    step_s: float = 0.5
    independent_s: float = 10.0
    p_false: float = 0.1

    def __post_init__(self) -> None:
        for name in ("before_s", "after_s", "step_s", "independent_s"):
            if not 0 < getattr(self, name) < np.inf:
                raise ConfigError(f"onsets.{name} must be a finite time above 0 s, but got {getattr(self, name)}.")
        if not 0 < self.p_false < 1:
            raise ConfigError(f"onsets.p_false must lie between 0 and 1, but got {self.p_false}.")


@dataclass(frozen=True)
class OnsetPosterior:
    """Where one mark's seizure may have begun.

    Parameters
    ----------
    mark_s, offset_s : float
        Bounds of the mark, seconds from the recording's start.
    edge_s : ndarray, shape (n_candidates + 1,)
        Bounds of the short stretches that may hold the onset, rising.
    mass : ndarray, shape (n_candidates,)
        Probability of each if there is a seizure; sums to 1.
    p_seizure : float
        Probability that there is one.
    """

    mark_s: float
    offset_s: float
    edge_s: NDArray[np.float64]
    mass: NDArray[np.float64]
    p_seizure: float

    def p_begun(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability, if there is a seizure, that it has begun by each time, any shape."""
        p_begun: NDArray[np.float64] = np.interp(time_s, self.edge_s, np.append(0.0, np.cumsum(self.mass)))
        return p_begun

    def corrected(self) -> CorrectedOnset:
        """Give the median and the bounds of the middle 90 %; NaN where a seizure is less likely than none."""
        bounds_s = np.interp([0.05, 0.5, 0.95], np.append(0.0, np.cumsum(self.mass)), self.edge_s)
        low_s, onset_s, high_s = bounds_s.tolist() if self.p_seizure >= 0.5 else (np.nan,) * 3
        return CorrectedOnset(self.mark_s, onset_s, low_s, high_s, self.p_seizure)


def candidate_edges(rough: RoughLabels, mark: SeizureEvent, config: OnsetConfig) -> tuple[NDArray[np.float64], float]:
    """Bounds of the stretches that may hold a mark's onset, shape (n_candidates + 1,), and the mark's offset.

    No onset lies after the mark's own offset or before the offset of the mark that came before.
    """
    offset_s = _offset_s(mark)
    earlier = [_offset_s(other) for other in rough.marks if _offset_s(other) <= mark.onset_s]
    first_s = max([mark.onset_s - config.before_s, *earlier])
    last_s = min(mark.onset_s + config.after_s, offset_s)
    n_before = max(round((mark.onset_s - first_s) / config.step_s), 1)
    n_after = max(round((last_s - mark.onset_s) / config.step_s), 1)
    edge_s: NDArray[np.float64] = mark.onset_s + config.step_s * np.arange(-n_before, n_after + 1, dtype=np.float64)
    return edge_s, offset_s


def _offset_s(mark: SeizureEvent) -> float:
    return mark.onset_s + (mark.duration_s or LabelConfig().assumed_duration_s)


def onset_posterior(
    rough: RoughLabels,
    log_odds: NDArray[np.float64],
    mark: SeizureEvent,
    log_prior: ArrayLike,
    edges: tuple[NDArray[np.float64], float],
    config: OnsetConfig,
) -> OnsetPosterior:
    """Weigh every candidate onset of a mark against there being no seizure.

    A candidate's log-likelihood ratio is the log-odds of the windows between it and the mark's offset; a window counts
    by how much of it lies there, and one whose label is known by whether its centre does.

    Parameters
    ----------
    rough : RoughLabels
        One recording's windows.
    log_odds : ndarray, shape (n_windows,)
        Of a seizure against none, in each window; NaN where there is no telling.
    mark : SeizureEvent
        The mark.
    log_prior : array_like, shape (n_candidates,)
        Logarithm of how probable each candidate is for the mark alone, up to a constant.
    edges : (ndarray, float)
        As `candidate_edges` gives them.
    config : OnsetConfig
        How much windows weigh.
    """
    edge_s, offset_s = edges
    prior = np.broadcast_to(np.asarray(log_prior, dtype=np.float64), (len(edge_s) - 1,))
    centre_s = (edge_s[1:] + edge_s[:-1]) / 2
    up_to = _evidence_up_to(rough, log_odds, np.append(centre_s, offset_s), config.independent_s)
    weight = prior - logsumexp(prior) + up_to[-1] - up_to[:-1]
    total = float(logsumexp(weight))
    p_seizure = float(expit(total - logit(config.p_false)))
    return OnsetPosterior(mark.onset_s, offset_s, edge_s, np.exp(weight - total), p_seizure)


def _evidence_up_to(
    rough: RoughLabels, log_odds: NDArray[np.float64], time_s: NDArray[np.float64], independent_s: float
) -> NDArray[np.float64]:
    """Sum of the windows' log-odds, tempered, as far as they lie before each time, shape (n_times,)."""
    known = np.isfinite(rough.clean)
    hop_s = float(np.median(np.diff(rough.start_s))) if len(rough.start_s) > 1 else rough.window_s
    height = np.where(known | ~np.isfinite(log_odds), 0.0, log_odds) * hop_s / independent_s
    # Each window's share before t grows evenly from its start to its end: their sum is linear between these times.
    bend_s = np.concatenate([rough.start_s, rough.start_s + rough.window_s])
    order = np.argsort(bend_s, kind="stable")
    slope = np.cumsum(np.concatenate([height, -height])[order] / rough.window_s)
    gained = np.append(0.0, np.cumsum(slope[:-1] * np.diff(bend_s[order])))
    stepped = np.append(0.0, np.cumsum(np.where(rough.clean[known] > 0.5, _KNOWN_LOG_ODDS, -_KNOWN_LOG_ODDS)))
    n_before = np.searchsorted(rough.centre_s[known], time_s)
    up_to: NDArray[np.float64] = np.interp(time_s, bend_s[order], gained) + stepped[n_before]
    return up_to


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
    posteriors = (
        onset_posterior(rough, log_odds, mark, 0.0, candidate_edges(rough, mark, config), config)
        for mark in rough.marks
    )
    return tuple(posterior.corrected() for posterior in posteriors)
