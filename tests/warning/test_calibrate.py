import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from eegwarn.config import from_table, to_table, to_toml
from eegwarn.errors import ConfigError
from eegwarn.evaluate import score_samples
from eegwarn.warning import Calibration, fit_calibration, fit_isotonic, fit_temperature, probability
from eegwarn.warning.calibrate import MOST_KNOTS


def _overconfident(rng, n_windows, *, temperature, bias):
    """Logits whose true log odds are logit / temperature + bias."""
    logit = rng.normal(0, 4, n_windows)
    label = rng.random(n_windows) < expit(logit / temperature + bias)
    return logit, label


@pytest.mark.parametrize(("temperature", "bias"), [(3.0, -1.5), (0.5, 0.3), (1.0, 0.0)])
def test_the_temperature_and_bias_that_made_the_labels_are_found(temperature, bias):
    logit, label = _overconfident(np.random.default_rng(1), 40_000, temperature=temperature, bias=bias)
    fitted = fit_temperature(logit, label)
    assert fitted.temperature == pytest.approx(temperature, rel=0.08)
    assert fitted.bias == pytest.approx(bias, abs=0.1)
    assert fitted.caveat == ""


def test_calibrated_probabilities_average_to_the_share_of_seizure_windows():
    logit, label = _overconfident(np.random.default_rng(2), 20_000, temperature=4.0, bias=-3.0)
    assert probability(fit_temperature(logit, label), logit).mean() == pytest.approx(label.mean(), abs=0.002)


@pytest.mark.parametrize("kind", ["temperature", "isotonic"])
@pytest.mark.parametrize("label", [[False, False, False], [True, True, True]])
def test_one_class_alone_leaves_the_logits_as_they_are_and_says_so(label, kind):
    fitted = fit_calibration([0.1, 2.0, -3.0], label, kind)
    assert (fitted.temperature, fitted.bias) == (1.0, 0.0)
    assert "both are needed" in fitted.caveat


def test_classes_that_separate_perfectly_do_not_become_certain():
    logit = np.array([-2.0, -1.0, 1.0, 2.0])
    level = probability(fit_temperature(logit, logit > 0), logit)
    assert np.all((level > 0.02) & (level < 0.98))
    assert np.all(np.diff(level) > 0)


def test_logits_that_rank_seizures_below_calm_are_flattened_and_say_so():
    logit = np.linspace(-3, 3, 200)
    fitted = fit_temperature(logit, logit < 0)
    assert "do not rank" in fitted.caveat
    assert np.ptp(probability(fitted, logit)) < 0.1


def test_windows_that_cannot_be_judged_stay_so_and_do_not_enter_the_fit():
    logit, label = _overconfident(np.random.default_rng(3), 500, temperature=2.0, bias=0.0)
    with_gaps = np.concatenate([logit, [np.nan, np.nan]])
    assert fit_temperature(with_gaps, np.append(label, [True, False])) == fit_temperature(logit, label)
    assert np.array_equal(np.isnan(probability(Calibration(), with_gaps)), np.isnan(with_gaps))


def test_a_calibration_survives_its_table():
    calibration = Calibration(2.5, -1.0, "Too few windows.")
    assert from_table(Calibration, to_table(calibration)) == calibration


def _bent(rng, n_windows):
    """Logits beyond 1 and -1 that mean no more than those: no straight line fits."""
    logit = rng.normal(0, 4, n_windows)
    return logit, rng.random(n_windows) < expit(2 * np.clip(logit, -1, 1) - 1)


def test_the_isotonic_fit_follows_what_no_line_can():
    (logit, label), (other, other_label) = (
        _bent(np.random.default_rng(4), 20_000),
        _bent(np.random.default_rng(5), 20_000),
    )
    line, bent = (probability(fit_calibration(logit, label, kind), other) for kind in ("temperature", "isotonic"))
    assert score_samples(bent, other_label).ece < 0.02 < 0.05 < score_samples(line, other_label).ece


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(-8, 8), st.booleans()), max_size=200), st.sampled_from([0.01, 1.0, 100.0]))
def test_the_isotonic_fit_keeps_the_order_of_any_windows(windows, scale):
    logit = np.array([scale * each for each, _ in windows])
    fitted = fit_isotonic(logit, np.array([label for _, label in windows], dtype=bool))
    assert len(fitted.knot_logit) <= MOST_KNOTS
    far = np.linspace(-9 * scale, 9 * scale, 50)
    assert np.all(np.diff(probability(fitted, far)) >= 0)
    inside = far[np.abs(probability(fitted, far) - 0.5) < 0.49]
    assert np.all(np.diff(probability(fitted, inside)) > 0)


def test_few_windows_hardly_move_the_isotonic_fit_from_the_line():
    rng = np.random.default_rng(7)
    logit = rng.normal(0, 2, 60)
    label = rng.random(60) < expit(logit)
    line, bent = (probability(fit_calibration(logit, label, kind), logit) for kind in ("temperature", "isotonic"))
    assert np.abs(bent - line).max() < 0.1


def test_a_calibration_with_knots_survives_its_file():
    fitted = fit_isotonic(*_bent(np.random.default_rng(6), 5000))
    assert len(fitted.knot_logit) > 2
    assert from_table(Calibration, tomllib.loads(to_toml(to_table(fitted)))) == fitted


def test_a_calibration_written_before_there_were_knots_is_read():
    assert from_table(Calibration, {"temperature": 2.0, "bias": -1.0, "caveat": ""}) == Calibration(2.0, -1.0)


@pytest.mark.parametrize(
    ("logits", "log_odds", "message"),
    [
        ((0.0,), (0.0,), "2 to 32 knots or none"),
        ((0.0, 1.0), (0.0,), "as many log odds"),
        (tuple(range(33)), tuple(range(33)), "2 to 32 knots"),
        ((0.0, 0.0), (0.0, 1.0), "knot_logit must be finite and strictly rising"),
        ((0.0, 1.0), (1.0, 0.0), "knot_log_odds must be finite and strictly rising"),
        ((0.0, np.inf), (0.0, 1.0), "knot_logit must be finite"),
    ],
)
def test_knots_that_do_not_rise_are_refused(logits, log_odds, message):
    with pytest.raises(ConfigError, match=message):
        Calibration(knot_logit=logits, knot_log_odds=log_odds)


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"temperature": float("nan")}, {"bias": 50.0}])
def test_values_out_of_bounds_are_refused(wrong):
    with pytest.raises(ConfigError, match="out of bounds"):
        Calibration(**wrong)
