"""Evaluation of a model that foresees: what the report says, and how early a warning must come."""

from dataclasses import replace
from pathlib import Path

import pytest

from eegwarn.bedside import Bundle, ModelConfig
from eegwarn.cohort import Cohort
from eegwarn.evaluate import ForecastRule, to_table
from eegwarn.warning import AlarmConfig, smooth
from tests.models import amplitude_onnx
from training.evaluate import Evaluated, evaluate_model, write_html

_NOBODY = {"persons": {}}
RECORD = {
    "seed": 0,
    "data_fingerprint": "none",
    "split": {"training": _NOBODY, "validation": _NOBODY, "test_persons": []},
    "config": {"horizon_s": 300.0},
    "training": {"history": [{"step": 5, "loss": 0.7, "validation_auroc": 0.5}, {"step": 10, "loss": 0.6}]},
}
FORESEES = Bundle(ModelConfig(horizon_s=300.0, alarm=AlarmConfig(threshold=0.6)), amplitude_onnx(), b"", RECORD)


@pytest.fixture(scope="module")
def evaluated(cohort: Cohort) -> Evaluated:
    return evaluate_model(FORESEES, cohort, model="amplitude")


def test_a_model_with_a_horizon_is_scored_as_a_forecast(evaluated: Evaluated) -> None:
    assert evaluated.report.rule == ForecastRule(120, 180)
    table = to_table(evaluated.report)
    assert table["skill"]["n_patients"] == len(evaluated.report.patients) == 5
    assert {row["verdict"] for row in table["patients"]} <= {
        "better than chance",
        "no better than chance",
        "cannot tell",
    }


def test_a_warning_may_be_asked_for_at_any_time_before_the_onset(cohort: Cohort) -> None:
    one_patient = replace(cohort, patients=cohort.patients[:1])
    evaluated = evaluate_model(FORESEES, one_patient, model="amplitude", sph_s=0.0)
    assert evaluated.report.rule == ForecastRule(0, 300)


def test_a_model_that_detects_is_not(cohort: Cohort) -> None:
    one_patient = replace(cohort, patients=cohort.patients[:1])
    detects = replace(FORESEES, config=replace(FORESEES.config, horizon_s=0.0))
    report = evaluate_model(detects, one_patient, model="amplitude").report
    assert (report.rule, report.skill) == (None, None)


def test_alarms_are_judged_on_the_level_that_is_kept(evaluated: Evaluated, cohort: Cohort) -> None:
    for one, source in zip(evaluated.recordings, cohort.recordings, strict=True):
        assert one.start == source.start
        assert one.smoothed is not None
        assert one.level.tolist() == pytest.approx(
            smooth(one.time_s, one.probability, FORESEES.config.alarm).tolist(), nan_ok=True
        )


def test_the_report_draws_how_the_model_was_trained(evaluated: Evaluated, tmp_path: Path) -> None:
    write_html(tmp_path / "r.html", evaluated, FORESEES)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    for expected in ("AUROC, validation patients", "Better than chance?", "Around each seizure", "horizon_s = 300.0"):
        assert expected in text
