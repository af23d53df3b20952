"""Weights of parts of a window, on networks whose answer is known."""

import time

import numpy as np
import pytest

from eegwarn.bedside import Bundle, ModelConfig
from eegwarn.bedside.reasons import reasons
from eegwarn.bedside.runtime import Runtime
from eegwarn.errors import RecordingError
from eegwarn.signal.windows import WindowConfig, Windows, cut_windows
from tests.models import amplitude_model, linear_onnx

SLOPE = 0.25
N_TIMES = 512


def windows_of(data_uv: np.ndarray, quality: np.ndarray | None = None) -> Windows:
    quality = np.zeros(data_uv.shape, dtype=np.uint8) if quality is None else quality
    return cut_windows(data_uv.astype(np.float32), quality, sfreq=128.0, config=WindowConfig(), first_start_s=100.0)


def test_each_weight_is_the_share_of_the_amplitude_that_the_network_takes_the_mean_of() -> None:
    rng = np.random.default_rng(7)
    window_uv = rng.normal(0, 40, (18, N_TIMES)) * np.linspace(0.1, 3, 18)[:, None]
    for bundle in (amplitude_model(), Bundle(ModelConfig(), linear_onnx(), b"")):
        found = reasons(Runtime(bundle), windows_of(window_uv), 0)
        amplitude_uv = np.abs(window_uv)
        assert found.logit == pytest.approx(SLOPE * (amplitude_uv.mean() - 25), rel=1e-4)
        np.testing.assert_allclose(found.by_derivation, SLOPE * amplitude_uv.mean(axis=1) / 18, rtol=1e-3, atol=1e-4)
        by_second = amplitude_uv.reshape(18, 4, 128).mean(axis=(0, 2))
        np.testing.assert_allclose(found.by_part, SLOPE * by_second / 4, rtol=1e-3, atol=1e-4)
        assert (found.start_s, found.window_s) == (100.0, 4.0)


def test_a_bad_derivation_has_no_weight_and_no_say() -> None:
    window_uv, quality = np.full((18, N_TIMES), 50.0), np.zeros((18, N_TIMES), dtype=np.uint8)
    window_uv[3], quality[3] = 5000.0, 1
    found = reasons(Runtime(amplitude_model()), windows_of(window_uv, quality), 0)
    assert np.flatnonzero(np.isnan(found.by_derivation)).tolist() == [3]
    assert found.logit == pytest.approx(SLOPE * (50 * 17 / 18 - 25), rel=1e-4)
    np.testing.assert_allclose(np.delete(found.by_derivation, 3), SLOPE * 50 / 18, rtol=1e-3)


def test_a_window_that_could_not_be_judged_has_no_reasons() -> None:
    quality = np.zeros((18, N_TIMES), dtype=np.uint8)
    quality[:10] = 1
    with pytest.raises(RecordingError, match="could not be judged"):
        reasons(Runtime(amplitude_model()), windows_of(np.ones((18, N_TIMES)), quality), 0)


def test_the_signal_is_left_as_it_is_and_it_takes_no_time_to_speak_of() -> None:
    data_uv = np.random.default_rng(1).normal(0, 30, (18, N_TIMES)).astype(np.float32)
    windows, before, runtime = windows_of(data_uv), data_uv.copy(), Runtime(amplitude_model())
    begin_s = time.perf_counter()
    reasons(runtime, windows, 0)
    assert time.perf_counter() - begin_s < 0.5
    np.testing.assert_array_equal(data_uv, before)
