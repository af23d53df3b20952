"""Learning curves: how fast a head becomes good by the labels that each strategy asks for."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn.active import gate
from eegwarn.active.choose import LIBRARY, choose_by_library
from eegwarn.active.environment import Choose, Stage, Task, first_labels, play, score_of_all, stage_of
from eegwarn.active.rule import Strategy
from eegwarn.active.shipped import read_policy
from eegwarn.active.situation import Situation
from training.benchmarks.kept_rows import Row
from training.benchmarks.real_windows import NAMES, real_task
from training.policy_tasks import TaskConfig, kept_tasks
from training.train_policy import asking, ward_tasks

N_QUERIES = 30
N_STARTS = 8
N_PATIENTS, N_WARD = 24, 4
SHOWN = (0, 5, 10, 20, 30)
"""After so many labels the score is written down."""

LEARNED, EMBEDDED = "learned policy", "learned policy, embedding"
STRATEGIES = (LEARNED, EMBEDDED, "cover", "blend", *LIBRARY)
FROM_NOTHING, FROM_MODEL = (f"wards, {setting}" for setting in (gate.FROM_NOTHING, gate.FROM_MODEL))


def curve_rows(setting: str, seed: int, strategies: Sequence[str], folder: Path) -> list[Row]:
    """Play every task of a setting and seed by each strategy, all from the same starts.

    Parameters
    ----------
    setting : str
        `FROM_NOTHING`, `FROM_MODEL`, or one of `NAMES`, the real data sets.
    seed : int
        Of the simulated patients and their network, or of the split.
    strategies : sequence of str
        Of `STRATEGIES`.
    folder : Path
        Where simulated tasks are kept, and in ``embedding`` the policy of that kind.
    """
    rows = []
    for number, task in enumerate(_tasks(setting, seed, folder)):
        rng = np.random.default_rng((seed, number, 31))
        stage = stage_of(task, rng)
        start = first_labels(task, N_STARTS, rng)
        what = {"setting": setting, "seed": seed, "task": number, "all": score_of_all(stage)}
        for strategy in strategies:
            score = _score(stage, start, strategy, folder, np.random.default_rng((seed, number, 32)))
            curve = 100 * score.mean(axis=0)
            rows.append(
                {
                    **what,
                    "strategy": strategy,
                    "area": float(curve[1:].mean()),
                    "curve": [round(float(curve[min(k, len(curve) - 1)]), 3) for k in SHOWN],
                    "labels_needed": labels_needed(curve, what["all"] - 1.0),
                }
            )
    return rows


def labels_needed(curve: NDArray[np.float64], target: float) -> int:
    """Count the labels after which a curve reaches a target; one more than were asked for where it never does."""
    reached = np.flatnonzero(curve >= target)
    return int(reached[0]) if reached.size else len(curve)


def _tasks(setting: str, seed: int, folder: Path) -> Sequence[Task]:
    if setting in NAMES:
        return [real_task(setting, seed)]
    patients = kept_tasks(N_PATIENTS, seed, TaskConfig(), folder=folder)
    return ward_tasks(patients, N_WARD, np.random.default_rng((seed, 30)), with_model=setting == FROM_MODEL)


def _score(
    stage: Stage, start: NDArray[np.intp], strategy: str, folder: Path, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Give the AUROC after each label, shape (n_starts, 1 + n_queries)."""
    if strategy not in LIBRARY:
        return play(stage, start, N_QUERIES, asking(_strategy(strategy, folder), stage.ground, rng)).score
    choose: Choose = partial(_ask_library, stage=stage, strategy=strategy, rng=rng)
    return np.concatenate([play(stage, one[None], N_QUERIES, choose).score for one in start])


def _strategy(name: str, folder: Path) -> Strategy:
    if name == EMBEDDED:
        return Strategy(name, read_policy(folder / "embedding").policy, by_turns=True)
    return gate.strategy_named("learned" if name == LEARNED else name)


def _ask_library(
    situation: Situation, n_asked: int, *, stage: Stage, strategy: str, rng: np.random.Generator
) -> NDArray[np.intp]:
    del n_asked
    label = np.where(situation.is_open[0], np.nan, stage.task.truth)
    return np.array(choose_by_library(stage.ground.inputs, label, 1, strategy, rng))
