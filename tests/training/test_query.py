"""What is asked: no clip twice, the surest and some repeats among them, and the same again for the same state."""

import json
import shutil
import sqlite3
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from eegwarn.active.choose import Choice
from eegwarn.cli.query import query
from eegwarn.errors import CohortError, ConfigError, EegwarnError, StoreError
from eegwarn.store import Store, open_store
from eegwarn.store.answer import Label
from eegwarn.store.labels import label_log, present_labels
from eegwarn.store.models import stored_models
from eegwarn.store.queue import asked_questions, open_queries
from tests.training.asking import DURATION_S, SEIZURE_S, answer_all, write_model, write_patients
from training import candidate_table
from training.query import Queried, QueryConfig, query_clips
from training.selection import BY_SCORE, Places, chosen_clips


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patients(tmp_path_factory.mktemp("patients"), True, True, False)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "linear.eegwarn")


@pytest.fixture(scope="module")
def signals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache") / "signals"


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "store.db"
    open_store(path).close()
    return path


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Store:
    return open_store(shutil.copy(empty_store, tmp_path / "store.db"), busy_s=0.1)


@pytest.fixture
def asking(model: Path, patients: Path, signals: Path) -> "Asking":
    return Asking(model, patients, signals)


class Asking:
    def __init__(self, model: Path, patients: Path, signals: Path) -> None:
        self.places = model, patients, signals

    def __call__(self, store: Store, budget: int, **config: object) -> Queried:
        model, patients, signals = self.places
        asked = QueryConfig(budget, **{"strategy": "blend", **config})
        return query_clips(model, patients, store, asked, by="engineer", cache=signals)


def spans(store: Store) -> list[tuple[int, float, float]]:
    return [(one.recording_id, one.start_s, one.start_s + one.duration_s) for one in asked_questions(store)]


def test_a_batch_goes_into_the_queue_with_its_model_its_policy_and_its_reasons(store: Store, asking: Asking) -> None:
    queried = asking(store, 6)
    found = open_queries(store, rater="anna")
    assert tuple(one.id for one in found) == queried.query_ids
    assert len(found) == 6
    (known,) = stored_models(store)
    assert {(one.model, one.policy) for one in found} == {(known.fingerprint, queried.policy)}
    assert "blend" in queried.policy
    assert all(one.reason and one.clip.duration_s == 10 for one in found)
    assert {one.clip.recording.patient for one in found} <= {"p1", "p2", "p3"}


def test_clips_lie_in_their_recordings_and_never_overlap_one_asked_or_labelled(store: Store, asking: Asking) -> None:
    for budget in (7, 5, 9):
        asking(store, budget)
        answer_all(store, "anna")
    taken = sorted(spans(store))
    assert len(taken) == 21
    for (one, _, end_s), (other, start_s, _) in pairwise(taken):
        assert one != other or start_s >= end_s - 1e-9
    assert min(start_s for _, start_s, _ in taken) >= 0
    assert max(end_s for _, _, end_s in taken) <= DURATION_S


def test_the_same_state_and_seed_give_the_same_clips(store: Store, asking: Asking, tmp_path: Path) -> None:
    asking(store, 5)
    answer_all(store, "anna")
    store.close()
    for number in (1, 2):
        shutil.copy(tmp_path / "store.db", tmp_path / f"copy-{number}.db")
    one, other = (asking(open_store(tmp_path / f"copy-{number}.db"), 6, seed=3) for number in (1, 2))
    assert one == other


def test_answers_change_what_is_asked_next(store: Store, asking: Asking, tmp_path: Path) -> None:
    asking(store, 8)
    store.close()
    shutil.copy(tmp_path / "store.db", tmp_path / "answered.db")
    answered = open_store(tmp_path / "answered.db")
    answer_all(answered, "anna")
    assert asking(answered, 6).questions != asking(open_store(tmp_path / "store.db"), 6).questions


def test_one_clip_in_five_is_one_the_model_is_surest_of(store: Store, asking: Asking) -> None:
    surest = [one for one in asking(store, 10).questions if one.reason == BY_SCORE]
    assert len(surest) == 2
    assert len({one.recording_id for one in surest}) == 2  # a minute apart at least, so one of each seizure
    for one in surest:
        assert SEIZURE_S[0] - 10 < one.start_s < SEIZURE_S[1]


def test_about_one_clip_in_twenty_is_shown_again_to_who_labelled_it(store: Store, asking: Asking) -> None:
    first = asking(store, 9)
    assert not any(one.is_repeat for one in first.questions)
    answer_all(store, "anna")
    assert not any(one.is_repeat for one in asking(store, 9, seed=1).questions)  # with 9 labels she would remember them
    answer_all(store, "anna")
    labelled = {row.clip.id for row in present_labels(label_log(store, rater="anna"))}
    repeats = [one for one in asking(store, 20).questions if one.is_repeat]
    assert 1 <= len(repeats) <= 2
    mine = [one for one in open_queries(store, rater="anna") if one.clip.id in labelled]
    assert len(mine) == len(repeats)
    assert {one.rater for one in repeats} == {"anna"}
    assert {one.id for one in mine}.isdisjoint(one.id for one in open_queries(store, rater="ben"))


