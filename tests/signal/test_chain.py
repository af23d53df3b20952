"""One signal path for files and live data: causal, and the same however it is cut."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegwarn.errors import ConfigError, RecordingError
from eegwarn.signal import (
    LONGITUDINAL_BIPOLAR,
    Channel,
    Processed,
    Quality,
    QualityConfig,
    SignalChain,
    SignalConfig,
    process,
)
from eegwarn.signal.mains import guess_mains_hz
from tests.signal.edf_files import MODERN, noise_uv, recording_of

CHANNELS = tuple(Channel(name) for name in MODERN)
CONFIG = SignalConfig(notch_hz=50)


def run(data: np.ndarray, sfreq: float, cuts: list[int], config: SignalConfig = CONFIG) -> Processed:
    chain = SignalChain(CHANNELS, sfreq, config)
    edges = [0, *sorted(cuts), data.shape[1]]
    parts = [chain.push(data[:, a:b].astype(np.float32)) for a, b in itertools.pairwise(edges)] + [chain.flush()]
    return Processed(
        np.concatenate([part.data for part in parts], axis=1), np.concatenate([part.quality for part in parts], axis=1)
    )


def with_faults(data: np.ndarray, sfreq: float) -> np.ndarray:
    data = data.copy()
    second = int(sfreq)
    data[2, 3 * second + 5 : 4 * second] = np.nan
    data[:, 6 * second : 6 * second + 40] = np.nan
    data[5, 2 * second : 5 * second] = 1.0
    data[7, 4 * second : 5 * second] = np.clip(data[7, 4 * second : 5 * second] * 40, -400, 400)
    return data


@settings(max_examples=25)
@given(
    sfreq=st.sampled_from([100.0, 128.0, 173.61, 200.0, 256.0, 500.0]),
    cuts=st.lists(st.integers(0, 999), max_size=30),
    seed=st.integers(0, 2**16),
)
def test_any_split_into_blocks_gives_identical_samples(sfreq: float, cuts: list[int], seed: int) -> None:
    n_times = int(9.3 * sfreq)
    data = with_faults(noise_uv(19, n_times, seed=seed), sfreq)
    whole = run(data, sfreq, [])
    split = run(data, sfreq, [cut * n_times // 1000 for cut in cuts])
    np.testing.assert_array_equal(split.data, whole.data)
    np.testing.assert_array_equal(split.quality, whole.quality)


def test_a_file_read_in_blocks_equals_the_live_stream_sample_for_sample() -> None:
    data = noise_uv(19, 256 * 21 + 77)
    recording = recording_of(data)
    live = run(data, 256, list(range(32, data.shape[1], 32)), SignalConfig(notch_hz=0))
    for block_s in (1.0, 7.0, 60.0):
        parts = list(process(recording, SignalConfig(notch_hz=0), block_s=block_s))
        np.testing.assert_array_equal(np.concatenate([part.data for part in parts], axis=1), live.data)


def test_channels_that_take_part_in_no_derivation_change_nothing() -> None:
    data = with_faults(noise_uv(19, 256 * 12), 256)
    others = np.stack([np.full(data.shape[1], np.nan), np.zeros(data.shape[1]), noise_uv(1, data.shape[1])[0] * 1e3])
    channels = (Channel("A1"), *CHANNELS, Channel("F9"), Channel("T1"))
    mixed = np.vstack([others[:1], data, others[1:]]).astype(np.float32)
    chain = SignalChain(channels, 256, CONFIG)
    alone = run(data, 256, [])
    parts = [chain.push(mixed), chain.flush()]
    np.testing.assert_array_equal(np.hstack([part.data for part in parts]), alone.data)
    np.testing.assert_array_equal(np.hstack([part.quality for part in parts]), alone.quality)
    names = [channel.anode for channel in channels]
    read = list(process(recording_of(mixed, names=names), CONFIG, block_s=5))
    np.testing.assert_array_equal(np.hstack([part.data for part in read]), alone.data)
    np.testing.assert_array_equal(np.hstack([part.quality for part in read]), alone.quality)


@settings(max_examples=15)
@given(sfreq=st.sampled_from([100.0, 200.0, 256.0, 500.0]), change_s=st.integers(2, 6))
def test_a_changed_future_leaves_the_past_as_it_was(sfreq: float, change_s: int) -> None:
    data = noise_uv(19, int(8 * sfreq))
    changed = data.copy()
    changed[:, int(change_s * sfreq) :] *= -3
    # Interpolation between input samples reaches up to 20 ms ahead; nothing else may look forward.
    n_past = int((change_s - 0.02) * 128)
    np.testing.assert_array_equal(run(data, sfreq, []).data[:, :n_past], run(changed, sfreq, []).data[:, :n_past])


@pytest.mark.parametrize("sfreq", [100.0, 128.0, 173.61, 200.0, 256.0, 500.0, 512.0, 1000.0])
def test_amplitude_and_time_survive_the_change_of_rate(sfreq: float) -> None:
    times = np.arange(int(20 * sfreq)) / sfreq
    data = np.zeros((19, len(times)))
    data[MODERN.index("FP1")] = 50 * np.sin(2 * np.pi * 10 * times)
    processed = run(data, sfreq, [])
    assert processed.data.shape[1] == pytest.approx(20 * 128, abs=1)
    row = processed.data[0, 10 * 128 : 18 * 128]
    phase = np.exp(-2j * np.pi * 10 * (np.arange(10 * 128, 18 * 128) / 128))
    tone = 2 * np.mean(row * phase)
    assert abs(tone) == pytest.approx(50, rel=0.02)
    delay_s = -(np.angle(tone) + np.pi / 2) / (2 * np.pi * 10)
    # The filters' own delay at 10 Hz; more would mean a shift in time.
    assert -0.01 < delay_s < 0.03


def test_mains_and_drift_are_removed() -> None:
    times = np.arange(256 * 20) / 256
    data = np.zeros((19, len(times)))
    data[0] = 80 * np.sin(2 * np.pi * 50 * times) + 2000 + 20 * times
    settled = run(data, 256, []).data[0, 10 * 128 :]
    assert np.abs(settled).max() < 2.5


def quality_of(data: np.ndarray, row: int, second: int, sfreq: int = 256) -> Quality:
    processed = run(data, sfreq, [])
    return Quality(int(processed.quality[row, second * 128 + 64]))


def test_each_fault_is_named() -> None:
    second = 256
    derivation = LONGITUDINAL_BIPOLAR.index("F7-T7")
    row = MODERN.index("F7")
    times = np.arange(second) / second
    faults = {
        Quality.FLAT: np.zeros(second),
        Quality.SATURATED: np.clip(3000 * np.sin(2 * np.pi * 3 * times), -800, 800),
        Quality.LINE_NOISE: 150 * np.sin(2 * np.pi * 50 * times),
        Quality.DETACHED: 4000 * np.sin(2 * np.pi * 1.3 * times),
        Quality.NAN: np.full(second, np.nan),
    }
    for fault, samples in faults.items():
        data = noise_uv(19, second * 14)
        data[row, 6 * second : 7 * second] = samples
        assert fault in quality_of(data, derivation, 6), fault
        assert quality_of(data, derivation, 5) == Quality(0)
        assert quality_of(data, LONGITUDINAL_BIPOLAR.index("C4-P4"), 6) == Quality(0)
        if fault is not Quality.LINE_NOISE:
            assert quality_of(data, derivation, 8) == Quality.SETTLING
        assert quality_of(data, derivation, 12) == Quality(0)


def test_the_start_settles_and_a_gap_is_a_gap() -> None:
    data = noise_uv(19, 256 * 12)
    data[:, 6 * 256 + 10 : 6 * 256 + 20] = np.nan
    assert quality_of(data, 0, 0) == Quality.SETTLING
    assert quality_of(data, 0, 4) == Quality(0)
    assert Quality.GAP in quality_of(data, 0, 6)


def test_two_bridged_electrodes_are_flat_against_each_other() -> None:
    data = noise_uv(19, 256 * 6)
    data[MODERN.index("F7")] = data[MODERN.index("FP1")]
    assert Quality.FLAT in quality_of(data, 0, 4)


def test_a_derivation_that_cannot_be_formed_is_marked_missing_and_zero() -> None:
    chain = SignalChain(CHANNELS[1:], 256, SignalConfig(notch_hz=0, missing="mask"))
    processed = chain.push(noise_uv(18, 256 * 8).astype(np.float32))
    assert np.all(processed.quality[LONGITUDINAL_BIPOLAR.index("FP1-F7")] == Quality.MISSING)
    assert not processed.data[LONGITUDINAL_BIPOLAR.index("FP1-F7")].any()


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_the_mains_frequency_is_seen_in_the_spectrum(mains_hz: int) -> None:
    data = noise_uv(19, 256 * 30)
    data += 15 * np.sin(2 * np.pi * mains_hz * np.arange(data.shape[1]) / 256)
    names = [f"{name}-REF" for name in MODERN]
    processed = np.concatenate([part.data for part in process(recording_of(data, names=names), SignalConfig())], axis=1)
    told = run(data, 256, [], SignalConfig(notch_hz=mains_hz))
    np.testing.assert_array_equal(processed, told.data)


@pytest.mark.parametrize("factor", [1e-6, 1e-3, 1e3, 1e6])
def test_a_scale_that_cannot_be_eeg_is_refused(factor: float) -> None:
    recording = recording_of(noise_uv(19, 256 * 10) * factor)
    with pytest.raises(RecordingError, match=r"cannot be EEG .* Correct the unit"):
        list(process(recording, SignalConfig()))


def test_a_recording_of_flat_channels_is_judged_by_quality_not_by_scale() -> None:
    parts = list(process(recording_of(np.zeros((19, 256 * 10))), SignalConfig()))
    assert all(np.all(part.quality & Quality.FLAT) for part in parts if part.quality.size)


def test_a_band_beyond_the_rate_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"would let frequencies alias at sfreq = 128.0 Hz\. Use at most 40"):
        SignalConfig(low_pass_hz=70)


def test_a_rate_too_slow_for_eeg_is_refused() -> None:
    with pytest.raises(RecordingError, match=r"'in memory': EEG at 10 Hz is too slow"):
        list(process(recording_of(noise_uv(19, 600), sfreq=10), SignalConfig()))


@pytest.mark.parametrize(
    "settings_", [{"sfreq": float("inf")}, {"high_pass_hz": 0}, {"high_pass_hz": 41}, {"low_pass_hz": float("nan")}]
)
def test_impossible_bands_are_refused(settings_: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        SignalConfig(**settings_)


def test_a_limit_without_bound_is_refused() -> None:
    with pytest.raises(ConfigError, match="detached_uv must be above 0 and finite"):
        QualityConfig(detached_uv=float("inf"))


def test_a_gap_in_the_first_minute_does_not_hide_the_mains() -> None:
    data = noise_uv(19, 256 * 60) + 30 * np.sin(2 * np.pi * 50 * np.arange(256 * 60) / 256)
    data[:, 256 * 30 : 256 * 35] = np.nan
    data[3] = np.nan
    assert guess_mains_hz(recording_of(data)) == 50
