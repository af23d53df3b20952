import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from eegwarn.autolabel.changepoint import ChangePointConfig, MarkError, correct_by_changepoint, fit_mark_errors
from eegwarn.autolabel.context import ContextConfig, context_without_clips, fit_context
from eegwarn.errors import ConfigError
from eegwarn.events.event import SeizureEvent
from tests.autolabel.recordings import marked_cohort, simulated_logits, truth


def test_the_prior_of_errors_is_the_lognormals_share_between_neighbours():
    error = MarkError(median_s=4.0, log_sd=1.0, late_share=0.8)
    mass = np.exp(error.log_mass(np.array([1e9, 4.0, 0.0, -4.0, -1e9])))
    np.testing.assert_allclose(mass, [0.4, 0.4, 0.1, 0.1], atol=1e-9)


@pytest.mark.parametrize("n_clips", [0, 8])
@pytest.mark.parametrize("hop_s", [1.0, 2.0])
def test_late_marks_are_moved_back_with_and_without_clips(n_clips, hop_s):
    rng = np.random.default_rng(20)
    cohort = marked_cohort(rng, late_s=20, n_recordings=20, n_clips=n_clips, hop_s=hop_s)
    roughs = [rough for rough, _ in cohort]
    context = fit_context(roughs, ContextConfig(), rng) if n_clips else context_without_clips(roughs, ContextConfig())
    config = fit_mark_errors(roughs, ChangePointConfig(), context)
    moved = [correct_by_changepoint(rough, config, context).onsets[0] for rough in roughs]
    error_s = [abs(onset.onset_s - seizure.onset_s) for onset, (_, seizure) in zip(moved, cohort, strict=True)]
    held = [onset.low_s <= seizure.onset_s <= onset.high_s for onset, (_, seizure) in zip(moved, cohort, strict=True)]
    assert np.median(error_s) < 8
    assert np.mean(held) > 0.6


def test_labels_follow_the_seizure_and_not_the_mark():
    rng = np.random.default_rng(21)
    cohort = marked_cohort(rng, late_s=20)
    config = ChangePointConfig()
    wrong = by_mark = 0
    for rough, seizure in cohort:
        true = truth(rough, seizure)
        wrong += np.count_nonzero((correct_by_changepoint(rough, config, None).soft > 0.5) != true)
        by_mark += np.count_nonzero((rough.noisy > 0.5) != true)
    assert wrong < 0.6 * by_mark


def test_a_mark_that_takes_in_minutes_before_and_after_is_cut_at_both_ends():
    rng = np.random.default_rng(22)
    seizure = SeizureEvent(700, 770)
    rough = simulated_logits([seizure], [SeizureEvent(400, 1000)], rng)
    corrected = correct_by_changepoint(rough, ChangePointConfig(), None)
    soft = corrected.soft
    assert soft[(rough.centre_s > 420) & (rough.centre_s < 670)].max() < 0.2
    assert soft[(rough.centre_s > 800) & (rough.centre_s < 980)].max() < 0.2
    assert soft[(rough.centre_s > 715) & (rough.centre_s < 755)].min() > 0.8
    assert corrected.onsets[0].onset_s == pytest.approx(700, abs=12)


def test_a_false_mark_is_doubted_and_a_true_one_is_not():
    rng = np.random.default_rng(23)
    seizure = SeizureEvent(500, 560)
    rough = simulated_logits([seizure], [SeizureEvent(505, 560), SeizureEvent(1200, 1250)], rng)
    true, false = correct_by_changepoint(rough, ChangePointConfig(), None).onsets
    assert true.p_seizure > 0.9
    assert false.p_seizure < 0.5


def test_known_windows_stay_and_pin_the_onset():
    rng = np.random.default_rng(24)
    (rough, seizure) = marked_cohort(rng, late_s=20, n_recordings=1)[0]
    near = (rough.centre_s >= seizure.onset_s - 5) & (rough.centre_s < seizure.onset_s + 5)
    clean = np.where(near, truth(rough, seizure), np.nan).astype(np.float32)
    corrected = correct_by_changepoint(replace(rough, clean=clean), ChangePointConfig(), None)
    np.testing.assert_array_equal(corrected.soft[near], clean[near])
    assert corrected.onsets[0].onset_s == pytest.approx(seizure.onset_s, abs=1)


def test_unusable_windows_have_no_label_and_do_not_matter():
    rng = np.random.default_rng(25)
    (rough, seizure) = marked_cohort(rng, late_s=5, n_recordings=1)[0]
    logit = rough.logit.copy()
    logit[::3] = np.nan
    corrected = correct_by_changepoint(replace(rough, logit=logit), ChangePointConfig(), None)
    np.testing.assert_array_equal(np.isnan(corrected.soft), np.isnan(logit))
    assert corrected.onsets[0].onset_s == pytest.approx(seizure.onset_s, abs=12)


def test_a_recording_without_marks_stays_calm():
    rough = simulated_logits([], [], np.random.default_rng(26))
    corrected = correct_by_changepoint(rough, ChangePointConfig(), None)
    assert corrected.onsets == ()
    assert corrected.soft.max() < 0.05


def test_rough_raters_are_told_from_careful_ones():
    fitted = {}
    for late_s in (2.0, 20.0):
        roughs = [rough for rough, _ in marked_cohort(np.random.default_rng(27), late_s=late_s, n_recordings=30)]
        context = context_without_clips(roughs, ContextConfig())
        fitted[late_s] = fit_mark_errors(roughs, ChangePointConfig(), context)
    assert fitted[20.0].onset_error.median_s > 2 * fitted[2.0].onset_error.median_s
    assert fitted[20.0].onset_error.late_share == ChangePointConfig().onset_error.late_share


def test_one_mark_hardly_moves_what_is_taken_for_granted_and_none_does_not():
    rough = marked_cohort(np.random.default_rng(28), late_s=40, n_recordings=1)[0][0]
    prior = ChangePointConfig()
    fitted = fit_mark_errors([rough], prior, None)
    assert prior.onset_error.median_s < fitted.onset_error.median_s < 2 * prior.onset_error.median_s
    assert fit_mark_errors([replace(rough, marks=())], prior, None) == prior


def test_an_impossible_error_is_refused():
    with pytest.raises(ConfigError, match="late_share"):
        MarkError(median_s=4.0, log_sd=1.0, late_share=1.0)


def test_label_models_are_imported_without_the_libraries_that_train():
    code = "import sys, eegwarn.autolabel.changepoint; print(*sorted({'torch', 'sklearn', 'mne'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""
