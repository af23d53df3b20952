"""Learning the policy over many tasks by REINFORCE (Williams, Machine Learning 8:229, 1992).

Every task is played several times from the same labels; what a play gained is compared with the mean of the others
(Kool, van Hoof, Welling, ICLR 2019 workshop), so that hard tasks do not drown out good choices. A Kullback-Leibler
penalty keeps the policy near the rule it started as. Every second candidate is drawn, as it is where the policy is used
(`eegwarn.active.rule.Strategy`); nothing is learned from what chance chose.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eegwarn.active.environment import Played, Stage, first_labels, play
from eegwarn.active.policy import Policy, description_of
from eegwarn.active.rule import Strategy
from eegwarn.active.situation import Situation
from eegwarn.errors import ConfigError


@dataclass(frozen=True)
class ReinforceConfig:
    """How a policy is learned.

    Parameters
    ----------
    steps : int
        Steps of the optimiser.
    tasks_a_step : int
        Tasks played in each.
    n_plays : int
        Plays of a task from the same start.
    n_queries : int
        Labels asked for in a play.
    learning_rate : float
        Of Adam; falls linearly to a tenth.
    temperature : float
        Of the softmax by which candidates are drawn while learning; afterwards the best is taken.
    kl_weight : float
        Of the divergence from the rule it started as.
    entropy_weight : float
        Reward of staying undecided, so that the policy goes on exploring.
    reconstruction_weight : float
        Of the loss by which the embedding must keep the description; only with an embedding.
    """

    steps: int = 150
    tasks_a_step: int = 4
    n_plays: int = 8
    n_queries: int = 30
    learning_rate: float = 0.01
    temperature: float = 0.5
    kl_weight: float = 0.005
    entropy_weight: float = 0.001
    reconstruction_weight: float = 0.1

    def __post_init__(self) -> None:
        if min(self.steps, self.tasks_a_step, self.n_queries) < 1 or self.n_plays < 2:
            raise ConfigError(
                "reinforce.steps, .tasks_a_step and .n_queries must be at least 1 and .n_plays 2, but got "
                f"{self.steps}, {self.tasks_a_step}, {self.n_queries} and {self.n_plays}."
            )
        if not (self.learning_rate > 0 and self.temperature > 0):
            raise ConfigError("reinforce.learning_rate and .temperature must be above 0.")


@dataclass
class _Drawn:
    """What was seen and drawn at each query that was the policy's, kept for the gradient."""

    asked: list[int]
    features: list[NDArray[np.float32]]
    context: list[NDArray[np.float32]]
    is_open: list[NDArray[np.bool_]]
    chosen: list[NDArray[np.intp]]


def learn_policy(
    policy: Policy,
    stages: Sequence[Stage],
    config: ReinforceConfig,
    rng: np.random.Generator,
    *,
    progress: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Learn a policy in place.

    Parameters
    ----------
    policy : Policy
        Stepped; begin with an untrained one.
    stages : sequence of Stage
        The tasks, those of patients who are never judged by afterwards.
    config : ReinforceConfig
        How.
    rng : numpy.random.Generator
        Draws tasks, starts and candidates.
    progress : callable, optional
        Told of every step and the mean area under its learning curves.

    Returns
    -------
    list of float
        Mean area of each step's plays, in points; they are of tasks drawn anew each time.
    """
    optimiser = torch.optim.Adam(policy.parameters(), lr=config.learning_rate)
    areas = []
    for step in range(config.steps):
        optimiser.param_groups[0]["lr"] = config.learning_rate * (1 - 0.9 * step / config.steps)
        optimiser.zero_grad()
        step_areas = []
        for number in rng.choice(len(stages), min(config.tasks_a_step, len(stages)), replace=False):
            played, drawn = _draw_plays(policy, stages[number], config, rng)
            loss = _loss(policy, stages[number], played, drawn, config) / config.tasks_a_step
            loss.backward()  # type: ignore[no-untyped-call]
            step_areas.append(float(played.area.mean()))
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimiser.step()
        areas.append(float(np.mean(step_areas)))
        if progress is not None:
            progress(step + 1, areas[-1])
    return areas


def _described(policy: Policy, stage: Stage) -> Tensor | None:
    return torch.from_numpy(description_of(stage.ground)) if policy.config.embedding else None


def _draw_plays(
    policy: Policy, stage: Stage, config: ReinforceConfig, rng: np.random.Generator
) -> tuple[Played, _Drawn]:
    drawn = _Drawn([], [], [], [], [])
    strategy = Strategy("learning", policy, by_turns=True)
    described = _described(policy, stage)

    def choose(situation: Situation, n_asked: int) -> NDArray[np.intp]:
        if strategy.draws(start.shape[1] + n_asked):
            return np.asarray(strategy.scores(situation, stage.ground, rng).argmax(axis=1))
        with torch.inference_mode():
            score = policy(torch.from_numpy(situation.features), torch.from_numpy(situation.context), described)
        # The highest of scores with Gumbel noise is a draw from their softmax.
        noisy = score.numpy() / config.temperature + rng.gumbel(size=score.shape)
        chosen: NDArray[np.intp] = np.where(situation.is_open, noisy, -np.inf).argmax(axis=1)
        drawn.asked.append(n_asked)
        for kept, value in (
            (drawn.features, situation.features),
            (drawn.context, situation.context),
            (drawn.is_open, situation.is_open),
            (drawn.chosen, chosen),
        ):
            kept.append(value)  # type: ignore[arg-type]
        return chosen

    start = np.repeat(first_labels(stage.task, 1, rng), config.n_plays, axis=0)
    return play(stage, start, config.n_queries, choose), drawn


def _loss(policy: Policy, stage: Stage, played: Played, drawn: _Drawn, config: ReinforceConfig) -> Tensor:
    features = torch.from_numpy(np.concatenate(drawn.features))  # (n_asked * n_plays, n_candidates, n_features)
    context = torch.from_numpy(np.concatenate(drawn.context))
    is_open = torch.from_numpy(np.concatenate(drawn.is_open))
    chosen = torch.from_numpy(np.concatenate(drawn.chosen))
    described = _described(policy, stage)
    log_p = _log_softmax(policy(features, context, described), is_open, config.temperature)
    log_base = _log_softmax(features @ policy.base, is_open, config.temperature)
    p = log_p.exp()
    of_chosen = log_p.gather(1, chosen[:, None]).squeeze(1)
    advantage = torch.from_numpy(_advantages(played.score)[:, drawn.asked].T.reshape(-1)).to(log_p.dtype)
    divergence = (p * (log_p - log_base)).sum(dim=1).mean()
    entropy = -(p * log_p).sum(dim=1).mean()
    loss = -(advantage * of_chosen).mean() + config.kl_weight * divergence - config.entropy_weight * entropy
    if described is not None:
        rebuilt = policy.reconstruct(policy.embedded(described))
        loss = loss + config.reconstruction_weight * ((rebuilt - described) ** 2).mean()
    return loss


def _log_softmax(score: Tensor, is_open: Tensor, temperature: float) -> Tensor:
    # Not -inf: probability 0 times it would be NaN.
    return torch.log_softmax(torch.where(is_open, score / temperature, -1e4), dim=1)


def _advantages(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tell how much better each query's future was than in the other plays, in points; (n_plays, n_queries)."""
    n_plays, n_scores = score.shape
    ahead = np.cumsum(score[:, :0:-1], axis=1)[:, ::-1] / np.arange(n_scores - 1, 0, -1)
    others = (ahead.sum(axis=0) - ahead) / (n_plays - 1)
    return np.asarray(100 * (ahead - others))
