"""Tasks on which choosing is learned and judged, and playing them: choose, be told the truth, fit the head, be scored.

A task is one patient, or one real data set. The score after each label is the AUROC of the head on windows that are
never asked about.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from eegwarn.active.head import fit_heads
from eegwarn.active.pool import Pool
from eegwarn.active.situation import Ground, Situation, ground_of, situation_of
from eegwarn.errors import CohortError


@dataclass(frozen=True)
class Task:
    """A pool with its truth, and windows to judge by.

    Parameters
    ----------
    name : str
        Which.
    pool : Pool
        What can be asked about.
    truth : ndarray, shape (n_candidates,)
        1 for a seizure, 0 for none: the answers.
    test_features : ndarray of float32, shape (n_test, n_features)
        Of windows to judge by.
    test_logit : ndarray, shape (n_test,)
        The model's log-odds on those.
    test_truth : ndarray, shape (n_test,)
        What they are.

    Raises
    ------
    CohortError
        If either part lacks one of the classes.
    """

    name: str
    pool: Pool
    truth: NDArray[np.float64]
    test_features: NDArray[np.float32]
    test_logit: NDArray[np.float64]
    test_truth: NDArray[np.float64]

    def __post_init__(self) -> None:
        for truth, part in ((self.truth, "pool"), (self.test_truth, "test")):
            if not 0 < np.count_nonzero(truth) < len(truth):
                raise CohortError(
                    f"Task {self.name!r} needs seizures and calm in its {part} part, but has "
                    f"{np.count_nonzero(truth)} seizure windows of {len(truth)}."
                )


def join_tasks(tasks: Sequence[Task], *, with_model: bool) -> Task:
    """Make one task of several patients, as a ward is asked about at once.

    Parameters
    ----------
    tasks : sequence of Task
        Seen by the same network.
    with_model : bool
        Whether the head starts as the model, or from nothing.
    """
    pools = [task.pool for task in tasks]
    known = float(with_model)
    offsets = np.cumsum([0, *(int(pool.group.max()) + 1 for pool in pools)])
    return Task(
        " + ".join(task.name for task in tasks),
        Pool(
            np.concatenate([pool.features for pool in pools]),
            known * np.concatenate([pool.logit for pool in pools]),
            np.concatenate([pool.doubt for pool in pools]),
            np.concatenate([pool.time_s for pool in pools]),
            np.concatenate([pool.group + offset for pool, offset in zip(pools, offsets, strict=False)]),
        ),
        np.concatenate([task.truth for task in tasks]),
        np.concatenate([task.test_features for task in tasks]),
        known * np.concatenate([task.test_logit for task in tasks]),
        np.concatenate([task.test_truth for task in tasks]),
    )


@dataclass(frozen=True)
class Stage:
    """A task made ready to be played."""

    task: Task
    ground: Ground
    test_inputs: NDArray[np.float64]


def stage_of(task: Task, rng: np.random.Generator) -> Stage:
    """Make a task ready; ``rng`` draws what density is measured by."""
    ground = ground_of(task.pool, rng)
    return Stage(task, ground, ground.view.inputs(task.test_features, task.test_logit))


Choose = Callable[[Situation, int], NDArray[np.intp]]
"""Given the situation and the number of labels so far, which candidate to ask about in each state; (n_states,)."""


@dataclass(frozen=True)
class Played:
    """What came of playing a task, several times at once.

    Parameters
    ----------
    index : ndarray of int, shape (n_states, n_start + n_queries)
        What was labelled, in order.
    score : ndarray, shape (n_states, 1 + n_queries)
        AUROC before the first query and after each.
    """

    index: NDArray[np.intp]
    score: NDArray[np.float64]

    @property
    def area(self) -> NDArray[np.float64]:
        """Mean score over the queries, in points of 100; shape (n_states,)."""
        return np.asarray(100 * self.score[:, 1:].mean(axis=1))


def first_labels(task: Task, n_states: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw a seizure and a calm candidate for each state to begin with, shape (n_states, 2)."""
    seizure, calm = np.flatnonzero(task.truth > 0.5), np.flatnonzero(task.truth < 0.5)
    first: NDArray[np.intp] = np.column_stack([rng.choice(seizure, n_states), rng.choice(calm, n_states)])
    return first


def play(stage: Stage, start: NDArray[np.intp], n_queries: int, choose: Choose) -> Played:
    """Play a task from given labels on.

    Parameters
    ----------
    stage : Stage
        The task.
    start : ndarray of int, shape (n_states, n_start)
        What is labelled at the beginning.
    n_queries : int
        How many are asked about; fewer where the pool ends.
    choose : callable
        Which one is next.
    """
    index = start
    truth = stage.task.truth
    n_queries = min(n_queries, len(truth) - start.shape[1])
    scores = []
    for n_asked in range(n_queries + 1):
        situation = situation_of(stage.ground, index, truth[index], 1 - n_asked / max(n_queries, 1))
        scores.append(aurocs(situation.weights @ stage.test_inputs.T, stage.task.test_truth))
        if n_asked < n_queries:
            index = np.column_stack([index, choose(situation, n_asked)])
    return Played(index, np.stack(scores, axis=1))


def aurocs(score: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the AUROC of each row of scores, shape (n_states,), for scores of shape (n_states, n)."""
    positive = truth > 0.5
    n_positive = np.count_nonzero(positive)
    ranks = rankdata(score, axis=1)[:, positive].sum(axis=1)
    return np.asarray((ranks - n_positive * (n_positive + 1) / 2) / (n_positive * (len(truth) - n_positive)))


def score_of_all(stage: Stage) -> float:
    """Give the AUROC of a head that was fitted on every candidate's label, in points of 100."""
    weights = fit_heads(stage.ground.inputs[None], stage.task.truth[None])
    return float(100 * aurocs(weights @ stage.test_inputs.T, stage.task.test_truth)[0])
