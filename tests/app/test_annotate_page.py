"""Every state of the annotation page, without a browser."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from eegwarn.store import open_store
from tests.app.asked import ask_about


@pytest.fixture
def run(run_view: Callable[[str], AppTest]) -> Callable[[], AppTest]:
    return lambda: run_view("annotate")


def test_without_a_store_and_with_an_empty_one_the_page_says_how_to_ask(run, tmp_path: Path) -> None:
    assert "eegwarn query" in run().info[0].value
    assert not (tmp_path / "store.db").exists()
    open_store(tmp_path / "store.db").close()
    assert "eegwarn query" in run().info[0].value


def test_first_clip_is_sent_with_why_it_is_asked_and_no_level(run, folder: Path, tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db")
    ask_about(store, folder / "a_seizure.edf", [50.0, 60.0], reason={"coverage": 0.6, "seizure probability": 0.4})
    store.close()
    page = run()
    (shown,) = page.get("bidi_component")
    scene = json.loads(shown.proto.json)
    assert [clip["start_s"] for clip in scene["clips"]] == [50.0]
    assert [about["why"] for about in scene["about"].values()] == ["Nothing like it has been labelled yet."] * 2
    assert not page.info
    assert not page.error


def test_missing_recording_is_told_and_nothing_thrown(run, folder: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.edf"
    gone.write_bytes((folder / "b_quiet.edf").read_bytes())
    store = open_store(tmp_path / "store.db")
    ask_about(store, gone, [5.0])
    store.close()
    gone.unlink()
    (shown,) = run().get("bidi_component")
    assert "gone.edf" in json.loads(shown.proto.json)["clips"][0]["problem"]


def test_what_is_no_store_and_what_is_locked_is_one_clear_line(run, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"This is a text, and no database." * 40)
    (message,) = run().error
    assert "no SQLite file" in message.value
    (tmp_path / "store.db").unlink()
    open_store(tmp_path / "store.db").close()
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    (message,) = run().error
    assert "locked" in message.value
    other.close()
