"""What tests share: the real recordings, where they are at hand."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# Tests run side by side: threads of their own would only wait for each other. Libraries read it when they are loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Beside others any example may take long.
settings.register_profile("side by side", deadline=None)
settings.load_profile("side by side")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings and annotation files; tests that need it are skipped where it is absent."""
    folder = (ROOT / os.environ.get("EEGWARN_DATA", "../shared/data")).resolve()
    if not (folder / "michigan_tle").is_dir():
        pytest.skip(f"no real recordings in {folder}; set EEGWARN_DATA to their folder")
    return folder
