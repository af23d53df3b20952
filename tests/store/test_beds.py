"""What a monitor wrote is there once, whole, and after its process has ended."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from eegwarn.bedside.log import AlarmRow, BedLog, BedState, FaultRow, Heartbeat, LevelRow, Retention
from eegwarn.errors import ConfigError, StoreError
from eegwarn.store import Store, open_store
from eegwarn.store.alarms import alarms_between, mark_false, present_beds
from eegwarn.store.beds import bed_log, faults_between, levels_between, minutes_between
from eegwarn.store.fault_silences import silence_fault
from eegwarn.store.labels import add_label, label_log
from eegwarn.store.models import add_model, read_prediction, write_prediction
from eegwarn.store.schema import metadata
from tests.store.labelled import SEIZURE, clips

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
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


@pytest.mark.parametrize("retention", [None, Retention(keep_whole_hours=1, keep_days=2)])
def test_old_levels_are_thinned_to_each_minutes_highest_and_the_oldest_go(
    store: Store, retention: Retention | None
) -> None:
    log = bed_log(store, "bed 1", retention)
    kept_whole, kept = (timedelta(hours=6), timedelta(days=30)) if retention is None else (HOUR, timedelta(days=2))
    minute = [LevelRow(after(second), None if second % 2 else second / 100) for second in range(60)]
    unjudged = [LevelRow(after(60 + second), None) for second in range(60)]
    log.write(levels=[*minute, *unjudged], alarms=[], faults=[])
    assert len(levels_between(store, "bed 1", LONG_AGO, NEVER)) == 120
    later = LevelRow(after(120) + kept_whole, 0.5)
    log.write(levels=[later], alarms=[], faults=[])
    thinned = levels_between(store, "bed 1", LONG_AGO, NEVER)
    assert thinned == (LevelRow(after(58), 0.58), LevelRow(after(60), None), later)
    log.write(levels=[LevelRow(after(90) + kept, 0.5)], alarms=[], faults=[])
    assert [row.at for row in levels_between(store, "bed 1", LONG_AGO, NEVER)] == [later.at, after(90) + kept]


def test_levels_of_another_bed_are_kept_as_that_bed_says(store: Store) -> None:
    other = bed_log(store, "bed 2")
    other.write(levels=[LevelRow(after(second), 0.5) for second in range(60)], alarms=[], faults=[])
    brief = bed_log(store, "bed 1", Retention(keep_whole_hours=1, keep_days=1))
    for at in (START, START + timedelta(days=3)):
        brief.write(levels=[LevelRow(at, 0.5)], alarms=[], faults=[])
    assert len(levels_between(store, "bed 1", LONG_AGO, NEVER)) == 1
    assert len(levels_between(store, "bed 2", LONG_AGO, NEVER)) == 60


def test_levels_thin_out_as_is_said_from_now_on(store: Store) -> None:
    hour = [LevelRow(after(second), 0.5) for second in range(0, 3600, 30)]
    log = bed_log(store, "bed 1", Retention(keep_whole_hours=1))
    log.write(levels=[*hour, LevelRow(after(3 * 3600), 0.5)], alarms=[], faults=[])
    assert len(levels_between(store, "bed 1", START, after(3600))) == 60
    longer = bed_log(store, "bed 1", Retention(keep_whole_hours=48))
    later = [LevelRow(after(3 * 3600 + second), 0.5) for second in range(30, 3600, 30)]
    for hours in (4, 20):
        longer.write(levels=[*later, LevelRow(after(hours * 3600), 0.5)], alarms=[], faults=[])
    assert len(levels_between(store, "bed 1", after(3 * 3600), after(4 * 3600))) == 120
    bed_log(store, "bed 1", Retention()).write(levels=[LevelRow(after(21 * 3600), 0.5)], alarms=[], faults=[])
    assert len(levels_between(store, "bed 1", after(3 * 3600), after(4 * 3600))) == 60


def test_whatever_is_not_a_level_outlives_every_retention(store: Store, tmp_path: Path) -> None:
    log = bed_log(store, "bed 1", Retention(keep_whole_hours=1, keep_days=1))
    log.write(
        levels=[LevelRow(after(second), 0.5) for second in range(60)],
        alarms=[AlarmRow(after(1), after(9), 0.9)],
        faults=[FaultRow(after(20), after(30), "flat"), FaultRow(after(50), None, "no samples")],
    )
    (alarm,) = alarms_between(store)
    mark_false(store, [alarm.id], reason="chewing", by="nurse", at=after(40))
    log.beat(Heartbeat(after(60), BedState.FAULT, None, after(50), "no samples"))
    silence_fault(store, "bed 1", by="nurse", at=after(60), until=after(120))
    (clip,) = clips(store, 1)
    add_label(store, clip.id, SEIZURE, rater="anna")
    model = tmp_path / "a.eegwarn"
    model.write_bytes(b"a model")
    said_by, about = add_model(store, model, by="head").id, clip.recording.id
    write_prediction(store, said_by, about, [4.0], [0.5])
    before = everything_but_levels(store)
    log.write(levels=[LevelRow(START + timedelta(days=10_000), 0.5)], alarms=[], faults=[])
    assert len(levels_between(store, "bed 1", LONG_AGO, NEVER)) == 0
    assert everything_but_levels(store) == before
    assert all(before[name] for name in ("alarms", "alarm_actions", "faults", "fault_silences", "labels"))
    assert [row.answer for row in label_log(store)] == [SEIZURE]
    assert read_prediction(store, said_by, about) is not None


def everything_but_levels(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables; of the beds their names."""
    tables = [table for table in metadata.tables.values() if table.name not in ("levels", "beds")]
    with store.reading() as connection:
        return {table.name: [tuple(row) for row in connection.execute(select(table))] for table in tables}


def test_thinning_looks_at_no_more_than_it_thins(store: Store) -> None:
    if store.place.path is None:
        pytest.skip("the plan of a server depends on how many rows there are")
    log = bed_log(store, "bed 1", Retention(keep_whole_hours=1, keep_days=1))
    asked: list[tuple[str, object]] = []
    event.listen(store.engine, "before_cursor_execute", lambda *about: asked.append((about[2], about[3])))
    for hours in range(0, 72, 2):
        log.write(
            levels=[LevelRow(after(hours * 3600 + second), 0.5) for second in range(0, 90, 30)], alarms=[], faults=[]
        )
    of_levels = [(words, given) for words, given in asked if "levels" in words and not words.startswith("INSERT")]
    assert len(of_levels) > 72
    with store.reading() as connection:
        for words, given in of_levels:
            (plan,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", given).all()
            assert str(plan[3]).startswith("SEARCH levels USING PRIMARY KEY (bed_id=? AND at"), (plan, words)
        rows_kept = connection.execute(select(func.count()).select_from(metadata.tables["levels"])).scalar_one()
    assert rows_kept < 40


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"keep_days": 0.5}, "keep_days = 0.5 must lie in"),
        ({"keep_days": float("inf")}, "keep_days = inf"),
        ({"keep_whole_hours": float("nan")}, "keep_whole_hours = nan"),
        ({"keep_whole_hours": 49, "keep_days": 2}, r"keep_whole_hours = 49 must lie in \[1, 24 keep_days = 48\]"),
    ],
)
def test_times_that_cannot_be_are_refused_with_what_is_allowed(values: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Retention(**values)


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
