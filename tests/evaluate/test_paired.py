"""Two models are compared patient by patient, and better is only said beyond the interval."""

import numpy as np
import pytest

from eegwarn.evaluate import Advice, ForecastRule, ScoredRecording, compare_models, paired_differences, score_patients
from eegwarn.evaluate.metrics import EVENT_METRICS
from eegwarn.evaluate.paired import LEAST_PATIENTS
from eegwarn.events import SeizureEvent

F1 = [metric for metric in EVENT_METRICS if metric.key == "f1"]
MISSED, FALSE = 3000.0, 500.0


def scored(patient: int, alarms_s: list[float], *, level: float = 0.9) -> ScoredRecording:
    """An hour with two seizures; ``level`` is what the model says in them, and 0.5 now and then outside."""
    seizures = (SeizureEvent(1000.0, 1060.0), SeizureEvent(2000.0, 2060.0))
    time_s = np.arange(4.0, 3601.0, 4.0)
    inside = ((time_s >= 1000) & (time_s < 1060)) | ((time_s >= 2000) & (time_s < 2060))
    return ScoredRecording(
        patient_id=f"p{patient:02}",
        name="night.edf",
        duration_s=3600.0,
        time_s=time_s,
        probability=np.where(inside, level, np.where(time_s % 40 == 0, 0.5, 0.1)),
        label=inside.astype(float),
        seizures=seizures,
        alarms=tuple(SeizureEvent(each, each + 20) for each in alarms_s),
    )


def compared(old: list[list[float]], new: list[list[float]], *, new_level: float = 0.9):
    before = score_patients([scored(number, alarms) for number, alarms in enumerate(old)])
    after = score_patients([scored(number, alarms, level=new_level) for number, alarms in enumerate(new)])
    return compare_models(before, after, np.random.default_rng(0))


ONE, BOTH = [1010.0], [1010.0, 2010.0]


def test_a_gain_that_all_patients_share_has_a_narrow_interval_however_different_they_are() -> None:
    rng = np.random.default_rng(1)
    hard = [[FALSE + 200 * k for k in range(rng.integers(0, 6))] for _ in range(12)]
    before = score_patients([scored(number, [*ONE, *more]) for number, more in enumerate(hard)])
    after = score_patients([scored(number, [*BOTH, *more]) for number, more in enumerate(hard)])
    (paired,) = paired_differences(F1, before, after, np.random.default_rng(0))
    spread = np.std([one.all_events.f1 for one in before])
    assert paired.gain > 0.1
    assert paired.interval.high - paired.interval.low < spread
    assert paired.n_patients == 12


def test_a_model_against_itself_differs_in_nothing() -> None:
    patients = score_patients([scored(number, ONE) for number in range(8)])
    (same,) = paired_differences(F1, patients, patients, np.random.default_rng(0))
    assert same.gain == 0
    assert (same.is_better, same.is_worse) == (False, False)
    assert compare_models(patients, patients, np.random.default_rng(0)).advice is Advice.CANNOT_TELL


def test_patients_are_paired_by_name_and_one_that_only_one_model_scored_is_left_out() -> None:
    before = score_patients([scored(number, ONE) for number in (0, 1, 2)])
    after = score_patients([scored(number, BOTH) for number in (2, 1, 3)])
    (paired,) = paired_differences(F1, before, after, np.random.default_rng(0))
    assert paired.n_patients == 2
    assert (paired.old, paired.new) == (pytest.approx(2 / 3), 1.0)


def test_a_clear_gain_in_enough_patients_is_promoted() -> None:
    many = compared([ONE] * 5 + [[], [FALSE], ONE], [BOTH] * 8)
    assert many.advice is Advice.PROMOTE
    assert (many.n_patients, many.n_seizures) == (8, 16)
    assert "event F1 +" in many.reason


def test_with_fewer_patients_the_same_gain_says_nothing_and_says_how_many_there_were() -> None:
    few = compared([ONE, [], [FALSE], ONE, ONE], [BOTH] * 5)
    assert len(few.differences) == 4
    assert few.advice is Advice.CANNOT_TELL
    assert "5 held-out patients with 10 seizures: too few" in few.reason
    assert f"{LEAST_PATIENTS} patients" in few.reason


def test_a_gain_in_some_and_a_loss_in_others_cannot_be_told() -> None:
    mixed = compared([ONE, BOTH] * 4, [BOTH, ONE] * 4)
    assert mixed.differences[0].interval.low < 0 < mixed.differences[0].interval.high
    assert mixed.advice is Advice.CANNOT_TELL


def test_a_loss_is_not_promoted_and_more_false_alarms_are_a_loss() -> None:
    noisier = compared([BOTH] * 8, [[*BOTH, FALSE, MISSED]] * 5 + [[*BOTH, FALSE]] * 3)
    assert noisier.advice is Advice.DO_NOT_PROMOTE
    assert "false alarms +" in noisier.reason
    assert not any(each.is_worse for each in noisier.differences if each.metric.key == "sensitivity")


def test_a_gain_that_costs_something_else_is_a_trade_and_not_promoted() -> None:
    before = score_patients([scored(number, ONE if number else []) for number in range(8)])
    after = score_patients([scored(number, BOTH, level=0.05 if number else 0.3) for number in range(8)])
    trade = compare_models(before, after, np.random.default_rng(0))
    assert trade.advice is Advice.CANNOT_TELL
    assert "trade" in trade.reason


def test_forecasters_are_compared_by_what_they_foresee() -> None:
    rule = ForecastRule(sph_s=60.0, sop_s=240.0)
    before = score_patients([scored(number, []) for number in range(8)], forecast=rule)
    after = score_patients([scored(number, [850.0, 1850.0 if number else 10.0]) for number in range(8)], forecast=rule)
    foreseen = compare_models(before, after, np.random.default_rng(0))
    assert foreseen.differences[0].metric.key == "over_chance"
    assert foreseen.differences[0].is_better
