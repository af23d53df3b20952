"""What the tests of the dashboard share: a folder with recordings and a model, and a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from edfio import EdfAnnotation

from eegwarn.bedside.bundle import write_bundle
from tests.app.examples import SEIZURE_S, SFREQ, simulated_uv, write_edf
from tests.app.running import CHROMIUM, open_chromium
from tests.models import amplitude_model


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window; tests that need it are skipped where it is absent."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    pytest.importorskip("playwright")
    with open_chromium() as chromium:
        yield chromium
