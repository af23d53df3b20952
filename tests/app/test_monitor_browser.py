"""The monitor page as a ward has it: driven in a real browser, on the store of a running dashboard."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eegwarn.bedside.log import RECORDING_ENDED, BedState
from eegwarn.store import Store, open_store
from eegwarn.store.alarms import ActionKind, alarms_between
from training.benchmarks import ward
from training.benchmarks.browser import free_port, start_dashboard

PATIENCE_MS = 60_000
SOUND_WORDS = """[...document.querySelectorAll("*")].map((each) => each.shadowRoot?.querySelector(".sound-words"))
    .find((each) => each)?.textContent"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("ward") / "store.db")
    ward.watch(opened, "bed 1")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def path(store: Store) -> Path:
    assert store.place.path is not None
    return store.place.path


@pytest.fixture(scope="module")
def address(path: Path, browser: Any) -> Iterator[str]:
    port = free_port()
    process = start_dashboard(path.parent, port, cwd=path.parent)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


def open_screen(browser: Any, address: str) -> Any:
    """Open the page in a browser of its own."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{address}/monitor?name=anna")
    page.wait_for_selector(".tile")
    return page


@pytest.fixture(scope="module")
def first_screen(browser: Any, address: str) -> Iterator[Any]:
    page = open_screen(browser, address)
    yield page
    page.close()


@pytest.fixture
def page(first_screen: Any) -> Iterator[Any]:
    """A screen whose console must stay free of errors."""
    complaints: list[str] = []

    def complain(message: Any) -> None:
        # Streamlit looks for its server below the address of the page first, and finds it above.
        if message.type == "error" and "/monitor/_stcore/" not in message.location["url"]:
            complaints.append(message.text)

    def crash(error: Any) -> None:
        complaints.append(str(error))

    first_screen.on("console", complain)
    first_screen.on("pageerror", crash)
    yield first_screen
    first_screen.remove_listener("console", complain)
    first_screen.remove_listener("pageerror", crash)
    assert complaints == []


def tile(page: Any, bed: str) -> Any:
    return page.locator(f".tile[data-bed='{bed}']")


def wait_for_state(page: Any, bed: str, state: str) -> None:
    page.wait_for_selector(f".tile.{state}[data-bed='{bed}']")


def wait_for_sound(page: Any) -> None:
    """Wait until a sound is played."""
    board = page.locator(".board")
    played = board.get_attribute("data-played")
    page.wait_for_selector(f".board:not([data-played='{played}'])")


def done(store: Store, bed: str) -> list[tuple[ActionKind, str]]:
    return [(action.kind, action.actor) for action in alarms_between(store, bed=bed)[0].actions]


def test_acknowledged_by_keyboard_it_is_so_after_a_reload_and_on_a_second_screen(
    page: Any, browser: Any, address: str, store: Store
) -> None:
    ward.watch(store, "ack")
    ward.alarm(store, "ack", lasted_s=20)
    second = open_screen(browser, address)
    for each in (page, second):
        wait_for_state(each, "ack", "alarm")
    page.get_by_role("button", name="Acknowledge the alarm of ack").focus()
    page.keyboard.press("Enter")
    for each in (page, second):
        wait_for_state(each, "ack", "calm")
    second.close()
    page.reload()
    wait_for_state(page, "ack", "calm")
    assert done(store, "ack") == [(ActionKind.ACKNOWLEDGE, "anna")]


def test_mute_is_no_acknowledgement_and_does_not_touch_a_fault(page: Any, store: Store) -> None:
    ward.watch(store, "mute", BedState.FAULT, level=None, reason="flat")
    ward.alarm(store, "mute")
    wait_for_state(page, "mute", "alarm")
    page.get_by_role("button", name="Mute 5 min the alarm of mute").click()
    tile(page, "mute").get_by_text("muted for 4 min").wait_for()
    assert tile(page, "mute").locator(".word").inner_text() == "ALARM"
    assert "▨ FAULT: flat" in tile(page, "mute").inner_text()
    assert done(store, "mute") == [(ActionKind.MUTE, "anna")]
    wait_for_sound(page)


def test_mark_as_false_needs_a_reason_and_can_be_taken_back(page: Any, store: Store) -> None:
    ward.watch(store, "false")
    ward.alarm(store, "false", lasted_s=20)
    tile(page, "false").get_by_role("button", name="Mark as false").click()
    page.keyboard.press("Enter")
    assert page.locator("dialog[open]").is_visible()
    page.keyboard.type("chewing, rc")  # r and c are shortcuts of the page around
    page.keyboard.press("Enter")
    wait_for_state(page, "false", "calm")
    assert done(store, "false") == [(ActionKind.MARK_FALSE, "anna")]
    page.get_by_text("marked false: chewing, rc, by anna").wait_for()
    page.get_by_role("button", name="Take back that the alarm is false of false").click()
    page.get_by_text("took back the mark as false, by anna").wait_for()
    wait_for_state(page, "false", "calm")


def test_bed_is_offline_when_its_heartbeat_stops(page: Any, store: Store) -> None:
    ward.watch(store, "silent", at=ward.now() - timedelta(seconds=25))
    wait_for_state(page, "silent", "offline")
    assert "nothing is known of the patient" in tile(page, "silent").inner_text()
    assert tile(page, "silent").locator(".level").inner_text() == "–"


def test_bed_whose_recording_has_ended_says_when_and_is_offline(page: Any, store: Store) -> None:
    at = ward.now() - timedelta(seconds=25)
    ward.watch(store, "ended", BedState.FAULT, at=at, level=None, reason=RECORDING_ENDED)
    wait_for_state(page, "ended", "offline")
    said = tile(page, "ended").locator(".said")
    said.get_by_text("the recording has ended, at ").wait_for()
    assert "nothing is known" not in said.inner_text()
    assert tile(page, "ended").locator(".word").inner_text() == "OFFLINE"
    assert tile(page, "ended").locator(".level").inner_text() == "–"


def test_act_on_a_locked_store_is_refused_aloud_and_nothing_looks_done(page: Any, store: Store, path: Path) -> None:
    ward.watch(store, "locked")
    ward.alarm(store, "locked", lasted_s=20)
    locker = sqlite3.connect(path, isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    page.get_by_role("button", name="Acknowledge the alarm of locked").click()
    page.get_by_role("alert").filter(has_text="Not written: The store").wait_for()
    assert "another program has locked it" in page.locator(".notice").inner_text()
    wait_for_state(page, "locked", "alarm")
    locker.execute("ROLLBACK")
    locker.close()
    page.get_by_role("button", name="Acknowledge the alarm of locked").click()
    wait_for_state(page, "locked", "calm")
    page.locator(".notice").wait_for(state="hidden")


def test_store_that_cannot_be_read_leaves_no_bed_calm(page: Any, store: Store, path: Path) -> None:
    ward.watch(store, "gone")
    wait_for_state(page, "gone", "calm")
    path.rename(path.with_suffix(".away"))
    wait_for_state(page, "gone", "unknown")
    assert "The store is gone" in page.locator(".notice").inner_text()
    assert page.locator(".tile.calm").count() == 0
    path.with_suffix(".away").rename(path)
    ward.watch(store, "gone")
    wait_for_state(page, "gone", "calm")


def test_bed_opens_with_axes_and_stays_open_after_a_reload(page: Any, store: Store) -> None:
    ward.watch(store, "open")
    ward.levels(store, "open", seed=1)
    ward.fault(store, "open", "electrodes off")
    page.get_by_role("button", name="open", exact=True).click()
    page.get_by_role("button", name="1 h").click()
    page.wait_for_selector(".details [data-hours='1'][aria-pressed=true]")
    page.reload()
    page.wait_for_selector(".details [data-hours='1'][aria-pressed=true]")
    details = page.locator(".details").inner_text() + "".join(page.locator(".chart text").all_text_contents())
    assert all(words in details for words in ("electrodes off", "warning level", "time (h:min)"))
    page.get_by_role("button", name="Close").click()
    page.locator(".details").wait_for(state="hidden")
    page.get_by_role("button", name="open", exact=True).click()
    page.wait_for_selector(".details .chart")


def test_sound_waits_for_a_key_says_so_and_can_be_tested_and_switched_off(page: Any) -> None:
    page.reload()
    session = page.context.new_cdp_session(page)  # unlike the driver's own questions, these are no user's acts

    words = ""
    for _ in range(100):
        words = words or session.send("Runtime.evaluate", {"expression": SOUND_WORDS})["result"].get("value")
        page.wait_for_timeout(100)
        if words:
            break
    assert "until you click it or press a key" in words
    page.keyboard.press("Tab")
    page.wait_for_selector(".board[data-sound=on]")
    page.get_by_role("button", name="Test the sound").click()
    wait_for_sound(page)
    page.get_by_role("button", name="Turn sound off").click()
    assert "alarms are silent here" in page.locator(".sound-words").inner_text()
    page.reload()
    page.wait_for_selector(".board[data-sound=off]")
    page.get_by_role("button", name="Turn sound on").click()


def test_screen_that_lost_its_dashboard_says_so_and_shows_nothing_as_calm(
    browser: Any, address: str, store: Store
) -> None:
    ward.watch(store, "cut off")
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    is_cut = []

    def relay(to_page: Any) -> None:
        server = to_page.connect_to_server()
        server.on_message(lambda message: None if is_cut else to_page.send(message))

    page.route_web_socket("**/_stcore/stream", relay)
    page.goto(f"{address}/monitor")
    wait_for_state(page, "cut off", "calm")
    is_cut.append(True)
    page.get_by_text("No word from the dashboard").wait_for()
    assert page.locator(".tile.calm, .tile.elevated").count() == 0
    page.close()
