import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from eegwarn.errors import ConfigError
from eegwarn.evaluate import (
    ForecastCounts,
    ForecastRule,
    ScoredRecording,
    count_forecast,
    rule_of_horizon,
    score_patients,
)
from eegwarn.evaluate.forecast import chance_p_value
from eegwarn.events.event import SeizureEvent

RULE = ForecastRule(sph_s=60, sop_s=600, postictal_s=300)
DAY_S = 86_400.0


def _seizures(*onsets_s):
    return [SeizureEvent(onset_s, onset_s + 60) for onset_s in onsets_s]


@pytest.mark.parametrize(
    ("raised_s", "foreseen"), [(10_000 - 660, 1), (10_000 - 60, 1), (10_000 - 661, 0), (10_000 - 59, 0), (10_001, 0)]
)
def test_a_seizure_is_foreseen_between_sph_and_sph_plus_sop_after_an_alarm(raised_s, foreseen):
    counts = count_forecast(_seizures(10_000), [SeizureEvent(raised_s)], RULE, duration_s=DAY_S)
    assert counts.n_foreseen == foreseen


def test_counts_of_a_day_by_hand():
    alarms = [SeizureEvent(9_700), SeizureEvent(40_000), SeizureEvent(40_100), SeizureEvent(50_000, 50_900)]
    counts = count_forecast(_seizures(10_000, 70_000), alarms, RULE, duration_s=DAY_S)
    assert (counts.n_seizures, counts.n_foreseen, counts.n_false) == (2, 1, 3)
    assert counts.interictal_s == DAY_S - 2 * (660 + 60 + 300)
    # 240 s from the first until its seizure, 700 s for the two that overlap, 900 s + 600 s for the one that lasts
    assert counts.warning_s == 240 + 700 + 1500
    assert counts.judged_s == DAY_S - 60 - 2 * (60 + 300)
    assert counts.time_in_warning == pytest.approx(2440 / counts.judged_s)
    assert counts.false_alarms_per_hour == pytest.approx(3 * 3600 / counts.interictal_s)


def test_a_seizure_soon_after_another_is_not_asked_for_and_not_foreseen_by_the_last_one():
    cluster = _seizures(10_000, 10_300, 10_760)
    counts = count_forecast(cluster, [SeizureEvent(10_010, 10_200)], RULE, duration_s=DAY_S)
    assert (counts.n_seizures, counts.n_foreseen, counts.n_false) == (2, 0, 0)
    assert counts.warning_s == 0
    lasting = count_forecast(cluster, [SeizureEvent(10_010, 10_690)], RULE, duration_s=DAY_S)
    assert lasting.n_foreseen == 1  # it still spoke when the time after the second seizure was over


def test_an_alarm_in_or_after_a_seizure_is_neither_true_nor_false():
    counts = count_forecast(_seizures(10_000), [SeizureEvent(10_020), SeizureEvent(10_300)], RULE, duration_s=DAY_S)
    assert (counts.n_foreseen, counts.n_false) == (0, 0)


def test_a_seizure_of_the_next_recording_makes_a_warning_right_but_is_not_counted_here():
    alone = ScoredRecording(
        "a", "1.edf", DAY_S, *np.zeros((3, 1)), (*_seizures(10_000),), alarms=(SeizureEvent(DAY_S - 300),)
    )
    beside = replace(alone, neighbours=(SeizureEvent(DAY_S, DAY_S + 60), SeizureEvent(DAY_S + 100, DAY_S + 160)))
    counted = [score_patients([one], forecast=RULE)[0] for one in (alone, beside)]
    assert [one.forecast.n_false for one in counted] == [1, 0]
    assert [one.forecast.n_seizures for one in counted] == [1, 1]
    assert [one.all_events.n_seizures for one in counted] == [1, 1]


def test_an_alarm_that_never_clears_is_no_better_than_chance():
    counts = count_forecast(_seizures(10_000, 50_000), [SeizureEvent(0, DAY_S)], RULE, duration_s=DAY_S)
    assert counts.sensitivity == 1
    assert counts.time_in_warning == 1
    assert counts.improvement_over_chance == 0
    assert counts.p_value == 1


def test_a_seizure_too_early_to_be_foreseen_is_not_asked_for():
    assert count_forecast(_seizures(30), [], RULE, duration_s=DAY_S).n_seizures == 0


