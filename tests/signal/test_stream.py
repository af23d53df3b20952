"""A file played as if it were live: the same samples, at the speed asked for."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from eegwarn.errors import RecordingError
from eegwarn.signal import SignalConfig
from eegwarn.signal.stream import Replay
from tests.signal.edf_files import noise_uv, recording_of

RECORDING = recording_of(noise_uv(19, 128 * 30), sfreq=128)


def played(replay: Replay) -> list[np.ndarray]:
    parts = []
    while (stretch := replay.read(0.05)) is not None:
        parts.append(stretch.data_uv)
    return parts


@pytest.mark.parametrize("speed", [0.0, float("inf"), 60.0])
def test_what_is_played_is_the_recording(speed: float) -> None:
    parts = played(Replay(RECORDING, SignalConfig(), speed=speed))
    np.testing.assert_array_equal(np.hstack(parts), RECORDING.read_uv(0, RECORDING.n_times))
    assert max(part.shape[1] for part in parts) <= 1280


def test_the_speed_is_kept() -> None:
    begin_s = time.monotonic()
    played(Replay(RECORDING, SignalConfig(), speed=30))
    assert 0.9 <= time.monotonic() - begin_s < 3


def test_times_are_the_headers_in_utc_or_the_same_in_every_replay() -> None:
    there = datetime(2024, 5, 1, 2, 0, tzinfo=timezone(timedelta(hours=2)))
    for start, expected in ((there, datetime(2024, 5, 1, tzinfo=UTC)), (None, datetime(1985, 1, 1, tzinfo=UTC))):
        stretch = Replay(replace(RECORDING, start=start), SignalConfig(), speed=0).read(0)
        assert stretch is not None
        assert stretch.layout is not None
        assert stretch.layout.start == expected


def test_mains_and_scale_are_looked_at_as_offline() -> None:
    data = RECORDING.read_uv(0, RECORDING.n_times)
    hum = recording_of(data + 20 * np.sin(2 * np.pi * 50 * np.arange(data.shape[1]) / 128), sfreq=128)
    stretch = Replay(hum, SignalConfig(), speed=0).read(0)
    assert stretch is not None
    assert stretch.layout is not None
    assert stretch.layout.mains_hz == 50
    with pytest.raises(RecordingError, match="cannot be EEG"):
        Replay(recording_of(data * 1e-6, sfreq=128), SignalConfig())
