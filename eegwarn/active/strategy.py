"""The policy as a query strategy of scikit-activeml, so that it can be swapped with that library's own."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from skactiveml.base import SingleAnnotatorPoolQueryStrategy
from skactiveml.utils import MISSING_LABEL, is_unlabeled

from eegwarn.active.batch import choose_batch
from eegwarn.active.gate import strategy_to_use
from eegwarn.active.pool import Pool, pool_of
from eegwarn.active.rule import Strategy
from eegwarn.active.situation import ground_of


class PolicySampling(SingleAnnotatorPoolQueryStrategy):  # type: ignore[misc]
    """Choose by a strategy of `eegwarn.active`, for two classes, the second of which is the rare one.

    Parameters
    ----------
    policy : eegwarn.active.rule.Strategy or None
        Which; what `eegwarn query` goes by if None.
    missing_label : scalar
        What stands for no label.
    random_state : int, RandomState or None
        Draws what is left to chance, and what density is measured by in a pool of many.
    """

    def __init__(
        self, policy: Strategy | None = None, missing_label: Any = MISSING_LABEL, random_state: Any = None
    ) -> None:
        super().__init__(missing_label=missing_label, random_state=random_state)
        self.policy = policy

    def query(
        self,
        X: ArrayLike,
        y: ArrayLike,
        candidates: ArrayLike | None = None,
        batch_size: int = 1,
        return_utilities: bool = False,
        pool: Pool | None = None,
    ) -> Any:
        """Choose what to label next.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Labelled and unlabelled samples.
        y : array_like, shape (n_samples,)
            Their labels, 0 or 1, or ``missing_label``.
        candidates : array_like of int, shape (n_candidates,), optional
            Rows to choose from; all that are not labelled if left out.
        batch_size : int
            How many.
        return_utilities : bool
            Whether to give scores as well.
        pool : Pool, optional
            What else is known of the samples, with the features of ``X``; nothing if left out.

        Returns
        -------
        query_indices : ndarray of int, shape (batch_size,)
        utilities : ndarray, shape (batch_size, n_samples)
            Only with ``return_utilities``; NaN for what cannot be chosen.
        """
        samples, given, candidates, batch_size, return_utilities = self._validate_data(
            X, y, candidates, batch_size, return_utilities, reset=True, check_X_dict={"ensure_all_finite": True}
        )
        _, rows = self._transform_candidates(candidates, samples, given, enforce_mapping=True)
        label = np.full(len(samples), np.nan)
        known = ~is_unlabeled(given, missing_label=self.missing_label)
        label[known] = given[known]
        may = np.zeros(len(samples), dtype=bool)
        may[rows] = True
        rng = np.random.default_rng(self.random_state_.randint(2**31))
        ground = ground_of(pool or pool_of(samples), rng)
        strategy = self.policy or strategy_to_use()
        index, utilities = choose_batch(
            ground, label, batch_size, lambda situation: np.where(may, strategy.scores(situation, ground, rng), -np.inf)
        )
        if not return_utilities:
            return np.array(index)
        return np.array(index), np.where(np.isfinite(utilities), utilities, np.nan)
