"""The context label model: what a network thinks of a window and of the windows around it.

A network that was trained on rough marks is unsure of single windows around an onset. Its logits before and above all
after a window, weighed on a few clips that a clinician labelled, tell much better whether the seizure has begun: an
early stage looks calm, what follows it does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from eegwarn.autolabel.labels import CorrectedLabels, RoughLabels
from eegwarn.autolabel.onsets import OnsetConfig, onsets_from_soft, reached_by_marks
from eegwarn.autolabel.unmarked import p_unmarked
from eegwarn.errors import CohortError, ConfigError

_TOLERANCE_S = 1e-6
_LEAST_SCALE = 1e-3
_TRUST_AHEAD, _TRUST_MARK, _TRUST_OTHERS = 1.0, 0.3, 0.1
"""How freely a few clips may set each weight: with equal freedom, five clips taken from late marks make onsets late."""
_CALM_TO_SEIZURE, _NO_TELLING = 7.0, 0.4
"""Without clips, log-odds rise by this from a patient's calm to the seizures that were marked, and are 0 so far up."""
_LEAST_RISE, _USUAL_RISE = 0.5, 2.0


@dataclass(frozen=True)
class ContextConfig:
    """How a window's context is summed up and weighed.

    Parameters
    ----------
    ahead_s : (float, float)
        Stretch after a window, from and to in s, over which logits are averaged; it counts most.
    spans_s : tuple of (float, float)
        Further such stretches, around the window.
    largest_logit : float
        Logits are held within +- this, so that one window does not outweigh its neighbours.
    regularisation : float
        Inverse strength of the pull of the weights to 0, as in scikit-learn's ``C``.
    n_certain : int
        Most windows of either class, far from every border of a mark, that join the known ones.
    least_known : int
        Known windows of either class without which nothing is fitted.
    onsets : OnsetConfig
        Where onsets are looked for.
    """

    ahead_s: tuple[float, float] = (1, 15)
    spans_s: tuple[tuple[float, float], ...] = ((-3, 3), (-8, 8))
    largest_logit: float = 8.0
    regularisation: float = 3.0
    n_certain: int = 60
    least_known: int = 5
    onsets: OnsetConfig = field(default_factory=OnsetConfig)

    def __post_init__(self) -> None:
        if not all(-np.inf < start <= stop < np.inf for start, stop in (self.ahead_s, *self.spans_s)):
            raise ConfigError(
                "context.ahead_s and .spans_s must be stretches (from, to) in s, but got "
                f"{self.ahead_s} and {self.spans_s}."
            )
        if not (0 < self.largest_logit < np.inf and 0 < self.regularisation < np.inf):
            raise ConfigError(
                "context.largest_logit and .regularisation must be finite and above 0, but got "
                f"{self.largest_logit} and {self.regularisation}."
            )
        if self.n_certain < 0 or self.least_known < 1:
            raise ConfigError(
                "context.n_certain must be at least 0 and .least_known at least 1, but got "
                f"{self.n_certain} and {self.least_known}."
            )


