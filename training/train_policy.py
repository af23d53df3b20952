"""Learning the active-learning policy on simulated patients, and deciding whether what was learned may be used.

``train_policy(out, config, *, progress=None) -> LearnedPolicy``
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegwarn.active.environment import Choose, Task, first_labels, join_tasks, play, stage_of
from eegwarn.active.gate import FROM_MODEL, FROM_NOTHING, RIVALS
from eegwarn.active.policy import Policy, PolicyConfig
from eegwarn.active.reinforce import ReinforceConfig, learn_policy
from eegwarn.active.rule import ASKING_MARGIN, BLENDING, COVERING, Strategy
from eegwarn.active.shipped import LearnedPolicy, write_policy
from eegwarn.active.situation import FEATURES, Ground, Situation
from eegwarn.bedside.scoring import Progress
from eegwarn.config import to_table
from eegwarn.evaluate.bootstrap import mean_interval
from training.loop import repeatable
from training.policy_tasks import TaskConfig, kept_tasks
from training.record import versions
from training.workers import worker_processes

VERSION = 2


@dataclass(frozen=True)
class PolicyTraining:
    """On whom a policy is learned, and on whom it is judged.

    Parameters
    ----------
    seed : int
        Of every random draw of learning.
    learn_seeds, gate_seeds : tuple of int
        Of simulated patients, each with a network of its own: those learned on, and those that decide about the gate.
    n_patients : int
        Of each seed.
    n_ward : int
        Patients that make a task together.
    n_mixes : int
        How often the patients learned on are mixed into wards anew: by turns with heads that begin from nothing, and
        as the model.
    n_gate_plays : int
        Starts from which each ward is played to decide about the gate: a rule's area differs by up to 36 points from
        start to start (standard deviation).
    tasks, reinforce, policy
        The parts; each is documented at its class.
    """

    seed: int = 0
    learn_seeds: tuple[int, ...] = (9700, 9800, 9900, 10000, 10100, 10200)
    gate_seeds: tuple[int, ...] = tuple(range(10300, 11500, 100))
    n_patients: int = 24
    n_ward: int = 4
    n_mixes: int = 4
    n_gate_plays: int = 64
    tasks: TaskConfig = field(default_factory=TaskConfig)
    reinforce: ReinforceConfig = field(default_factory=ReinforceConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)


def train_policy(
    out: Path, config: PolicyTraining, *, tasks_folder: Path | None = None, progress: Progress | None = None
) -> LearnedPolicy:
    """Learn a policy and write it with its record; what was simulated is kept for a next run.

    Parameters
    ----------
    out : Path
        Folder for ``policy.safetensors`` and ``policy.toml``.
    config : PolicyTraining
        How.
    tasks_folder : Path, optional
        Where simulated tasks are kept; ``out`` if left out.
    progress : callable, optional
        Told of every step.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    rng = np.random.default_rng((config.seed, 5))
    folder = tasks_folder or out
    wards = [
        ward
        for seed in config.learn_seeds
        for mix in range(config.n_mixes)
        for ward in ward_tasks(_patients(seed, config, folder, progress), config.n_ward, rng, with_model=mix % 2 == 1)
    ]
    with repeatable(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        policy = Policy(config.policy)

        def told(step: int, _: float) -> None:
            if progress is not None:
                progress("learn", step, config.reinforce.steps)

        areas = learn_policy(policy, [stage_of(ward, rng) for ward in wards], config.reinforce, rng, progress=told)
        gate = _gate(policy, config, folder, progress)
    record = {
        "version": VERSION,
        "gate": gate,
        "areas": [round(area, 3) for area in areas],
        "features": list(FEATURES),
        "config": to_table(config),
        "versions": versions(),
    }
    learned = LearnedPolicy(policy.eval(), record)
    write_policy(out, learned)
    return learned


def _patients(seed: int, config: PolicyTraining, folder: Path, progress: Progress | None) -> tuple[Task, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    return kept_tasks(config.n_patients, seed, config.tasks, folder=folder, progress=progress)


def ward_tasks(
    patients: Sequence[Task], n_ward: int, rng: np.random.Generator, *, with_model: bool = False
) -> list[Task]:
    """Mix patients of one network into wards of ``n_ward``, each patient in one at most."""
    order = rng.permutation(len(patients))
    return [
        join_tasks([patients[k] for k in order[first : first + n_ward]], with_model=with_model)
        for first in range(0, len(order) - n_ward + 1, n_ward)
    ]


def asking(strategy: Strategy, ground: Ground, rng: np.random.Generator) -> Choose:
    """Take the candidate that a strategy scores highest."""

    def choose(situation: Situation, _: int) -> NDArray[np.intp]:
        return np.asarray(strategy.scores(situation, ground, rng).argmax(axis=1))

    return choose


def _gate(policy: Policy, config: PolicyTraining, folder: Path, progress: Progress | None) -> dict[str, Any]:
    """Play wards of patients whom it never saw, and compare what was learned, and what it began as, with the others.

    Whether the gate is open is told by `eegwarn.active.gate.is_open`, whether the head begins from nothing or as the
    model. Cohorts are judged side by side, in as many processes as there are cores.
    """
    for seed in config.gate_seeds:
        _patients(seed, config, folder, progress)
    areas: dict[str, dict[str, list[NDArray[np.float64]]]] = {FROM_NOTHING: {}, FROM_MODEL: {}}
    wanted = [(setting, seed) for setting in areas for seed in config.gate_seeds]
    with worker_processes() as pool:
        played = pool.map(partial(_cohort_areas, policy, config, folder), *zip(*wanted, strict=True))
        for n_done, ((setting, _), found) in enumerate(zip(wanted, played, strict=True), start=1):
            for name, wards in found.items():
                areas[setting].setdefault(name, []).extend(wards)
            if progress is not None:
                progress("judge", n_done, len(wanted))
    rng = np.random.default_rng((config.seed, 6))
    return {
        setting: _gains({name: np.array(wards) for name, wards in found.items()}, rng)
        for setting, found in areas.items()
    }


def _cohort_areas(
    policy: Policy, config: PolicyTraining, folder: Path, setting: str, seed: int
) -> dict[str, list[NDArray[np.float64]]]:
    """Play the wards of a cohort by every strategy from the same starts; areas of shape (n_gate_plays,)."""
    learned = Strategy("policy", policy, by_turns=True)
    strategies = {"policy": learned, "cover": COVERING, "blend": BLENDING, "margin": ASKING_MARGIN}
    rng = np.random.default_rng((config.seed, 6, seed, setting == FROM_MODEL))
    # However often each is played, and whatever its head knows, the wards are the same.
    mixed = np.random.default_rng((config.seed, 6, seed))
    patients = _patients(seed, config, folder, None)
    areas: dict[str, list[NDArray[np.float64]]] = {name: [] for name in strategies}
    with repeatable(1):
        for ward in ward_tasks(patients, config.n_ward, mixed, with_model=setting == FROM_MODEL):
            stage = stage_of(ward, rng)
            start = first_labels(ward, config.n_gate_plays, rng)
            for name, strategy in strategies.items():
                ask = asking(strategy, stage.ground, rng)
                areas[name].append(play(stage, start, config.reinforce.n_queries, ask).area)
    return areas


def _gains(areas: dict[str, NDArray[np.float64]], rng: np.random.Generator) -> dict[str, Any]:
    """Compare areas of shape (n_wards, n_gate_plays)."""
    gains: dict[str, Any] = {"n_wards": len(areas["policy"])}
    for name, rival in [*(("policy", rival) for rival in RIVALS), ("cover", "blend"), ("cover", "margin")]:
        gains.setdefault(name, {})[rival] = _gain(areas[name] - areas[rival], rng)
    return gains


def _gain(gains: NDArray[np.float64], rng: np.random.Generator) -> dict[str, float | int]:
    """Give the mean gain in points with its interval over wards, and the worst ward with its standard error over plays.

    ``gains`` has the shape (n_wards, n_gate_plays).
    """
    gain = gains.mean(axis=1)
    interval = mean_interval(gain, rng)
    worst = gains[gain.argmin()]
    return {
        "mean": float(gain.mean()),
        "low": interval.low,
        "high": interval.high,
        "worst": float(worst.mean()),
        "worst_error": float(worst.std(ddof=1) / np.sqrt(len(worst))),
        "n_below_half_a_point": int(np.count_nonzero(gain < -0.5)),
    }


def quick(config: PolicyTraining) -> PolicyTraining:
    """Make a training that ends in minutes: to see that it works, not to use."""
    return replace(
        config,
        learn_seeds=config.learn_seeds[:1],
        gate_seeds=config.gate_seeds[:1],
        n_patients=8,
        n_mixes=1,
        n_gate_plays=2,
        reinforce=replace(config.reinforce, steps=4),
    )
