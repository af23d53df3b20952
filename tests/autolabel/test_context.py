import tomllib
from dataclasses import replace

import numpy as np
import pytest

from eegwarn.autolabel.context import (
    ContextConfig,
    ContextModel,
    context_evidence,
    context_features,
    context_without_clips,
    correct_by_context,
    fit_context,
)
from eegwarn.config import from_table, to_table, to_toml
from eegwarn.errors import CohortError, ConfigError
from eegwarn.events.event import SeizureEvent
from tests.autolabel.recordings import marked_cohort, simulated_logits, truth


@pytest.mark.parametrize("hop_s", [1.0, 2.0, 0.5])
def test_a_stretch_is_averaged_over_its_usable_windows_whatever_the_hop(hop_s):
    rng = np.random.default_rng(3)
    rough = simulated_logits([], [SeizureEvent(150, 170)], rng, duration_s=300, hop_s=hop_s)
    logit = np.where(rng.random(len(rough.logit)) < 0.3, np.nan, rough.logit)
    config = ContextConfig(ahead_s=(1, 6), spans_s=((-3, 3), (2.1, 2.2)))
    features = context_features(replace(rough, logit=logit), config)
    half = logit / 2 - np.median(logit[np.isfinite(logit) & (rough.noisy == 0)]) / 2
    for number in range(len(logit)):
        if np.isnan(logit[number]):
            assert np.isnan(features[number]).all()
            continue
        for column, (first_s, last_s) in enumerate([(1, 6), (-3, 3)], start=1):
            away_s = rough.start_s - rough.start_s[number]
            chosen = (away_s > first_s - 1e-6) & (away_s < last_s + 1e-6) & np.isfinite(logit)
            expected = half[chosen].mean() if chosen.any() else half[number]
            assert features[number, column] == pytest.approx(expected)
        # No window starts there: its own logit stands in.
        assert features[number, 3] == features[number, 0]
        assert features[number, 4] == rough.noisy[number]


def test_a_patient_whose_calm_is_high_has_the_same_features():
    rough = simulated_logits([], [SeizureEvent(150, 170)], np.random.default_rng(4), duration_s=300, calm=-3)
    higher = replace(rough, logit=rough.logit + 2)
    np.testing.assert_allclose(
        context_features(higher, ContextConfig()), context_features(rough, ContextConfig()), atol=1e-12
    )


def test_the_stretches_do_not_look_at_the_mark():
    rough = simulated_logits([SeizureEvent(150, 200)], [SeizureEvent(150, 200)], np.random.default_rng(5))
    unmarked = replace(rough, noisy=np.zeros_like(rough.noisy))
    change = context_features(rough, ContextConfig())[:, :-1] - context_features(unmarked, ContextConfig())[:, :-1]
    # But for the calm level, one number for the whole recording.
    np.testing.assert_allclose(change, change[0, 0], atol=1e-12)


def test_too_few_known_windows_of_a_class_are_refused_with_their_number():
    rng = np.random.default_rng(6)
    seizure = SeizureEvent(800, 870)
    rough = simulated_logits([seizure], [SeizureEvent(810, 870)], rng, clips_s=[840])
    with pytest.raises(CohortError, match=r"Only 0 calm windows .* needs 5"):
        fit_context([rough], ContextConfig(), rng)
    with pytest.raises(CohortError, match="Only 0 calm"):
        fit_context([replace(rough, clean=np.full_like(rough.clean, np.nan))], ContextConfig(), rng)


def test_known_labels_stay_and_unusable_windows_have_none():
    rng = np.random.default_rng(7)
    roughs = [rough for rough, _ in marked_cohort(rng, late_s=10, n_clips=6)]
    logit = roughs[0].logit.copy()
    logit[100:120] = np.nan
    roughs[0] = replace(roughs[0], logit=logit)
    model = fit_context(roughs, ContextConfig(), rng)
    for rough in roughs:
        soft = correct_by_context(model, rough).soft
        known = np.isfinite(rough.clean)
        np.testing.assert_array_equal(soft[known], rough.clean[known])
        np.testing.assert_array_equal(np.isnan(soft), np.isnan(rough.logit))


@pytest.mark.parametrize("hop_s", [1.0, 2.0])
def test_a_few_clips_correct_labels_of_late_marks(hop_s):
    rng = np.random.default_rng(8)
    cohort = marked_cohort(rng, late_s=15, n_clips=6, hop_s=hop_s)
    model = fit_context([rough for rough, _ in cohort], ContextConfig(), rng)
    wrong, wrong_by_marks = 0, 0
    for rough, seizure in cohort[6:]:
        true = truth(rough, seizure)
        wrong += np.count_nonzero((correct_by_context(model, rough).soft > 0.5) != true)
        wrong_by_marks += np.count_nonzero((rough.noisy > 0.5) != true)
    assert wrong < 0.6 * wrong_by_marks


def test_a_false_mark_loses_its_label():
    rng = np.random.default_rng(9)
    cohort = marked_cohort(rng, late_s=8, n_clips=6)
    model = fit_context([rough for rough, _ in cohort], ContextConfig(), rng)
    rough = simulated_logits([], [SeizureEvent(600, 660)], rng)
    corrected = correct_by_context(model, rough)
    assert corrected.soft[rough.noisy > 0.5].mean() < 0.2
    assert corrected.onsets[0].p_seizure < 0.5
    assert np.isnan(corrected.onsets[0].onset_s)


def test_certain_windows_of_false_marks_are_not_learned_from():
    rng = np.random.default_rng(10)
    roughs = [rough for rough, _ in marked_cohort(rng, late_s=8, n_clips=6)]
    long_false = [simulated_logits([], [SeizureEvent(300, 900)], rng) for _ in range(6)]
    with_false = fit_context([*roughs, *long_false], ContextConfig(n_certain=5000), np.random.default_rng(0))
    without = fit_context(roughs, ContextConfig(n_certain=5000), np.random.default_rng(0))
    np.testing.assert_allclose(with_false.evidence.weight, without.evidence.weight, rtol=0.25, atol=0.1)


def test_a_model_can_be_written_as_toml_and_read_again():
    rng = np.random.default_rng(11)
    rough = [rough for rough, _ in marked_cohort(rng, late_s=8, n_recordings=4, n_clips=4)]
    model = fit_context(rough, ContextConfig(least_known=1), rng)
    assert from_table(ContextModel, tomllib.loads(to_toml(to_table(model)))) == model


def test_without_clips_what_lies_ahead_is_weighed_by_how_far_seizures_stand_out():
    rng = np.random.default_rng(12)
    cohort = marked_cohort(rng, late_s=8)
    model = context_without_clips([rough for rough, _ in cohort], ContextConfig())
    for rough, seizure in cohort:
        evidence = context_evidence(model, rough)
        plateau = (rough.centre_s > seizure.onset_s + 15) & (rough.centre_s < seizure.offset_s - 20)
        assert evidence[plateau].mean() > 2
        assert evidence[rough.centre_s < seizure.onset_s - 60].mean() < -2


def test_a_span_that_ends_before_it_begins_is_refused():
    with pytest.raises(ConfigError, match=r"spans_s"):
        ContextConfig(spans_s=((3, -3),))
