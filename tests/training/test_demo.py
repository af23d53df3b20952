"""The demonstration leaves what it promises, and goes on where it stopped."""

import hashlib
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from eegwarn.bedside import read_bundle
from eegwarn.config import read_toml
from eegwarn.errors import OutputError
from eegwarn.events import read_szcore_tsv
from eegwarn.events.szcore import is_found_by_model
from eegwarn.store import open_store
from eegwarn.store.queue import asked_questions
from training.demo import Demo, run_demo
from training.evaluate import describe_evaluation

from .conftest import TINY


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Demo, list[str]]:
    said: list[str] = []
    return run_demo(tmp_path_factory.mktemp("out") / "demo", config=TINY, say=said.append, **SIZE), said


SIZE = {"n_patients": 5, "hours": 0.3, "seed": 0}


def test_it_leaves_its_files_and_nothing_else(demo: tuple[Demo, list[str]]) -> None:
    folder = demo[0].folder
    left = {"cohort", "model.eegwarn", "small.eegwarn", "warnings.tsv", "report.html", "beds.toml", "store.db"}
    assert {path.name for path in folder.iterdir()} == left


def test_the_warnings_are_those_of_a_held_out_recording(demo: tuple[Demo, list[str]]) -> None:
    made, _ = demo
    assert made.recording.subject_id not in made.evaluated.left_out
    written = [(event.onset_s, event.offset_s) for event in read_szcore_tsv(made.warnings)]
    assert written == [(event.onset_s, event.offset_s) for event in made.scored.events]
    assert is_found_by_model(made.warnings)


def test_it_says_what_it_does(demo: tuple[Demo, list[str]]) -> None:
    steps = ["Simulating", "Training", "Evaluating", "Rounding", "Choosing", "Scoring"]
    assert [sentence.partition(" ")[0] for sentence in demo[1]] == steps


def test_clips_wait_in_its_store_once(demo: tuple[Demo, list[str]]) -> None:
    made, _ = demo
    run_demo(made.folder, config=TINY, **SIZE)
    with closing(open_store(made.store)) as store:
        assert len(asked_questions(store)) == 20


def test_its_small_model_is_smaller_and_of_8_bits(demo: tuple[Demo, list[str]]) -> None:
    made, _ = demo
    assert read_bundle(made.small).config.precision.weight_bits == 8
    assert made.small.stat().st_size < made.model.stat().st_size


def test_its_model_tells_how_it_did_on_patients_that_it_never_saw(demo: tuple[Demo, list[str]]) -> None:
    made, _ = demo
    record = read_bundle(made.model).record
    assert record["evaluation"] == describe_evaluation(made.evaluated)
    small = read_bundle(made.small).record
    assert small["quantize"]["parent"] == hashlib.sha256(made.model.read_bytes()).hexdigest()


def test_a_second_run_keeps_what_is_finished(demo: tuple[Demo, list[str]]) -> None:
    made, _ = demo
    before = {path: path.stat().st_mtime_ns for path in (*made.cohort.rglob("*.edf"), made.model)}
    again = run_demo(made.folder, config=TINY, **SIZE)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert json.dumps(again.scored.probability.tolist()) == json.dumps(made.scored.probability.tolist())


def test_a_model_of_another_configuration_is_not_taken_for_its_own(demo: tuple[Demo, list[str]]) -> None:
    with pytest.raises(OutputError, match="another configuration"):
        run_demo(demo[0].folder, config=replace(TINY, seed=1), **SIZE)


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be made"):
        run_demo(tmp_path / "file" / "demo", config=TINY, **SIZE)


def test_beds_play_recordings_of_held_out_patients_with_the_model(demo: tuple[Demo, list[str]]) -> None:
    made = demo[0]
    plans = read_toml(made.beds)
    assert plans["bed 1"]["source"] == str(made.recording.path.relative_to(made.folder))
    for plan in plans.values():
        assert (made.folder / plan["model"]).samefile(made.model)
        assert (made.folder / plan["source"]).is_file()
