"""The rule by which candidates are scored, the rules that are fixed weightings, and taking turns with chance."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eegwarn.active.situation import FEATURES, Ground, Situation


class Rule(Protocol):
    """Scores candidates by what is known of them: `Weighting`, or what a policy has learned."""

    def judge(self, features: NDArray[np.float32], context: NDArray[np.float32], ground: Ground) -> NDArray[np.float64]:
        """Score candidates.

        Parameters
        ----------
        features : ndarray, shape (n_states, n_candidates, n_features)
            As `Situation.features`.
        context : ndarray, shape (n_states, n_context)
            As `Situation.context`.
        ground : Ground
            The pool that they are of.

        Returns
        -------
        ndarray, shape (n_states, n_candidates)
        """


@dataclass(frozen=True)
class Weighting:
    """Features weighted and added up, whatever the context.

    Parameters
    ----------
    weights : dict of str to float
        Of `FEATURES`; 0 where left out.
    """

    weights: dict[str, float]

    def judge(self, features: NDArray[np.float32], context: NDArray[np.float32], ground: Ground) -> NDArray[np.float64]:
        """Score candidates; see `Rule.judge`."""
        del context, ground
        return np.asarray(features @ np.array([self.weights.get(name, 0.0) for name in FEATURES]))


BLEND = Weighting({"margin": 0.8, "model change": 1.2, "coverage x entropy": 1.2})
"""The weights that did best on small public tables, before anything was learned."""

MARGIN = Weighting({"margin": 1.0})

COVER = Weighting({"coverage": 1.0, "density": 1.0})
"""Far from all that is labelled, in the midst of others: of every kind of EEG one is asked about."""

BY_CHANCE = {"random": 1.0}
"""The reason of what was drawn."""


def scores(rule: Rule, situation: Situation, ground: Ground) -> NDArray[np.float64]:
    """Score the candidates of each state, -inf where they are labelled; shape (n_states, n_candidates)."""
    return np.where(situation.is_open, rule.judge(situation.features, situation.context, ground), -np.inf)


@dataclass(frozen=True)
class Strategy:
    """How candidates are chosen.

    Parameters
    ----------
    name : str
        What it is called where a choice is told.
    rule : Rule
        By which the best is taken.
    by_turns : bool
        Whether every second candidate is drawn instead. A rule alone may ask about nothing but the odd ones, and a head
        that has seen only those can turn against what is usual.
    """

    name: str
    rule: Rule
    by_turns: bool = False

    def draws(self, n_labelled: int) -> bool:
        """Whether it is the turn of chance."""
        return self.by_turns and n_labelled % 2 == 1

    def scores(self, situation: Situation, ground: Ground, rng: np.random.Generator) -> NDArray[np.float64]:
        """Score the candidates of each state; see `scores`. By ``rng``, where it is the turn of chance."""
        is_open = situation.is_open
        if self.draws(int(np.count_nonzero(~is_open[0]))):
            return np.where(is_open, rng.random(is_open.shape), -np.inf)
        return scores(self.rule, situation, ground)


COVERING = Strategy("cover, by turns with chance", COVER, by_turns=True)
BLENDING = Strategy("blend", BLEND)
ASKING_MARGIN = Strategy("margin", MARGIN)
