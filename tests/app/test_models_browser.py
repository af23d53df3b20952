"""The models page as an admin has it: a model is trained again and goes to the beds, in a real browser."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.jobs import JobState, cancel, read_jobs, standing
from eegwarn.cohort import CohortRecording, read_cohort
from eegwarn.cohort.simulate import SimulationConfig, write_cohort
from eegwarn.store import open_store
from eegwarn.store.answer import Answer, Label
from eegwarn.store.beds import bed_log
from eegwarn.store.label_import import GivenLabel, import_labels
from eegwarn.store.promotions import promotion_log
from eegwarn.store.recordings import NewRecording, add_recordings
from tests.app.test_models import made
from training.benchmarks.browser import free_port, start_dashboard

PATIENCE_MS = 90_000
TINY = {
    "method": "plain",
    "steps": 12,
    "batch_size": 8,
    "validate_every": 6,
    "validation_windows": 50,
    "threads": 1,
    "resnet": {"widths": [8, 8], "kernel": 3},
}

pytest.importorskip("torch")
pytestmark = pytest.mark.timeout(180)


def trained_on(recordings: Sequence[CohortRecording]) -> dict[str, Any]:
    """A record of a training on the first of the patients with seizures, the next one, and a third left for the test.

    It is as `training.record` has it, without loading torch in this process.
    """
    found = [each for each in recordings if each.events]
    codes = [sha256(f"eegwarn:{each.subject_id}".encode()).hexdigest()[:16] for each in found]
    parts = {
        name: {"persons": {codes[number]: [found[number].content()]}}
        for number, name in enumerate(("training", "validation"))
    }
    return {"seed": 0, "data_fingerprint": "", "split": {**parts, "test_persons": codes[2:]}, "config": TINY}


@pytest.fixture(scope="module")
def ward_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cohort, labels of its seizures, a bed, and a model that was trained on it, which moved a mark."""
    folder = tmp_path_factory.mktemp("ward")
    config = SimulationConfig(seizures_per_hour=4.0, sfreqs=(200.0,))
    write_cohort(folder / "cohort", n_patients=4, hours=0.25, seed=1, config=config)
    recordings = read_cohort(folder / "cohort").recordings
    store = open_store(folder / "store.db")
    bed_log(store, "bed 1")
    add_recordings(
        store,
        [NewRecording(each.patient_id, each.content(), each.path, each.duration_s) for each in recordings],
        by="engineer",
    )
    marks = [(each, event.onset_s) for each in recordings for event in each.events]
    answer = Answer(Label.SEIZURE)
    import_labels(store, [GivenLabel(one.name, one.content(), at_s, 10.0, answer, "anna") for one, at_s in marks])
    store.close()
    first, mark_s = marks[0]
    onset = {"onset_s": mark_s - 12, "low_s": mark_s - 15, "high_s": mark_s - 10, "p_seizure": 0.9}
    labels = {"onsets": [{"recording": first.content(), "mark_s": mark_s, **onset}]}
    made(folder, "old.eegwarn", trained_on(recordings) | {"labels": labels})
    return folder


@pytest.fixture(scope="module")
def address(ward_folder: Path, browser: Any) -> Iterator[str]:
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EEGWARN_CACHE", str(ward_folder / "signals"))
        patch.setenv("OMP_NUM_THREADS", "1")
        process = start_dashboard(ward_folder, port, cwd=ward_folder)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()
    for job in read_jobs(ward_folder):
        if standing(job).state is JobState.RUNNING:
            cancel(job, by="the test")


def choose(page: Any, name: str) -> None:
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name=name, exact=True).click()
    page.wait_for_function("name => document.querySelector('[role=combobox]').value === name", arg=name)


def test_a_model_is_retrained_and_promoted_and_a_moved_mark_leads_to_its_eeg(
    browser: Any, address: str, ward_folder: Path
) -> None:
    complaints: list[str] = []

    def complain(message: Any) -> None:
        # Streamlit looks for its server below the address of the page first, and finds it above.
        if message.type == "error" and "/models/_stcore/" not in message.location["url"]:
            complaints.append(message.text)

    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", complain)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/models?name=head")

    page.get_by_role("button", name="Retrain …").click()
    page.get_by_role("textbox", name="Name of the new model").fill("new.eegwarn")
    page.get_by_role("button", name="Train again", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("cancelled by head").wait_for()
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("▶ Retrain old.eegwarn as new.eegwarn").wait_for()
    page.reload()
    page.get_by_role("button", name="Cancel").wait_for()
    page.get_by_text("✔ Retrain old.eegwarn as new.eegwarn").wait_for()
    choose(page, "new.eegwarn")
    page.get_by_text("Recommendation: cannot tell").wait_for()

    page.get_by_text("Beds", exact=True).click()
    page.get_by_role("button", name="Promote new.eegwarn …").click()
    page.get_by_text("I have read this").click()
    page.get_by_role("button", name="Promote", exact=True).click()
    page.get_by_text("What was promoted").wait_for()
    store = open_store(ward_folder / "store.db")
    (promotion,) = promotion_log(store)
    store.close()
    assert (promotion.by, promotion.bed, promotion.path) == ("head", "bed 1", ward_folder / "new.eegwarn")
    assert "cannot tell" in promotion.advice

    choose(page, "old.eegwarn")
    page.get_by_text("Corrected marks", exact=True).click()
    page.get_by_role("button", name="-12.0 s").click()
    page.wait_for_selector(".traces[data-drawn=true]:not([data-view='0'])")
    assert page.get_by_role("combobox", name="Model").input_value() == "old.eegwarn"
    page.close()
    assert complaints == []
