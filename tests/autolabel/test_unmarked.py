from itertools import product

import numpy as np
import pytest

from eegwarn.autolabel.onsets import OnsetConfig
from eegwarn.autolabel.unmarked import p_unmarked
from eegwarn.events.event import SeizureEvent
from tests.autolabel.recordings import simulated_logits, truth


def _rough(hop_s=1.0, marks=()):
    return simulated_logits([], marks, np.random.default_rng(0), duration_s=1200, hop_s=hop_s)


@pytest.mark.parametrize("hop_s", [1.0, 2.0])
@pytest.mark.parametrize("duration_s", [45.0, 90.0, 240.0])
def test_a_seizure_that_was_missed_is_found_with_its_bounds(hop_s, duration_s):
    rough = _rough(hop_s)
    seizure = SeizureEvent(500, 500 + duration_s)
    true = truth(rough, seizure)
    p = p_unmarked(rough, np.where(true, 5.0, -4.0), OnsetConfig())
    near = np.abs(rough.centre_s - 500) < 6
    near |= np.abs(rough.centre_s - seizure.offset_s) < 6
    assert p[true & ~near].min() > 0.5
    assert p[~true & ~near].max() < 0.2


def test_a_moment_that_looks_like_a_seizure_is_not_enough():
    rough = _rough()
    log_odds = np.where(np.abs(rough.centre_s - 600) < 4, 5.0, -4.0)
    assert p_unmarked(rough, log_odds, OnsetConfig()).max() < 0.1


def test_more_expected_seizures_mean_higher_probabilities_and_none_expected_none():
    rough = _rough()
    log_odds = np.where(np.abs(rough.centre_s - 600) < 10, 3.0, -4.0)
    highest = [
        p_unmarked(rough, log_odds, OnsetConfig(unmarked_per_hour=per_hour)).max() for per_hour in (0.0, 0.1, 1.0)
    ]
    assert highest[0] < 1e-6 < highest[1] < highest[2]


def test_the_probability_is_that_of_all_courses_one_by_one():
    rough = simulated_logits([], [], np.random.default_rng(2), duration_s=16, hop_s=2.0)
    log_odds = np.array([-1.0, 3.0, np.nan, 8.0, -2.0, 0.5])
    config = OnsetConfig(independent_s=5.0, unmarked_per_hour=360.0)
    begins, ends = 0.2, 2 / 60
    change = np.array([[1 - begins, begins], [ends, 1 - ends]])
    odds = np.exp(np.nan_to_num(log_odds) * 2 / 5)
    held, total = np.zeros(6), 0.0
    for course in product((0, 1), repeat=6):
        states = np.array(course)
        p = np.prod(change[np.append(0, states[:-1]), states]) * np.prod(odds[states == 1])
        held += p * states
        total += p
    np.testing.assert_allclose(p_unmarked(rough, log_odds, config), held / total)


def test_nothing_is_said_where_a_mark_reaches():
    rough = _rough(marks=[SeizureEvent(500, 560)])
    p = p_unmarked(rough, np.full(len(rough.start_s), 5.0), OnsetConfig(before_s=60, after_s=30))
    reached = (rough.centre_s >= 440) & (rough.centre_s <= 590)
    assert not p[reached].any()
    assert (p[~reached] > 0).all()


def test_probabilities_stay_probabilities_in_a_recording_shorter_than_a_stretch():
    rough = simulated_logits([], [], np.random.default_rng(1), duration_s=14)
    p = p_unmarked(rough, np.full(len(rough.start_s), 1e3), OnsetConfig())
    assert ((p >= 0) & (p <= 1)).all()
