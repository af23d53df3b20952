"""Choosing several candidates at once, none of which says what another of them says already."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.active.rule import Rule
from eegwarn.active.situation import CONTEXT, FEATURES, Ground, Situation, situation_of

_N_REASONS = 3


@dataclass(frozen=True)
class Choice:
    """A candidate to ask about.

    Parameters
    ----------
    index : int
        Its row in the pool.
    reason : dict of str to float
        What moved the rule most: features and how much each added to the score, the greatest first.
    """

    index: int
    reason: dict[str, float]


Score = Callable[[Situation], NDArray[np.float64]]
"""Gives each candidate of each state a score, -inf where it cannot be chosen; (n_states, n_candidates)."""


def choose_batch(
    ground: Ground, label: NDArray[np.float64], n_wanted: int, score: Score
) -> tuple[tuple[int, ...], NDArray[np.float64]]:
    """Choose one candidate after another, as though each had been answered the way the head expects.

    What lies near a chosen one loses its interest with that, as it would by a label.

    Parameters
    ----------
    ground : Ground
        The pool.
    label : ndarray, shape (n_candidates,)
        1 for a seizure, 0 for none, NaN where not labelled.
    n_wanted : int
        How many; fewer where no more are open.
    score : callable
        By which the best is taken.

    Returns
    -------
    index : tuple of int
        What was chosen, in order.
    utilities : ndarray, shape (n_chosen, n_candidates)
        The scores by which each was chosen.
    """
    index = np.flatnonzero(np.isfinite(label))[None]
    given = label[index]
    chosen: list[int] = []
    utilities = []
    for n_asked in range(min(n_wanted, int(np.isnan(label).sum()))):
        situation = situation_of(ground, index, given, 1 - n_asked / n_wanted)
        utilities.append(score(situation)[0])
        chosen.append(int(utilities[-1].argmax()))
        expected = float(situation.probability[0, chosen[-1]] >= 0.5)
        index, given = np.append(index, [[chosen[-1]]], axis=1), np.append(given, [[expected]], axis=1)
    return tuple(chosen), np.array(utilities).reshape(len(chosen), len(ground.pool))


def reasons(rule: Rule, ground: Ground, label: NDArray[np.float64], chosen: tuple[int, ...]) -> list[dict[str, float]]:
    """Say for each chosen candidate which features moved it: score lost if the feature were average.

    Parameters
    ----------
    rule : Rule
        By which they were chosen.
    ground : Ground
        The pool.
    label : ndarray, shape (n_candidates,)
        What was labelled before the choice.
    chosen : tuple of int
        Rows of the pool.
    """
    index = np.flatnonzero(np.isfinite(label))[None]
    situation = situation_of(ground, index, label[index], 1.0)
    features = situation.features[0, list(chosen)]  # (n_chosen, n_features)
    without = np.repeat(features[:, None], len(FEATURES) + 1, axis=1)  # (n_chosen, n_features + 1, n_features)
    without[:, np.arange(len(FEATURES)), np.arange(len(FEATURES))] = 0.0
    context = np.broadcast_to(situation.context, (len(chosen), len(CONTEXT))).copy()
    score = rule.judge(without, context, ground)
    share = score[:, -1:] - score[:, :-1]
    return [
        {FEATURES[k]: round(float(row[k]), 3) for k in np.argsort(row)[::-1][:_N_REASONS] if row[k] > 0}
        for row in share
    ]
