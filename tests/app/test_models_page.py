"""Every state of the models page, without a browser."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.access import Person, Role
from eegwarn.store import open_store
from eegwarn.store.beds import bed_log
from eegwarn.store.models import add_model
from eegwarn.store.promotions import promote, promotion_log
from tests.app.test_models import EVALUATION, made

BETTER = {"advice": "promote", "reason": "event F1 +0.20", "n_patients": 8, "n_seizures": 20}
F1 = {"metric": "f1", "title": "event F1", "unit": "", "digits": 3, "old": 0.4, "new": 0.6, "gain": 0.2}
ONSETS = [{"recording": "r", "mark_s": 100.0, "onset_s": 88.0, "low_s": 85.0, "high_s": 91.0, "p_seizure": 0.9}]


@pytest.fixture
def run(run_view: Callable[[str], AppTest]) -> Callable[[], AppTest]:
    return lambda: run_view("models")


@pytest.fixture
def pair(tmp_path: Path) -> None:
    """A model and one that was retrained from it, and is better."""
    old = made(tmp_path, "old.eegwarn")
    about = {"parent": old.fingerprint, "comparison": {**BETTER, "differences": [F1]}, "before": EVALUATION}
    made(tmp_path, "new.eegwarn", {"retrain": about, "evaluation": EVALUATION, "labels": {"onsets": ONSETS}})


def view(page: AppTest, name: str) -> AppTest:
    page.radio(key="models-view").set_value(name).run()
    assert not page.exception
    return page


def test_empty_folder_says_what_to_do_and_offers_to_train(run) -> None:
    page = run()
    assert "eegwarn demo" in page.info[0].value
    assert [button.label for button in page.button] == ["Train a new model …"]
    page.button(key="train").click().run()
    assert not page.exception
    assert page.text_input(key="new-name").value == "model-2.eegwarn"


def test_damaged_model_is_one_line_and_the_others_are_shown(run, tmp_path: Path, pair: None) -> None:
    (tmp_path / "broken.eegwarn").write_bytes(b"PK no zip")
    page = run()
    (line,) = page.warning[:1]
    assert "broken.eegwarn" in line.value
    assert "\n" not in line.value
    assert list(page.dataframe[0].value["Model"].str.strip()) == ["old.eegwarn", "└ new.eegwarn"]


def test_old_against_new_marks_and_sizes_come_from_the_record(run, pair: None) -> None:
    page = run()
    assert "Nothing to compare" in page.info[0].value
    page.selectbox(key="chosen-model").select("new.eegwarn").run()
    assert "promote; event F1 +0.20" in page.success[0].value
    assert page.dataframe[1].value["New - old"][0] == "+0.200"
    assert any("Of 1 marks 1 are taken" in text.value for text in view(page, "Corrected marks").markdown)
    assert "not in this folder" in page.button(key="event-mark-0").help
    assert any("6 recordings" in text.value for text in view(page, "Size and quality").caption)
    assert any("Made from" in text.value for text in view(page, "How it was made").markdown)


def test_promotion_shows_what_the_report_says_and_waits_for_a_yes(run, tmp_path: Path, pair: None) -> None:
    page = view(run(), "Beds")
    assert "No bed was watched yet" in page.info[0].value
    store = open_store(tmp_path / "store.db")
    bed_log(store, "bed 1")
    page.run()
    page.button(key="promote").click().run()
    assert "No report compares it" in page.warning[0].value
    assert page.button(key="promote-now").disabled
    page.selectbox(key="chosen-model").select("new.eegwarn").run()
    page.button(key="promote").click().run()
    assert "Its own report says: promote" in page.success[0].value
    assert not page.button(key="promote-now").disabled
    assert promotion_log(store) == ()
    promote(store, ["bed 1"], add_model(store, tmp_path / "new.eegwarn", by="head").id, by="head")
    store.close()
    beds = page.run().dataframe[1].value
    assert list(beds["At the next start"]) == ["new.eegwarn, promoted by head, waits for a restart of the monitor"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANNOTATOR])
def test_who_is_no_admin_sees_all_and_can_start_and_promote_nothing(
    run, tmp_path: Path, pair: None, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.views.models.visitor", lambda: Person("vera", role))
    store = open_store(tmp_path / "store.db")
    bed_log(store, "bed 1")
    store.close()
    page = view(run(), "Beds")
    assert list(page.dataframe[1].value["Bed"]) == ["bed 1"]
    assert not page.button
    assert any("only an admin trains and promotes" in text.value for text in page.caption)


def test_locked_store_is_one_line_below_the_models(run, tmp_path: Path, pair: None) -> None:
    open_store(tmp_path / "store.db").close()
    locker = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    locker.execute("PRAGMA locking_mode = EXCLUSIVE")
    locker.execute("BEGIN EXCLUSIVE")
    page = view(run(), "Beds")
    assert "another program has locked it" in page.error[0].value
    locker.close()
