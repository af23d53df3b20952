"""Labels are only added; what counts now follows from the log."""

import sqlite3
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from eegwarn.bedside.log import AlarmRow, BedState, Heartbeat
from eegwarn.errors import StoreError
from eegwarn.store import Store, open_store
from eegwarn.store.alarms import acknowledge, alarms_between
from eegwarn.store.answer import Answer, Display, Label
from eegwarn.store.audit import acts
from eegwarn.store.beds import bed_log
from eegwarn.store.fault_silences import silence_fault
from eegwarn.store.labels import add_label, label_log, present_labels, undo_label
from eegwarn.store.promotions import add_watch, promote
from eegwarn.store.queue import Question, ask
from eegwarn.store.schema import APPEND_ONLY
from tests.store.labelled import NOT_SEIZURE, SEIZURE, clips


def present(store: Store) -> list[tuple[str, int, Label]]:
    rows = present_labels(label_log(store))
    return [(row.rater, row.clip.id, row.answer.label) for row in rows if row.answer]


def test_all_that_belongs_to_a_label_is_read_as_it_was_written(store: Store) -> None:
    (clip,) = clips(store, 1)
    display = Display("longitudinal bipolar", 0.5, 40.0, 50.0, 7.0)
    answer = Answer(Label.SEIZURE, 0.75, 3.25, 4.5, "left temporal\n„früh“", display, saw_level=True)
    uid, at = str(uuid.uuid4()), datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
    number = add_label(store, clip.id, answer, rater="anna", uid=uid, at=at)
    (row,) = label_log(store)
    assert (row.id, row.uid, row.at, row.rater, row.clip, row.answer) == (number, uid, at, "anna", clip, answer)
    assert (row.action, row.is_undone, row.is_repeat, row.query_id, row.model) == ("label", False, False, None, None)


def test_the_latest_label_counts_and_undoing_it_brings_back_the_one_before(store: Store) -> None:
    (clip,) = clips(store, 1)
    first = add_label(store, clip.id, SEIZURE, rater="anna")
    second = add_label(store, clip.id, NOT_SEIZURE, rater="anna")
    add_label(store, clip.id, SEIZURE, rater="ben")
    assert present(store) == [("anna", clip.id, Label.NOT_SEIZURE), ("ben", clip.id, Label.SEIZURE)]
    undo_label(store, second, rater="anna")
    assert present(store)[0] == ("anna", clip.id, Label.SEIZURE)
    undo_label(store, first, rater="anna")
    assert present(store) == [("ben", clip.id, Label.SEIZURE)]
    assert [row.action for row in label_log(store)] == ["label", "label", "label", "undo", "undo"]
    assert [row.id for row in label_log(store, rater="ben")] == [3]


def test_a_label_is_taken_back_once_and_by_its_rater_alone(store: Store) -> None:
    (clip,) = clips(store, 1)
    label = add_label(store, clip.id, SEIZURE, rater="anna")
    with pytest.raises(StoreError, match="their own labels"):
        undo_label(store, label, rater="ben")
    uid = str(uuid.uuid4())
    undo = undo_label(store, label, rater="anna", uid=uid)
    assert undo_label(store, label, rater="anna", uid=uid) == undo
    with pytest.raises(StoreError, match="already"):
        undo_label(store, label, rater="anna")
    with pytest.raises(StoreError, match="their own labels"):
        undo_label(store, undo, rater="anna")


def test_a_label_given_again_under_its_id_is_written_once_and_another_is_refused(store: Store) -> None:
    (clip,) = clips(store, 1)
    uid = str(uuid.uuid4())
    first = add_label(store, clip.id, SEIZURE, rater="anna", uid=uid)
    assert add_label(store, clip.id, SEIZURE, rater="anna", uid=uid.upper()) == first
    with pytest.raises(StoreError, match="Choose a new one"):
        add_label(store, clip.id, NOT_SEIZURE, rater="anna", uid=uid)
    assert present(store) == [("anna", clip.id, Label.SEIZURE)]


@pytest.mark.parametrize("onset_s", [-0.1, 10.0, float("nan")])
def test_an_onset_lies_in_its_clip(store: Store, onset_s: float) -> None:
    (clip,) = clips(store, 1)
    with pytest.raises(StoreError, match="An onset lies in its clip"):
        add_label(store, clip.id, Answer(Label.SEIZURE, onset_s=onset_s), rater="anna")
    assert label_log(store) == ()


