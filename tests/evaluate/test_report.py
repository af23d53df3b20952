import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from eegwarn.errors import OutputError
from eegwarn.evaluate import DISCLAIMER, Context, ForecastRule, ScoredRecording, html, make_report, to_table, to_text
from eegwarn.evaluate.figures.curve import envelope
from eegwarn.evaluate.html import write_report
from eegwarn.events.event import SeizureEvent

CONTEXT = Context(
    model="demo.eegwarn",
    split="patients left out",
    data="2 simulated patients",
    fingerprint="sha256:0123",
    seeds=(7, 1),
    scorer="timescoring 0.0.7",
)


def _recording(patient_id, *, alarm_s, name="a.edf", seizure=True):
    time_s = np.arange(4.0, 3601.0)
    inside = (time_s >= 1000) & (time_s < 1060) & seizure
    return ScoredRecording(
        patient_id=patient_id,
        name=name,
        duration_s=3600.0,
        time_s=time_s,
        probability=np.where(inside, 0.9, 0.1 + 0.1 * np.sin(time_s)),
        label=inside.astype(float),
        seizures=(SeizureEvent(1000, 1060),) if seizure else (),
        alarms=tuple(SeizureEvent(at_s, at_s + 20) for at_s in alarm_s),
        faults=((3000.0, 3360.0),),
    )


COHORT = [_recording("p1", alarm_s=[1010]), _recording("p2", alarm_s=[]), _recording("p3", alarm_s=[50], seizure=False)]


def _report(recordings, **options):
    return make_report(recordings, CONTEXT, np.random.default_rng(1), **options)


def test_the_mean_is_over_patients_and_says_over_how_many():
    mean = to_table(_report(COHORT))["mean"]
    assert mean["sensitivity"]["value"] == 0.5
    assert mean["precision"]["value"] == 0.5  # the silent patient counts as 0
    assert mean["precision"]["n_patients"] == 2  # the one without a seizure has none
    assert mean["false_alarms_per_day"]["value"] == pytest.approx(8)
    assert mean["false_alarms_per_day"]["n_patients"] == 3
    assert mean["warning_time_s"]["value"] == -10


def test_a_patient_counts_once_however_many_recordings_there_are():
    twice = [*COHORT[:2], *(replace(COHORT[0], name=f"{k}.edf") for k in range(5))]
    assert to_table(_report(twice))["mean"]["sensitivity"]["value"] == 0.5


def test_an_interval_holds_its_mean():
    for estimate in _report(COHORT, forecast=ForecastRule(60, 600)).estimates:
        if math.isfinite(estimate.interval.low):
            assert estimate.interval.low <= estimate.mean + 1e-12
            assert estimate.mean <= estimate.interval.high + 1e-12


def test_of_one_patient_the_seizures_are_resampled():
    one = [replace(COHORT[0], name=str(k)) for k in range(3)]
    one += [replace(_recording("p1", alarm_s=[]), name=str(k)) for k in range(3)]
    report = _report(one)
    sensitivity = to_table(report)["mean"]["sensitivity"]
    assert sensitivity["value"] == 0.5
    assert 0 <= sensitivity["low"] < 0.5 < sensitivity["high"] <= 1
    assert any("around the patient's seizures" in rule for rule in report.rules)


def test_the_table_is_json_without_nan_and_names_where_it_comes_from():
    table = to_table(_report(COHORT, forecast=ForecastRule(60, 600)))
    again = json.loads(json.dumps(table, allow_nan=False))
    assert again["context"]["split"] == "patients left out"
    assert again["context"]["seeds"] == [7, 1]
    assert again["patients"][2]["sensitivity"] is None
    assert again["patients"][0]["fault_hours"] == pytest.approx(0.1)
    assert 0 <= again["skill"]["p_value"] <= 1
    assert again["patients"][0]["verdict"] == "cannot tell"


def test_the_forecast_is_left_out_for_a_model_that_only_detects():
    assert "foreseen" not in to_table(_report(COHORT))["mean"]
    assert to_table(_report(COHORT))["skill"] is None
    assert "chance" not in to_text(_report(COHORT))


def test_the_text_names_its_origin_its_rules_and_what_it_is_not():
    text = to_text(_report(COHORT))
    for expected in ("patients left out", "sha256:0123", "timescoring 0.0.7", "7, 1", "SzCORE", DISCLAIMER):
        assert expected in text
    header = next(line for line in text.splitlines() if line.startswith("patient "))
    rows = [line for line in text.splitlines() if line.startswith("p1 ")]
    assert len(rows) == 1
    assert len(rows[0]) == len(header)
    assert max(map(len, (header, *rows))) <= 120


def test_the_text_says_who_was_better_than_chance():
    text = to_text(_report(COHORT, forecast=ForecastRule(60, 600)))
    assert "against chance: Cannot tell for 3 with fewer seizures. All patients together: " in text
    assert next(line for line in text.splitlines() if line.startswith("p3 ") and "cannot tell" in line)


