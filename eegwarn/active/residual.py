"""A learned policy without torch: the rule that a query goes by need not wait for it to be loaded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegwarn.active.situation import Ground


@dataclass(frozen=True)
class Residual:
    """A rule plus what was learned on top of it, as `eegwarn.active.policy.Policy` without an embedding computes it.

    Parameters
    ----------
    weights : dict of str to ndarray
        Under the names that they have in the policy's file.
    """

    weights: dict[str, NDArray[np.float32]]

    def judge(self, features: NDArray[np.float32], context: NDArray[np.float32], ground: Ground) -> NDArray[np.float64]:
        """Score candidates; see `eegwarn.active.rule.Rule.judge`."""
        del ground
        n_features = features.shape[2]
        first = self.weights["first.weight"]  # (n_hidden, n_features + n_context)
        of_context = context @ first[:, n_features:].T + self.weights["first.bias"]
        hidden = np.tanh(features @ first[:, :n_features].T + of_context[:, None])
        hidden = np.tanh(hidden @ self.weights["second.weight"].T + self.weights["second.bias"])
        learned = hidden @ self.weights["last.weight"][0] + features @ self.weights["straight.weight"][0]
        return np.asarray(features @ self.weights["base"] + learned, dtype=np.float64)