def test_time_at_fault_counts_neither_as_interictal_nor_as_without_warning():
    counts = count_forecast([], [SeizureEvent(40_000)], RULE, duration_s=DAY_S, faults=[(0, 20_000), (40_360, 50_000)])
    assert counts.interictal_s == DAY_S - 20_000 - 9_640
    assert counts.judged_s == DAY_S - 20_000 - 9_640
    assert counts.warning_s == 300


def test_chance_reaches_a_sensitivity_equal_to_the_time_in_warning():
    """Against surrogates: the same seizures, shifted in a circle by every whole ten seconds."""
    rule = ForecastRule(sph_s=0, sop_s=900)
    rng = np.random.default_rng(6)
    alarms = [SeizureEvent(second) for second in rng.uniform(0, DAY_S - 900, 30)]
    onsets_s = np.sort(rng.uniform(0, DAY_S, 7))
    shifts_s = np.arange(0, DAY_S, 10)
    foreseen = np.array(
        [
            count_forecast(
                [SeizureEvent(one) for one in (onsets_s + shift_s) % DAY_S], alarms, rule, duration_s=DAY_S
            ).n_foreseen
            for shift_s in shifts_s[::24]
        ]
    )
    in_warning = count_forecast([], alarms, rule, duration_s=DAY_S).time_in_warning
    assert foreseen.mean() / 7 == pytest.approx(in_warning, abs=0.005)


def test_the_p_value_is_that_of_surrogates_with_seizures_at_random():
    rule, n_surrogates = ForecastRule(sph_s=0, sop_s=900, postictal_s=0), 800
    rng = np.random.default_rng(7)
    alarms = [SeizureEvent(second) for second in np.arange(0, DAY_S, 4000.0)]
    in_warning = count_forecast([], alarms, rule, duration_s=DAY_S)
    foreseen = np.array(
        [
            count_forecast(
                [SeizureEvent(second) for second in rng.uniform(0, DAY_S, 5)], alarms, rule, duration_s=DAY_S
            ).n_foreseen
            for _ in range(n_surrogates)
        ]
    )
    for n_foreseen in (1, 2, 3):
        p_value = ForecastCounts(5, n_foreseen, 0, DAY_S, in_warning.warning_s, in_warning.judged_s).p_value
        standard_error = math.sqrt(p_value * (1 - p_value) / n_surrogates)
        assert abs((foreseen >= n_foreseen).mean() - p_value) < 4 * standard_error


@given(st.integers(1, 12), st.integers(0, 12), st.floats(0, 1))
def test_the_p_value_of_one_patient_is_binomial(n_seizures, n_foreseen, share):
    n_foreseen = min(n_foreseen, n_seizures)
    counts = ForecastCounts(n_seizures, n_foreseen, 0, 1.0, share, 1.0)
    assert counts.p_value == pytest.approx(binom.sf(n_foreseen - 1, n_seizures, share), abs=1e-9)


def test_patients_who_differ_in_time_in_warning_are_not_pooled_into_one():
    always, never = ForecastCounts(3, 3, 0, 1.0, 1.0, 1.0), ForecastCounts(3, 0, 0, 1.0, 0.0, 1.0)
    assert chance_p_value([always, never]) == pytest.approx(1.0)
    assert (always + never).p_value == pytest.approx(binom.sf(2, 6, 0.5))


def test_without_seizures_nothing_can_be_foreseen():
    counts = count_forecast([], [SeizureEvent(100)], RULE, duration_s=DAY_S)
    assert math.isnan(counts.sensitivity)
    assert math.isnan(counts.p_value)
    assert counts.n_false == 1


@pytest.mark.parametrize(
    "wrong", [{"sph_s": -1, "sop_s": 1}, {"sph_s": 0, "sop_s": 0}, {"sph_s": 0, "sop_s": math.inf}]
)
def test_a_rule_out_of_bounds_is_refused(wrong):
    with pytest.raises(ConfigError, match="out of bounds"):
        ForecastRule(**wrong)


def test_a_model_with_a_horizon_must_warn_before_a_late_mark_could_come():
    assert rule_of_horizon(0.0) is None
    assert [(rule_of_horizon(h).sph_s, rule_of_horizon(h).sop_s) for h in (60, 1800)] == [(30, 30), (120, 1680)]
    assert rule_of_horizon(1800, sph_s=0) == ForecastRule(0, 1800)
    with pytest.raises(ConfigError, match="out of bounds"):
        rule_of_horizon(60, sph_s=60)
