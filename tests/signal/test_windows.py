"""Windows: views, marked where they cannot be judged."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.errors import ConfigError, RecordingError
from eegwarn.signal import Processed, SignalConfig, WindowConfig, WindowCutter, cut_windows, stream_windows
from tests.signal.edf_files import noise_uv, recording_of

SIGNAL = SignalConfig(notch_hz=0)


def test_windows_are_views_and_know_their_times() -> None:
    data = noise_uv(18, 128 * 10).astype(np.float32)
    windows = cut_windows(data, np.zeros(data.shape, np.uint8), sfreq=128, config=WindowConfig(), first_start_s=5)
    assert windows.data.shape == (7, 18, 512)
    assert np.shares_memory(windows.data, data)
    np.testing.assert_array_equal(windows.start_s, 5 + np.arange(7))
    np.testing.assert_array_equal(windows.end_s, windows.start_s + 4)
    np.testing.assert_array_equal(windows.data[3], data[:, 3 * 128 : 7 * 128])


def test_windows_over_bad_samples_are_marked() -> None:
    quality = np.zeros((18, 128 * 12), np.uint8)
    quality[0, 5 * 128 : 7 * 128] = 2
    quality[:, 10 * 128 :] = 32
    data = np.zeros(quality.shape, np.float32)
    windows = cut_windows(data, quality, sfreq=128, config=WindowConfig(max_bad_fraction=0.25))
    assert windows.bad[:, 0].tolist() == [False, False, False, True, True, True, False, False, True]
    assert windows.usable.tolist() == [True] * 8 + [False]


def test_a_window_needs_enough_good_derivations() -> None:
    quality = np.zeros((18, 512), np.uint8)
    quality[:10] = 2
    data = np.zeros(quality.shape, np.float32)
    assert not cut_windows(data, quality, sfreq=128, config=WindowConfig(min_channels=9)).usable[0]
    assert cut_windows(data, quality, sfreq=128, config=WindowConfig(min_channels=8)).usable[0]


@given(cuts=st.lists(st.integers(0, 1500), max_size=12), hop_s=st.sampled_from([0.5, 1.0, 2.0, 4.0]))
def test_a_stream_gives_the_windows_of_the_whole(cuts: list[int], hop_s: float) -> None:
    data = noise_uv(18, 1500).astype(np.float32)
    quality = (np.random.default_rng(1).random(data.shape) < 0.2).astype(np.uint8)
    config = WindowConfig(hop_s=hop_s)
    whole = cut_windows(data, quality, sfreq=128, config=config)
    cutter = WindowCutter(128, config)
    edges = [0, *sorted(cuts), 1500]
    parts = [cutter.push(Processed(data[:, a:b], quality[:, a:b])) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate([part.data for part in parts]), whole.data)
    np.testing.assert_array_equal(np.concatenate([part.start_s for part in parts]), whole.start_s)
    np.testing.assert_array_equal(np.concatenate([part.bad for part in parts]), whole.bad)


def test_streamed_windows_do_not_depend_on_the_block() -> None:
    recording = recording_of(noise_uv(19, 256 * 63))
    expected = np.concatenate([windows.data for windows in stream_windows(recording, SIGNAL, WindowConfig())])
    assert len(expected) == 60
    for block_s in (1.5, 10):
        parts = [windows.data for windows in stream_windows(recording, SIGNAL, WindowConfig(), block_s=block_s)]
        np.testing.assert_array_equal(np.concatenate(parts), expected)


def test_a_recording_shorter_than_a_window_is_refused() -> None:
    with pytest.raises(RecordingError, match=r"lasts 3.0 s, less than one window of 4 s"):
        list(stream_windows(recording_of(noise_uv(19, 256 * 3)), SIGNAL, WindowConfig()))


@pytest.mark.parametrize(
    "settings_", [{"hop_s": 0}, {"hop_s": 5}, {"window_s": float("inf")}, {"max_bad_fraction": 1}, {"min_channels": 0}]
)
def test_impossible_settings_are_refused(settings_: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        WindowConfig(**settings_)


def test_windows_must_be_whole_samples() -> None:
    for impossible in (WindowConfig(window_s=4.001), WindowConfig(hop_s=1e-9), WindowConfig(window_s=1e308)):
        with pytest.raises(ConfigError, match="whole numbers of samples"):
            impossible.in_samples(128)
