from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from eegwarn.active.environment import Task, aurocs, play, stage_of
from eegwarn.active.gate import FROM_MODEL, FROM_NOTHING, RIVALS, learned_strategy, strategy_to_use
from eegwarn.active.policy import Policy, PolicyConfig
from eegwarn.active.reinforce import ReinforceConfig, _advantages, _draw_plays, _loss, learn_policy
from eegwarn.active.residual import Residual
from eegwarn.active.rule import COVER, COVERING, scores
from eegwarn.active.shipped import LearnedPolicy, read_policy, shipped_policy, write_policy
from eegwarn.active.situation import FEATURES, situation_of
from eegwarn.errors import ModelError
from tests.active.conftest import make_task


def _gate(**lows: float) -> dict[str, Any]:
    gains = {rival: {"low": lows.get(rival, 0.1)} for rival in RIVALS}
    return {FROM_NOTHING: {"policy": {rival: {"low": 0.1} for rival in RIVALS}}, FROM_MODEL: {"policy": gains}}


def test_an_untrained_policy_is_the_rule_it_began_as(task: Task) -> None:
    stage = stage_of(task, np.random.default_rng(0))
    index = np.array([[0, 50]])
    situation = situation_of(stage.ground, index, task.truth[index], 1.0)
    score = scores(Policy(PolicyConfig(embedding=True)), situation, stage.ground)
    open_rows = situation.is_open[0]
    np.testing.assert_allclose(score, scores(COVER, situation, stage.ground), atol=1e-5)
    assert (score[0, ~open_rows] == -np.inf).all()


def test_a_learned_policy_judges_the_same_without_torch(task: Task) -> None:
    stage = stage_of(task, np.random.default_rng(0))
    index = np.array([[0, 50], [3, 70]])
    situation = situation_of(stage.ground, index, task.truth[index], 0.4)
    policy = shipped_policy().policy
    without = Residual({name: value.numpy() for name, value in policy.state_dict().items()})
    expected = scores(policy, situation, stage.ground)
    np.testing.assert_allclose(scores(without, situation, stage.ground), expected, atol=1e-4)
    began_as = scores(COVER, situation, stage.ground)
    assert np.abs(expected[situation.is_open] - began_as[situation.is_open]).max() > 0.1


def test_aurocs_are_those_of_sklearn() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    score, truth = rng.integers(0, 5, (3, 50)).astype(float), (np.arange(50) < 12).astype(float)
    np.testing.assert_allclose(aurocs(score, truth), [roc_auc_score(truth, row) for row in score])


def test_an_advantage_is_the_future_less_that_of_the_other_plays() -> None:
    score = np.array([[0.5, 0.6, 0.8], [0.5, 0.5, 0.5]])
    np.testing.assert_allclose(_advantages(score), [[20.0, 30.0], [-20.0, -30.0]])


def test_the_gradient_is_that_of_the_expected_score() -> None:
    # With a single query every choice can be tried, and the expected score written down exactly.
    stage = stage_of(make_task(5, n=30, share=0.3), np.random.default_rng(0))
    config = ReinforceConfig(n_plays=4000, n_queries=1, temperature=4.0, kl_weight=0.0, entropy_weight=0.0)
    torch.manual_seed(0)
    policy = Policy(PolicyConfig(n_hidden=4))
    torch.nn.init.normal_(policy.last.weight)
    played, drawn = _draw_plays(policy, stage, config, np.random.default_rng(1))
    drawn_loss = _loss(policy, stage, played, drawn, config)

    start = played.index[:1, :2]
    situation = situation_of(stage.ground, start, stage.task.truth[start], 1.0)
    is_open = np.flatnonzero(situation.is_open[0])
    gained = play(stage, np.repeat(start, len(is_open), axis=0), 1, lambda *_: is_open).score[:, 1]
    score = policy(torch.from_numpy(situation.features), torch.from_numpy(situation.context))[0, is_open]
    expected = (torch.softmax(score / config.temperature, dim=0) * torch.from_numpy(100 * gained)).sum()

    estimate, exact = (
        torch.cat([value.flatten() for value in torch.autograd.grad(loss, list(policy.parameters()))])
        for loss in (drawn_loss, -expected)
    )
    assert torch.nn.functional.cosine_similarity(estimate.double(), exact.double(), dim=0) > 0.95
    assert 0.8 < float(estimate.norm() / exact.norm()) < 1.2


def test_nothing_is_learned_from_what_chance_chose() -> None:
    stage = stage_of(make_task(5, n=40), np.random.default_rng(0))
    config = ReinforceConfig(n_plays=3, n_queries=5)
    policy = Policy(PolicyConfig(n_hidden=4))
    played, drawn = _draw_plays(policy, stage, config, np.random.default_rng(1))
    assert drawn.asked == [0, 2, 4]
    np.testing.assert_array_equal(np.stack(drawn.chosen, axis=1), played.index[:, [2, 4, 6]])
    assert torch.isfinite(_loss(policy, stage, played, drawn, config))


@pytest.mark.parametrize("embedding", [False, True])
def test_equal_seeds_learn_equal_policies(embedding: bool) -> None:
    def weights() -> torch.Tensor:
        stages = [stage_of(make_task(seed, n=40), np.random.default_rng(seed)) for seed in (1, 2)]
        torch.manual_seed(3)
        policy = Policy(PolicyConfig(n_hidden=4, embedding=embedding))
        config = ReinforceConfig(steps=2, tasks_a_step=2, n_plays=3, n_queries=3)
        learn_policy(policy, stages, config, np.random.default_rng(4))
        return torch.cat([value.flatten() for value in policy.state_dict().values()])

    first, second = weights(), weights()
    assert torch.equal(first, second)
    assert torch.isfinite(first).all()


def test_a_policy_that_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    policy = Policy(PolicyConfig(n_hidden=4))
    write_policy(tmp_path / "new", LearnedPolicy(policy, {"version": 1, "gate": _gate()}))
    read = read_policy(tmp_path / "new")
    assert read.is_open
    assert all(torch.equal(value, read.policy.state_dict()[name]) for name, value in policy.state_dict().items())


def test_a_gate_below_zero_keeps_what_was_learned_shut(tmp_path: Path) -> None:
    for rival in RIVALS:
        for low in (-0.1, float("nan")):
            assert not LearnedPolicy(Policy(PolicyConfig()), {"gate": _gate(**{rival: low})}).is_open


def test_a_damaged_policy_is_refused_in_one_line(tmp_path: Path) -> None:
    write_policy(tmp_path, LearnedPolicy(Policy(PolicyConfig(n_hidden=4)), {"version": 1, "gate": _gate()}))
    weights = load_file(tmp_path / "policy.safetensors")
    save_file({**weights, "last.weight": torch.zeros(3, 3)}, tmp_path / "policy.safetensors")
    with pytest.raises(ModelError, match="train-policy"):
        read_policy(tmp_path)
    (tmp_path / "policy.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="damaged"):
        read_policy(tmp_path)
    with pytest.raises(ModelError, match="holds no policy"):
        read_policy(tmp_path / "nowhere")


def test_the_shipped_policy_is_used_as_its_gate_says() -> None:
    used, learned = strategy_to_use(), shipped_policy()
    assert used == learned_strategy() if learned.is_open else used is COVERING
    assert isinstance(learned_strategy().rule, Residual)
    assert learned_strategy().by_turns
    assert learned.record["features"] == list(FEATURES)
