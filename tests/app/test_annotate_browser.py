"""The annotation page as a rater has it: twenty clips by keyboard in a real browser, on a real store."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from eegwarn.store import Store, open_store
from eegwarn.store.answer import Label
from eegwarn.store.labels import label_log, present_labels
from tests.app.asked import ask_about
from training.benchmarks.browser import free_port, start_dashboard
from training.benchmarks.pages import STORED, WITH_CLIP, answer, shown_clip

N_CLIPS = 20
KEYS = {"1": Label.SEIZURE, "2": Label.NOT_SEIZURE, "3": Label.ARTEFACT, "4": Label.UNSURE}


@pytest.fixture(scope="module")
def store(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    place = tmp_path_factory.mktemp("annotate")
    recording = Path(shutil.copy(folder / "a_seizure.edf", place))
    opened = open_store(place / "store.db", busy_s=1.0)
    ask_about(opened, recording, [4.0 + 7 * number for number in range(N_CLIPS + 4)])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(store: Store) -> Iterator[str]:
    port = free_port()
    place = store.place.path.parent
    process = start_dashboard(place, port, cwd=place)
    yield f"http://127.0.0.1:{port}/"
    process.terminate()
    process.wait()


@pytest.fixture
def rater(request: pytest.FixtureRequest) -> str:
    """Somebody of whom every clip is still asked, whatever other tests did before."""
    return request.node.name[:24]


@pytest.fixture
def page(address: str, rater: str, browser: Any) -> Iterator[Any]:
    """The page, opened as the rater; the console must stay free of errors, and nothing leave this computer."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    open_page(page, f"{address}?name={rater}")
    page.wait_for_selector(WITH_CLIP, timeout=30_000)
    yield page
    page.close()
    assert complaints == []


