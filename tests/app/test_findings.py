import dataclasses
from pathlib import Path

import pytest

from app.findings import alarm_table, alarms_tsv, belongs, clock, fault_spans, in_words, match_seizures
from eegwarn.events.event import SeizureEvent
from eegwarn.events.szcore import is_found_by_model, read_szcore_tsv
from eegwarn.warning.alarm import Alarm, Fault
from tests.app.examples import scored_with

SEIZURE = SeizureEvent(100.0, 130.0)


@pytest.mark.parametrize(("cleared_s", "expected"), [(69, False), (70, True), (100, True), (None, True)])
def test_alarm_belongs_to_a_seizure_if_it_is_still_on_30_s_before(cleared_s: float | None, expected: bool) -> None:
    assert belongs(Alarm(20.0, cleared_s, 1.0), SEIZURE) is expected


@pytest.mark.parametrize(("raised_s", "expected"), [(130, True), (190, True), (191, False)])
def test_alarm_belongs_to_a_seizure_if_it_comes_within_60_s_of_its_end(raised_s: float, expected: bool) -> None:
    assert belongs(Alarm(raised_s, None, 1.0), SEIZURE) is expected


def test_longer_horizon_reaches_further_back() -> None:
    assert belongs(Alarm(0.0, 5.0, 1.0), SEIZURE, horizon_s=300.0)


def test_first_alarm_tells_the_delay_and_an_early_one_is_negative() -> None:
    alarms = (Alarm(85.0, 90.0, 0.7), Alarm(105.0, 110.0, 0.9))
    assert [match.delay_s for match in match_seizures((SEIZURE, SeizureEvent(500.0)), alarms)] == [-15.0, None]


def test_words_count_what_was_caught_missed_and_raised_for_nothing() -> None:
    scored = scored_with(alarms=(Alarm(104.0, 110.0, 0.9), Alarm(900.0, 910.0, 0.6)), duration_s=3600.0)
    assert in_words(scored, (SEIZURE, SeizureEvent(2000.0, 2050.0))) == (
        "2 alarms in 1:00:00. 1 of 2 marked seizures caught (4 s after the mark). 1 alarm without a marked seizure."
    )


def test_words_without_marks_promise_nothing() -> None:
    assert in_words(scored_with(), ()) == (
        "No alarms in 0:01:40. No seizure is marked here, so nothing tells whether that is right."
    )


def test_words_name_a_fault() -> None:
    assert "FAULT for 0:00:50" in in_words(scored_with(faults=(Fault(50.0, None),)), ())


def test_settling_at_the_start_is_a_fault_from_the_start_but_not_worth_a_sentence() -> None:
    scored = scored_with(faults=(Fault(4.0, 7.0), Fault(30.0, 31.0)))
    assert fault_spans(scored) == [(0.0, 7.0), (30.0, 31.0)]
    assert "FAULT" not in in_words(scored, ())


def test_words_name_the_derivations_that_nobody_watched() -> None:
    scored = dataclasses.replace(scored_with(), unwatched=("FP2-F8", "F8-T8"))
    assert "NOT WATCHED, missing or bad for most of the time: FP2-F8, F8-T8." in in_words(scored, ())


def test_table_lists_alarms_and_seizures_in_time_order() -> None:
    scored = scored_with(alarms=(Alarm(104.0, None, 0.91),), duration_s=200.0)
    rows = alarm_table(scored, (SEIZURE, SeizureEvent(2.0)))
    assert [(row["Time"], row["What"], row["Lasts"], row["Level"]) for row in rows] == [
        ("0:00:02", "■ seizure, missed", "end not marked", ""),
        ("0:01:40", "■ seizure, caught", "30 s", ""),
        ("0:01:44", "▲ alarm", "96 s", "0.91"),
    ]


def test_saved_alarms_are_read_back_as_szcore(tmp_path: Path) -> None:
    scored = scored_with(alarms=(Alarm(104.0, 110.5, 0.91),), duration_s=200.0)
    path = tmp_path / "alarms.tsv"
    path.write_bytes(alarms_tsv(scored))
    (event,) = read_szcore_tsv(path)
    assert (event.onset_s, event.offset_s, event.confidence) == (104.0, 110.5, 0.91)
    assert is_found_by_model(path)


def test_clock_shows_hours_minutes_seconds_rounded_down() -> None:
    assert [clock(second) for second in (0, 59.9, 60, 3599.9999999, 86_399)] == [
        "0:00:00",
        "0:00:59",
        "0:01:00",
        "1:00:00",
        "23:59:59",
    ]
