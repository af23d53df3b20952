"""What can be reached: live EEG of a real monitor, every page by keyboard alone, and by those who hear the page."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eegwarn.bedside.log import BedState
from eegwarn.store import Store, open_store
from eegwarn.store.alarms import ActionKind, alarms_between
from eegwarn.store.answer import Label
from eegwarn.store.audit import acts
from eegwarn.store.labels import label_log
from tests.app.asked import ask_about
from tests.app.axe import faults_of
from training.benchmarks import ward
from training.benchmarks.browser import free_port, start_dashboard

PATIENCE_MS = 40_000
DRAWN = ".traces[data-drawn=true]"
COMMAND = "import sys; from eegwarn.cli.entry import main; sys.exit(main())"
FOCUSED = """() => {
  let focus = document.activeElement;
  while (focus?.shadowRoot?.activeElement) focus = focus.shadowRoot.activeElement;
  return focus?.getAttribute("aria-label") ?? focus?.textContent.trim() ?? "";
}"""


@pytest.fixture(scope="module")
def store(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    place = tmp_path_factory.mktemp("reach")
    for name in ("a_seizure.edf", "amplitude.eegwarn"):
        shutil.copy(folder / name, place)
    opened = open_store(place / "store.db")
    ask_about(opened, place / "a_seizure.edf", [10.0, 40.0, 90.0])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(store: Store) -> Iterator[str]:
    port, place = free_port(), store.place.path.parent
    process = start_dashboard(place, port, cwd=place)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def open_page(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Open a page in a context of its own; no script of it may fail."""
    pages, crashes = [], []

    def open_page(path: str, **options: Any) -> Any:
        page = browser.new_page(viewport={"width": 1280, "height": 720}, **options)
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: crashes.append(str(error)))
        pages.append(page)
        page.goto(f"{address}/{path}")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert crashes == []


@contextmanager
def monitoring(store: Store, bed: str) -> Iterator[subprocess.Popen[bytes]]:
    """Play the recording to a bed, as fast as it was taken."""
    place = store.place.path.parent
    arguments = ["monitor", place / "amplitude.eegwarn", "--source", place / "a_seizure.edf", "--bed", bed]
    command = [sys.executable, "-c", COMMAND, *map(str, arguments), "--store", str(store.place.path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def view(page: Any) -> float:
    return float(page.get_attribute(".live .traces", "data-view"))


def test_eeg_of_an_open_bed_goes_on_and_is_old_in_big_words_when_its_monitor_was_killed(
    open_page: Callable[..., Any], store: Store
) -> None:
    with monitoring(store, "live") as process:
        page = open_page("monitor?name=anna")
        page.get_by_role("button", name="live", exact=True).click()
        page.wait_for_selector(f".live {DRAWN}")
        assert page.evaluate(FOCUSED) == "EEG of a bed"
        page.locator(".live summary").filter(has_text="Why").click()
        page.get_by_label("Weight of each derivation").wait_for()
        first_s = view(page)
        page.wait_for_function(
            "([canvas, first]) => Number(canvas.dataset.view) >= first + 3",
            arg=[page.query_selector(".live .traces"), first_s],
        )
        assert float(page.get_attribute(".live .traces", "data-age")) < 8
        assert not page.locator(".stamp").is_visible()
        assert page.locator(".live .state").inner_text() in ("● calm", "▨ FAULT")
        page.get_by_label("High-pass filter").select_option("5")
        assert faults_of(page) == []
        process.kill()
        page.get_by_text("OLD EEG: it ended").wait_for()
        assert page.locator(".live .state").inner_text() == "? NOT KNOWN"
        assert faults_of(page) == []
        page.get_by_role("button", name="Close").click()
        page.locator(".live").wait_for(state="detached")


def tab_to(page: Any, name: str) -> None:
    """Go on with the Tab key, as far as it takes, to what has this name."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == name:
            return
    raise AssertionError(f"{name!r} cannot be reached with the Tab key.")


def test_bed_alarm_fault_recording_and_clips_by_keyboard_alone(open_page: Callable[..., Any], store: Store) -> None:
    ward.watch(store, "keys")
    ward.alarm(store, "keys", lasted_s=20)
    ward.watch(store, "loose", BedState.FAULT, level=None, reason="electrodes off")
    page = open_page("monitor?name=keyboard")
    page.wait_for_selector(".tile.alarm[data-bed='keys']")
    tab_to(page, "keys")
    page.keyboard.press("Enter")
    page.get_by_text("No EEG of this bed is kept here").wait_for()
    page.wait_for_function(f"({FOCUSED})() === 'EEG of a bed'")
    tab_to(page, "Close")
    page.keyboard.press("Enter")
    page.locator(".live").wait_for(state="detached")
    tab_to(page, "Acknowledge the alarm of keys")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tile:not(.alarm)[data-bed='keys']")
    assert [action.kind for action in alarms_between(store, bed="keys")[0].actions] == [ActionKind.ACKNOWLEDGE]
    ward.watch(store, "loose", BedState.FAULT, level=None, reason="electrodes off")
    tab_to(page, "Silence the sound of the fault of loose for 2 min")
    page.keyboard.press("Enter")
    tile = page.locator(".tile.fault[data-bed='loose']")
    tile.get_by_text("fault silenced for 1 min").wait_for()
    assert tile.locator(".word").inner_text() == "FAULT"
    assert ("keyboard", "silence fault", "loose") in [(act.who, act.what, act.about) for act in acts(store)]

    tab_to(page, "Recording")
    page.keyboard.press("Enter")
    page.wait_for_selector(DRAWN)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"{DRAWN}[data-view='10']")
    page.keyboard.press("w")
    page.get_by_label("Weight of each derivation").wait_for()
    tab_to(page, "Annotate")
    page.keyboard.press("Enter")
    for key, left in (("2", "1 done, 2 to go"), ("1", "2 done, 1 to go")):
        page.wait_for_selector(".annotator[data-clip]:not([data-clip=''])")
        page.keyboard.press(key)
        page.get_by_text(left).wait_for()
    page.get_by_text("All answers are stored.").wait_for()
    said = [row.answer.label for row in label_log(store, rater="keyboard")]
    assert said == [Label.NOT_SEIZURE, Label.SEIZURE]


def test_no_page_has_a_serious_fault_for_those_who_do_not_see_it(
    open_page: Callable[..., Any], store: Store, scheme: str
) -> None:
    page = open_page("?name=axe", color_scheme=scheme)
    page.wait_for_selector(DRAWN)
    page.keyboard.press("w")
    page.get_by_label("Weight of each derivation").wait_for()
    assert faults_of(page) == []
    page.goto(page.url.split("?")[0] + "annotate?name=axe")
    page.wait_for_selector(".annotator[data-clip]:not([data-clip=''])")
    page.keyboard.press("b")
    page.get_by_text("not blind").wait_for()
    assert faults_of(page) == []
    for bed, state in (("calm", BedState.CALM), ("rising", BedState.ELEVATED), ("off", BedState.FAULT)):
        ward.watch(store, bed, state, reason="flat")
    ward.alarm(store, f"{scheme} alarm")
    page.goto(page.url.replace("annotate", "monitor"))
    page.get_by_role("button", name=f"Acknowledge the alarm of {scheme} alarm").wait_for()
    assert faults_of(page) == []
    page.evaluate("document.querySelector('body').insertAdjacentHTML('beforeend', '<img src=\"data:,\">')")
    (planted,) = faults_of(page)
    assert planted.startswith("image-alt (critical)")
