"""What the annotation page asks, sends and writes, without a browser."""

import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.annotate import (
    CLIPS_AHEAD,
    Work,
    agreement_in_words,
    annotation_scene,
    clip_to_send,
    level_in_words,
    why_asked,
    work_of,
)
from app.annotate_answers import write_acts
from eegwarn.store import Store, open_store
from eegwarn.store.answer import Answer, Display, Label
from eegwarn.store.labels import add_label, label_log, present_labels
from eegwarn.store.models import add_model, write_prediction
from eegwarn.store.queue import Question, ask, open_queries
from tests.app.asked import ask_about

DISPLAY = {"montage": "average", "high_pass_hz": 1.0, "low_pass_hz": 30.0, "notch_hz": 50.0, "sensitivity_uv_mm": 7}


@pytest.fixture
def store(folder: Path, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store.db", busy_s=0.2)
    ask_about(opened, folder / "a_seizure.edf", [10.0 * number for number in range(8)])
    yield opened
    opened.close()


def label_act(store: Store, number: int = 0, label: str = "not seizure", **changes: Any) -> dict[str, Any]:
    query = open_queries(store, rater="anna")[number]
    act = {"uid": str(uuid.uuid4()), "action": "label", "clip_id": query.clip.id, "query_id": query.id, "label": label}
    return act | {"confidence": 0.8, "onset_s": None, "response_s": 1.25, "comment": "", "display": DISPLAY} | changes


def test_answer_is_written_with_its_display_and_response_time(store: Store) -> None:
    act = label_act(store, label="seizure", onset_s=3.25, comment="spikes")
    assert write_acts(store, [act], rater="anna").uids == (act["uid"],)
    (row,) = label_log(store)
    assert row.answer == Answer(Label.SEIZURE, 0.8, 3.25, 1.25, "spikes", Display("average", 1.0, 30.0, 50.0, 7.0))
    assert (row.rater, row.policy) == ("anna", "policy 1")


def test_what_is_sent_again_is_written_once_undos_too(store: Store) -> None:
    act = label_act(store)
    undo = {"uid": str(uuid.uuid4()), "action": "undo", "undoes": act["uid"]}
    skip = {"uid": str(uuid.uuid4()), "action": "skip", "query_id": act["query_id"]}
    for _ in range(3):
        assert len(write_acts(store, [act, undo, skip], rater="anna").uids) == 3
    assert [row.action for row in label_log(store)] == ["label", "undo", "skip"]
    assert present_labels(label_log(store)) == ()
    assert open_queries(store, rater="anna")[-1].id == act["query_id"]


def test_locked_store_confirms_nothing_and_says_so_and_takes_it_later(store: Store) -> None:
    acts = [label_act(store, 0), label_act(store, 1)]
    other = sqlite3.connect(store.place.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    written = write_acts(store, acts, rater="anna")
    assert written.uids == ()
    assert "locked" in written.problem
    other.execute("ROLLBACK")
    assert len(write_acts(store, acts, rater="anna").uids) == 2


def test_what_the_store_refuses_holds_up_what_follows_and_is_named(store: Store) -> None:
    good, bad, late = label_act(store, 0), label_act(store, 1, label="seizure", onset_s=99.0), label_act(store, 2)
    written = write_acts(store, [good, bad, late], rater="anna")
    assert written.uids == (good["uid"],)
    assert "onset" in written.problem
    nonsense = write_acts(store, [{"uid": "x", "action": "label"}], rater="anna")
    assert "Discard it" in nonsense.problem


def test_answered_clips_leave_the_queue_and_the_count_grows(store: Store) -> None:
    first = open_queries(store, rater="anna")[0].id
    sent = {"rater": "anna", "acts": [label_act(store)], "held": [], "display": {}}
    scene = annotation_scene(store, work_of(sent, "anna"), "anna")
    assert first not in scene["queue"]
    assert (scene["n_answered"], len(scene["queue"]), scene["problem"]) == (1, 7, "")
    assert scene["written"] == [sent["acts"][0]["uid"]]


def test_what_was_sent_for_another_rater_is_not_written_as_this_ones(store: Store) -> None:
    sent = {"rater": "anna", "acts": [label_act(store)], "held": [], "display": {}}
    annotation_scene(store, work_of(sent, "ben"), "ben")
    assert label_log(store) == ()


def test_clips_are_sent_one_at_a_time_and_an_answer_goes_before_them(store: Store) -> None:
    ahead = open_queries(store, rater="anna")[:CLIPS_AHEAD]
    ids = [query.id for query in ahead]
    act = {"uid": "1"}
    assert clip_to_send(ahead, Work()) is ahead[0]
    assert clip_to_send(ahead, Work(held=(ids[0], ids[1]))) is ahead[2]
    assert clip_to_send(ahead, Work((act,), held=(ids[0], ids[1], ids[2]))) is None
    assert clip_to_send(ahead, Work((act,), held=(ids[0],))) is ahead[1]
    assert clip_to_send(ahead, Work(held=tuple(ids))) is None


def test_clip_holds_its_eeg_in_the_display_asked_for_and_minutes_around_it(store: Store) -> None:
    work = Work(display=Display("average", 1.0, 30.0, 50.0))
    (clip,) = annotation_scene(store, work, "anna")["clips"]
    assert clip["page"]["display"] == {name: DISPLAY[name] for name in clip["page"]["display"]}
    assert (clip["start_s"], clip["end_s"], clip["page"]["start_s"]) == (0.0, 10.0, 0.0)
    assert clip["page"]["n_times"] >= 20 * 128
    assert clip["spectrogram"]["end_s"] > 170


def test_missing_recording_is_named_and_the_queue_goes_on(store: Store, tmp_path: Path) -> None:
    gone = tmp_path / "gone.edf"
    gone.write_bytes(b"0" * 5000)
    ask_about(store, gone, [0.0])
    gone.unlink()
    scene = annotation_scene(store, Work(), "anna")
    assert "gone.edf" in scene["clips"][0]["problem"]
    assert "add it again" in scene["clips"][0]["problem"]
    assert len(scene["queue"]) == 9


def test_reason_is_told_in_words_heaviest_first_and_never_the_score_to_the_blind() -> None:
    reason = {"coverage": 0.3, "seizure probability": 0.5, "doubt": 0.2, "entropy": -0.4, "margin": 0.01}
    blind, seeing = (why_asked(reason, is_blind=is_blind) for is_blind in (True, False))
    assert blind == "Nothing like it has been labelled yet; a rough mark and the EEG around it disagree."
    assert seeing.startswith("How likely the model takes a seizure to be; nothing like it")
    assert why_asked({"new thing_x": 1.0}, is_blind=True) == "New thing x."
    assert why_asked({}, is_blind=True) == "No reason was kept."
    assert why_asked({"seizure probability": 0.5}, is_blind=True) == "To tell why would tell the model's level."
    assert why_asked({"coverage x entropy": 0.6, "margin": 0.4}, is_blind=True) == (
        "The model is undecided here, and nothing like it has been labelled yet."
    )


def test_level_is_sent_to_those_who_ask_for_it_alone(store: Store, folder: Path) -> None:
    model = add_model(store, folder / "amplitude.eegwarn", by="engineer")
    recording = open_queries(store, rater="anna")[0].clip.recording
    time_s = np.arange(1.0, 100.0)
    write_prediction(store, model.id, recording.id, time_s, np.where(time_s == 55, 0.72, 0.1))
    ask(store, [Question(recording.id, 50.5, 10.0)], by="engineer", model_id=model.id)
    query = open_queries(store, rater="anna")[0]
    assert level_in_words(store, query) == "warning level up to 0.72"
    blind, seeing = (annotation_scene(store, Work(is_unblind=asked), "anna")["about"] for asked in (False, True))
    assert all("level" not in about for about in blind.values())
    assert seeing[str(query.id)]["level"] == "warning level up to 0.72"


def test_level_that_nobody_stored_is_judged_when_a_rater_asks_for_it(folder: Path, tmp_path: Path) -> None:
    store = open_store(tmp_path / "empty.db")
    recording = ask_about(store, folder / "a_seizure.edf", [10.0])
    path = Path(shutil.copy(folder / "amplitude.eegwarn", tmp_path))
    model = add_model(store, path, by="engineer")
    ask(store, [Question(recording, 100.0, 10.0), Question(recording, 30.0, 10.0)], by="engineer", model_id=model.id)
    loud, quiet, by_none = (level_in_words(store, query) for query in open_queries(store, rater="anna"))
    assert by_none == "no model asked, so there is no level"
    assert float(loud.removeprefix("warning level up to ")) > 0.9
    assert float(quiet.removeprefix("warning level up to ")) < 0.3
    path.unlink()
    assert "cannot be read" in level_in_words(store, open_queries(store, rater="anna")[0])
    store.close()


def test_agreement_names_the_other_rater_and_the_clips(store: Store) -> None:
    clips = [query.clip.id for query in open_queries(store, rater="anna")]
    for number, clip in enumerate(clips):
        for rater, is_seizure in (("anna", number % 2 == 0), ("ben", number % 2 == 0 or number == 1)):
            add_label(store, clip, Answer(Label.SEIZURE if is_seizure else Label.NOT_SEIZURE), rater=rater)
    (words,) = agreement_in_words(label_log(store), "anna", np.random.default_rng(0))
    assert words == "with ben κ 0.75 on 8 clips"