@dataclass(frozen=True)
class Weights:
    """A logistic regression: log-odds = bias + features . weight.

    Parameters
    ----------
    weight : tuple of float, length n_features
        Of the features as they are.
    bias : float
        Log-odds where all features are 0.
    """

    weight: tuple[float, ...]
    bias: float

    def log_odds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weigh features of shape (n_windows, n_features): shape (n_windows,)."""
        return np.asarray(features @ np.array(self.weight) + self.bias)


@dataclass(frozen=True)
class ContextModel:
    """A fitted label model.

    Parameters
    ----------
    label : Weights
        Of `context_features`: what the label is, all things considered.
    evidence : Weights
        Of the same but the noisy label: what the EEG alone says.
    config : ContextConfig
        How the features are made.
    """

    label: Weights
    evidence: Weights
    config: ContextConfig


def context_features(rough: RoughLabels, config: ContextConfig) -> NDArray[np.float64]:
    """Describe each window by its logit, the logits around it, and its noisy label.

    Parameters
    ----------
    rough : RoughLabels
        One recording's windows.
    config : ContextConfig
        Which stretches.

    Returns
    -------
    ndarray, shape (n_windows, 3 + n_spans)
        Half the clipped logit, above that of the recording's calm windows in the median; its mean over what is ahead
        and over each further stretch, windows that are not usable left out, and the window's own where a stretch has
        no other; 1 or 0 for the noisy label. A window that is not usable is all NaN.
    """
    half = np.clip(rough.logit, -config.largest_logit, config.largest_logit) / 2
    usable = np.isfinite(half)
    # Patients differ in what the network thinks of their calm EEG; a seizure stands out from the patient's own.
    calm = usable & (rough.noisy < 0.5)
    if calm.any():
        half = half - np.median(half[calm])
    total = np.append(0.0, np.cumsum(np.where(usable, half, 0.0)))
    count = np.append(0, np.cumsum(usable))
    columns = [half]
    for start_s, stop_s in (config.ahead_s, *config.spans_s):
        first = np.searchsorted(rough.start_s, rough.start_s + start_s - _TOLERANCE_S)
        end = np.searchsorted(rough.start_s, rough.start_s + stop_s + _TOLERANCE_S)
        n_usable = count[end] - count[first]
        columns.append(np.where(n_usable > 0, (total[end] - total[first]) / np.maximum(n_usable, 1), half))
    features = np.column_stack([*columns, rough.noisy])
    features[~usable] = np.nan
    return features


def fit_context(roughs: Sequence[RoughLabels], config: ContextConfig, rng: np.random.Generator) -> ContextModel:
    """Weigh the context on the windows whose label is known, and some that are certain.

    Parameters
    ----------
    roughs : sequence of RoughLabels
        The training recordings, some windows of which have a known label.
    config : ContextConfig
        How.
    rng : numpy.random.Generator
        Draws the certain windows.

    Raises
    ------
    CohortError
        If fewer than ``config.least_known`` usable windows of a class have a known label.
    """
    features = np.concatenate([context_features(rough, config) for rough in roughs])
    clean = np.concatenate([rough.clean for rough in roughs])
    known = np.flatnonzero(np.isfinite(features[:, 0]) & np.isfinite(clean))
    for label, name in ((0, "calm"), (1, "seizure")):
        n_known = np.count_nonzero(clean[known] == label)
        if n_known < config.least_known:
            raise CohortError(
                f"Only {n_known} {name} windows have a known label, and the label model needs {config.least_known}. "
                "Label more clips around marks, or choose --method changepoint, which needs none."
            )
    certain = _draw_certain(roughs, config.n_certain, rng)
    rows = np.concatenate([known, certain])
    target = np.concatenate([clean[known], np.concatenate([rough.noisy for rough in roughs])[certain]])
    trust = np.array([_TRUST_OTHERS, _TRUST_AHEAD, *(_TRUST_OTHERS for _ in config.spans_s), _TRUST_MARK])
    return ContextModel(
        label=_fit(features[rows], target, trust, config.regularisation),
        evidence=_fit(features[rows, :-1], target, trust[:-1], config.regularisation),
        config=config,
    )


def context_without_clips(roughs: Sequence[RoughLabels], config: ContextConfig) -> ContextModel:
    """Weigh what is ahead by how far it stands out where the marks say seizure, since no label is known.

    The model does not look at the noisy label. Of what was marked, only windows on which the network agrees are taken:
    marks may be false, or take in minutes before the seizure.

    Parameters
    ----------
    roughs : sequence of RoughLabels
        The training recordings.
    config : ContextConfig
        Which stretch is ahead.
    """
    agreed = [context_features(rough, config)[(rough.noisy > 0.5) & (rough.logit > 0), 1] for rough in roughs]
    marked = np.concatenate([np.zeros(0), *agreed])
    rise = max(float(np.median(marked)), _LEAST_RISE) if len(marked) else _USUAL_RISE
    weight = (0.0, _CALM_TO_SEIZURE / rise, *(0.0 for _ in config.spans_s))
    evidence = Weights(weight, -_CALM_TO_SEIZURE * _NO_TELLING)
    return ContextModel(Weights((*evidence.weight, 0.0), evidence.bias), evidence, config)


def _draw_certain(roughs: Sequence[RoughLabels], n_certain: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw certain windows of either class whose label is not known, numbered through all recordings."""
    logit = np.concatenate([rough.logit for rough in roughs])
    noisy = np.concatenate([rough.noisy for rough in roughs]) > 0.5
    certain = np.concatenate([rough.certain & rough.counted & np.isnan(rough.clean) for rough in roughs])
    # A false mark makes windows certain that are calm: where the network disagrees, they are left out. Calm windows
    # that look like a seizure stay, or the model would never see what misleads the network.
    certain &= np.isfinite(logit) & ((logit > 0) | ~noisy)
    drawn = [rng.permutation(np.flatnonzero(certain & (noisy == label)))[:n_certain] for label in (False, True)]
    return np.concatenate(drawn)


def _fit(
    features: NDArray[np.float64], target: NDArray[np.float32], trust: NDArray[np.float64], regularisation: float
) -> Weights:
    # Not scikit-learn's, which gives the same weights: importing it takes two seconds, and a query is to take three.
    from scipy.optimize import minimize

    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), _LEAST_SCALE) / trust
    inputs = (features - mean) / scale

    def loss_and_gradient(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weight, bias = parameters[:-1], parameters[-1]
        scaled = inputs @ weight + bias
        error = expit(scaled) - target
        loss = np.sum(np.logaddexp(0, scaled) - target * scaled) + weight @ weight / (2 * regularisation)
        gradient = np.append(error @ inputs + weight / regularisation, error.sum())
        return float(loss) / len(target), gradient / len(target)

    start = np.zeros(features.shape[1] + 1)
    # Its stopping rule too: where windows are nearly told apart, going on would let the weights grow without end.
    options = {"gtol": 1e-4, "ftol": 64 * np.finfo(float).eps, "maxls": 50, "maxiter": 1000}
    fit = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", options=options)
    weight = fit.x[:-1] / scale
    return Weights(tuple(weight.tolist()), float(fit.x[-1] - weight @ mean))


def context_evidence(model: ContextModel, rough: RoughLabels) -> NDArray[np.float64]:
    """Log-odds of a seizure from the EEG alone, shape (n_windows,); NaN where a window is not usable."""
    return model.evidence.log_odds(context_features(rough, model.config)[:, :-1])


def correct_by_context(model: ContextModel, rough: RoughLabels) -> CorrectedLabels:
    """Correct one recording's labels: known ones stay, all others become probabilities.

    Near marks the model tells them. Where no mark reaches, what nobody marked must prove itself (`unmarked`). A false
    mark loses its label where the EEG speaks against it.
    """
    features = context_features(rough, model.config)
    reached = reached_by_marks(rough, model.config.onsets)
    elsewhere = p_unmarked(rough, model.evidence.log_odds(features[:, :-1]), model.config.onsets)
    corrected = rough.with_known(np.where(reached, expit(model.label.log_odds(features)), elsewhere))
    return CorrectedLabels(corrected, onsets_from_soft(rough, corrected, model.config.onsets))
