"""What the tests of the dashboard share: a folder with recordings and a model, and a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from edfio import EdfAnnotation
from streamlit import config
from streamlit.testing.v1 import AppTest

from app.folder import FOLDER_VARIABLE
from eegwarn.bedside.bundle import write_bundle
from eegwarn.store.place import ENVIRONMENT
from tests.app.examples import SEIZURE_S, SFREQ, simulated_uv, write_edf
from tests.models import amplitude_model
from training.benchmarks.browser import missing, open_chromium


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two recordings, one of them with a marked seizure, and a model."""
    folder = tmp_path_factory.mktemp("dashboard")
    mark = EdfAnnotation(SEIZURE_S[0], SEIZURE_S[1] - SEIZURE_S[0], "seizure")
    write_edf(folder / "a_seizure.edf", simulated_uv(), marks=(mark,))
    quiet = {label: values[: 60 * SFREQ] for label, values in simulated_uv(seed=4).items()}
    write_edf(folder / "b_quiet.edf", quiet)
    write_bundle(folder / "amplitude.eegwarn", amplitude_model())
    return folder


@pytest.fixture
def run_view(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], AppTest]]:
    """Run one page on the folder and the store of a test, as if it listened on this computer alone."""
    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "store.db"))

    def run(view: str) -> AppTest:
        page = AppTest.from_string(f"from app.views import {view}\n{view}.show()", default_timeout=30).run()
        assert not page.exception
        return page

    yield run
    config.set_option("server.address", before)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window; tests that need it are skipped where it is absent."""
    if trouble := missing():
        pytest.skip(trouble)
    with open_chromium() as chromium:
        yield chromium
