import time
from pathlib import Path

import numpy as np
import pytest

from app.display import display_config
from app.eeg_page import EegPage, bad_stretches, eeg_page, reason_in_words
from eegwarn.bedside.ring import SCALE_UV
from eegwarn.signal.chain import SignalConfig, process
from eegwarn.signal.channels import Channel
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.quality import Quality
from eegwarn.signal.recording import Recording, open_recording
from tests.app.examples import SFREQ, simulated_uv, write_edf


def bipolar_recording(data_uv: dict[str, np.ndarray], sfreq: float = SFREQ) -> Recording:
    channels = tuple(Channel(*name.split("-")) for name in data_uv)
    data = np.stack(list(data_uv.values())).astype(np.float32)
    return Recording("test", sfreq, channels, data.shape[1], lambda start, stop: data[:, start:stop].copy())


def whole_run(recording: Recording, config: SignalConfig) -> tuple[np.ndarray, np.ndarray]:
    parts = list(process(recording, config))
    return np.concatenate([p.data for p in parts], axis=1), np.concatenate([p.quality for p in parts], axis=1)


@pytest.mark.parametrize("start_s", [0.0, 7.3, 88.0, 170.0])
def test_page_equals_the_same_stretch_of_the_whole_recording(folder: Path, start_s: float) -> None:
    recording = open_recording(folder / "a_seizure.edf")
    config = display_config(recording)
    page = eeg_page(recording, start_s, 10.0, config)
    data_uv, quality = whole_run(recording, config)
    first = round(page.start_s * page.sfreq)
    assert first / page.sfreq == pytest.approx(start_s, abs=1 / page.sfreq)
    assert page.data.shape == (18, 10 * page.sfreq)
    stretch = slice(first, first + page.data.shape[1])
    np.testing.assert_allclose(page.data * page.scale_uv, data_uv[:, stretch], atol=0.2)
    np.testing.assert_array_equal(page.quality, quality[:, stretch])


def test_page_has_settled_from_a_step_before_it() -> None:
    rng = np.random.default_rng(5)
    data_uv = {name: rng.normal(0, 10, 60 * SFREQ) for name in LONGITUDINAL_BIPOLAR}
    data_uv["F3-C3"][: 25 * SFREQ] += 2500
    recording = bipolar_recording(data_uv)
    config = display_config(recording)
    page = eeg_page(recording, 40.0, 10.0, config)
    data_uv_whole, _ = whole_run(recording, config)
    np.testing.assert_allclose(page.data * page.scale_uv, data_uv_whole[:, 40 * 128 : 50 * 128], atol=0.2)


def test_sine_in_the_file_is_the_sine_on_the_page() -> None:
    time_s = np.arange(60 * SFREQ) / SFREQ
    noise = np.random.default_rng(0).normal(0, 1, (18, time_s.size))
    data_uv = dict(zip(LONGITUDINAL_BIPOLAR, noise, strict=True))
    data_uv["F3-C3"] = 100 * np.sin(2 * np.pi * 5 * time_s)
    recording = bipolar_recording(data_uv)
    page = eeg_page(recording, 30.0, 10.0, display_config(recording))
    row = page.data[LONGITUDINAL_BIPOLAR.index("F3-C3")] * page.scale_uv
    assert np.sqrt(2) * row.std() == pytest.approx(100, rel=0.03)


def test_only_the_surroundings_of_a_page_are_read() -> None:
    reads = []

    def read_uv(start: int, stop: int) -> np.ndarray:
        reads.append(stop - start)
        return np.random.default_rng(start).normal(0, 20, (19, stop - start)).astype(np.float32)

    electrodes = "FP1 FP2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T7 T8 P7 P8 FZ CZ PZ".split()
    recording = Recording("day", 256.0, tuple(map(Channel, electrodes)), 24 * 3600 * 256, read_uv)
    config = display_config(recording)
    took_s = []
    for _ in range(3):
        reads.clear()
        began = time.perf_counter()
        page = eeg_page(recording, 23 * 3600.0, 40.0, config)
        took_s.append(time.perf_counter() - began)
    assert page.start_s == 23 * 3600
    assert sum(reads) <= 60 * 256
    assert min(took_s) < 0.3


def test_page_ends_with_the_recording(folder: Path) -> None:
    recording = open_recording(folder / "b_quiet.edf")
    config = display_config(recording)
    assert eeg_page(recording, 55.0, 10.0, config).data.shape == (18, 5 * 128)
    assert eeg_page(recording, 99.0, 10.0, config).data.shape == (18, 0)
    assert eeg_page(recording, -5.0, 10.0, config).start_s == 0


@pytest.mark.parametrize("sfreq", [200.0, 500.0, 1000 / 3])
def test_page_lies_where_it_says_at_any_rate(sfreq: float) -> None:
    n_times = round(60 * sfreq)
    beats = (np.arange(n_times) / sfreq) % 4 < 0.05
    noise = np.random.default_rng(1).normal(0, 1, (18, n_times))
    recording = bipolar_recording(dict(zip(LONGITUDINAL_BIPOLAR, noise + 200 * beats, strict=True)), sfreq)
    page = eeg_page(recording, 39.0, 4.0, display_config(recording))
    steepest_s = page.start_s + np.argmax(np.diff(page.data[0].astype(int))) / page.sfreq
    assert steepest_s == pytest.approx(40.0, abs=0.05)


def test_missing_derivation_is_named_for_its_whole_length(tmp_path: Path) -> None:
    data_uv = {label: values[: 20 * SFREQ] for label, values in simulated_uv().items() if "O2" not in label}
    recording = open_recording(write_edf(tmp_path / "without_o2.edf", data_uv))
    page = eeg_page(recording, 5.0, 10.0, display_config(recording))
    missing = [stretch for stretch in bad_stretches(page) if "missing" in stretch.reason]
    assert [LONGITUDINAL_BIPOLAR[stretch.row] for stretch in missing] == ["P4-O2", "P8-O2"]
    assert all((stretch.start_s, stretch.end_s) == (5.0, 15.0) for stretch in missing)


def test_bad_stretches_tell_where_and_why() -> None:
    quality = np.zeros((18, 1280), dtype=np.uint8)
    quality[2, 128:256] = Quality.FLAT
    quality[2, 256:384] = Quality.FLAT | Quality.SETTLING
    page = EegPage(np.zeros((18, 1280), dtype=np.int16), quality, start_s=60.0, sfreq=128.0)
    assert bad_stretches(page) == ((2, 61.0, 62.0, "flat"), (2, 62.0, 63.0, "settling, flat"))
    assert reason_in_words(int(Quality.LINE_NOISE)) == "line noise"


def test_what_exceeds_the_range_is_clipped_and_not_wrapped() -> None:
    rng = np.random.default_rng(2)
    data_uv = {name: rng.normal(0, 10, 60 * SFREQ) for name in LONGITUDINAL_BIPOLAR}
    data_uv["F3-C3"] += 9000 * (np.arange(60 * SFREQ) % (4 * SFREQ) < SFREQ)
    recording = bipolar_recording(data_uv)
    row = eeg_page(recording, 30.0, 10.0, display_config(recording)).data[LONGITUDINAL_BIPOLAR.index("F3-C3")]
    assert row.max() * SCALE_UV > 3000
    assert np.abs(np.diff(row.astype(int))).max() < 40_000
