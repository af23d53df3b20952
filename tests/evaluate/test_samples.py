import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from eegwarn.evaluate import brier_skill, reliability, score_samples

pairs = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def test_scores_of_six_windows_by_hand():
    scores = score_samples([0.1, 0.2, 0.3, 0.7, 0.8, 0.9], [0, 0, 1, 0, 1, 1], specificity=0.6, n_bins=2)
    assert scores.auroc == pytest.approx(8 / 9)  # one of nine pairs is in the wrong order
    assert scores.auprc == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert scores.sensitivity == 1.0  # at specificity 2/3
    assert scores.brier == pytest.approx((0.01 + 0.04 + 0.49 + 0.49 + 0.04 + 0.01) / 6)
    assert scores.ece == pytest.approx(0.5 * abs(0.2 - 1 / 3) + 0.5 * abs(0.8 - 2 / 3))


def test_sensitivity_is_taken_at_no_less_than_the_specificity():
    strict = score_samples([0.1, 0.2, 0.3, 0.7, 0.8, 0.9], [0, 0, 1, 0, 1, 1], specificity=0.95)
    assert strict.sensitivity == pytest.approx(2 / 3)


@settings(max_examples=60)
@given(pairs)
def test_windows_without_a_probability_or_a_label_change_nothing(windows):
    probability, label = np.array(windows, dtype=float).T
    more = np.concatenate([probability, [np.nan, 0.5]]), np.concatenate([label, [1.0, np.nan]])
    alone, with_others = score_samples(probability, label), score_samples(*more)
    assert np.array_equal(list(vars(alone).values()), list(vars(with_others).values()), equal_nan=True)


@settings(max_examples=60)
@given(pairs)
def test_areas_are_those_of_scikit_learn_and_undefined_without_both_classes(windows):
    probability, label = np.array(windows, dtype=float).T
    scores = score_samples(probability, label)
    if 0 < label.sum() < label.size:
        assert scores.auroc == pytest.approx(roc_auc_score(label, probability))
        assert scores.auprc == pytest.approx(average_precision_score(label, probability))
    else:
        assert np.isnan([scores.auroc, scores.auprc, scores.sensitivity]).all()
    assert 0 <= scores.ece <= 1
    assert 0 <= scores.brier <= 1


def test_no_window_at_all_leaves_every_score_undefined():
    scores = score_samples([np.nan, np.nan], [0, 1])
    assert (scores.n_windows, scores.n_seizure) == (0, 0)
    assert np.isnan([scores.auroc, scores.brier, scores.ece]).all()


def test_reliability_counts_every_window_once_and_leaves_empty_bins_undefined():
    table = reliability([0.0, 0.05, 0.5, 1.0], [0, 1, 1, 1], n_bins=10)
    assert table.n_windows.tolist() == [2, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert table.seizure_share[[0, 5, 9]].tolist() == [0.5, 1.0, 1.0]
    assert np.isnan(table.mean_probability[1])


def test_a_calibrated_forecast_has_next_to_no_calibration_error():
    rng = np.random.default_rng(5)
    probability = rng.random(50_000)
    label = rng.random(50_000) < probability
    assert score_samples(probability, label).ece < 0.01
    assert score_samples(probability**3, label).ece > 0.1


def test_brier_skill_is_one_for_the_truth_and_zero_for_the_true_rate():
    label = np.array([0, 0, 0, 1])
    assert brier_skill(label, label) == 1
    assert brier_skill(np.full(4, 0.25), label) == pytest.approx(0)
    assert brier_skill(1 - label, label) < 0
    assert np.isnan(brier_skill([0.1, 0.2], [0, 0]))


def test_probabilities_and_labels_of_different_length_are_refused():
    with pytest.raises(ValueError, match="must be equal"):
        score_samples([0.1, 0.2], [1])
