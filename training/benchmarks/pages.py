"""Pages of the dashboard as somebody uses them: what is pressed, clicked or chosen, and the ms until it is drawn.

Both pages measure it themselves, from the event to the end of the drawing; how long playwright takes does not count.
"""

from collections.abc import Callable
from typing import Any

WITH_CLIP = ".annotator[data-clip]:not([data-clip=''])"
STORED = "text=All answers are stored."
DRAWN = ".traces[data-drawn=true]"
_PATIENCE_MS = 20_000


def shown_clip(page: Any) -> str:
    """Give the number of the question whose clip the Annotate page shows."""
    return str(page.get_attribute(".annotator", "data-clip"))


def answer(page: Any, key: str) -> float:
    """Press a key on the Annotate page, wait for the next clip; gives the ms from key press to drawn."""
    before = shown_clip(page)
    page.keyboard.press(key)
    page.wait_for_selector(f"{WITH_CLIP}:not([data-clip='{before}'])", timeout=_PATIENCE_MS)
    return float(page.get_attribute(".annotator", "data-drawn-ms"))


def turn(page: Any, act: Callable[[], object]) -> float:
    """Do something on the Recording page, wait for its EEG; gives the ms from the event to drawn."""
    page.locator(".viewer").evaluate("(viewer) => delete viewer.dataset.drawnMs")
    act()
    page.wait_for_selector(".viewer[data-drawn-ms]", timeout=_PATIENCE_MS)
    return float(page.get_attribute(".viewer", "data-drawn-ms"))


def press(page: Any, key: str) -> Callable[[], object]:
    """Press a key, such as one that turns pages."""
    return lambda: page.keyboard.press(key)


def click_overview(page: Any, share: float) -> Callable[[], object]:
    """Click into the overview of the whole recording, at a share of its length."""

    def click() -> None:
        canvas = page.locator(".overview")
        where = canvas.evaluate("(canvas) => JSON.parse(canvas.dataset.geometry)")
        x = where["left"] + share * (where["right"] - where["left"])
        canvas.click(position={"x": x, "y": (where["top"] + where["bottom"]) / 2})

    return click


def choose(page: Any, name: str, value: str) -> Callable[[], object]:
    """Choose how EEG is shown: ``montage``, ``high_pass_hz``, ``low_pass_hz`` or ``notch_hz``."""
    return lambda: page.locator(f".viewer [data-choose={name}]").select_option(value)
