"""A recording that is brought: without its name, in a private place, and gone afterwards."""

import gc
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.access import Person, Role
from app.upload import channels_in_words, keep_upload
from eegwarn.errors import MontageError, OutputError, RecordingError
from eegwarn.signal.recording import open_recording
from tests.app.examples import SEIZURE_S, SFREQ, simulated_uv, write_edf


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go in this test."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


def test_upload_is_private_and_nameless_and_goes_when_nobody_holds_it(private: Path, folder: Path) -> None:
    upload = keep_upload((folder / "a_seizure.edf").read_bytes(), ".EDF")
    (kept,) = private.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert [path.name for path in kept.iterdir()] == ["upload.edf"]
    assert upload.opened.recording.name == "upload.edf"
    assert [(event.onset_s, event.offset_s) for event in upload.seizures] == [SEIZURE_S]
    del upload
    gc.collect()
    assert not list(private.iterdir())


@pytest.mark.parametrize("content", [b"", b"no EDF"])
def test_what_is_no_recording_is_refused_and_not_kept(private: Path, content: bytes) -> None:
    with pytest.raises(RecordingError, match=r"upload\.edf"):
        keep_upload(content, ".edf")
    assert not list(private.iterdir())


def test_where_nothing_can_be_kept_the_reason_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(OutputError, match="cannot be kept"):
        keep_upload(b"", ".edf")


def test_words_name_missing_derivations_and_channels_that_are_no_eeg(tmp_path: Path) -> None:
    values = {label: value[: 20 * SFREQ] for label, value in simulated_uv().items() if "Fp1" not in label}
    path = write_edf(tmp_path / "a.edf", values | {"ECG": values["EEG Cz-REF"], "-": values["EEG Cz-REF"]})
    assert channels_in_words(open_recording(path)) == (
        "18 EEG channels at 256 Hz give 16 of 18 derivations. Missing: FP1-F7, FP1-F3. Not used: ECG."
    )
    alone = write_edf(tmp_path / "b.edf", {"EEG Cz-REF": values["EEG Cz-REF"]})
    with pytest.raises(MontageError):
        channels_in_words(open_recording(alone))


def test_viewers_are_told_who_uploads(run_view: Callable[[str], AppTest], monkeypatch) -> None:
    monkeypatch.setattr("app.views.tryit.visitor", lambda: Person("vera", Role.VIEWER))
    page = run_view("tryit")
    assert "only annotators upload" in page.info[0].value
    assert not page.get("file_uploader")


def test_page_without_a_model_says_so_and_states_the_limit(run_view: Callable[[str], AppTest]) -> None:
    page = run_view("tryit")
    assert any("No model in the folder" in text.value for text in page.caption)
    assert any("MB. It is kept in a private place" in text.value for text in page.markdown)
    assert page.get("file_uploader")
