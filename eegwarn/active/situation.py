"""What a choice is made by: each candidate seen from what is labelled so far, and the state of the whole.

Several situations of one pool, which differ in what is labelled, are described at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from eegwarn.active.head import View, fit_heads, prior_weights, view_of
from eegwarn.active.pool import Pool

FEATURES = (
    "margin",
    "entropy",
    "model change",
    "coverage",
    "density",
    "entropy x density",
    "far from seizures",
    "far from calm",
    "seizure probability",
    "coverage x entropy",
    "time since label",
    "doubt",
)
"""Features of a candidate in their order, each a z-score over the candidates not labelled yet."""

CONTEXT = ("budget left", "share labelled seizure", "mean probability", "has seizure", "has calm")
"""What is told of the whole situation, each about 0 to 1."""

_N_NEIGHBOURS = 512
_FAR_S = 3600.0


@dataclass(frozen=True)
class Ground:
    """What never changes while a pool is labelled.

    Parameters
    ----------
    pool : Pool
        The candidates.
    view : View
        How the head sees them.
    inputs : ndarray, shape (n_candidates, n_inputs)
        What the head weighs.
    place : ndarray, shape (n_candidates, n_components)
        Where they lie, for distances.
    density : ndarray, shape (n_candidates,)
        How close others lie, 0 to 1.
    """

    pool: Pool
    view: View
    inputs: NDArray[np.float64]
    place: NDArray[np.float64]
    density: NDArray[np.float64]


def ground_of(pool: Pool, rng: np.random.Generator) -> Ground:
    """Prepare a pool; ``rng`` draws the candidates by which density is measured where there are many."""
    view = view_of(pool)
    inputs = view.inputs(pool.features, pool.logit)
    place = inputs[:, 2:] / np.sqrt(max(inputs.shape[1] - 2, 1))
    others = place if len(place) <= _N_NEIGHBOURS else place[rng.choice(len(place), _N_NEIGHBOURS, replace=False)]
    squared = _squared_distance(place, others)
    # Of thousands of candidates every so many tell the usual distance well enough, in a tenth of the time.
    usual = np.median(squared[:: max(1, len(place) // _N_NEIGHBOURS)])
    squared /= -max(float(usual), 1e-12)
    return Ground(pool, view, inputs, place, np.exp(squared, out=squared).mean(axis=1))


def _squared_distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    squared: NDArray[np.float64] = -2 * one @ np.swapaxes(other, -1, -2)
    squared += (one**2).sum(axis=-1)[..., :, None]
    squared += (other**2).sum(axis=-1)[..., None, :]
    return np.maximum(squared, 0.0, out=squared)


@dataclass(frozen=True)
class Situation:
    """Several states of labelling one pool.

    Parameters
    ----------
    weights : ndarray, shape (n_states, n_inputs)
        The head of each.
    probability : ndarray, shape (n_states, n_candidates)
        Of a seizure, by that head.
    features : ndarray of float32, shape (n_states, n_candidates, n_features)
        `FEATURES` of each candidate; 0 where it is labelled.
    context : ndarray of float32, shape (n_states, n_context)
        `CONTEXT`.
    is_open : ndarray of bool, shape (n_states, n_candidates)
        Not labelled yet.
    """

    weights: NDArray[np.float64]
    probability: NDArray[np.float64]
    features: NDArray[np.float32]
    context: NDArray[np.float32]
    is_open: NDArray[np.bool_]


def situation_of(ground: Ground, index: NDArray[np.intp], label: NDArray[np.float64], budget_left: float) -> Situation:
    """Describe states in which as many candidates each are labelled.

    Parameters
    ----------
    ground : Ground
        The pool.
    index : ndarray of int, shape (n_states, n_labelled)
        Which are labelled.
    label : ndarray, shape (n_states, n_labelled)
        1 for a seizure, 0 for none.
    budget_left : float
        Share of the labels that are still to be asked for, 0 to 1.
    """
    n_states, n_labelled = index.shape
    n = len(ground.pool)
    if n_labelled:
        weights = fit_heads(ground.inputs[index], label)
    else:
        weights = np.tile(prior_weights(ground.inputs.shape[1]), (n_states, 1))
    p = expit(weights @ ground.inputs.T)
    is_open = np.ones((n_states, n), dtype=bool)
    np.put_along_axis(is_open, index, False, axis=1)
    features = _z_scores(_raw_features(ground, index, label, p), is_open)
    return Situation(weights, p, features, _context(label, p, budget_left), is_open)


def _raw_features(
    ground: Ground, index: NDArray[np.intp], label: NDArray[np.float64], p: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give `FEATURES` as they come, shape (n_states, n_candidates, n_features)."""
    shape = p.shape
    held = np.clip(p, 1e-9, 1 - 1e-9)
    entropy = -(held * np.log(held) + (1 - held) * np.log(1 - held))
    length = np.linalg.norm(ground.inputs, axis=1)
    to_labelled = _distances(ground, index)  # (n_states, n_candidates, n_labelled)
    coverage = _nearest(to_labelled, np.ones_like(label, dtype=bool))
    columns = (
        -np.abs(p - 0.5),
        entropy,
        2 * p * (1 - p) * length,
        coverage,
        np.broadcast_to(ground.density, shape),
        entropy * ground.density,
        _nearest(to_labelled, label > 0.5),
        _nearest(to_labelled, label < 0.5),
        p,
        coverage * entropy,
        _time_since(ground.pool, index),
        np.broadcast_to(ground.pool.doubt, shape),
    )
    return np.stack(columns, axis=-1)


def _distances(ground: Ground, index: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.sqrt(_squared_distance(ground.place[None], ground.place[index]))


def _nearest(distance: NDArray[np.float64], counts: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Give the distance to the nearest labelled candidate that counts, 0 for all where none does."""
    if not distance.shape[2]:
        return np.zeros(distance.shape[:2])
    nearest = np.where(counts[:, None, :], distance, np.inf).min(axis=2)
    return np.where(np.isfinite(nearest), nearest, 0.0)


def _time_since(pool: Pool, index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Give the logarithm of the time to the nearest label in the same recording, at most an hour."""
    apart_s = np.abs(pool.time_s[None, :, None] - pool.time_s[index][:, None, :])
    elsewhere = pool.group[None, :, None] != pool.group[index][:, None, :]
    apart_s = np.where(elsewhere, _FAR_S, np.minimum(apart_s, _FAR_S))
    return np.asarray(np.log1p(np.min(apart_s, axis=2, initial=_FAR_S)))


def _z_scores(raw: NDArray[np.float64], is_open: NDArray[np.bool_]) -> NDArray[np.float32]:
    counted = is_open[:, :, None]
    n = np.maximum(counted.sum(axis=1, keepdims=True), 1)
    mean = (raw * counted).sum(axis=1, keepdims=True) / n
    sd = np.sqrt((((raw - mean) * counted) ** 2).sum(axis=1, keepdims=True) / n)
    z = np.where(sd > 1e-9, (raw - mean) / np.maximum(sd, 1e-9), 0.0)
    return np.where(counted, np.clip(z, -5, 5), 0.0).astype(np.float32)


def _context(label: NDArray[np.float64], p: NDArray[np.float64], budget_left: float) -> NDArray[np.float32]:
    n_labelled = max(label.shape[1], 1)
    columns = (
        np.full(len(p), budget_left),
        label.sum(axis=1) / n_labelled,
        p.mean(axis=1),
        (label > 0.5).any(axis=1),
        (label < 0.5).any(axis=1),
    )
    return np.stack(columns, axis=1).astype(np.float32)
