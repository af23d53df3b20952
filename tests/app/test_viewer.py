"""What the viewer draws and asks for, in a real browser but without a server: its input is known to the sample."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.eeg_page import EegPage
from app.montages import BIPOLAR
from app.scene import Level, page_scene, recording_scene
from app.viewer import script
from eegwarn.bedside.ring import SCALE_UV
from eegwarn.events.event import SeizureEvent
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.quality import Quality
from eegwarn.store.answer import Display
from eegwarn.warning.alarm import Alarm, Fault
from tests.app.examples import VIEWER_HTML, scored_with
from training.benchmarks.pages import choose, turn

SFREQ = 128
DURATION_S = 100.0
ROW = LONGITUDINAL_BIPOLAR.index("F3-C3")
LEFT = (0, 114, 178)
THEMES = {
    "light": "--st-background-color: #ffffff; --st-text-color: #31333f; --st-secondary-background-color: #f0f2f6",
    "dark": "--st-background-color: #0e1117; --st-text-color: #fafafa; --st-secondary-background-color: #262730",
}

# The y of the middle of all pixels of a colour in each column, within some px of a place; null where there is none.
READ_BACK = """([selector, columns, middle, reach, colour]) => {
  const canvas = document.querySelector(selector);
  const context = canvas.getContext("2d");
  return columns.map((x) => {
    const top = Math.round(middle - reach);
    const { data, height } = context.getImageData(Math.round(x), top, 1, Math.round(2 * reach));
    let [sum, count] = [0, 0];
    for (let y = 0; y < height; y++) {
      const away = colour.reduce((sum, part, k) => sum + Math.abs(data[4 * y + k] - part), 0);
      const weight = Math.max(0, 300 - away);
      sum += weight * (top + y + 0.5);
      count += weight;
    }
    return count ? sum / count : null;
  });
}"""


def page_of(data_uv: np.ndarray, start_s: float = 0.0, quality: np.ndarray | None = None) -> EegPage:
    steps = np.rint(data_uv / SCALE_UV).astype(np.int16)
    quality = np.zeros(steps.shape, dtype=np.uint8) if quality is None else quality
    return EegPage(steps, quality, start_s, float(SFREQ))


def sine_page(start_s: float = 0.0, n_seconds: int = 40) -> EegPage:
    """1 Hz of 100 µV on F3-C3, and nothing on the others."""
    time_s = start_s + np.arange(n_seconds * SFREQ) / SFREQ
    data_uv = np.zeros((18, time_s.size))
    data_uv[ROW] = 100 * np.sin(2 * np.pi * time_s)
    return page_of(data_uv, start_s)


def scene_of(page: EegPage, **changes: Any) -> dict[str, Any]:
    scored = scored_with(alarms=(Alarm(33.0, 41.0, 0.9),), faults=(Fault(60.0, 80.0),), duration_s=DURATION_S)
    smoothed = np.where((scored.time_s >= 60) & (scored.time_s < 80), np.nan, 0.1)
    level = Level(scored.time_s, smoothed, 0.5)
    recording = recording_scene(
        key="one", duration_s=DURATION_S, seizures=(SeizureEvent(30.5, 45.0),), scored=scored, level=level
    )
    return recording | {"page": page_scene(page, level), "visit": "one/1", "start_s": 0.0} | changes


@pytest.fixture(scope="module")
def blank(browser: Any):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


@pytest.fixture
def show(blank: Any):
    """Show scenes in one viewer; returns the page, on which ``asks`` holds what the viewer asked for."""
    errors: list[str] = []
    blank.on("pageerror", lambda error: errors.append(str(error)))
    blank.goto("about:blank")

    def show(scene: dict[str, Any], theme: str = "light") -> Any:
        if blank.query_selector(".viewer") is None:
            blank.set_content(f"<body style='margin: 8px; {THEMES[theme]}'>{VIEWER_HTML}</body>")
            module = script().replace("export default", "window.show =")
            blank.add_script_tag(content=f"(() => {{{module}}})()")
            blank.evaluate("window.asks = []")
        blank.evaluate(
            """(data) => show({ data, parentElement: document.body,
                                setStateValue: (name, value) => asks.push({ name, ...value }) })""",
            scene,
        )
        settle(blank)
        return blank

    yield show
    assert errors == []


def settle(page: Any) -> None:
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def geometry(page: Any, selector: str = ".traces") -> dict[str, float]:
    return page.eval_on_selector(selector, "(canvas) => JSON.parse(canvas.dataset.geometry)")


def place(page: Any) -> float:
    return float(page.eval_on_selector(".traces", "(canvas) => canvas.dataset.view"))


def question(second: float) -> dict[str, Any]:
    return {"name": "ask", "visit": "one/1", "start_s": second, "page_s": 10, "display": {}, "weighs": False}


def drawn_y(page: Any, seconds: np.ndarray, reach: float) -> np.ndarray:
    where = geometry(page)
    middle = where["top"] + (ROW + 0.5) * where["rowHeight"]
    columns = (where["left"] + seconds * where["perSecond"]).tolist()
    found = page.evaluate(READ_BACK, [".traces", columns, middle, reach, LEFT])
    return np.array(found, dtype=float) - middle


def test_sine_of_100_uv_is_drawn_at_its_place_and_height(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    press(page, *["ArrowDown"] * 3)
    assert page.inner_text(".sensitivity-text") == "30 µV/mm"
    where = geometry(page)
    assert where["pxPerUv"] == pytest.approx(96 / 25.4 / 30)
    seconds = np.arange(0.05, 9.9, 0.05)
    # Where the line is steep, a column half a pixel away moves it by up to a pixel.
    expected = 100 * where["pxPerUv"] * np.sin(2 * np.pi * seconds)
    np.testing.assert_allclose(drawn_y(page, seconds, where["rowHeight"] * 0.55), expected, atol=1.5)


def test_negative_is_up_and_a_third_of_the_uv_a_mm_is_three_times_the_height(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    heights = {}
    press(page, *["ArrowDown"] * 3)
    for sensitivity in (30, 20, 15, 10):
        assert page.inner_text(".sensitivity-text") == f"{sensitivity} µV/mm"
        expected = -100 * geometry(page)["pxPerUv"]
        where = geometry(page)
        middle = where["top"] + (ROW + 0.5) * where["rowHeight"] + expected
        columns = [where["left"] + second * where["perSecond"] for second in (0.75, 3.75)]
        found = page.evaluate(READ_BACK, [".traces", columns, middle, 5, LEFT])
        heights[sensitivity] = expected
        np.testing.assert_allclose(found, middle, atol=1.5)
        press(page, "ArrowUp")
    assert heights[10] == pytest.approx(3 * heights[30])


def test_arrows_turn_pages_and_stop_at_the_ends(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    press(page, "ArrowLeft")
    assert place(page) == 0
    press(page, "ArrowRight")
    assert place(page) == 10
    press(page, "Shift+ArrowRight")
    assert place(page) == 15
    press(page, "ArrowLeft", "Shift+ArrowLeft")
    assert place(page) == 0
    press(page, "End")
    assert place(page) == 90
    press(page, "ArrowRight")
    assert place(page) == 90
    assert page.inner_text(".place") == "0:01:30 – 0:01:40 of 0:01:40"
    press(page, "Home")
    assert place(page) == 0


def test_n_and_p_go_from_event_to_event_with_3_s_before(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    places = []
    for key in "nnnpp":
        press(page, key)
        places.append(place(page))
    assert places == [27.5, 30.0, 30.0, 27.5, 27.5]


def test_keys_typed_into_a_field_are_left_alone(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    page.evaluate(
        "document.body.append(document.createElement('input')); document.querySelector('body > input').focus()"
    )
    press(page, "ArrowRight", "n")
    assert place(page) == 0
    assert page.input_value("body > input") == "n"


def test_click_on_the_overview_goes_there(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    where = geometry(page, ".overview")
    page.click(".overview", position={"x": where["left"] + 50 * where["perSecond"], "y": 40})
    settle(page)
    assert place(page) == pytest.approx(45, abs=0.2)


def test_turned_page_is_drawn_at_once_from_what_was_sent_ahead(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    press(page, *["ArrowDown"] * 3, "ArrowRight")
    assert page.get_attribute(".traces", "data-drawn") == "true"
    expected = 100 * geometry(page)["pxPerUv"] * np.sin(2 * np.pi * 0.3)
    np.testing.assert_allclose(drawn_y(page, np.array([0.3, 7.3]), 14), expected, atol=1.5)


def test_viewer_asks_ahead_and_one_question_at_a_time(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    assert page.evaluate("asks") == []
    press(page, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")
    assert page.evaluate("asks") == [question(30)]
    assert page.get_attribute(".traces", "data-drawn") == "false"
    press(page, "ArrowRight")
    show(scene_of(sine_page(20.0)))
    assert page.evaluate("asks")[1:] == [question(50)]
    show(scene_of(sine_page(40.0)))
    assert page.get_attribute(".traces", "data-drawn") == "true"
    assert place(page) == 50
    assert len(page.evaluate("asks")) == 2


def test_viewer_tells_how_long_its_reader_waited_for_the_page(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    assert page.get_attribute(".viewer", "data-drawn-ms") is None  # nobody has asked for anything
    assert 0 < turn(page, lambda: press(page, "ArrowRight")) < 2000
    page.evaluate("delete document.querySelector('.viewer').dataset.drawnMs")
    press(page, "End")
    page.wait_for_timeout(300)
    show(scene_of(sine_page(), labels=[]))  # an answer, but not to that
    assert page.get_attribute(".viewer", "data-drawn-ms") is None
    show(scene_of(sine_page(60.0)))
    assert 300 < float(page.get_attribute(".viewer", "data-drawn-ms")) < 5000
    asked_for = turn(page, lambda: (choose(page, "high_pass_hz", "5")(), page.wait_for_timeout(200), show(filtered())))
    assert asked_for > 200


def filtered() -> dict[str, Any]:
    page = sine_page(60.0)
    return scene_of(replace(page, display=Display(BIPOLAR, high_pass_hz=5.0)))


def test_weights_are_asked_for_only_when_wanted_and_drawn_beside_the_names(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    before = page.eval_on_selector(".traces", "(canvas) => canvas.toDataURL()")
    assert page.evaluate("asks") == []
    press(page, "w")
    assert page.evaluate("asks") == [question(0) | {"weighs": True}]
    assert page.inner_text(".weights") == "Weighing …"
    derivations = [
        {"name": name, "side": "left", "weight": None if name == "FZ-CZ" else -0.5 if name == "O1" else 0.1}
        for name in LONGITUDINAL_BIPOLAR
    ]
    derivations[ROW]["weight"] = 2.0
    derivations[0]["weight"] = -1.0
    weights = {"start_s": 3.0, "end_s": 7.0, "logit": 1.25, "level": 0.8, "has_trend": False}
    weights |= {"derivations": derivations, "parts": [{"start_s": 3.0, "weight": 0.4}], "view_s": 0.0}
    show(scene_of(sine_page(), weights=weights))
    words = page.inner_text(".weights")
    assert "from 0:00:03 to 0:00:07" in words
    assert "Most for it: F3-C3 +2.00" in words
    assert "Most against it: FP1-F7 −1.00" in words
    assert "1 bad derivation had no say" in words
    assert page.eval_on_selector(".traces", "(canvas) => canvas.toDataURL()") != before
    press(page, "ArrowRight")
    assert page.inner_text(".weights") == "Weighing …"
    assert page.evaluate("asks")[1:] == [question(10) | {"weighs": True}]
    press(page, "ArrowLeft", "w")
    assert not page.is_visible(".weights")
    assert page.eval_on_selector(".traces", "(canvas) => canvas.toDataURL()") == before
    assert len(page.evaluate("asks")) == 2


def test_new_visit_moves_the_viewer_and_an_answer_does_not(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    press(page, "ArrowRight")
    show(scene_of(sine_page(), start_s=0.0))
    assert place(page) == 10
    show(scene_of(sine_page(), start_s=3.0, visit="one/2"))
    assert place(page) == 3


@pytest.mark.parametrize("theme", THEMES)
def test_alarm_line_is_drawn_at_its_second(show: Callable[..., Any], theme: str) -> None:
    page = show(scene_of(sine_page(20.0), start_s=30.0), theme)
    where = geometry(page)
    colour = page.evaluate(
        """() => { const probe = document.createElement("canvas").getContext("2d");
            probe.fillStyle = getComputedStyle(document.querySelector(".viewer")).getPropertyValue("--alarm");
            probe.fillRect(0, 0, 1, 1); return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3); }"""
    )
    x = where["left"] + 3 * where["perSecond"]
    columns = np.arange(x - 8, x + 8)
    row = (where["bottom"] - where["rowHeight"]) + 4  # between two flat traces
    hit = page.evaluate(READ_BACK, [".traces", columns.tolist(), row, 3, colour])
    found = [column for column, y in zip(columns, hit, strict=True) if y is not None]
    assert np.mean(found) + 0.5 == pytest.approx(x, abs=1.5)
    assert len(found) <= 4


def test_state_of_the_page_is_told_in_words(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    for second, words in ((10.0, "● calm"), (30.0, "▲ ALARM"), (65.0, "▨ FAULT")):
        show(scene_of(sine_page(second - 10), start_s=second, visit=f"one/{second}"))
        assert page.inner_text(".state b") == words
        level = "not judged" if second == 65 else "warning level up to 0.10"
        assert page.inner_text(".state").endswith(level)


def test_fault_is_hatched_where_calm_is_blank(show: Callable[..., Any]) -> None:
    page = show(scene_of(sine_page()))
    where = geometry(page, ".overview")
    inked = page.evaluate(
        """([calm, fault, top, height]) => [calm, fault].map((x) => {
            const { data } = document.querySelector(".overview").getContext("2d").getImageData(x, top, 60, height);
            let inked = 0;
            for (let k = 0; k < data.length; k += 4) inked += data[k] < 225;
            return inked / (data.length / 4);
        })""",
        [
            round(where["left"] + 11 * where["perSecond"]),
            round(where["left"] + 61 * where["perSecond"]),
            round(where["top"]) + 3,
            20,
        ],
    )
    assert inked[0] < 0.02
    assert inked[1] > 0.1


def test_bad_stretch_is_dimmed(show: Callable[..., Any]) -> None:
    data_uv = np.zeros((18, 40 * SFREQ))
    quality = np.zeros(data_uv.shape, dtype=np.uint8)
    quality[ROW, 5 * SFREQ :] = Quality.DETACHED
    page = show(scene_of(page_of(data_uv, quality=quality)))
    where = geometry(page)
    y = round(where["top"] + (ROW + 0.5) * where["rowHeight"])
    darkest = page.evaluate(
        """([xs, y]) => xs.map((x) => Math.min(...[-1, 0, 1].map((dy) =>
            document.querySelector(".traces").getContext("2d").getImageData(x, y + dy, 1, 1).data[0])))""",
        [[round(where["left"] + second * where["perSecond"]) for second in (2.5, 7.5)], y],
    )
    assert darkest[0] < 130
    assert darkest[1] > darkest[0] + 60


def test_recording_without_scores_says_so_and_claims_no_state(show: Callable[..., Any]) -> None:
    recording = recording_scene(
        key="two", duration_s=30.0, seizures=(), scored=None, level=None, why_not_scored="not judged: no model chosen"
    )
    scene = recording | {"page": page_scene(sine_page(n_seconds=30), None), "visit": "two/1", "start_s": 0.0}
    page = show(scene)
    assert page.inner_text(".state") == ""
    press(page, "n", "ArrowRight")
    assert place(page) == 10


def test_recording_shorter_than_a_page_is_drawn(show: Callable[..., Any]) -> None:
    recording = recording_scene(key="short", duration_s=3.0, seizures=(), scored=None, level=None)
    page = show(recording | {"page": page_scene(sine_page(n_seconds=3), None), "visit": "s/1", "start_s": 0.0})
    press(page, "ArrowRight", "End")
    assert place(page) == 0
    assert page.get_attribute(".traces", "data-drawn") == "true"
    assert page.inner_text(".place") == "0:00:00 – 0:00:03 of 0:00:03"
