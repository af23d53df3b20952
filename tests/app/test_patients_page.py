"""Every state of the patients page, without a browser."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.access import Person, Role
from eegwarn.store import open_store
from tests.app.nights import write_nights

pytest.importorskip("timescoring")


@pytest.fixture
def run(run_view: Callable[[str], AppTest]) -> Callable[[], AppTest]:
    return lambda: run_view("patients")


def view(page: AppTest, name: str) -> AppTest:
    page.radio(key="patients-view").set_value(name).run()
    assert not page.exception
    return page


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def test_empty_folder_says_what_to_do(run) -> None:
    assert "eegwarn demo" in run().info[0].value


def test_without_the_packages_that_evaluate_the_page_names_them(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.views.patients.find_spec", lambda name: None)
    assert "pip install 'eegwarn[train]'" in run().info[0].value


def test_patient_is_scored_on_demand_and_a_viewer_may(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.views.patients.visitor", lambda: Person("vera", Role.VIEWER))
    write_nights(tmp_path)
    page = run()
    assert page.selectbox[0].options == ["p07"]
    assert labels(page)[0].startswith("Score 3 of 3 recordings")
    assert "■ night_1 0:01:30 seizure · not scored" in labels(page)
    assert "score recordings that have marks" in view(page, "Scores").info[0].value
    page.button(key="score-patient").click().run()
    assert not page.exception
    assert "□ night_2 0:00:20 seizure · missed" in labels(page)
    assert not any(label.startswith("Score ") for label in labels(page))
    assert "By content none of these recordings was seen in training." in [text.value for text in page.caption]
    assert "not defined" in set(page.dataframe[0].value["95 % interval"])
    assert list(view(page, "Recordings").dataframe[0].value["Alarms"]) == ["1", "0", "1"]


def test_without_a_model_there_are_marks_and_no_scores(run, tmp_path: Path) -> None:
    write_nights(tmp_path)
    (tmp_path / "amplitude.eegwarn").unlink()
    page = run()
    assert any("eegwarn train" in text.value for text in page.caption)
    assert "■ night_1 0:01:30 seizure · not scored" in labels(page)
    assert "score-patient" not in [button.key for button in page.button]


def test_damaged_model_and_recordings_are_a_line_each(run, tmp_path: Path) -> None:
    patient = write_nights(tmp_path)
    (tmp_path / "amplitude.eegwarn").write_bytes(b"PK no zip")
    (patient / "night_1.edf").write_bytes(b"no EDF")
    page = run()
    assert "amplitude.eegwarn" in page.error[0].value
    assert [text.value.split(":")[0] for text in page.warning] == ["night_1.edf"]
    for path in patient.glob("*.edf"):
        path.write_bytes(b"no EDF")
    page = page.run()
    assert not page.exception
    assert "No recording of p07 can be used" in page.error[1].value


def test_recording_that_is_removed_while_the_page_is_open_is_a_line(run, tmp_path: Path) -> None:
    patient = write_nights(tmp_path)
    page = run()
    (patient / "night_1.edf").unlink()
    page.run()
    assert not page.exception
    assert any("night_1.edf" in text.value for text in page.warning)
    assert len(page.dataframe[0].value) == 2


def test_locked_store_is_one_line_and_all_but_labels_can_be_saved(run, tmp_path: Path) -> None:
    write_nights(tmp_path)
    open_store(tmp_path / "store.db").close()
    locker = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    locker.execute("PRAGMA locking_mode = EXCLUSIVE")
    locker.execute("BEGIN EXCLUSIVE")
    page = view(run(), "Save")
    assert "The file will hold no labels: " in page.warning[0].value
    assert "another program has locked it" in page.warning[0].value
    locker.close()
