"""Every state of the page, without a browser."""

import json
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

import app
from app.folder import FOLDER_VARIABLE
from eegwarn.bedside.bundle import write_bundle
from eegwarn.store import open_store
from eegwarn.store.answer import Answer, Label
from eegwarn.store.labels import add_label
from eegwarn.store.place import ENVIRONMENT
from eegwarn.store.queue import open_queries
from tests.app.asked import ask_about
from tests.app.examples import SFREQ, simulated_uv, write_edf
from tests.models import amplitude_model

MAIN = Path(app.__file__).parent / "main.py"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run the dashboard on a folder, as if it listened on this computer alone."""
    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path))

    def run(folder: Path) -> AppTest:
        monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
        page = AppTest.from_file(str(MAIN), default_timeout=60).run()
        assert not page.exception
        return page

    yield run
    config.set_option("server.address", before)


def with_files(folder: Path, tmp_path: Path, *names: str) -> Path:
    for name in names:
        shutil.copy(folder / name, tmp_path / name)
    return tmp_path


def test_scored_recording_shows_its_alarm_and_the_seizure_it_caught(run, folder: Path) -> None:
    page = run(folder)
    assert any("1 of 1 marked seizure caught (5 s after the mark)" in text.value for text in page.markdown)
    assert [button.label for button in page.button] == [
        "0:01:30 ■ seizure, caught · 30 s",
        "0:01:35 ▲ alarm · 1.00 · 31 s",
    ]
    assert not page.error


def test_page_says_that_it_is_no_medical_device(run, folder: Path, tmp_path: Path) -> None:
    for place in (folder, tmp_path):
        assert "Research software, not a medical device." in [text.value for text in run(place).caption]


def test_other_recording_is_scored_when_it_is_chosen(run, folder: Path) -> None:
    page = run(folder)
    page.selectbox[0].select("b_quiet.edf").run()
    assert not page.exception
    assert any("No alarms in 0:01:00" in text.value for text in page.markdown)
    assert not page.button


def test_list_entry_takes_the_viewer_there_with_3_s_of_before(run, folder: Path) -> None:
    page = run(folder)
    page.button[1].click().run()
    assert not page.exception
    assert page.session_state["visit"]["start_s"] == 92.0


def test_labels_of_the_recording_are_sent_to_the_viewer_wherever_its_file_lies(
    run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "store.db"))
    place = tmp_path / "moved"
    place.mkdir()
    store = open_store(tmp_path / "store.db")
    ask_about(store, folder / "a_seizure.edf", [85.0])
    (query,) = open_queries(store, rater="anna")
    add_label(store, query.clip.id, Answer(Label.SEIZURE, onset_s=87.5), rater="anna", query_id=query.id)
    store.close()
    (shown,) = run(with_files(folder, place, "a_seizure.edf")).get("bidi_component")
    assert json.loads(shown.proto.json)["labels"] == [
        {"start_s": 85.0, "end_s": 95.0, "label": "seizure", "rater": "anna", "onset_s": 87.5}
    ]


def test_damaged_store_is_one_clear_line_and_the_eeg_is_shown(
    run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "store.db"))
    (tmp_path / "store.db").write_bytes(b"This is a text, and no database." * 40)
    page = run(with_files(folder, tmp_path, "a_seizure.edf"))
    assert "no SQLite file" in page.warning[0].value
    assert page.get("bidi_component")


def test_empty_folder_says_what_to_do(run, tmp_path: Path) -> None:
    (message,) = run(tmp_path).info
    assert "eegwarn demo" in message.value


def test_without_a_model_the_eeg_is_shown_and_the_marks_are_listed(run, folder: Path, tmp_path: Path) -> None:
    page = run(with_files(folder, tmp_path, "a_seizure.edf"))
    assert "nothing was judged" in page.info[0].value
    assert [button.label for button in page.button] == ["0:01:30 ■ seizure · 30 s"]
    assert not page.error


@pytest.mark.parametrize("content", [b"", b"This is a text.", b"0       " + b" " * 300])
def test_unreadable_recording_is_one_clear_line(run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.edf").write_bytes(content)
    (message,) = run(tmp_path).error
    assert "broken.edf" in message.value
    assert "\n" not in message.value


def test_altered_model_is_refused_and_the_eeg_is_shown(run, folder: Path, tmp_path: Path) -> None:
    place = with_files(folder, tmp_path, "a_seizure.edf", "amplitude.eegwarn")
    with ZipFile(folder / "amplitude.eegwarn") as model:
        members = {name: model.read(name) for name in model.namelist()}
    members["config.toml"] = members["config.toml"].replace(b"threshold = 0.5", b"threshold = 0.1")
    with ZipFile(place / "amplitude.eegwarn", "w") as model:
        for name, content in members.items():
            model.writestr(name, content)
    page = run(place)
    (message,) = page.error
    assert "amplitude.eegwarn" in message.value
    assert len(page.button) == 1


def test_recording_shorter_than_a_window_is_shown_and_not_judged(run, tmp_path: Path) -> None:
    write_edf(tmp_path / "short.edf", {label: values[: 2 * SFREQ] for label, values in simulated_uv().items()})
    write_bundle(tmp_path / "amplitude.eegwarn", amplitude_model())
    (message,) = run(tmp_path).error
    assert "short.edf" in message.value


def test_missing_derivations_are_named_and_the_others_shown(run, tmp_path: Path) -> None:
    data_uv = {label: values[: 20 * SFREQ] for label, values in simulated_uv().items() if "O2" not in label}
    write_edf(tmp_path / "without_o2.edf", data_uv)
    write_bundle(tmp_path / "amplitude.eegwarn", amplitude_model())
    (message,) = run(tmp_path).error
    assert "P4-O2" in message.value


def test_recording_that_vanished_is_one_clear_line(run, folder: Path, tmp_path: Path) -> None:
    page = run(with_files(folder, tmp_path, "a_seizure.edf", "b_quiet.edf"))
    (tmp_path / "a_seizure.edf").unlink()
    page.button[0].click().run()
    assert not page.exception
    (message,) = page.error
    assert "a_seizure.edf" in message.value


def test_address_that_others_reach_shows_nothing_without_a_login(run, folder: Path) -> None:
    config.set_option("server.address", "0.0.0.0")
    page = run(folder)
    assert "no login is set up" in page.error[0].value
    assert not page.selectbox
    assert not page.button


def test_login_comes_before_everything_where_it_is_set_up(run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('[auth]\nredirect_uri = "u"\ncookie_secret = "c"\n')
    page = run(folder)
    assert [button.label for button in page.button] == ["Log in"]
    assert not page.selectbox


def test_recording_without_eeg_is_one_clear_line(run, folder: Path, tmp_path: Path) -> None:
    write_edf(tmp_path / "heart.edf", {"ECG": simulated_uv()["EEG Fp1-REF"]})
    write_bundle(tmp_path / "amplitude.eegwarn", amplitude_model())
    messages = run(tmp_path).error
    assert all("heart.edf" in message.value and "\n" not in message.value for message in messages)
    assert messages
