import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import binom

from eegwarn.evaluate import (
    ForecastRule,
    Moments,
    ScoredRecording,
    Verdict,
    cohort_skill,
    patient_moments,
    patient_skill,
)
from eegwarn.evaluate.skill import holm, in_words, shifted_onsets
from eegwarn.events.event import SeizureEvent

RULE = ForecastRule(sph_s=60, sop_s=840)
DAY_S, HOP_S = 86_400.0, 20.0


def _patient(seed, *, change, n_seizures=6):
    """A day of slow noise in which the level rises by ``change`` over the 15 minutes before each seizure."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(20.0, DAY_S, HOP_S)
    level = lfilter([1], [1, -0.95], rng.standard_normal(time_s.size)) * np.sqrt(1 - 0.95**2)
    onsets_s = np.sort(rng.uniform(2000, DAY_S - 100, n_seizures))
    for onset_s in onsets_s:
        level += change * (time_s > onset_s - 900) * (time_s < onset_s)
        level += 5 * (time_s >= onset_s) * (time_s < onset_s + 60)
    seizures = tuple(SeizureEvent(onset_s, onset_s + 60) for onset_s in onsets_s)
    recording = ScoredRecording("p", "a", DAY_S, time_s, level, np.zeros(level.size), seizures)
    return patient_skill(patient_moments([recording], RULE), rng)


@pytest.fixture(scope="module")
def without_skill():
    return [_patient(seed, change=0.0) for seed in range(160)]


def test_without_skill_a_p_value_below_one_in_twenty_comes_in_one_of_twenty_patients(without_skill):
    p_values = np.array([patient.p_value for patient in without_skill])
    for limit in (0.05, 0.2, 0.5):
        assert abs(np.mean(p_values < limit) - limit) < 4 * np.sqrt(limit * (1 - limit) / p_values.size)
    assert np.mean([patient.area for patient in without_skill]) == pytest.approx(0.5, abs=0.03)


def test_cohorts_without_skill_are_no_better_than_chance(without_skill):
    rng = np.random.default_rng(0)
    cohorts = [cohort_skill(without_skill[first : first + 10], rng) for first in range(0, 160, 10)]
    assert sum(Verdict.BETTER in one.verdicts for one in cohorts) <= binom.ppf(0.999, 16, 0.05)
    assert sum(one.p_value < 0.05 for one in cohorts) <= binom.ppf(0.999, 16, 0.05)


def test_skill_is_found_where_it_is_and_only_there(without_skill):
    patients = [_patient(1000 + seed, change=3.0) for seed in range(5)] + without_skill[:5]
    cohort = cohort_skill(patients, np.random.default_rng(0))
    assert cohort.verdicts[:5].count(Verdict.BETTER) >= 4
    assert cohort.verdicts[5:] == (Verdict.NO_BETTER,) * 5
    assert cohort.p_value < 0.001
    assert cohort.p_value_of_count < 0.01


def test_with_one_or_two_seizures_nothing_can_be_told():
    patients = [_patient(seed, change=5.0, n_seizures=n) for seed, n in enumerate((1, 2, 0))]
    cohort = cohort_skill(patients, np.random.default_rng(0))
    assert cohort.verdicts == (Verdict.UNKNOWN,) * 3
    assert cohort.n_tested == 0
    assert np.isnan(patients[2].p_value)
    assert "Cannot tell for 3 with fewer seizures" in in_words(cohort)
    assert "Better than chance in" not in in_words(cohort)


def test_a_single_seizure_that_was_under_way_does_not_make_up_for_those_not_foreseen():
    level = np.linspace(0, 1, 1000)
    one_at_the_top, one_at_the_limit = (
        patient_skill(
            Moments(level, np.zeros(1000, dtype=bool), np.array([first, 500, 480, 520])), np.random.default_rng(0)
        )
        for first in (999, 800)
    )
    assert one_at_the_top.shifted[0] == pytest.approx(one_at_the_limit.shifted[0], abs=0.002)
    assert one_at_the_top.area > one_at_the_limit.area


def test_a_level_that_never_changes_is_no_better_than_chance():
    skill = patient_skill(
        Moments(np.zeros(500), np.ones(500, dtype=bool), np.array([3, 40, 100])), np.random.default_rng(0)
    )
    assert (skill.area, skill.p_value, skill.p_value_of_alarms) == (0.5, 1.0, 1.0)


def test_alarms_that_foresee_each_seizure_in_little_time_have_a_small_p_value():
    in_warning = np.zeros(1000, dtype=bool)
    onset = np.array([100, 350, 700])
    in_warning[(onset[:, np.newaxis] - np.arange(10)).ravel()] = True
    skill = patient_skill(Moments(np.zeros(1000), in_warning, onset), np.random.default_rng(0))
    # of the shifts ten in a thousand, and the intervals in one of their two orders
    assert skill.p_value_of_alarms == pytest.approx(0.01 / 2, abs=0.005)


def test_surrogates_keep_number_and_intervals():
    moments = Moments(np.zeros(1000), np.zeros(1000, dtype=bool), np.array([100, 130, 500]))
    places = np.sort(shifted_onsets(moments, 50, np.random.default_rng(0)), axis=1)
    intervals = np.sort(np.diff(places, axis=1, append=places[:, :1] + 1000), axis=1)
    assert np.array_equal(intervals, np.tile([30, 370, 600], (50, 1)))
    assert len({tuple(row) for row in places.tolist()}) > 40


def test_the_correction_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]).size == 0


def test_the_words_say_how_many_chance_would_give(without_skill):
    text = in_words(cohort_skill(without_skill[:20], np.random.default_rng(0)))
    assert "of 20 patients with 3 seizures or more" in text
    assert "where chance alone gives 1:" in text
    assert "All patients together" in text