def test_one_patient_has_an_interval_for_every_score_that_is_defined():
    rng = np.random.default_rng(3)
    one = [
        replace(_recording("p1", alarm_s=[1005 + k], name=str(k)), probability=0.3 * rng.random(3597) + 0.1 * k)
        for k in range(5)
    ]
    report = _report(one, forecast=ForecastRule(60, 600))
    for estimate in report.estimates:
        assert estimate.pooled == estimate.mean or math.isnan(estimate.mean)
        if math.isfinite(estimate.pooled_interval.low):
            assert estimate.pooled_interval.low <= estimate.mean + 1e-9, estimate.metric.key
            assert estimate.mean <= estimate.pooled_interval.high + 1e-9, estimate.metric.key
    known = {one.metric.key for one in report.estimates if math.isfinite(one.interval.low)}
    # every seizure was found without a false alarm, so that only exact bounds say something about events
    assert known == {
        "auroc",
        "auprc",
        "sensitivity_at_95",
        "brier",
        "brier_skill",
        "ece",
        "sensitivity",
        "false_alarms_per_day",
        "warning_time_s",
        "foreseen",
        "false_warnings_per_hour",
    }


def test_one_seizure_alone_gives_no_interval_but_for_what_needs_none():
    report = _report([COHORT[0], replace(COHORT[2], patient_id="p1", name="b.edf")])
    known = {one.metric.key for one in report.estimates if math.isfinite(one.interval.low)}
    assert known == {"sensitivity", "false_alarms_per_day"}  # exact binomial bounds, and a rate over recordings


def test_of_all_patients_together_every_seizure_counts_the_same():
    three = [replace(COHORT[0], name=str(k)) for k in range(3)]
    table = to_table(_report([*three, COHORT[1]]))
    assert table["mean"]["sensitivity"]["value"] == 0.5
    assert table["together"]["sensitivity"]["value"] == 0.75


def test_the_html_report_needs_no_other_file_and_is_the_same_each_time(tmp_path):
    report = _report(COHORT, forecast=ForecastRule(60, 600))
    record = {"training": {"history": [{"step": 10, "loss": 0.5}, {"step": 20, "loss": 0.4}]}}
    for name in ("one.html", "two.html"):
        write_report(
            tmp_path / name, report, COHORT, configuration="[alarm]\nthreshold = 0.5", threshold=0.5, record=record
        )
    text = (tmp_path / "one.html").read_text(encoding="utf-8")
    assert text == (tmp_path / "two.html").read_text(encoding="utf-8")
    # around the seizures, warning times, every threshold, reliability, diary and training
    assert text.count("<svg") == text.count("</svg>") == len(COHORT) + 6
    for section in ("Better than chance?", "Around each seizure", "Seizure diary", "Training"):
        assert f">{section}</h2>" in text
    links = set(re.findall('<a href="#([^"]*)"', text))
    assert links == set(re.findall('h2 id="([^"]*)"', text))
    assert DISCLAIMER in text
    assert "threshold = 0.5" in text
    for outside in ("<script", "<link", "<img", "@import", "url(http", 'src="'):
        assert outside not in text


def test_names_from_files_cannot_break_out_of_the_html(tmp_path):
    hostile = replace(COHORT[0], patient_id="<script>alert(1)</script> $x$", name='"><img src=x>')
    record = {"training": {"history": [{"step": 1, "<script>": 1.0}]}, "labels": "<img src=x>"}
    write_report(tmp_path / "r.html", _report([hostile]), [hostile], configuration="</pre><b>", record=record)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert "</pre><b>" not in text


def test_a_report_without_any_seizure_is_written_with_what_there_is(tmp_path):
    write_report(tmp_path / "r.html", _report([COHORT[2]]), [COHORT[2]], configuration="")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Around each seizure" not in text
    assert "Seizure diary" in text


def test_of_many_recordings_those_with_events_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(html, "MOST_CURVES", 3)
    quiet = replace(COHORT[2], alarms=(), name="quiet.edf")
    recordings = [quiet] * 3 + [replace(COHORT[0], name="eventful.edf")]
    write_report(tmp_path / "r.html", _report(recordings[-3:]), recordings, configuration="")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "eventful.edf" in text
    assert "Drawn: 3 of 4 recordings" in text


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(tmp_path / "none" / "r.html", _report(COHORT), COHORT, configuration="")


def test_a_long_curve_keeps_its_shortest_peak():
    time_s = np.arange(86_400.0)
    probability = np.full(86_400, 0.1)
    probability[54_321] = 0.99
    probability[:10_000] = np.nan
    columns_s, low, high = envelope(time_s, probability, n_columns=600)
    assert columns_s.shape == low.shape == high.shape == (600,)
    assert np.nanmax(high) == 0.99
    assert np.isnan(high[:69]).all()
