"""The dashboard as its users have it: started as a process, driven with keys and clicks in a real browser."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eegwarn.events.szcore import read_szcore_tsv
from tests.app.examples import SFREQ, simulated_uv, write_edf
from training.benchmarks.browser import free_port, start_dashboard

DRAWN = ".traces[data-drawn=true]"


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[str]:
    port = free_port()
    process = start_dashboard(folder, port, cwd=tmp_path_factory.mktemp("empty"))
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The dashboard's page, drawn; the console must stay free of errors."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if is_elsewhere(request.url) else None)
    page.goto(address)
    page.wait_for_selector(DRAWN, timeout=30_000)
    yield page
    page.close()
    assert complaints == []


def is_elsewhere(url: str) -> bool:
    """Whether a request leaves this computer: a hospital's network need not let it out."""
    return not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))


def view(page: Any) -> float:
    return float(page.get_attribute(".traces", "data-view"))


def wait_for_view(page: Any, second: float) -> None:
    page.wait_for_selector(f"{DRAWN}[data-view='{second:g}']", timeout=10_000)


def test_pages_are_turned_by_key_and_place_is_kept(page: Any) -> None:
    for count in range(1, 8):  # further than what is sent ahead
        page.keyboard.press("ArrowRight")
        wait_for_view(page, 10 * count)
    page.keyboard.press("Shift+ArrowLeft")
    wait_for_view(page, 65)
    page.keyboard.press("End")
    wait_for_view(page, 170)


def test_overview_list_and_words_lead_to_the_alarm(page: Any) -> None:
    box = page.locator(".overview").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 40)
    page.wait_for_selector(f"{DRAWN}:not([data-view='0'])")
    assert 60 < view(page) < 110
    page.get_by_role("button", name="▲ alarm").click()
    wait_for_view(page, 92)
    assert page.locator(".state b").inner_text() == "▲ ALARM"
    assert page.get_by_text("1 of 1 marked seizure caught (5 s after the mark)").is_visible()


def test_other_recording_is_chosen_and_looked_at_from_its_start(page: Any) -> None:
    page.keyboard.press("End")
    wait_for_view(page, 170)
    page.get_by_role("combobox", name="Recording").click()
    page.get_by_role("option", name="b_quiet.edf").click()
    page.get_by_text("No alarms in 0:01:00").wait_for(timeout=15_000)
    wait_for_view(page, 0)
    assert "0:01:00" in page.locator(".place").inner_text()


def test_path_of_a_recording_elsewhere_may_be_typed(page: Any, tmp_path: Path) -> None:
    short = {label: values[: 12 * SFREQ] for label, values in simulated_uv().items()}
    path = write_edf(tmp_path / "elsewhere.edf", short)
    page.get_by_role("combobox", name="Recording").fill(str(path))
    page.keyboard.press("Enter")
    page.get_by_text("No alarms in 0:00:12").wait_for(timeout=15_000)


def test_alarms_are_saved_as_a_table(page: Any, tmp_path: Path) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save alarms").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "a_seizure_alarms.tsv"
    assert [event.onset_s for event in read_szcore_tsv(path)] == [95.0]


def test_terminated_dashboard_ends_its_child_and_frees_the_port(folder: Path, tmp_path: Path) -> None:
    port = free_port()
    process = start_dashboard(folder, port, cwd=tmp_path)
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
