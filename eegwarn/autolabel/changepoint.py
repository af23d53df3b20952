"""The change-point posterior: how wrong marks tend to be, weighed against what the windows show.

Each mark has one unknown, where its seizure began. Before anything is looked at, marks err by a lognormal time and
mostly late; the windows then speak for and against every candidate (`onsets`). Needs no clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from eegwarn.autolabel.context import ContextConfig, ContextModel, context_evidence, context_without_clips
from eegwarn.autolabel.labels import CorrectedLabels, RoughLabels
from eegwarn.autolabel.onsets import MarkEvidence, OnsetConfig, OnsetPosterior, onset_posterior, weigh_marks
from eegwarn.autolabel.unmarked import p_unmarked
from eegwarn.errors import ConfigError

_PRIOR_MARKS = 5.0
_EM_ROUNDS = 8
_LEAST_MASS = 1e-12


@dataclass(frozen=True)
class ChangePointConfig:
    """How marks err, and how much windows weigh against them.

    Parameters
    ----------
    median_error_s : float
        Half of the marks lie nearer to the onset than this, in s.
    log_sd : float
        Spread of the error's natural logarithm.
    late_share : float
        Share of the marks that come after the onset.
    onsets : OnsetConfig
        Where onsets are looked for.
    """

    median_error_s: float = 4.0
    log_sd: float = 1.5
    late_share: float = 0.85
    onsets: OnsetConfig = field(default_factory=OnsetConfig)

    def __post_init__(self) -> None:
        if not (0 < self.median_error_s < np.inf and 0 < self.log_sd < np.inf and 0 < self.late_share < 1):
            raise ConfigError(
                "changepoint.median_error_s and .log_sd must be finite and above 0, and .late_share between 0 and 1, "
                f"but got {self.median_error_s}, {self.log_sd} and {self.late_share}."
            )


def correct_by_changepoint(
    rough: RoughLabels, config: ChangePointConfig, context: ContextModel | None
) -> CorrectedLabels:
    """Correct one recording's labels by where the seizure of every mark may have begun.

    Where a mark has no seizure after all, or none reaches, the windows speak for themselves.

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
        evidence = posterior.evidence
        reached = (centre_s >= evidence.edge_s[0]) & (centre_s < evidence.offset_s)
        begun = posterior.p_seizure * posterior.p_begun(centre_s[reached])
        none = (1 - posterior.p_seizure) * expit(log_odds[reached])
        soft[reached] = np.maximum(soft[reached], begun + none)
    soft = np.where(np.isfinite(rough.clean), rough.clean, soft)
    soft[~np.isfinite(rough.logit)] = np.nan
    return CorrectedLabels(soft.astype(np.float32), tuple(posterior.corrected() for posterior in posteriors))


def fit_mark_errors(
    roughs: Sequence[RoughLabels], config: ChangePointConfig, context: ContextModel | None
) -> ChangePointConfig:
    """Estimate how far off the marks of a training set are, and how many false, from the windows around all of them.

    Expectation and maximisation (empirical Bayes): where each seizure may have begun, given how marks err; then how
    marks err, given where seizures may have begun. The given configuration counts as five marks, so that few marks
    cannot lead astray. The share of late marks stays as given: a network that sees the early stage poorly would
    make marks early.

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
        With another ``median_error_s``, ``log_sd`` and ``onsets.p_false``.
    """
    weighed = [each for rough in roughs for each in weigh_marks(rough, _log_odds(rough, context), config.onsets)]
    if not weighed:
        return config
    log_error = np.log(np.abs(np.concatenate([each.mark_s - each.centre_s for each in weighed])))
    fitted = config
    for _ in range(_EM_ROUNDS):
        posteriors = [_posterior(evidence, fitted) for evidence in weighed]
        weight = np.concatenate([each.p_seizure * each.mass for each in posteriors])
        n_seizures = _PRIOR_MARKS + weight.sum()
        centre = (_PRIOR_MARKS * np.log(config.median_error_s) + weight @ log_error) / n_seizures
        variance = (_PRIOR_MARKS * config.log_sd**2 + weight @ (log_error - centre) ** 2) / n_seizures
        n_false = _PRIOR_MARKS * config.onsets.p_false + len(weighed) - weight.sum()
        fitted = replace(
            config,
            median_error_s=float(np.exp(centre)),
            log_sd=float(np.sqrt(variance)),
            onsets=replace(config.onsets, p_false=float(n_false / (_PRIOR_MARKS + len(weighed)))),
        )
    return fitted


def _log_odds(rough: RoughLabels, context: ContextModel | None) -> NDArray[np.float64]:
    return context_evidence(context or context_without_clips([rough], ContextConfig()), rough)


def _posterior(evidence: MarkEvidence, config: ChangePointConfig) -> OnsetPosterior:
    log_prior = _log_mark_error(evidence.mark_s - evidence.edge_s, config)
    return onset_posterior(evidence, log_prior, config.onsets.p_false)


def _log_mark_error(late_s: NDArray[np.float64], config: ChangePointConfig) -> NDArray[np.float64]:
    """Log-probability that a mark is late by a time between each two neighbours of ``late_s``, which falls."""
    with np.errstate(divide="ignore"):
        nearer = ndtr((np.log(np.abs(late_s)) - np.log(config.median_error_s)) / config.log_sd)
    late = config.late_share * np.where(late_s > 0, nearer, 0.0)
    early = (1 - config.late_share) * np.where(late_s < 0, nearer, 0.0)
    return np.asarray(np.log(np.maximum(np.diff(early) - np.diff(late), _LEAST_MASS)))
