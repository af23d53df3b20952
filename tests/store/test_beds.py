"""What a monitor wrote is there once, whole, and after its process has ended."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from eegwarn.bedside.log import AlarmRow, BedLog, BedState, FaultRow, Heartbeat, LevelRow
from eegwarn.errors import StoreError
from eegwarn.store import Store, open_store
from eegwarn.store.alarms import alarms_between, present_beds
from eegwarn.store.beds import KEPT, KEPT_WHOLE, bed_log, faults_between, levels_between, minutes_between

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO, NEVER = START - timedelta(days=400), START + timedelta(days=400)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_what_was_written_is_read_again_by_another_process_opening_the_store(place: str, store: Store) -> None:
    log: BedLog = bed_log(store, "bed 1")
    rows = (LevelRow(after(1), 0.25), LevelRow(after(2), None), LevelRow(after(3), float("nan")))
    log.write(levels=rows, alarms=[AlarmRow(after(2), None, 0.9)], faults=[FaultRow(after(3), None, "no data")])
    again = open_store(place)
    assert levels_between(again, "bed 1", START, after(9)) == (*rows[:2], LevelRow(after(3), None))
    assert faults_between(again, "bed 1", after(8), after(9)) == (FaultRow(after(3), None, "no data"),)
    assert bed_log(again, "bed 1").latest_alarm() == AlarmRow(after(2), None, 0.9)
    again.close()


def test_a_row_written_again_is_brought_up_to_date_and_not_doubled(store: Store) -> None:
    log = bed_log(store, "bed 1")
    elsewhere = timezone(timedelta(hours=5))
    for level, end in ((0.1, None), (0.7, after(60))):
        log.write(
            levels=[LevelRow(after(1).astimezone(elsewhere), level)],
            alarms=[AlarmRow(after(1).astimezone(elsewhere), end, level)],
            faults=[FaultRow(after(1), end, "flat")],
        )
    assert levels_between(store, "bed 1", LONG_AGO, NEVER) == (LevelRow(after(1), 0.7),)
    assert faults_between(store, "bed 1", LONG_AGO, NEVER) == (FaultRow(after(1), after(60), "flat"),)
    (alarm,) = alarms_between(store)
    assert (alarm.raised_at, alarm.cleared_at, alarm.peak_probability) == (after(1), after(60), 0.7)


def test_a_fault_that_was_left_open_is_found_and_ends_where_the_next_begins(place: str, store: Store) -> None:
    log, other = bed_log(store, "bed 1"), bed_log(store, "bed 2")
    assert log.open_fault() is None
    for each in (log, other):
        each.write(levels=[], alarms=[], faults=[FaultRow(after(3), None, "flat")])
    again = open_store(place)
    assert bed_log(again, "bed 1").open_fault() == FaultRow(after(3), None, "flat")
    again.close()
    log.write(levels=[], alarms=[], faults=[FaultRow(after(60), None, "no samples")])
    assert faults_between(store, "bed 1", LONG_AGO, NEVER) == (
        FaultRow(after(3), after(60), "flat"),
        FaultRow(after(60), None, "no samples"),
    )
    log.write(levels=[], alarms=[], faults=[FaultRow(after(1), after(2), "an older file, played")])
    assert log.open_fault() is None
    assert faults_between(store, "bed 1", LONG_AGO, NEVER)[-1] == FaultRow(after(60), after(60), "no samples")
    assert other.open_fault() == FaultRow(after(3), None, "flat")


def test_all_rows_are_written_or_none(store: Store) -> None:
    log = bed_log(store, "bed 1")
    with pytest.raises(StoreError, match="time zone"):
        log.write(
            levels=[LevelRow(after(1), 0.5)],
            alarms=[AlarmRow(datetime(2026, 3, 1), None, 0.9)],
            faults=[],
        )
    assert levels_between(store, "bed 1", LONG_AGO, NEVER) == ()
    assert log.latest_alarm() is None


def test_beds_are_kept_apart_and_the_latest_alarm_is_each_beds_own(store: Store) -> None:
    first, second = bed_log(store, "bed 1"), bed_log(store, "bed 2")
    first.write(levels=[LevelRow(START, 0.1)], alarms=[AlarmRow(after(t), None, 0.5) for t in (9, 3)], faults=[])
    assert second.latest_alarm() is None
    assert first.latest_alarm() == AlarmRow(after(9), None, 0.5)
    assert levels_between(store, "bed 2", LONG_AGO, NEVER) == ()


def test_old_levels_are_thinned_to_each_minutes_highest_and_the_oldest_go(store: Store) -> None:
    log = bed_log(store, "bed 1")
    minute = [LevelRow(after(second), None if second % 2 else second / 100) for second in range(60)]
    unjudged = [LevelRow(after(60 + second), None) for second in range(60)]
    log.write(levels=[*minute, *unjudged], alarms=[], faults=[])
    assert len(levels_between(store, "bed 1", LONG_AGO, NEVER)) == 120
    later = LevelRow(after(120) + KEPT_WHOLE, 0.5)
    log.write(levels=[later], alarms=[], faults=[])
    thinned = levels_between(store, "bed 1", LONG_AGO, NEVER)
    assert thinned == (LevelRow(after(58), 0.58), LevelRow(after(60), None), later)
    log.write(levels=[LevelRow(after(90) + KEPT, 0.5)], alarms=[], faults=[])
    assert [row.at for row in levels_between(store, "bed 1", LONG_AGO, NEVER)] == [later.at, after(90) + KEPT]


def test_a_sign_of_life_replaces_the_one_before(store: Store) -> None:
    log = bed_log(store, "bed 1")
    latest = Heartbeat(after(2), BedState.FAULT, None, after(1), "electrodes off")
    log.beat(Heartbeat(after(1), BedState.CALM, 0.1, after(1)))
    log.beat(latest)
    assert [bed.heartbeat for bed in present_beds(store, now=after(3))] == [latest]


@pytest.mark.parametrize("name", ["", " bed", "x" * 65, "bed\n1"])
def test_a_bed_without_a_usable_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="name has 1 to 64"):
        bed_log(store, name)


def test_a_minute_is_drawn_by_its_highest_level_and_one_without_judgement_by_none(store: Store) -> None:
    levels = [(0, 0.2), (30, 0.7), (59.9, None), (60, 0.1), (120, None), (150, None), (300, 0.4)]
    rows = [LevelRow(after(second), level) for second, level in levels]
    bed_log(store, "bed 1").write(levels=rows, alarms=[], faults=[])
    minutes = minutes_between(store, "bed 1", START, after(300))
    assert minutes == (LevelRow(START, 0.7), LevelRow(after(60), 0.1), LevelRow(after(120), None))
    assert minutes_between(store, "bed 2", LONG_AGO, NEVER) == ()
