"""A patient is looked through and an own recording is tried, in a real browser."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from edfio import EdfAnnotation
from edfio import Patient as EdfPatient

from tests.app.examples import SEIZURE_S, simulated_uv, write_edf
from tests.app.nights import write_nights
from training.benchmarks.browser import free_port, start_dashboard

pytest.importorskip("timescoring")

DRAWN = ".traces[data-drawn=true]"
NAME = "Doe_Jane"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording whose name and header hold a patient's name, and one that is damaged."""
    place = tmp_path_factory.mktemp("own")
    mark = EdfAnnotation(SEIZURE_S[0], SEIZURE_S[1] - SEIZURE_S[0], "seizure")
    whole = write_edf(place / f"{NAME}.edf", simulated_uv(), marks=(mark,), patient=EdfPatient(name=NAME))
    (place / f"{NAME}_cut.edf").write_bytes(whole.read_bytes()[:-5000])
    return place


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where temporary files of the dashboard go."""
    return tmp_path_factory.mktemp("private")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, private: Path, browser: Any) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("patients"), free_port()
    write_nights(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(private))
        process = start_dashboard(folder, port, cwd=folder)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()
    assert not list(private.glob("eegwarn-*"))


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(30_000)
    complaints: list[str] = []

    def complain(message: Any) -> None:
        # Streamlit looks for its server below the address of the page first, and finds it above.
        if message.type == "error" and "/_stcore/" not in message.location["url"]:
            complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


def saved(page: Any, button: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_bytes()


def test_patient_is_scored_looked_through_and_saved(page: Any, address: str) -> None:
    page.goto(f"{address}/patients")
    page.get_by_role("button", name="Score 3 of 3 recordings").click()
    page.get_by_role("button", name="□ night_2 0:00:20 seizure · missed").wait_for()
    page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for()
    page.get_by_text("Save", exact=True).click()
    names = set(ZipFile(BytesIO(saved(page, "Marks and warnings of all recordings"))).namelist())
    assert {"night_1_events.tsv", "night_1_warnings.tsv"} < names
    assert b"<h1>Patient p07" in saved(page, "Report to print")
    assert saved(page, "EEG with annotations").startswith(b"0       ")

    page.get_by_role("button", name="■ night_1").click()
    page.wait_for_selector(f"{DRAWN}[data-view='85']")
    assert page.get_by_role("combobox", name="Recording").input_value() == "ward/p07/night_1.edf"
    page.get_by_role("link", name="Patients").click()
    page.get_by_role("button", name="□ night_2").wait_for()


def test_own_recording_is_refused_or_scored_and_leaves_nothing(
    page: Any, address: str, own: Path, private: Path
) -> None:
    page.goto(f"{address}/try")
    sent = page.locator("input[type=file]")
    sent.set_input_files(own / f"{NAME}_cut.edf")
    page.locator("[data-testid=stAlert]").get_by_text("upload.edf").wait_for()
    assert not list(private.glob("eegwarn-*"))
    sent.set_input_files(own / f"{NAME}.edf")
    page.get_by_text("19 EEG channels at 256 Hz give 18 of 18 derivations.").wait_for()
    page.get_by_role("button", name="▲ alarm").click()
    page.wait_for_selector(f"{DRAWN}:not([data-view='0'])")
    page.get_by_role("button", name="■ seizure, caught").wait_for()
    assert NAME not in page.content()
    assert len(list(private.glob("eegwarn-*"))) == 1
    page.get_by_role("link", name="Annotate").click()
    page.get_by_text("Nothing is asked of you").wait_for()
    page.get_by_role("link", name="Try it").click()
    page.get_by_role("button", name="Remove the file").click()
    sent.wait_for(state="attached")
    assert not list(private.glob("eegwarn-*"))
    sent.set_input_files(own / f"{NAME}.edf")  # what is left open goes with the dashboard
    page.get_by_role("button", name="▲ alarm").wait_for()
