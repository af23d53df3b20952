"""Real LSL streams for tests."""

import pytest


def need_lsl() -> None:
    """Skip where no LSL stream can be sent or found, and say why."""
    pytest.importorskip("mne_lsl", reason="mne-lsl is not installed, or its library cannot be loaded")
