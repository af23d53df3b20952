"""What a command says on its way where nobody watches it on a terminal."""

import pytest

from eegwarn.cli import terminal


def test_a_log_tells_how_far_each_step_is_and_its_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = iter([0.0, 1.0, 5.0, 6.0, 10.0, 20.0, 30.0, 35.0, 40.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(now_s))
    with terminal.progress() as progress:
        for done in (100, 101, 110, 111, 200):  # a run that goes on where it was stopped begins at 100
            progress("train", done, 200)
        progress("train", 200, 200)
        for done in (1, 2, 4):  # the same step, of another network
            progress("train", done, 4)
    assert capsys.readouterr().err.splitlines() == [
        "  train: 110 of 200, 0:00:45 left",
        "  train: done (200)",
        "  train: 2 of 4, 0:00:10 left",
        "  train: done (4)",
    ]
