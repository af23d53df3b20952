import numpy as np
import pytest
from scipy.special import expit

from eegwarn.config import from_table, to_table
from eegwarn.errors import ConfigError
from eegwarn.warning import Calibration, fit_temperature, probability


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


@pytest.mark.parametrize("label", [[False, False, False], [True, True, True]])
def test_one_class_alone_leaves_the_logits_as_they_are_and_says_so(label):
    fitted = fit_temperature([0.1, 2.0, -3.0], label)
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


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"temperature": float("nan")}, {"bias": 50.0}])
def test_values_out_of_bounds_are_refused(wrong):
    with pytest.raises(ConfigError, match="out of bounds"):
        Calibration(**wrong)
