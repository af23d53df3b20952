"""Choosing what a person is asked about, by the policy or by a strategy of scikit-activeml."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.active.batch import Choice, choose_batch, reasons
from eegwarn.active.gate import strategy_named
from eegwarn.active.head import view_of
from eegwarn.active.pool import Pool
from eegwarn.active.rule import BY_CHANCE, Strategy
from eegwarn.active.situation import ground_of
from eegwarn.errors import ConfigError

LIBRARY = {
    "random": "RandomSampling",
    "margin": "UncertaintySampling",
    "entropy": "UncertaintySampling",
    "committee": "QueryByCommittee",
    "badge": "Badge",
    "typiclust": "TypiClust",
    "maxherding": "MaxHerding",
    "falcun": "Falcun",
    "coreset": "CoreSet",
}
"""Strategies of scikit-activeml, by the name they are chosen by."""

STRATEGIES = ("policy", "learned", "cover", "blend", *LIBRARY)
"""The first is the second where that was shown to be no worse than others, and the third elsewhere."""

_MOST_CANDIDATES = 3000
"""The library's strategies compare candidates with each other; of more than this, so many are drawn."""
_HEAD_STRENGTH = 1 / 30
"""The pull of weights to 0 that `eegwarn.active.head` has, in scikit-learn's terms."""


def choose(
    pool: Pool, label: NDArray[np.float64], n_wanted: int, strategy: str, rng: np.random.Generator
) -> tuple[Choice, ...]:
    """Choose candidates to ask about, a batch of which none says what another says already.

    Parameters
    ----------
    pool : Pool
        The candidates.
    label : ndarray, shape (n_candidates,)
        1 for a seizure, 0 for none, NaN where not known.
    n_wanted : int
        How many; fewer where no more are open.
    strategy : str
        One of `STRATEGIES`.
    rng : numpy.random.Generator
        Source of every random number.

    Raises
    ------
    ConfigError
        If there is no such strategy, or ``n_wanted`` is not at least 1.
    """
    if strategy not in STRATEGIES:
        raise ConfigError(f"Unknown strategy {strategy!r}. Choose one of {', '.join(STRATEGIES)}.")
    if n_wanted < 1:
        raise ConfigError(f"At least 1 candidate must be wanted, but got {n_wanted}.")
    if strategy in LIBRARY:
        inputs = view_of(pool).inputs(pool.features, pool.logit)
        return tuple(Choice(index, {}) for index in choose_by_library(inputs, label, n_wanted, strategy, rng))
    return choose_by(strategy_named(strategy), pool, label, n_wanted, rng)


def choose_by(
    strategy: Strategy, pool: Pool, label: NDArray[np.float64], n_wanted: int, rng: np.random.Generator
) -> tuple[Choice, ...]:
    """Choose by a given strategy, and say why; see `choose`."""
    ground = ground_of(pool, rng)
    index, _ = choose_batch(ground, label, n_wanted, lambda situation: strategy.scores(situation, ground, rng))
    why = reasons(strategy.rule, ground, label, index)
    n_labelled = int(np.count_nonzero(np.isfinite(label)))
    return tuple(
        Choice(one, BY_CHANCE if strategy.draws(n_labelled + number) else reason)
        for number, (one, reason) in enumerate(zip(index, why, strict=True))
    )


def choose_by_library(
    inputs: NDArray[np.float64], label: NDArray[np.float64], n_wanted: int, strategy: str, rng: np.random.Generator
) -> tuple[int, ...]:
    """Choose by a strategy of scikit-activeml, which fits a logistic regression of the head's strength.

    Parameters
    ----------
    inputs : ndarray, shape (n_candidates, n_inputs)
        What the head weighs, as `eegwarn.active.head.View.inputs` gives it.
    label, n_wanted, rng
        As in `choose`.
    strategy : str
        One of `LIBRARY`.

    Returns
    -------
    tuple of int
        Rows of the candidates, in the order chosen.
    """
    from skactiveml import pool as library
    from skactiveml.classifier import SklearnClassifier
    from sklearn.linear_model import LogisticRegression

    is_open = np.flatnonzero(np.isnan(label))
    if len(is_open) > _MOST_CANDIDATES:
        is_open = np.sort(rng.choice(is_open, _MOST_CANDIDATES, replace=False))
    rows = np.concatenate([np.flatnonzero(np.isfinite(label)), is_open])
    samples, y = inputs[rows, 1:], label[rows]
    n_wanted = min(n_wanted, len(is_open))
    seed = int(rng.integers(2**31))

    def head(strength: float = _HEAD_STRENGTH) -> Any:
        return SklearnClassifier(LogisticRegression(C=strength, max_iter=500), classes=[0, 1], random_state=seed)

    more: dict[str, dict[str, Any]] = {
        "margin": {"method": "margin_sampling"},
        "entropy": {"method": "entropy"},
    }
    needed: dict[str, dict[str, Any]] = {
        "committee": {"ensemble": [head(_HEAD_STRENGTH * factor) for factor in (0.1, 1, 10)]},
        **{name: {"clf": head()} for name in ("margin", "entropy", "badge", "falcun")},
    }
    query = getattr(library, LIBRARY[strategy])(random_state=seed, **more.get(strategy, {}))
    return tuple(int(rows[k]) for k in query.query(X=samples, y=y, batch_size=n_wanted, **needed.get(strategy, {})))
