import numpy as np
import pytest
from scipy.special import expit

from eegwarn.active.environment import Task
from eegwarn.active.pool import Pool
from eegwarn.active.situation import FEATURES, ground_of, situation_of
from eegwarn.errors import ConfigError


def _situation(task: Task, index: list[int]):
    ground = ground_of(task.pool, np.random.default_rng(0))
    rows = np.array([index])
    return ground, situation_of(ground, rows, task.truth[rows], 0.5)


def test_features_of_open_candidates_are_z_scores_and_labelled_ones_are_zero(task: Task) -> None:
    _, situation = _situation(task, [0, 50, 70])
    assert not situation.features[0, [0, 50, 70]].any()
    inside = situation.features[0, situation.is_open[0]]
    moving = inside.std(axis=0) > 0
    assert moving.sum() >= 10
    held = np.abs(inside).max(axis=0) < 5  # Not clipped.
    np.testing.assert_allclose(inside[:, moving & held].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(inside[:, moving & held].std(axis=0), 1, atol=1e-3)


def test_margin_is_highest_where_the_head_is_least_sure(task: Task) -> None:
    ground, situation = _situation(task, [0, 50])
    p = expit(ground.inputs @ situation.weights[0])
    open_rows = np.flatnonzero(situation.is_open[0])
    margin = situation.features[0, open_rows, FEATURES.index("margin")]
    assert open_rows[margin.argmax()] == open_rows[np.abs(p[open_rows] - 0.5).argmin()]


def test_coverage_is_the_distance_to_the_nearest_label(task: Task) -> None:
    ground, situation = _situation(task, [0, 50])
    away = np.linalg.norm(ground.place[:, None] - ground.place[[0, 50]], axis=2).min(axis=1)
    coverage = situation.features[0, :, FEATURES.index("coverage")]
    order = situation.is_open[0]
    assert np.corrcoef(away[order], coverage[order])[0, 1] > 0.99


def test_states_are_described_independently_of_each_other(task: Task) -> None:
    ground = ground_of(task.pool, np.random.default_rng(0))
    index = np.array([[0, 50], [3, 90]])
    both = situation_of(ground, index, task.truth[index], 0.5)
    alone = situation_of(ground, index[1:], task.truth[index[1:]], 0.5)
    np.testing.assert_allclose(both.features[1], alone.features[0], atol=1e-5)


def test_a_pool_refuses_what_cannot_be_judged() -> None:
    with pytest.raises(ConfigError, match="finite"):
        Pool(np.full((2, 3), np.nan, dtype=np.float32), *(np.zeros(2),) * 3, np.zeros(2, dtype=np.int64))
    with pytest.raises(ConfigError, match="one value a candidate"):
        Pool(np.zeros((2, 3), dtype=np.float32), *(np.zeros(3),) * 3, np.zeros(2, dtype=np.int64))
