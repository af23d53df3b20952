"""Questions are asked in order, once, and until they are answered."""

from pathlib import Path

import pytest

from eegwarn.errors import StoreError
from eegwarn.store import Store
from eegwarn.store.answer import Label
from eegwarn.store.audit import acts
from eegwarn.store.labels import add_label, label_log, skip_query, undo_label
from eegwarn.store.models import add_model
from eegwarn.store.queue import Question, ask, asked_questions, n_answered, open_queries
from tests.store.labelled import NOT_SEIZURE, SEIZURE, clips, recording


def put(store: Store, *starts_s: float, rater: str | None = None, is_repeat: bool = False) -> tuple[int, ...]:
    known = recording(store)
    questions = [Question(known.id, start_s, 10.0, {"margin": 0.5}, is_repeat, rater) for start_s in starts_s]
    return ask(store, questions, by="engineer", policy="blend 1")


def starts_s(store: Store, rater: str = "anna") -> list[float]:
    return [query.clip.start_s for query in open_queries(store, rater=rater)]


def test_the_latest_batch_comes_first_and_each_in_its_order(store: Store) -> None:
    put(store, 30, 10, 20)
    put(store, 50, 40)
    assert starts_s(store) == [50, 40, 30, 10, 20]
    assert len(open_queries(store, rater="anna", limit=2)) == 2


def test_an_answered_question_is_closed_for_its_rater_alone_and_opens_again_when_undone(store: Store) -> None:
    first, _ = put(store, 10, 20)
    query = open_queries(store, rater="anna")[0]
    label = add_label(store, query.clip.id, SEIZURE, rater="anna", query_id=first)
    assert (starts_s(store), starts_s(store, "ben")) == ([20], [10, 20])
    assert n_answered(store, rater="anna")[Label.SEIZURE] == 1
    undo_label(store, label, rater="anna")
    assert starts_s(store) == [10, 20]
    assert n_answered(store, rater="anna")[Label.SEIZURE] == 0


def test_what_was_skipped_comes_last(store: Store) -> None:
    first, second, _ = put(store, 10, 20, 30)
    skip_query(store, second, rater="anna")
    skip_query(store, first, rater="anna")
    assert (starts_s(store), starts_s(store, "ben")) == ([30, 20, 10], [10, 20, 30])
    put(store, 40)
    assert starts_s(store) == [40, 30, 20, 10]


def test_a_clip_that_was_labelled_is_asked_again_on_purpose_only(store: Store) -> None:
    clip = clips(store, 2)[1]
    add_label(store, clip.id, SEIZURE, rater="anna")
    put(store, 10)
    assert starts_s(store) == []
    (repeat,) = put(store, 10, is_repeat=True)
    assert starts_s(store) == [10]
    add_label(store, clip.id, NOT_SEIZURE, rater="anna", query_id=repeat)
    assert starts_s(store) == []
    assert [row.is_repeat for row in label_log(store)] == [False, True]


def test_a_question_can_be_for_one_rater(store: Store) -> None:
    put(store, 10, rater="ben")
    assert (starts_s(store), starts_s(store, "ben")) == ([], [10])


def test_a_label_keeps_which_model_and_policy_asked(store: Store, tmp_path: Path) -> None:
    (tmp_path / "m.eegwarn").write_bytes(b"one")
    model, known = add_model(store, tmp_path / "m.eegwarn", by="engineer"), recording(store)
    (query_id,) = ask(store, [Question(known.id, 10, 10)], by="engineer", model_id=model.id, policy="blend 1")
    (query,) = open_queries(store, rater="anna")
    assert (query.id, query.model, query.policy, query.asked_by) == (query_id, model.fingerprint, "blend 1", "engineer")
    add_label(store, query.clip.id, SEIZURE, rater="anna", query_id=query_id)
    (row,) = label_log(store)
    assert (row.model, row.policy, row.query_id) == (model.fingerprint, "blend 1", query_id)
    assert [act.detail for act in acts(store) if act.what == "ask"] == ["blend 1"]


def test_an_answer_to_another_clips_question_is_refused(store: Store) -> None:
    (query_id,) = put(store, 10)
    other = clips(store, 1)[0]
    with pytest.raises(StoreError, match="no question"):
        add_label(store, other.id, SEIZURE, rater="anna", query_id=query_id)


def test_a_batch_is_asked_whole_or_not_at_all(store: Store) -> None:
    known = recording(store)
    with pytest.raises(StoreError, match="does not lie in"):
        ask(store, [Question(known.id, 10, 10), Question(known.id, 9999, 10)], by="engineer")
    assert starts_s(store) == []


def test_all_that_was_ever_asked_stays_known(store: Store) -> None:
    known = recording(store)
    questions = [
        Question(known.id, 30.0, 10.0, {"margin": 0.5}),
        Question(known.id, 10.0, 10.0, {"random": 1.0}, is_repeat=True, rater="anna"),
    ]
    first, _ = ask(store, questions, by="engineer")
    add_label(store, open_queries(store, rater="ben")[0].clip.id, SEIZURE, rater="ben", query_id=first)
    assert list(asked_questions(store)) == questions