def test_an_answer_that_cannot_be_meant_is_refused(store: Store) -> None:
    for answer in (
        {"confidence": 1.5},
        {"response_s": -1.0},
        {"comment": "x" * 2001},
        {"label": Label.ARTEFACT, "onset_s": 3.0},
    ):
        with pytest.raises(StoreError):
            Answer(**{"label": Label.SEIZURE, **answer})
    with pytest.raises(StoreError):
        add_label(store, 7, SEIZURE, rater="anna")
    with pytest.raises(StoreError):
        add_label(store, clips(store, 1)[0].id, SEIZURE, rater=" ")


def fill_logs(store: Store) -> None:
    (clip,) = clips(store, 1)
    (query_id,) = ask(store, [Question(clip.recording.id, clip.start_s, clip.duration_s)], by="engineer")
    add_label(store, clip.id, SEIZURE, rater="anna", query_id=query_id)
    now = datetime.now(UTC)
    bed_log(store, "bed 1").write(levels=[], alarms=[AlarmRow(now, None, 0.9)], faults=[])
    acknowledge(store, [alarms_between(store)[0].id], by="anna")
    bed_log(store, "bed 1").beat(Heartbeat(now, BedState.FAULT, None, now, "flat"))
    silence_fault(store, "bed 1", until=now + timedelta(minutes=2), by="anna", at=now)
    promote(store, ["bed 1"], None, by="anna")
    add_watch(store, "bed 1", "print", Path("old.eegwarn"), by="anna")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_log_cannot_be_changed_emptied_or_written_over_in_the_database(store: Store, table: str) -> None:
    fill_logs(store)
    by = {"queries": "asked_by", "labels": "rater"}.get(table, "actor")
    everything = text(f"SELECT * FROM {table}")
    with store.reading() as connection:
        before = connection.execute(everything).all()
    statements = [f"UPDATE {table} SET {by} = 'x'", f"DELETE FROM {table}"]
    if store.place.path is None:
        statements.append(f"TRUNCATE {table} CASCADE")
    else:
        statements.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    for statement in statements:
        with pytest.raises(StoreError, match="only added to"), store.writing() as connection:
            connection.execute(text(statement))
    with store.reading() as connection:
        assert connection.execute(everything).all() == before


def test_a_program_that_knows_nothing_of_the_store_cannot_write_over_a_label_either(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db")
    fill_logs(store)
    before = label_log(store)
    columns = "uid, action, at, rater, clip_id, label, comment"
    with sqlite3.connect(tmp_path / "store.db") as plain, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        plain.execute(f"INSERT OR REPLACE INTO labels ({columns}) SELECT {columns} FROM labels")
    assert label_log(store) == before
    store.close()


def test_two_raters_at_once_neither_block_nor_overwrite_each_other(place: str, store: Store) -> None:
    asked = clips(store, 40)
    failures: list[Exception] = []

    def work(rater: str, answer: Answer) -> None:
        own = open_store(place)
        try:
            for clip in asked:
                add_label(own, clip.id, answer, rater=rater)
        except StoreError as error:
            failures.append(error)
        own.close()

    raters = [threading.Thread(target=work, args=each) for each in (("anna", SEIZURE), ("ben", NOT_SEIZURE))]
    for rater in raters:
        rater.start()
    for rater in raters:
        rater.join()
    assert failures == []
    assert sorted(present(store)) == sorted(
        (rater, clip.id, answer.label) for clip in asked for rater, answer in (("anna", SEIZURE), ("ben", NOT_SEIZURE))
    )


def test_who_did_what_can_be_told_in_order(store: Store) -> None:
    (clip,) = clips(store, 1)
    label = add_label(store, clip.id, SEIZURE, rater="anna")
    undo_label(store, label, rater="anna")
    told = [(act.who, act.what, act.detail) for act in acts(store)]
    assert sorted(told[:2]) == [("engineer", "add patient", ""), ("engineer", "add recording", "")]
    assert told[2:] == [("anna", "label", "seizure"), ("anna", "undo", "")]
