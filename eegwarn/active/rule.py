"""The rule by which candidates are scored, and the rule that is a fixed weighting of their features."""

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


def scores(rule: Rule, situation: Situation, ground: Ground) -> NDArray[np.float64]:
    """Score the candidates of each state, -inf where they are labelled; shape (n_states, n_candidates)."""
    return np.where(situation.is_open, rule.judge(situation.features, situation.context, ground), -np.inf)
