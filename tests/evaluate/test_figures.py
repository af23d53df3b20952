import re
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from eegwarn.evaluate import ScoredRecording, figures
from eegwarn.evaluate.figures.diary import diary_rows
from eegwarn.evaluate.figures.seizures import find_seizures
from eegwarn.events.event import SeizureEvent


def _recording(onsets_s, alarms_s=(), *, duration_s=7200.0, start=None, name="a.edf"):
    time_s = np.arange(4.0, duration_s + 1)
    return ScoredRecording(
        "p1", name, duration_s, time_s, np.full(time_s.size, 0.1), np.zeros(time_s.size),
        tuple(SeizureEvent(onset_s, onset_s + 60) for onset_s in onsets_s),
        tuple(SeizureEvent(onset_s, onset_s + 20) for onset_s in alarms_s),
        start=start,
    )  # fmt: skip


def test_a_recording_over_midnight_is_two_days_of_the_diary():
    evening = _recording([600, 5400], [5410], start=datetime(2001, 1, 1, 23))
    next_day = _recording([60], start=datetime(2001, 1, 2, 12), name="b.edf")
    first, second = diary_rows([evening, next_day])
    assert (first.name, second.name) == ("p1, day 1", "p1, day 2")
    assert first.recorded_h == [(23, 24)]
    assert second.recorded_h == [(0, 1), (12, 14)]
    assert first.seizures_h == pytest.approx([23 + 1 / 6])
    assert second.seizures_h == pytest.approx([0.5, 12 + 1 / 60])
    assert second.alarms_h == pytest.approx([0.5 + 10 / 3600])


def test_days_count_from_the_first_recording_whatever_the_order():
    later, earlier = (_recording([], start=datetime(2001, 1, day, 9), name=f"{day}.edf") for day in (3, 1))
    assert [row.name for row in diary_rows([later, earlier])] == ["p1, day 3", "p1, day 1"]


def test_without_a_clock_hours_count_from_the_start_of_each_recording():
    rows = diary_rows([_recording([3600]), _recording([], name="b.edf")])
    assert [row.name for row in rows] == ["p1, a.edf (from its start)", "p1, b.edf (from its start)"]
    assert rows[0].seizures_h == [1]
    svg = figures.seizure_diary(rows)
    assert "hours from the start of the recording" in svg
    assert "a.edf" in svg


def test_every_seizure_has_its_panel_that_says_when_the_alarm_came():
    recording = _recording([1000, 3000, 5000], [1012, 2990])
    (svg,) = figures.seizure_panels(find_seizures([recording]), threshold=0.3)
    assert re.findall(r">p1, ([^<]*)<", svg) == [
        "0:16:40: alarm 12 s after",
        "0:50:00: alarm 10 s before",
        "1:23:20: no alarm",
    ]


def test_many_seizures_are_drawn_on_several_sheets_of_one_scale():
    seizures = find_seizures([_recording([100 + 400 * k for k in range(17)])])
    sheets = figures.seizure_panels(seizures)
    assert [svg.count(">p1, ") for svg in sheets] == [16, 1]


def test_a_seizure_at_the_very_start_of_a_recording_is_drawn():
    alone = replace(_recording([0]), probability=np.full(7197, np.nan))
    assert figures.seizure_panels(find_seizures([alone]))[0].count(">p1, ") == 1


def test_warning_times_are_drawn_even_if_no_seizure_had_an_alarm():
    assert figures.warning_times(np.array([np.nan])).startswith("<svg")
    assert "min from the onset" in figures.warning_times(np.array([600.0, np.nan]), horizon_s=1800)


def test_training_is_drawn_from_whatever_was_noted():
    history = [
        {"step": 1, "loss": 0.5},
        {"step": 2, "loss": 0.4, "validation_auroc": 0.6, "label_entropy": 0.1, "note": "text"},
        {"step": 3, "validation_auroc": float("nan"), "own_number": 3},
        {"loss": 1.0},
    ]
    svg = figures.learning_curves(history)
    for title in (">loss<", "AUROC, validation patients", "entropy of the labels", "own number"):
        assert title in svg
    assert "note" not in svg
    assert figures.learning_curves([]) == figures.learning_curves([{"step": 1}]) == ""


def test_marks_are_drawn_where_correction_moved_them():
    onset = {"mark_s": 100.0, "onset_s": 92.0, "low_s": 80.0, "high_s": 95.0, "p_seizure": 0.9}
    assert figures.mark_shifts([onset, {"mark_s": 3.0}, {**onset, "onset_s": float("nan")}]).startswith("<svg")
    assert figures.mark_shifts([{"mark_s": 3.0}]) == ""
