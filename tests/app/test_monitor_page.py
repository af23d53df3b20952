"""Every state of the monitor page, without a browser."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from eegwarn.store import open_store
from training.benchmarks import ward


@pytest.fixture
def run(run_view: Callable[[str], AppTest]) -> Callable[[], AppTest]:
    return lambda: run_view("monitor")


def scenes(page: AppTest) -> list[dict]:
    """What the board is given, and the log below it."""
    board, log = page.get("bidi_component")
    return [json.loads(each.proto.json) for each in (board, log)]


def scene(page: AppTest) -> dict:
    return scenes(page)[0]


def test_without_a_store_the_page_says_how_to_watch_a_bed(run) -> None:
    page = run()
    assert "eegwarn monitor" in page.info[0].value
    assert not page.error


def test_empty_store_says_how_to_watch_a_bed(run, tmp_path: Path) -> None:
    open_store(tmp_path / "store.db").close()
    assert "eegwarn monitor" in run().info[0].value


def test_beds_and_history_come_from_the_store(run, tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db")
    ward.watch(store, "bed 1")
    ward.alarm(store, "bed 2")
    store.close()
    page = run()
    assert not page.info
    assert [tile["state"] for tile in scene(page)["tiles"]] == ["calm", "alarm"]
    assert [alarm["bed"] for alarm in scenes(page)[1]["history"]] == ["bed 2"]


@pytest.mark.parametrize("content", [b"This is a text.", b"SQLite format 3\0" + b" " * 500])
def test_store_that_is_none_is_one_clear_line_and_no_bed_looks_calm(run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "store.db").write_bytes(content)
    page = run()
    (message,) = page.error
    assert "store.db" in message.value
    assert "\n" not in message.value
    assert scene(page) == {"trouble": message.value, "refused": ""}


def test_locked_store_is_one_clear_line_and_beds_come_back(run, tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db")
    ward.watch(store, "bed 1")
    store.close()
    locker = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    locker.execute("PRAGMA locking_mode = EXCLUSIVE")
    locker.execute("BEGIN EXCLUSIVE")
    page = run()
    assert "another program has locked it" in page.error[0].value
    locker.close()
    page.run()
    assert not page.error
    assert len(scene(page)["tiles"]) == 1


def test_name_is_given_and_kept_in_the_address_of_the_page(run) -> None:
    page = run()
    page.text_input[0].set_value("anna").run()
    assert page.query_params["name"] == "anna"
    assert not page.exception
