"""Warning levels that the pages found are told on the annotation page, also without the model's file."""

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from sqlalchemy import create_engine, text
from streamlit.testing.v1 import AppTest

from app.access import Person, Role
from app.kept_levels import keep_levels
from app.scores import open_file, open_model
from eegwarn.bedside import read_bundle, score_recording, write_bundle
from eegwarn.bedside.bundle import Bundle, ModelConfig
from eegwarn.bedside.scoring import Scored
from eegwarn.store import Store, open_store
from eegwarn.store.models import StoredModel, add_model, read_prediction
from eegwarn.store.place import ENVIRONMENT
from eegwarn.store.queue import Question, ask, open_queries
from eegwarn.warning.trend import Trend
from tests.app.asked import ask_about
from tests.app.nights import write_nights
from tests.models import amplitude_onnx
from training.benchmarks.postgres import missing, running_server

LOUD, CALM, SETTLING = Question(1, 100.0, 10.0), Question(1, 30.0, 10.0), Question(1, 0.0, 5.0)
_DATABASE = count()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    if reason := missing():
        pytest.skip(reason)
    with running_server() as started:
        yield started.url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(
    request: pytest.FixtureRequest, run_view: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    place = str(tmp_path / "store.db")
    if request.param == "postgresql":
        server, name = request.getfixturevalue("server"), f"levels_{next(_DATABASE)}"
        engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        engine.dispose()
        place = server.replace("/postgres?", f"/{name}?")
    monkeypatch.setenv(ENVIRONMENT, place)
    opened = open_store(place)
    yield opened
    opened.close()


@pytest.fixture
def known(store: Store, folder: Path, tmp_path: Path) -> tuple[StoredModel, Path]:
    """A model and a recording that the store knows, and three clips that the model asks about."""
    model, recording = (Path(shutil.copy(folder / name, tmp_path)) for name in ("amplitude.eegwarn", "a_seizure.edf"))
    assert ask_about(store, recording, []) == 1
    stored = add_model(store, model, by="engineer")
    ask(store, [LOUD, CALM, SETTLING], by="engineer", model_id=stored.id)
    return stored, recording


def restart() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def highest(scored: Scored, clip: Question) -> float:
    inside = (scored.time_s > clip.start_s) & (scored.time_s <= clip.start_s + clip.duration_s)
    return float(np.nanmax(scored.probability[inside]))


def levels_told(run_view: Callable[[str], AppTest]) -> list[str]:
    """Give what the annotation page tells a rater who asked for the levels, clip by clip."""
    page = run_view("annotate")
    about = scene_of(page)["about"]
    assert about
    assert all("level" not in each for each in about.values())
    rater = scene_of(page)["rater"]
    page.session_state["annotator"] = {"work": {"rater": rater, "is_unblind": True, "place": ""}}
    page.run()
    assert not page.exception
    return [each["level"] for each in scene_of(page)["about"].values()]


def scene_of(page: AppTest) -> dict:
    (shown,) = page.get("bidi_component")
    return json.loads(shown.proto.json)


def test_what_the_recording_page_found_is_told_after_a_restart_without_the_models_file(
    run_view, store: Store, known: tuple[StoredModel, Path]
) -> None:
    model, recording = known
    scored = score_recording(read_bundle(model.path), open_file(recording).recording)
    page = run_view("recording")
    assert not page.warning
    time_s, level = read_prediction(store, model.id, 1) or ((), ())
    np.testing.assert_array_equal(time_s, scored.time_s)
    np.testing.assert_allclose(level, scored.probability, rtol=1e-6)
    model.path.unlink()
    restart()
    assert levels_told(run_view) == [
        f"warning level up to {highest(scored, LOUD):.2f}",
        f"warning level up to {highest(scored, CALM):.2f}",
        "the model could not judge this clip",
    ]


def test_level_of_a_model_that_weighs_minutes_is_told_once_the_recording_is_scored(
    run_view, store: Store, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "minutes.eegwarn"
    write_bundle(path, Bundle(ModelConfig(trend=Trend((60.0,), (0.5, 0.5))), amplitude_onnx(), b""))
    recording = Path(shutil.copy(folder / "a_seizure.edf", tmp_path))
    ask_about(store, recording, [])
    ask(store, [LOUD], by="engineer", model_id=add_model(store, path, by="engineer").id)
    (before,) = levels_told(run_view)
    assert "score the recording to see its level" in before
    run_view("recording")
    scored = score_recording(read_bundle(path), open_file(recording).recording)
    assert levels_told(run_view) == [f"warning level up to {highest(scored, LOUD):.2f}"]


def test_what_a_viewer_scores_is_kept_only_when_somebody_who_labels_sees_it(
    run_view, store: Store, known: tuple[StoredModel, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.views.recording.visitor", lambda: Person("vera", Role.VIEWER))
    page = run_view("recording")
    assert any("1 alarm in" in words.value for words in page.markdown)
    assert read_prediction(store, known[0].id, 1) is None
    monkeypatch.setattr("app.views.recording.visitor", lambda: Person("anna", Role.ANNOTATOR))
    page.run()
    assert read_prediction(store, known[0].id, 1) is not None


def test_the_patients_page_keeps_what_the_store_knows_and_passes_over_the_rest(
    run_view, store: Store, tmp_path: Path
) -> None:
    patient = write_nights(tmp_path)
    recording_id = ask_about(store, patient / "night_1.edf", [])
    model = add_model(store, tmp_path / "amplitude.eegwarn", by="engineer")
    page = run_view("patients")
    page.button(key="score-patient").click().run()
    assert not page.exception
    assert not page.warning
    scored = score_recording(read_bundle(model.path), open_file(patient / "night_1.edf").recording)
    time_s, level = read_prediction(store, model.id, recording_id) or ((), ())
    np.testing.assert_array_equal(time_s, scored.time_s)
    np.testing.assert_allclose(level, scored.probability, rtol=1e-6)


def test_a_recording_that_comes_to_be_known_later_is_kept_then(run_view, store: Store, folder: Path, tmp_path) -> None:
    model = add_model(store, Path(shutil.copy(folder / "amplitude.eegwarn", tmp_path)), by="engineer")
    recording = Path(shutil.copy(folder / "b_quiet.edf", tmp_path))
    page = run_view("recording")
    assert not page.warning
    recording_id = ask_about(store, recording, [], duration_s=60.0)
    page.run()
    assert read_prediction(store, model.id, recording_id) is not None


def test_a_model_file_that_was_replaced_since_it_judged_is_not_taken_for_the_one_that_lies_there(
    store: Store, known: tuple[StoredModel, Path]
) -> None:
    model, recording = known
    before, opened = open_model(model.path), open_file(recording)
    write_bundle(model.path, Bundle(ModelConfig(), amplitude_onnx(slope=0.001), b""), overwrite=True)
    after = add_model(store, model.path, by="engineer")
    keep_levels(store, Person("anna", Role.ADMIN), before, [(opened, score_recording(before.bundle, opened.recording))])
    assert read_prediction(store, after.id, 1) is None


def test_a_locked_store_is_one_line_beside_the_scores_and_is_written_when_it_can_be(
    run_view, store: Store, known: tuple[StoredModel, Path]
) -> None:
    with store.writing() as connection:
        if store.place.path is None:
            connection.execute(text("LOCK TABLE predictions"))
        page = run_view("recording")
        assert any("1 alarm in" in words.value for words in page.markdown)
        (warning,) = page.warning
        assert warning.value.startswith("The warning levels are not kept for the annotation page: ")
        assert "another program has locked it" in warning.value
    page.run()
    assert not page.warning
    assert read_prediction(store, known[0].id, 1) is not None
    assert len(open_queries(store, rater="anna")) == 3
