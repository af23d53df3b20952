"""The viewer's controls, in a real browser but without a server: what is measured and laid over known EEG."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.montages import AVERAGE, MONTAGES, REFERENTIAL
from eegwarn.store.answer import Display
from tests.app.test_viewer import ROW, blank, drawn_y, geometry, place, press, scene_of, settle, show, sine_page

__all__ = ["blank", "show"]  # fixtures

LABELS = [{"start_s": 20.0, "end_s": 30.0, "label": "seizure", "rater": "anna", "onset_s": 26.5}]
CORRECTIONS = [{"mark_s": 29.0, "onset_s": 26.5, "low_s": 24.0, "high_s": 28.0, "p_seizure": 0.9}]
SHOWN = Display("longitudinal bipolar", 0.5, 40.0, 0.0)
VIOLET = (142, 68, 173)


def shown_scene(**changes: Any) -> dict[str, Any]:
    scene = scene_of(replace(sine_page(), display=SHOWN), **changes)
    return scene | {"choices": scene["choices"] | {"available": list(MONTAGES)}}


def reading(page: Any) -> dict[str, float]:
    return json.loads(page.get_attribute(".traces", "data-caliper"))


def test_caliper_over_half_a_wave_reads_1_hz_and_100_uv(show: Callable[..., Any]) -> None:
    page = show(shown_scene())
    where = geometry(page)
    press(page, "c")
    x, y = where["left"] + 2 * where["perSecond"], where["top"] + (ROW + 0.5) * where["rowHeight"]
    box = page.locator(".traces").bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + x + where["perSecond"], box["y"] + y + 100 * where["pxPerUv"])
    page.mouse.up()
    settle(page)
    measured = reading(page)
    assert measured["seconds"] == pytest.approx(1.0, abs=0.01)
    assert measured["hz"] == pytest.approx(1.0, abs=0.01)
    assert measured["uv"] == pytest.approx(100, abs=2)
    assert "Hz" in page.text_content(".measured")


def test_caliper_is_moved_by_keys_and_escape_gives_the_arrows_back(show: Callable[..., Any]) -> None:
    page = show(shown_scene())
    press(page, "c")
    before = reading(page)
    press(page, "ArrowRight", "ArrowRight", "ArrowDown")
    after = reading(page)
    assert after["seconds"] - before["seconds"] == pytest.approx(4 / geometry(page)["perSecond"])
    assert after["uv"] - before["uv"] == pytest.approx(2 / geometry(page)["pxPerUv"])
    assert place(page) == 0
    press(page, "Escape", "ArrowRight")
    assert place(page) == 10


def test_time_base_in_mm_a_second_follows_the_calibrated_screen(show: Callable[..., Any]) -> None:
    page = show(shown_scene())
    page.get_by_label("Time base").select_option("30")
    settle(page)
    assert geometry(page)["perSecond"] == pytest.approx(30 * 96 / 25.4)
    page.locator(".calibration summary").click()
    page.get_by_label("Length of the bar in mm").fill("60")
    page.keyboard.press("Tab")
    settle(page)
    assert geometry(page)["perSecond"] == pytest.approx(30 * 300 / 60)
    assert geometry(page)["pxPerUv"] == pytest.approx(300 / 60 / 10)


def test_other_montage_is_asked_for_and_its_rows_are_drawn(show: Callable[..., Any]) -> None:
    page = show(shown_scene())
    page.get_by_label("Montage").select_option(REFERENTIAL)
    settle(page)
    assert page.evaluate("asks").pop()["display"] == {"montage": REFERENTIAL}
    assert page.get_attribute(".traces", "data-drawn") == "false"
    names = ("F3", "C3", "CZ", "F4")
    answer = replace(sine_page(), data=sine_page().data[:4], quality=sine_page().quality[:4], names=names)
    show(shown_scene() | {"page": scene_of(replace(answer, display=replace(SHOWN, montage=REFERENTIAL)))["page"]})
    assert page.get_attribute(".traces", "data-montage") == REFERENTIAL
    assert page.get_attribute(".traces", "data-drawn") == "true"
    where = geometry(page)
    assert where["rowHeight"] == pytest.approx((where["bottom"] - where["top"]) / 4)


def test_montage_that_the_recording_lacks_cannot_be_chosen(show: Callable[..., Any]) -> None:
    page = show(scene_of(replace(sine_page(), display=SHOWN)))
    assert page.locator(f"[data-choose=montage] option[value={AVERAGE}]").is_disabled()


def test_channel_is_dimmed_then_hidden_then_shown_from_the_list(show: Callable[..., Any]) -> None:
    page = show(shown_scene())
    press(page, *["ArrowDown"] * 3)
    rows = geometry(page)["rowHeight"]
    seconds = np.array([1.3])
    assert np.isfinite(drawn_y(page, seconds, 14)).all()
    page.locator(".rows summary").click()
    page.get_by_role("button", name="F3-C3: shown").click()
    settle(page)
    page.get_by_role("button", name="F3-C3: dimmed").click()
    settle(page)
    assert geometry(page)["rowHeight"] == pytest.approx(rows * 18 / 17)
    page.get_by_role("button", name="F3-C3: hidden").click()
    settle(page)
    assert geometry(page)["rowHeight"] == pytest.approx(rows)


@pytest.mark.parametrize("by", [{"labels": LABELS}, {"corrections": CORRECTIONS}])
def test_corrected_onset_stands_at_its_second_beside_the_mark(show: Callable[..., Any], by: dict[str, Any]) -> None:
    page = show(shown_scene(**by, start_s=20.0))
    where = geometry(page)
    x = where["left"] + 6.5 * where["perSecond"]
    found = page.evaluate(
        """([columns, top, bottom, colour]) => columns.map((x) => {
            const { data } = document.querySelector(".traces").getContext("2d")
                .getImageData(Math.round(x), top, 1, bottom - top);
            let hits = 0;
            for (let k = 0; k < data.length; k += 4)
                hits += Math.abs(data[k] - colour[0]) + Math.abs(data[k + 1] - colour[1]) < 60;
            return hits; })""",
        [list(np.arange(x - 10, x + 10)), round(where["bottom"] - 60), round(where["bottom"]), VIOLET],
    )
    columns = np.arange(x - 10, x + 10)[np.array(found) > 20]
    assert columns.mean() + 0.5 == pytest.approx(x, abs=1.5)
    assert 1 <= columns.size <= 3


def test_selects_keep_their_own_arrow_keys(show: Callable[..., Any]) -> None:
    page = show(shown_scene())
    page.get_by_label("High-pass filter").focus()
    page.keyboard.press("ArrowDown")
    settle(page)
    assert page.inner_text(".sensitivity-text") == "10 µV/mm"
    assert place(page) == 0
