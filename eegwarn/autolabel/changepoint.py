"""The change-point posterior: how wrong marks tend to be, weighed against what the windows show.

Each mark has two unknowns, where its seizure began and where it ended. Before anything is looked at, marks err by
lognormal times, onsets mostly late; the windows then speak for and against every pair of candidates (`onsets`).
Needs no clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from eegwarn.autolabel.context import ContextConfig, ContextModel, context_evidence, context_without_clips
from eegwarn.autolabel.labels import CorrectedLabels, RoughLabels
from eegwarn.autolabel.onsets import MarkEvidence, OnsetConfig, SeizurePosterior, seizure_posterior, weigh_marks
from eegwarn.autolabel.unmarked import p_unmarked
from eegwarn.errors import ConfigError

_PRIOR_MARKS = 5.0
_EM_ROUNDS = 8
_LEAST_MASS = 1e-12
_LEAST_ERROR_S = 0.25


@dataclass(frozen=True)
class MarkError:
    """How far one end of a mark lies from the truth: a lognormal time, late or early.

    Parameters
    ----------
    median_s : float
        Half of the marks lie nearer than this, in s.
    log_sd : float
        Spread of the time's natural logarithm.
    late_share : float
        Share of the marks that come after the truth.
    """

    median_s: float
    log_sd: float
    late_share: float

    def __post_init__(self) -> None:
        if not (0 < self.median_s < np.inf and 0 < self.log_sd < np.inf and 0 < self.late_share < 1):
            raise ConfigError(
                "An error of marks needs median_s and log_sd finite and above 0, and late_share between 0 and 1, but "
                f"got {self.median_s}, {self.log_sd} and {self.late_share}."
            )

    def log_mass(self, late_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-probability that a mark is late by a time between each two neighbours of ``late_s``, which falls."""
        with np.errstate(divide="ignore"):
            nearer = ndtr((np.log(np.abs(late_s)) - np.log(self.median_s)) / self.log_sd)
        late = self.late_share * np.where(late_s > 0, nearer, 0.0)
        early = (1 - self.late_share) * np.where(late_s < 0, nearer, 0.0)
        return np.asarray(np.log(np.maximum(np.diff(early) - np.diff(late), _LEAST_MASS)))


@dataclass(frozen=True)
class ChangePointConfig:
    """How marks err, and how much windows weigh against them.

    Parameters
    ----------
    onset_error, offset_error : MarkError
        Of the two ends of a mark, before anything is looked at.
    onsets : OnsetConfig
        Where seizures are looked for.
    """

    onset_error: MarkError = field(default_factory=lambda: MarkError(median_s=4.0, log_sd=1.5, late_share=0.85))
    offset_error: MarkError = field(default_factory=lambda: MarkError(median_s=3.0, log_sd=1.5, late_share=0.6))
    onsets: OnsetConfig = field(default_factory=OnsetConfig)


def correct_by_changepoint(
    rough: RoughLabels, config: ChangePointConfig, context: ContextModel | None
) -> CorrectedLabels:
    """Correct one recording's labels by where the seizure of every mark may be.

    Where a mark has no seizure after all, the windows speak for themselves; where no mark reaches, what nobody marked
    must prove itself (`unmarked`).

    Parameters
    ----------
    rough : RoughLabels
        One recording's windows.
    config : ChangePointConfig
        How marks err: as taken for granted, or as `fit_mark_errors` finds.
    context : ContextModel or None
        Judges the windows. None where there is none: then the network's logits do, weighed by this recording's marks.
    """
    log_odds = _log_odds(rough, context)
    posteriors = [_posterior(evidence, config) for evidence in weigh_marks(rough, log_odds, config.onsets)]
    soft, centre_s = p_unmarked(rough, log_odds, config.onsets), rough.centre_s
    for posterior in posteriors:
        edge_s = posterior.evidence.edge_s
        reached = (centre_s >= edge_s[0]) & (centre_s <= edge_s[-1])
        seizure = posterior.p_seizure * np.interp(centre_s[reached], edge_s, posterior.under_way)
        none = (1 - posterior.p_seizure) * expit(log_odds[reached])
        soft[reached] = np.maximum(soft[reached], seizure + none)
    return CorrectedLabels(rough.with_known(soft), tuple(posterior.corrected() for posterior in posteriors))


def fit_mark_errors(
    roughs: Sequence[RoughLabels], config: ChangePointConfig, context: ContextModel | None
) -> ChangePointConfig:
    """Estimate how far off the marks of a training set are, from the windows around all of them.

    Expectation and maximisation (empirical Bayes): where each seizure may be, given how marks err; then how marks err,
    given where seizures may be. The given configuration counts as five marks, so that few marks cannot lead astray.
    Other shares stay as given: a network that sees the early stage poorly would make marks early, and one that is blind
    to some seizures would make their marks false.

    Parameters
    ----------
    roughs : sequence of RoughLabels
        The training recordings.
    config : ChangePointConfig
        What marks are taken to be like before any is seen.
    context : ContextModel or None
        As in `correct_by_changepoint`.

    Returns
    -------
    ChangePointConfig
        With another median and spread of both errors.
    """
    weighed = [each for rough in roughs for each in weigh_marks(rough, _log_odds(rough, context), config.onsets)]
    if not weighed:
        return config
    onset_s = np.concatenate([each.onset_s - each.candidate_s for each in weighed])
    offset_s = np.concatenate([each.offset_s - each.candidate_s for each in weighed])
    fitted = config
    for _ in range(_EM_ROUNDS):
        posteriors = [_posterior(evidence, fitted) for evidence in weighed]
        onset, offset = (
            np.concatenate([each.p_seizure * getattr(each, end) for each in posteriors]) for end in ("onset", "offset")
        )
        fitted = replace(
            config,
            onset_error=_refit(config.onset_error, onset_s, onset),
            offset_error=_refit(config.offset_error, offset_s, offset),
        )
    return fitted


def _refit(prior: MarkError, late_s: NDArray[np.float64], weight: NDArray[np.float64]) -> MarkError:
    """Estimate errors from candidates with their probabilities, both of shape (n_candidates of all marks,)."""
    log_error = np.log(np.maximum(np.abs(late_s), _LEAST_ERROR_S))
    n_seizures = _PRIOR_MARKS + weight.sum()
    centre = (_PRIOR_MARKS * np.log(prior.median_s) + weight @ log_error) / n_seizures
    variance = (_PRIOR_MARKS * prior.log_sd**2 + weight @ (log_error - centre) ** 2) / n_seizures
    return replace(prior, median_s=float(np.exp(centre)), log_sd=float(np.sqrt(variance)))


def _log_odds(rough: RoughLabels, context: ContextModel | None) -> NDArray[np.float64]:
    return context_evidence(context or context_without_clips([rough], ContextConfig()), rough)


def _posterior(evidence: MarkEvidence, config: ChangePointConfig) -> SeizurePosterior:
    return seizure_posterior(
        evidence,
        config.onset_error.log_mass(evidence.onset_s - evidence.edge_s),
        config.offset_error.log_mass(evidence.offset_s - evidence.edge_s),
        config.onsets,
    )
