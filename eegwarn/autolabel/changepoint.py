"""The change-point posterior: how wrong marks tend to be, weighed against what the windows show.

Each mark has one unknown, where its seizure began. Before anything is looked at, marks err by a lognormal time and
mostly late; the windows then speak for and against every candidate (`onsets`). Needs no clip.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from eegwarn.autolabel.context import ContextModel, context_logit
from eegwarn.autolabel.labels import CorrectedLabels, RoughLabels
from eegwarn.autolabel.onsets import OnsetConfig, OnsetPosterior, candidate_edges, onset_posterior
from eegwarn.errors import ConfigError

_LARGEST_LOGIT = 8.0


@dataclass(frozen=True)
class ChangePointConfig:
    """How marks err, and how much windows weigh against them.

    Parameters
    ----------
    median_error_s : float
        Marks lie so far from the onset, or less, in half of the cases.
    log_sd : float
        Spread of the error's logarithm.
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
    """Correct one recording's labels around every mark by where its seizure may have begun.

    Parameters
    ----------
    rough : RoughLabels
        One recording's windows.
    config : ChangePointConfig
        How marks err.
    context : ContextModel or None
        Judges the windows, and labels those that no mark reaches; None where no clip was labelled: then the network's
        own logits are weighed, and windows that no mark reaches keep their noisy label.
    """
    posteriors = mark_posteriors(rough, config, context)
    elsewhere = rough.noisy.astype(np.float64) if context is None else expit(context_logit(context, rough))
    soft, centre_s = elsewhere.copy(), rough.centre_s
    for posterior in posteriors:
        reached = (centre_s >= posterior.edge_s[0]) & (centre_s < posterior.offset_s)
        seizure = posterior.p_seizure * posterior.p_begun(centre_s[reached])
        none = (1 - posterior.p_seizure) * (0.0 if context is None else elsewhere[reached])
        soft[reached] = seizure + none
    soft = np.where(np.isfinite(rough.clean), rough.clean, soft)
    soft[~np.isfinite(rough.logit)] = np.nan
    return CorrectedLabels(soft.astype(np.float32), tuple(posterior.corrected() for posterior in posteriors))


def mark_posteriors(
    rough: RoughLabels, config: ChangePointConfig, context: ContextModel | None
) -> tuple[OnsetPosterior, ...]:
    """Where each mark's seizure may have begun, in the marks' order."""
    if context is None:
        log_odds = np.clip(rough.logit, -_LARGEST_LOGIT, _LARGEST_LOGIT) / 2
    else:
        # The prior speaks for the mark; the windows must not do it once more.
        log_odds = context_logit(context, replace(rough, noisy=np.full_like(rough.noisy, 0.5)))
    posteriors = []
    for mark in rough.marks:
        edges = candidate_edges(rough, mark, config.onsets)
        log_prior = _log_mark_error(mark.onset_s - edges[0], config)
        posteriors.append(onset_posterior(rough, log_odds, mark, log_prior, edges, config.onsets))
    return tuple(posteriors)


def _log_mark_error(error_s: NDArray[np.float64], config: ChangePointConfig) -> NDArray[np.float64]:
    """Log-probability that a mark comes late by a time between neighbours of ``error_s``, which falls."""
    with np.errstate(divide="ignore"):
        share = ndtr((np.log(np.abs(error_s)) - np.log(config.median_error_s)) / config.log_sd)
    late = config.late_share * np.where(error_s > 0, share, 0.0)
    early = (1 - config.late_share) * np.where(error_s < 0, share, 0.0)
    mass = -np.diff(late) + np.diff(early)
    log_mass: NDArray[np.float64] = np.log(np.maximum(mass, 1e-12))
    return log_mass