def open_page(page: Any, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Annotate").click()


def test_twenty_clips_are_labelled_by_keyboard_and_are_in_the_store(page: Any, store: Store, rater: str) -> None:
    took_ms = []
    for number in range(N_CLIPS):
        took_ms.append(answer(page, "1234"[number % 4]))
        page.wait_for_timeout(300)  # nobody reads a clip faster, and the next ones are sent meanwhile
    page.wait_for_selector(STORED, timeout=20_000)
    log = label_log(store, rater=rater)
    assert [row.answer.label for row in log] == [KEYS["1234"[number % 4]] for number in range(N_CLIPS)]
    assert [row.clip.start_s for row in log] == [4.0 + 7 * number for number in range(N_CLIPS)]
    assert all(0.1 < row.answer.response_s < 60 for row in log)
    assert all(row.answer.display.montage == "longitudinal bipolar" for row in log)
    assert all(row.answer.display.sensitivity_uv_mm == 10 for row in log)
    print(f"key press to next clip: median {median(took_ms):.0f} ms, longest {max(took_ms):.0f} ms")  # noqa: T201
    assert median(took_ms) <= 150
    assert page.inner_text(".progress-text") == f"{N_CLIPS} done, 4 to go"


def test_undo_brings_the_clip_back_and_confidence_onset_and_comment_are_stored(
    page: Any, store: Store, rater: str
) -> None:
    first = shown_clip(page)
    answer(page, "4")
    page.wait_for_selector(STORED, timeout=20_000)
    page.keyboard.press("u")
    page.wait_for_selector(f".annotator[data-clip='{first}']", timeout=20_000)
    page.wait_for_selector(STORED, timeout=20_000)
    where = page.eval_on_selector(".traces", "(canvas) => JSON.parse(canvas.dataset.geometry)")
    page.click(".traces", position={"x": where["left"] + 2.5 * where["perSecond"], "y": 60})
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("8")
    page.keyboard.press("m")
    page.keyboard.type("1 spike, then rhythm")
    page.keyboard.press("Enter")
    page.get_by_label("Montage").select_option("average")
    page.wait_for_selector(".traces[data-montage=average][data-drawn=true]", timeout=20_000)
    page.locator(".annotator").focus()
    page.keyboard.press("ArrowDown")
    answer(page, "1")
    page.wait_for_selector(STORED, timeout=20_000)
    last = present_labels(label_log(store, rater=rater))[-1]
    assert last.clip.start_s == 4.0
    assert (last.answer.label, last.answer.confidence, last.answer.comment) == (
        Label.SEIZURE,
        0.8,
        "1 spike, then rhythm",
    )
    assert last.answer.onset_s - last.clip.start_s == pytest.approx(3.5, abs=0.02)
    assert (last.answer.display.montage, last.answer.display.sensitivity_uv_mm) == ("average", 15)


def test_page_that_was_left_or_taken_down_comes_back_as_it_was(page: Any, store: Store, rater: str) -> None:
    first = shown_clip(page)
    answer(page, "2")
    page.wait_for_selector(STORED, timeout=20_000)
    second = shown_clip(page)
    page.keyboard.press("8")
    page.keyboard.press("o")
    page.get_by_label("Comment").fill("rhythm")
    page.get_by_role("link", name="Monitor").click()
    page.wait_for_selector(".annotator", state="detached")
    page.get_by_role("link", name="Annotate").click()
    page.wait_for_selector(f".annotator[data-clip='{second}']", timeout=20_000)
    assert page.get_by_label("Comment").input_value() == "rhythm"
    page.wait_for_function("document.activeElement !== null")
    answer(page, "1")
    page.wait_for_selector(STORED, timeout=20_000)
    last = label_log(store, rater=rater)[-1]
    assert (last.answer.label, last.answer.confidence, last.answer.comment) == (Label.SEIZURE, 0.8, "rhythm")
    assert last.answer.onset_s == pytest.approx(last.clip.start_s + 5)
    for before in (second, first):
        page.keyboard.press("u")
        page.wait_for_selector(f".annotator[data-clip='{before}']", timeout=20_000)
    page.wait_for_selector(STORED, timeout=20_000)
    assert present_labels(label_log(store, rater=rater)) == ()


def test_answers_that_cannot_be_stored_are_said_kept_over_a_reload_and_stored_later(
    page: Any, store: Store, rater: str
) -> None:
    n_before = len(label_log(store, rater=rater))
    other = sqlite3.connect(store.place.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer(page, "2")
    page.wait_for_selector("text=1 answer NOT stored yet", timeout=20_000)
    open_page(page, page.url.replace("annotate", ""))
    page.wait_for_selector("text=1 answer NOT stored yet", timeout=30_000)
    assert len(label_log(store, rater=rater)) == n_before
    other.execute("ROLLBACK")
    page.wait_for_selector(STORED, timeout=20_000)
    log = label_log(store, rater=rater)
    assert len(log) == n_before + 1
    assert log[-1].answer.label is Label.NOT_SEIZURE


def test_skipped_clip_comes_last_and_the_end_says_what_to_do(page: Any, store: Store, rater: str) -> None:
    page.wait_for_selector(WITH_CLIP, timeout=20_000)
    skipped = shown_clip(page)
    answer(page, "s")
    while page.inner_text(".progress-text").split(", ")[1] != "1 to go":
        assert shown_clip(page) != skipped
        answer(page, "4")
    assert shown_clip(page) == skipped
    page.keyboard.press("4")
    page.wait_for_selector("text=Nothing more is asked of you")
    page.wait_for_selector(STORED, timeout=20_000)
    assert len(present_labels(label_log(store, rater=rater))) == N_CLIPS + 4


def test_a_rater_who_asked_for_the_level_is_not_blind_to_that_clip_any_more_even_after_a_reload(
    page: Any, store: Store, rater: str
) -> None:
    answer(page, "2")
    page.keyboard.press("b")
    page.wait_for_selector("text=not blind: written with the label")
    page.keyboard.press("b")
    page.wait_for_selector(".level:empty", state="attached")
    open_page(page, page.url.replace("annotate", ""))
    page.wait_for_selector(WITH_CLIP, timeout=30_000)
    answer(page, "2")
    answer(page, "2")
    page.wait_for_selector(STORED, timeout=20_000)
    assert [row.answer.saw_level for row in label_log(store, rater=rater)] == [False, True, False]