def test_repeats_are_of_the_rater_who_is_asked_and_none_comes_twice(store: Store, asking: Asking) -> None:
    for rater in ("anna", "ben"):
        asking(store, 10)
        answer_all(store, rater)
    answer_all(store, "anna")
    for seed in range(3):
        assert {one.rater for one in asking(store, 2, rater="ben", seed=seed).questions} == {"ben"}
    repeats = [(one.rater, one.recording_id, one.start_s) for one in asked_questions(store) if one.is_repeat]
    assert len(repeats) == len(set(repeats))


def test_files_that_moved_are_asked_about_where_they_are_now(
    store: Store, patients: Path, model: Path, signals: Path, tmp_path: Path
) -> None:
    for folder in ("before", "after"):
        shutil.copytree(patients, tmp_path / folder)
        Asking(model, tmp_path / folder, signals)(store, 4)
    assert len(open_queries(store, rater="anna")) == 8
    assert all(one.clip.recording.path.is_relative_to(tmp_path / "after") for one in open_queries(store, rater="anna"))


def test_when_nothing_is_left_it_says_so_and_asks_nothing(store: Store, asking: Asking) -> None:
    n_asked = len(asking(store, 500).questions)
    assert 40 < n_asked < 80  # 12 minutes hold 72 clips
    with pytest.raises(CohortError, match="Nothing is left"):
        asking(store, 5)
    assert len(asked_questions(store)) == n_asked


def test_features_of_no_more_candidates_are_held_than_allowed(
    store: Store, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def choose(pool: object, label: np.ndarray, n_wanted: int, *_: object) -> tuple[Choice, ...]:
        sizes.append(int(np.isnan(label).sum()))
        return tuple(Choice(int(row), {}) for row in np.flatnonzero(np.isnan(label))[::7][:n_wanted])

    monkeypatch.setattr("training.query.choose", choose)
    monkeypatch.setattr(candidate_table, "LARGEST_POOL", 30)
    assert asking(store, 3).n_candidates > 100
    assert set(sizes) == {30}


def test_certain_candidates_start_the_head_where_nobody_labelled_a_class(
    store: Store, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[np.ndarray] = []

    def choose(pool: object, label: np.ndarray, n_wanted: int, *_: object) -> tuple[Choice, ...]:
        told.append(label[np.isfinite(label)])
        return tuple(Choice(int(row), {}) for row in np.flatnonzero(np.isnan(label))[:n_wanted])

    monkeypatch.setattr("training.query.choose", choose)
    asking(store, 3)
    assert [np.count_nonzero(told[0] == wanted) for wanted in (1, 0)] == [5, 5]
    answer_all(store, "anna")
    said = {row.answer.label for row in present_labels(label_log(store)) if row.answer}
    assert said == {Label.SEIZURE, Label.NOT_SEIZURE}
    assert asking(store, 3).n_labelled == len(told[-1])


def test_choices_whose_clips_would_overlap_become_one_and_others_take_their_place() -> None:
    centre_s = np.array([20.0, 24.0, 28.0, 60.0, 95.0])
    places = Places(np.ones(5, dtype=np.int64), centre_s, np.full(5, 100.0), {1: ((61.0, 71.0),)})
    rounds: list[list[int]] = []

    def in_order(is_open: np.ndarray, n_wanted: int) -> list[Choice]:
        rounds.append(is_open.tolist())
        return [Choice(int(row), {"margin": 1.0}) for row in is_open[:n_wanted]]

    questions, _ = chosen_clips(places, in_order, 3, None)
    assert [one.start_s for one in questions] == [15.0, 90.0]
    assert rounds == [[0, 1, 2, 4], [4]]


def test_mistakes_are_told_in_a_line_before_any_work(
    store: Store, asking: Asking, patients: Path, model: Path, signals: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="at least 1 clip, but got 0"):
        QueryConfig(0)
    with pytest.raises(ConfigError, match="Unknown strategy 'guess'"):
        QueryConfig(1, "guess")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CohortError, match="holds no recording"):
        query_clips(model, tmp_path / "empty", store, QueryConfig(1), by="engineer", cache=signals)
    locked = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError) as raised:
        asking(store, 1)
    assert "\n" not in str(raised.value)
    locked.execute("ROLLBACK")
    assert asking(store, 1).questions


def test_the_command_tells_of_each_clip_where_it_is_and_why(
    patients: Path, model: Path, signals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EEGWARN_CACHE", str(signals.parent))
    app = typer.Typer()
    app.command()(query)
    command = [str(model), str(patients), "--strategy", "blend", "--store", str(tmp_path / "store.db")]
    done = CliRunner().invoke(app, [*command, "--budget", "5", "--json"])
    table = json.loads(done.stdout)
    assert len(table["clips"]) == 5
    assert all(clip["why"].endswith(".") and clip["reason"] for clip in table["clips"])
    text = CliRunner().invoke(app, [*command, "--budget", "4"]).stdout.splitlines()
    assert text[0].startswith("Asked about 4 clips, chosen by blend")
    assert all(line.split()[0] in ("p1", "p2", "p3") and "0:0" in line for line in text[1:5])
    failed = CliRunner().invoke(app, [*command, "--budget", "0"])
    assert isinstance(failed.exception, EegwarnError)
