"""What the monitor page shows of beds, and what may be done there, without a browser."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.access import Person, Role
from app.alarm_acts import perform
from app.tiles import MUTE_FOR, SET_ASIDE_AFTER, bed_scene, log_scene, read_ward, trend, trend_until, ward_scene
from eegwarn.bedside.log import RECORDING_ENDED, BedState, LevelRow
from eegwarn.errors import ConfigError, StoreError
from eegwarn.store import Store, open_store
from eegwarn.store.audit import acts
from eegwarn.store.beds import bed_log
from eegwarn.store.models import add_model
from eegwarn.store.promotions import add_watch, promote
from training.benchmarks import ward
from training.benchmarks.ward import now

ANNA = Person("anna", Role.ANNOTATOR)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store.db")
    yield opened
    opened.close()


def tile(store: Store, *, after: timedelta = timedelta()) -> dict:
    scene = ward_scene(read_ward(store, now() + after), {}, may_act=True)
    (found,) = scene["tiles"]
    return found


def alarm_ids(store: Store) -> list[int]:
    return [alarm.id for alarm in read_ward(store).history]


def test_beds_are_in_the_order_of_their_numbers(store: Store) -> None:
    for bed in ("bed 10", "bed 2", "bed 1"):
        ward.watch(store, bed)
    assert [bed.name for bed in read_ward(store).beds] == ["bed 1", "bed 2", "bed 10"]


def test_silent_bed_is_offline_without_a_level_and_is_heard(store: Store) -> None:
    ward.watch(store, "bed 1", level=0.2)
    shown = tile(store)
    assert (shown["state"], shown["level"], shown["sound"]) == ("calm", 0.2, "")
    later = tile(store, after=timedelta(seconds=31))
    assert (later["state"], later["level"], later["sound"]) == ("offline", None, "trouble")


def test_bed_whose_recording_has_ended_is_told_from_one_whose_monitor_is_lost_and_neither_is_calm(
    store: Store,
) -> None:
    for state, reason, has_ended in (
        (BedState.FAULT, RECORDING_ENDED, True),
        (BedState.FAULT, "flat", False),
        (BedState.CALM, "", False),
    ):
        ward.watch(store, "bed 1", state, reason=reason)
        later = tile(store, after=timedelta(seconds=31))
        assert (later["state"], later["level"], later["has_ended"]) == ("offline", None, has_ended)
    ward.watch(store, "bed 1", BedState.FAULT, level=None, reason=RECORDING_ENDED)
    assert (tile(store)["state"], tile(store)["has_ended"]) == ("fault", True)


def test_bed_silent_for_a_day_is_set_aside_unless_an_alarm_waits(store: Store) -> None:
    long_ago = now() - SET_ASIDE_AFTER - timedelta(minutes=1)
    for bed in ("bed 1", "bed 2"):
        ward.watch(store, bed, at=long_ago)
    ward.alarm(store, "bed 2", s_ago=90_000, lasted_s=20)
    found = read_ward(store)
    assert [bed.name for bed in found.beds] == ["bed 2"]
    assert ward_scene(found, {}, may_act=True)["aside"] == ["bed 1"]


def test_alarm_latches_with_its_state_after_it_is_over(store: Store) -> None:
    ward.watch(store, "bed 1")
    ward.alarm(store, "bed 1", s_ago=60, lasted_s=10)
    shown = tile(store)
    assert (shown["state"], shown["sound"]) == ("alarm", "alarm")
    perform(store, {"kind": "acknowledge", "alarms": alarm_ids(store)}, ANNA)
    shown = tile(store)
    assert (shown["state"], shown["sound"], shown["alarms"]) == ("calm", "", [])


def test_mute_silences_the_alarm_alone_and_ends_by_itself(store: Store) -> None:
    ward.watch(store, "bed 1", BedState.ALARM)
    ward.alarm(store, "bed 1")
    perform(store, {"kind": "mute", "alarms": alarm_ids(store)}, ANNA)
    muted = tile(store)
    assert (muted["state"], muted["sound"]) == ("alarm", "")
    assert muted["alarms"][0]["muted_until"] == pytest.approx((now() + MUTE_FOR).timestamp(), abs=5)
    ward.watch(store, "bed 1", BedState.ALARM, at=now() + MUTE_FOR)
    assert tile(store, after=MUTE_FOR + timedelta(seconds=1))["sound"] == "alarm"


def test_mute_never_mutes_a_fault_or_a_silent_monitor(store: Store) -> None:
    ward.alarm(store, "bed 1")
    ward.watch(store, "bed 1", BedState.FAULT, level=None, reason="flat")
    perform(store, {"kind": "mute", "alarms": alarm_ids(store)}, ANNA)
    shown = tile(store)
    assert (shown["state"], shown["is_at_fault"], shown["sound"]) == ("alarm", True, "trouble")
    assert tile(store, after=timedelta(seconds=40))["sound"] == "trouble"


def test_mark_as_false_asks_for_a_reason_and_all_acts_carry_the_name(store: Store) -> None:
    ward.alarm(store, "bed 1", lasted_s=10)
    alarms = alarm_ids(store)
    with pytest.raises(StoreError, match="reason"):
        perform(store, {"kind": "mark_false", "alarms": alarms, "reason": "  "}, ANNA)
    perform(store, {"kind": "mark_false", "alarms": alarms, "reason": "chewing"}, ANNA)
    perform(store, {"kind": "withdraw_false", "alarms": alarms}, Person("head", Role.ADMIN))
    (shown,) = log_scene(read_ward(store), may_act=True)["history"]
    assert [(act["who"], act["what"]) for act in shown["acts"]] == [
        ("anna", "marked false: chewing"),
        ("head", "took back the mark as false"),
    ]
    assert [act.who for act in acts(store)] == ["anna", "head"]


def test_viewer_may_not_act_and_nothing_is_written(store: Store) -> None:
    ward.alarm(store, "bed 1")
    with pytest.raises(ConfigError, match="viewer and may not act on alarms, only annotator or admin may"):
        perform(store, {"kind": "acknowledge", "alarms": alarm_ids(store)}, Person("guest", Role.VIEWER))
    assert acts(store) == ()


@pytest.mark.parametrize("act", [{}, {"kind": "delete", "alarms": [1]}, {"kind": "mute", "alarms": "1"}])
def test_act_that_is_none_is_refused_in_a_line(store: Store, act: dict) -> None:
    with pytest.raises(StoreError, match="Reload the page"):
        perform(store, act, ANNA)


def test_trend_has_a_place_for_every_minute_and_tells_unjudged_from_unwritten(store: Store) -> None:
    at = now().replace(second=0, microsecond=0)
    rows = [LevelRow(at + timedelta(seconds=second), level) for second, level in ((0, 0.2), (9, 0.5), (60, None))]
    bed_log(store, "bed 1").write(levels=rows, alarms=[], faults=[])
    assert trend(store, "bed 1", at + timedelta(minutes=3), 4) == [-1.0, 0.5, None, -1.0]


def test_trend_of_a_played_file_ends_with_its_own_time(store: Store) -> None:
    ward.watch(store, "live")
    ward.watch(store, "played")
    live, played = read_ward(store).beds
    assert abs(trend_until(live, now()) - now()) <= timedelta(minutes=1)
    long_ago = now() - timedelta(days=900)
    sign = played.heartbeat
    assert sign is not None
    bed_log(store, "played").beat(type(sign)(sign.at, sign.state, sign.level, long_ago))
    _, played = read_ward(store).beds
    assert abs(trend_until(played, now()) - long_ago) <= timedelta(minutes=1)
    tiles = ward_scene(read_ward(store), {}, may_act=True)["tiles"]
    assert [each["played_at"] for each in tiles] == [None, long_ago.timestamp()]


def test_details_hold_alarms_and_faults_of_their_bed_and_hours(store: Store) -> None:
    for bed in ("bed 1", "bed 2"):
        ward.watch(store, bed)
        ward.alarm(store, bed, s_ago=600, lasted_s=30)
        ward.fault(store, bed, "flat", s_ago=900)
    ward.alarm(store, "bed 1", s_ago=5000, lasted_s=30)
    first = read_ward(store).beds[0]
    hour = bed_scene(store, first, 1, now())
    assert (len(hour["alarms"]), len(hour["faults"]), len(hour["levels"])) == (1, 1, 60)
    assert hour["faults"][0]["reason"] == "flat"
    assert len(bed_scene(store, first, 6, now())["alarms"]) == 2


def test_a_bed_says_that_a_promoted_model_waits_until_a_monitor_starts_with_it(store: Store, tmp_path: Path) -> None:
    ward.watch(store, "bed 1")
    old, new = tmp_path / "old.eegwarn", tmp_path / "new.eegwarn"
    for path in (old, new):
        path.write_bytes(path.name.encode())

    def waits() -> str:
        (tile,) = ward_scene(read_ward(store), {}, may_act=True)["tiles"]
        return tile["waits"]

    def start(path: Path) -> None:
        add_watch(store, "bed 1", add_model(store, path, by="ward").fingerprint, path, by="ward")

    start(old)
    assert waits() == ""
    promote(store, ["bed 1"], add_model(store, new, by="head").id, by="head")
    assert waits() == "new.eegwarn, promoted by head, waits for a restart of the monitor"
    start(old)
    assert waits() == "watched with old.eegwarn: new.eegwarn, promoted by head, could not be used"
    start(new)
    assert waits() == ""
    promote(store, ["bed 1"], None, by="head")
    assert waits() == "given back by head: its own model waits for a restart of the monitor"
