import numpy as np
import pytest
from skactiveml.pool import RandomSampling

from eegwarn.active.batch import choose_batch
from eegwarn.active.choose import LIBRARY, STRATEGIES, choose
from eegwarn.active.environment import Task
from eegwarn.active.rule import BLENDING, BY_CHANCE
from eegwarn.active.situation import FEATURES, ground_of
from eegwarn.active.strategy import PolicySampling
from eegwarn.errors import ConfigError


def _label(task: Task, *known: int) -> np.ndarray:
    label = np.full(len(task.truth), np.nan)
    label[list(known)] = task.truth[list(known)]
    return label


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_chooses_different_open_candidates_and_repeats_itself(task: Task, strategy: str) -> None:
    label = _label(task, 0, 60)
    chosen = choose(task.pool, label, 5, strategy, np.random.default_rng(3))
    index = [choice.index for choice in chosen]
    assert len(set(index)) == 5
    assert np.isnan(label[index]).all()
    assert index == [choice.index for choice in choose(task.pool, label, 5, strategy, np.random.default_rng(3))]
    assert all(set(choice.reason) <= {*FEATURES, *BY_CHANCE} for choice in chosen)
    assert strategy in LIBRARY or all(choice.reason for choice in chosen)


def test_no_label_is_needed_to_begin_and_no_more_is_given_than_there_is(task: Task) -> None:
    assert len(choose(task.pool, _label(task), 3, "policy", np.random.default_rng(0))) == 3
    label = task.truth.copy()
    label[[4, 7]] = np.nan
    assert {one.index for one in choose(task.pool, label, 9, "policy", np.random.default_rng(0))} == {4, 7}
    assert choose(task.pool, task.truth, 9, "blend", np.random.default_rng(0)) == ()


def test_a_batch_does_not_ask_for_the_same_thing_twice(task: Task) -> None:
    # Every candidate has a twin: a batch of single best scores would take both.
    features = np.repeat(task.pool.features[:60], 2, axis=0)
    pool = type(task.pool)(features, *(getattr(task.pool, name) for name in ("logit", "doubt", "time_s", "group")))
    pool.doubt[:] = 0
    ground = ground_of(pool, np.random.default_rng(0))
    label = np.full(120, np.nan)
    label[[0, 100]] = 1, 0
    rng = np.random.default_rng(1)
    index, utilities = choose_batch(ground, label, 6, lambda situation: BLENDING.scores(situation, ground, rng))
    assert utilities.shape == (6, 120)
    assert len({k // 2 for k in index}) == 6
    greedy = np.argsort(-utilities[0])[:6]
    assert len({k // 2 for k in greedy.tolist()}) == 3


def test_an_unknown_strategy_and_an_empty_wish_are_refused(task: Task) -> None:
    with pytest.raises(ConfigError, match=r"'guess'.*policy"):
        choose(task.pool, _label(task), 1, "guess", np.random.default_rng(0))
    with pytest.raises(ConfigError, match="At least 1"):
        choose(task.pool, _label(task), 0, "policy", np.random.default_rng(0))


def test_the_policy_stands_in_for_a_strategy_of_scikit_activeml(task: Task) -> None:
    label = _label(task, 0, 60)
    for strategy in (RandomSampling(random_state=1), PolicySampling(random_state=1)):
        index, utilities = strategy.query(X=task.pool.features, y=label, batch_size=4, return_utilities=True)
        assert index.shape == (4,)
        assert utilities.shape == (4, len(label))
        assert np.isnan(utilities[:, [0, 60]]).all()
        allowed = np.arange(20, 40)
        assert np.isin(strategy.query(X=task.pool.features, y=label, candidates=allowed, batch_size=3), allowed).all()


def test_every_second_candidate_is_drawn_and_says_so(task: Task) -> None:
    label = _label(task, 0, 60)
    reasons = [choice.reason for choice in choose(task.pool, label, 6, "cover", np.random.default_rng(3))]
    assert [reason == BY_CHANCE for reason in reasons] == [False, True] * 3
    after_one_more = choose(task.pool, _label(task, 0, 60, 7), 1, "cover", np.random.default_rng(3))
    assert after_one_more[0].reason == BY_CHANCE
    drawn = {choose(task.pool, label, 2, "cover", np.random.default_rng(seed))[1].index for seed in range(40)}
    assert len(drawn) > 20
    assert all(choice.reason != BY_CHANCE for choice in choose(task.pool, label, 6, "blend", np.random.default_rng(3)))
