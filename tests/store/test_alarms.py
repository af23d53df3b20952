"""Alarms latch until somebody acts, muting ends by itself, and what was done stays written down."""

from datetime import UTC, datetime, timedelta

import pytest

from eegwarn.bedside.log import AlarmRow, BedState, FaultRow, Heartbeat
from eegwarn.errors import StoreError
from eegwarn.store import Store
from eegwarn.store.alarms import (
    LONGEST_MUTE,
    ActionKind,
    Bed,
    ShownState,
    acknowledge,
    alarms_between,
    mark_false,
    mute,
    present_beds,
    withdraw_false,
)
from eegwarn.store.audit import acts
from eegwarn.store.beds import bed_log
from eegwarn.store.fault_silences import LONGEST_SILENCE, silence_fault

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def raise_alarm(store: Store, at: datetime = START, cleared_at: datetime | None = None) -> int:
    bed_log(store, "bed 1").write(levels=[], alarms=[AlarmRow(at, cleared_at, 0.9)], faults=[])
    return alarms_between(store)[0].id


def beat(store: Store, at: datetime, state: BedState = BedState.CALM) -> None:
    bed_log(store, "bed 1").beat(Heartbeat(at, state, None, at, "no data" if state is BedState.FAULT else ""))


def bed_at(store: Store, now: datetime) -> Bed:
    (bed,) = present_beds(store, now=now)
    return bed


def test_an_alarm_latches_after_it_cleared_until_it_is_acknowledged(store: Store) -> None:
    alarm = raise_alarm(store, cleared_at=after(30))
    beat(store, after(60))
    assert bed_at(store, after(61)).state is ShownState.ALARM
    assert bed_at(store, after(61)).sounds(after(61))
    acknowledge(store, [alarm], by="nurse", at=after(62))
    assert bed_at(store, after(63)).state is ShownState.CALM
    assert not bed_at(store, after(63)).sounds(after(63))


def test_an_alarm_that_lasts_is_shown_after_it_was_acknowledged_and_makes_no_sound(store: Store) -> None:
    acknowledge(store, [raise_alarm(store)], by="nurse", at=after(1))
    beat(store, after(2), BedState.ALARM)
    bed = bed_at(store, after(3))
    assert bed.state is ShownState.ALARM
    assert len(bed.alarms) == 1
    assert not bed.sounds(after(3))


def test_a_new_alarm_latches_and_sounds_whatever_was_done_about_the_one_before(store: Store) -> None:
    first = raise_alarm(store)
    acknowledge(store, [first], by="nurse", at=after(1))
    mute(store, [first], until=after(600), by="nurse", at=after(1))
    raise_alarm(store, after(10))
    assert bed_at(store, after(11)).state is ShownState.ALARM
    assert any(alarm.sounds(after(11)) for alarm in bed_at(store, after(11)).alarms)


def test_muting_silences_for_a_while_and_does_not_acknowledge(store: Store) -> None:
    alarm = raise_alarm(store)
    mute(store, [alarm], until=after(120), by="nurse", at=after(1))
    for now, heard in ((after(60), False), (after(121), True)):
        beat(store, now)
        assert bed_at(store, now).state is ShownState.ALARM
        assert bed_at(store, now).sounds(now) is heard


@pytest.mark.parametrize("until", [START, START + LONGEST_MUTE + timedelta(seconds=1)])
def test_nobody_mutes_for_no_time_or_for_longer_than_an_hour(store: Store, until: datetime) -> None:
    alarm = raise_alarm(store)
    with pytest.raises(StoreError, match="up to 60 minutes"):
        mute(store, [alarm], until=until, by="nurse", at=START)


def test_a_fault_and_a_silent_monitor_sound_though_the_alarm_is_muted(store: Store) -> None:
    mute(store, [raise_alarm(store)], until=after(600), by="nurse", at=after(1))
    beat(store, after(2), BedState.FAULT)
    faulty = bed_at(store, after(3))
    assert (faulty.is_at_fault, faulty.sounds(after(3))) == (True, True)
    silent = bed_at(store, after(100))
    assert (silent.is_offline, silent.is_at_fault, silent.sounds(after(100))) == (True, False, True)


@pytest.mark.parametrize("state", list(BedState))
def test_a_bed_without_an_open_alarm_is_what_its_monitor_says_while_it_gives_signs_of_life(
    store: Store, state: BedState
) -> None:
    bed_log(store, "bed 1")
    assert bed_at(store, START).state is ShownState.OFFLINE
    beat(store, START, state)
    assert bed_at(store, after(29)).state.value == state.value
    assert bed_at(store, after(31)).state is ShownState.OFFLINE


