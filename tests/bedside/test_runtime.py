"""The bedside network judges usable windows, and only those."""

from dataclasses import replace

import numpy as np
import pytest

from eegwarn.bedside import Bundle
from eegwarn.bedside import runtime as runtime_module
from eegwarn.bedside.runtime import BATCH, Runtime, network_input
from eegwarn.errors import ModelError
from eegwarn.signal.windows import WindowConfig, Windows, cut_windows
from tests.models import amplitude_onnx, constant_onnx, endless_onnx, live_range_onnx


def windows_of(data_uv: np.ndarray, quality: np.ndarray | None = None) -> Windows:
    quality = np.zeros(data_uv.shape, dtype=np.uint8) if quality is None else quality
    return cut_windows(data_uv.astype(np.float32), quality, sfreq=128, config=WindowConfig())


def test_logits_are_the_networks_whatever_the_batch(bundle: Bundle) -> None:
    data_uv = 50 * np.random.default_rng(0).standard_normal((18, 128 * (3 * BATCH + 5)))
    windows = windows_of(data_uv)
    assert len(windows) > 2 * BATCH
    expected = (np.abs(windows.data).mean(axis=(1, 2)) - 25) / 4
    np.testing.assert_allclose(Runtime(bundle).logit(windows), expected, rtol=1e-5)


def test_a_window_is_judged_by_itself_where_ranges_are_found_live(bundle: Bundle) -> None:
    data_uv = np.random.default_rng(0).standard_normal((18, 128 * 40)) * np.linspace(1, 200, 128 * 40)
    runtime = Runtime(replace(bundle, onnx=live_range_onnx()))
    together = runtime.logit(windows_of(data_uv))
    alone = [runtime.logit(windows_of(data_uv[:, 128 * n : 128 * (n + 4)]))[0] for n in range(len(together))]
    np.testing.assert_array_equal(together, alone)


def test_a_window_that_is_not_usable_is_nan(bundle: Bundle) -> None:
    quality = np.zeros((18, 128 * 20), dtype=np.uint8)
    quality[:10, 128 * 8 : 128 * 12] = 1
    windows = windows_of(np.ones((18, 128 * 20)), quality)
    assert 0 < windows.usable.sum() < len(windows)
    np.testing.assert_array_equal(np.isnan(Runtime(bundle).logit(windows)), ~windows.usable)


def test_bad_derivations_are_given_as_zero(bundle: Bundle) -> None:
    quality = np.zeros((18, 128 * 10), dtype=np.uint8)
    quality[0] = 1
    windows = windows_of(np.full((18, 128 * 10), 80.0), quality)
    np.testing.assert_allclose(Runtime(bundle).logit(windows), (80 * 17 / 18 - 25) / 4, rtol=1e-5)
    given = network_input(windows, np.array([1, 3]))
    assert given.dtype == np.float32
    assert not given[:, 0].any()
    assert (given[:, 1:] == 80).all()
    assert (windows.data[:, 0] == 80).all()


@pytest.mark.parametrize("onnx", [b"", b"not a network", amplitude_onnx()[:-200]])
def test_a_broken_network_is_one_clear_line(bundle: Bundle, onnx: bytes) -> None:
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        Runtime(replace(bundle, onnx=onnx))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("onnx", [amplitude_onnx(256), amplitude_onnx(n_channels=19)])
def test_a_network_of_another_shape_is_refused(bundle: Bundle, onnx: bytes) -> None:
    with pytest.raises(ModelError, match=r"configuration gives \[\[18, 512\]\]"):
        Runtime(replace(bundle, onnx=onnx))


def test_a_logit_that_is_no_number_is_a_fault_and_never_calm(bundle: Bundle) -> None:
    windows = windows_of(np.ones((18, 128 * 10)))
    assert np.isnan(Runtime(replace(bundle, onnx=amplitude_onnx(slope=np.inf))).logit(windows)).all()


@pytest.mark.parametrize(
    "onnx",
    [
        constant_onnx(np.float32([-5]), [1]),
        constant_onnx(np.float32([-5, -5, -5]), [3]),
        constant_onnx(np.float32([-5]), ["batch"]),
        constant_onnx(np.int64([-5]), ["batch"]),
        constant_onnx(np.array(["calm"], dtype=object), ["batch"]),
        constant_onnx(np.float32([[-5]]), ["batch", 1]),
    ],
)
def test_a_network_that_does_not_give_each_window_its_number_is_refused(bundle: Bundle, onnx: bytes) -> None:
    windows = windows_of(np.ones((18, 128 * 10)))
    with pytest.raises(ModelError) as caught:
        Runtime(replace(bundle, onnx=onnx)).logit(windows)
    assert "\n" not in str(caught.value)


def test_a_network_without_an_end_is_stopped(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runtime_module, "LONGEST_RUN_S", 0.2)
    with pytest.raises(ModelError, match=r"failed on 7 windows: it was not done after 0.2 s"):
        Runtime(replace(bundle, onnx=endless_onnx())).logit(windows_of(np.ones((18, 128 * 10))))
    assert not capfd.readouterr().err
