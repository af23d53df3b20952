from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegwarn.evaluate import EventCounts, ForecastCounts, ForecastRule, ScoredRecording, brier_skill, score_samples
from eegwarn.evaluate.bootstrap import draw_units
from eegwarn.evaluate.pooled import pooled_scores, tally
from eegwarn.events.event import SeizureEvent

RULE = ForecastRule(60, 600)


def _recording(seed, *, patient_id="p", n_windows=600, seizure_s=900.0):
    rng = np.random.default_rng(seed)
    time_s = 4.0 + 3 * np.arange(n_windows)
    label = (rng.random(n_windows) < 0.2).astype(float)
    probability = np.clip(0.3 * label + 0.6 * rng.random(n_windows), 0, 1)
    probability[:5], label[5:9] = np.nan, np.nan
    return ScoredRecording(
        patient_id, f"{seed}.edf", 1810.0, time_s, probability, label, (SeizureEvent(seizure_s, seizure_s + 60),),
        tuple(SeizureEvent(at_s, at_s + 10) for at_s in rng.uniform(0, 1800, 3)),
    )  # fmt: skip


UNITS = [[_recording(seed)] for seed in range(4)]


@settings(max_examples=15)
@given(st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(any))
def test_a_cohort_made_of_units_scores_as_if_its_windows_were_joined(times):
    scores = pooled_scores(tally(UNITS, RULE), np.array([times], dtype=float))
    windows = [one for unit, n in zip(UNITS, times, strict=True) for one in unit * n]
    probability = np.concatenate([one.probability for one in windows])
    label = np.concatenate([one.label for one in windows])
    exact = score_samples(probability, label)
    assert scores["auroc"][0] == pytest.approx(exact.auroc, abs=0.002)
    assert scores["auprc"][0] == pytest.approx(exact.auprc, abs=0.01)
    assert scores["sensitivity_at_95"][0] == pytest.approx(exact.sensitivity, abs=0.02)
    assert scores["brier"][0] == pytest.approx(exact.brier)
    assert scores["ece"][0] == pytest.approx(exact.ece)
    assert scores["brier_skill"][0] == pytest.approx(brier_skill(probability, label))


def test_events_and_forecasts_are_the_sums_of_the_units():
    tallies = tally(UNITS, RULE)
    scores = pooled_scores(tallies, np.array([[1.0, 2, 0, 1]]))
    events = sum((EventCounts(*tallies.events[unit]) for unit in (0, 1, 1, 3)), EventCounts())
    forecast = sum((ForecastCounts(*tallies.forecast[unit]) for unit in (0, 1, 1, 3)), ForecastCounts())
    for key, expected in {
        "sensitivity": events.sensitivity,
        "precision": events.precision,
        "f1": events.f1,
        "false_alarms_per_day": events.false_alarms_per_day,
        "foreseen": forecast.sensitivity,
        "false_warnings_per_hour": forecast.false_alarms_per_hour,
        "time_in_warning": forecast.time_in_warning,
        "over_chance": forecast.improvement_over_chance,
    }.items():
        assert scores[key][0] == pytest.approx(expected), key


@settings(max_examples=20)
@given(st.lists(st.integers(0, 4), min_size=3, max_size=3).filter(any))
def test_the_median_warning_time_is_that_of_the_seizures_drawn(times):
    units = [[replace(_recording(0), alarms=(SeizureEvent(900 + delay_s, 1000),))] for delay_s in (-20, 5, 40)]
    scores = pooled_scores(tally(units, None), np.array([times], dtype=float))
    assert scores["warning_time_s"][0] == np.median(np.repeat([20, -5, -40], times))


def test_a_cohort_without_seizures_has_undefined_scores_and_no_warnings(recwarn):
    quiet = [[replace(_recording(0), seizures=(), label=np.zeros(600), alarms=())]]
    scores = pooled_scores(tally(quiet, RULE), np.ones((1, 1)))
    assert np.isnan(
        [scores[key][0] for key in ("auroc", "auprc", "brier_skill", "sensitivity", "f1", "foreseen")]
    ).all()
    assert scores["false_alarms_per_day"][0] == 0
    assert not recwarn.list


def test_units_are_drawn_within_their_stratum():
    times = draw_units([True, True, False], np.random.default_rng(0), n_resamples=50)
    assert np.all(times[:, :2].sum(axis=1) == 2)
    assert np.all(times[:, 2] == 1)
    assert len(np.unique(times[:, 0])) == 3