def test_a_monitor_whose_clock_is_ahead_is_offline_rather_than_alive_for_too_long(store: Store) -> None:
    beat(store, after(3600))
    assert bed_at(store, START).is_offline


def test_an_alarm_marked_false_needs_a_reason_and_can_be_made_a_true_one_again(store: Store) -> None:
    alarm = raise_alarm(store)
    with pytest.raises(StoreError, match="Write why"):
        mark_false(store, [alarm], reason="  ", by="nurse")
    mark_false(store, [alarm], reason="chewing", by="nurse", at=after(5))
    (marked,) = alarms_between(store)
    assert (marked.is_false, marked.is_latched, marked.actions[0].reason) == (True, False, "chewing")
    withdraw_false(store, [alarm], by="doctor", at=after(9))
    (withdrawn,) = alarms_between(store)
    assert not withdrawn.is_false
    assert [(action.actor, action.kind) for action in withdrawn.actions] == [
        ("nurse", ActionKind.MARK_FALSE),
        ("doctor", ActionKind.WITHDRAW_FALSE),
    ]


def test_an_act_on_no_alarm_or_an_unknown_one_or_by_nobody_is_refused_whole(store: Store) -> None:
    alarm = raise_alarm(store)
    for ids, by in (([], "nurse"), ([alarm, alarm + 1], "nurse"), ([alarm], " ")):
        with pytest.raises(StoreError):
            acknowledge(store, ids, by=by)
    assert alarms_between(store)[0].is_latched


def test_alarms_are_listed_by_bed_and_time_the_latest_first(store: Store) -> None:
    for bed, seconds in (("a", 0), ("b", 5), ("a", 10)):
        bed_log(store, bed).write(levels=[], alarms=[AlarmRow(after(seconds), None, 0.5)], faults=[])
    assert [alarm.raised_at for alarm in alarms_between(store, bed="a")] == [after(10), after(0)]
    assert [alarm.bed for alarm in alarms_between(store, after(5), after(10))] == ["b"]


def test_only_so_many_of_the_latest_alarms_are_given_each_with_what_was_done(store: Store) -> None:
    for minutes in range(4):
        acknowledge(store, [raise_alarm(store, after(60 * minutes), after(60 * minutes + 9))], by=f"nurse {minutes}")
    latest = alarms_between(store, most=2)
    assert [(alarm.raised_at, alarm.actions[0].actor) for alarm in latest] == [
        (after(180), "nurse 3"),
        (after(120), "nurse 2"),
    ]


def begin_fault(store: Store, at: datetime, end_at: datetime | None = None) -> None:
    bed_log(store, "bed 1").write(levels=[], alarms=[], faults=[FaultRow(at, end_at, "flat")])


def test_a_silenced_fault_is_shown_as_before_and_comes_back_by_itself(store: Store) -> None:
    begin_fault(store, START)
    beat(store, after(20), BedState.FAULT)
    assert bed_at(store, after(21)).sounds(after(21))
    silence_fault(store, "bed 1", until=after(142), by="nurse", at=after(22))
    for seconds in range(30, 200, 10):
        beat(store, after(seconds), BedState.FAULT)
        bed = bed_at(store, after(seconds))
        assert (bed.state, bed.is_at_fault, bed.heartbeat.reason) == (ShownState.FAULT, True, "no data")
        assert bed.sounds(after(seconds)) is (seconds >= 142)
    assert [(act.who, act.what, act.about) for act in acts(store)] == [("nurse", "silence fault", "bed 1")]


def test_neither_another_fault_nor_silence_of_the_monitor_nor_an_alarm_is_silenced_with_it(store: Store) -> None:
    begin_fault(store, START)
    beat(store, after(0), BedState.FAULT)
    silence_fault(store, "bed 1", until=after(120), by="nurse", at=after(1))
    assert not bed_at(store, after(2)).sounds(after(2))
    assert bed_at(store, after(40)).sounds(after(40))  # no sign of life any more
    begin_fault(store, START, after(10))
    begin_fault(store, after(15))
    beat(store, after(20), BedState.FAULT)
    assert bed_at(store, after(21)).sounds(after(21))
    silence_fault(store, "bed 1", until=after(120), by="nurse", at=after(22))
    raise_alarm(store, after(23))
    assert bed_at(store, after(24)).sounds(after(24))


def test_only_a_fault_can_be_silenced_and_not_for_long(store: Store) -> None:
    beat(store, START)
    with pytest.raises(StoreError, match="no fault any more"):
        silence_fault(store, "bed 1", until=after(60), by="nurse", at=START)
    beat(store, START, BedState.FAULT)
    for until in (START, after(LONGEST_SILENCE.total_seconds() + 1)):
        with pytest.raises(StoreError, match="up to 10 minutes"):
            silence_fault(store, "bed 1", until=until, by="nurse", at=START)
