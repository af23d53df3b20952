"""The exported networks say what torch says: in full precision on every window, in 8 bits within a stated bound."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from safetensors.torch import save

from eegwarn.backbones import BACKBONES, LSTM, Backbone, LSTMConfig, ResNet, ResNetConfig
from eegwarn.bedside.bundle import Bundle, ModelConfig, Precision, packed
from eegwarn.bedside.runtime import Runtime
from eegwarn.quantize import MetaQuantConfig, baked, quantize_network
from training.export import export_onnx, in_whole_blocks
from training.export_int8 import FULL_RANGE, REDUCED_RANGE, export_int8, whole_codes
from training.network import judge_recording
from training.windows import LabelledRecording

LARGEST_RMS_LOGIT = 0.15
"""Root mean square of what 8 bits change in a logit, over the windows of a recording."""

Parts = tuple[tuple[LabelledRecording, ...], tuple[LabelledRecording, ...]]


def on_few_levels(network: Backbone, kind: str, bits: int) -> Backbone:
    """The network with weights baked on few levels."""
    other, plain = (type(network)(network.config) for _ in range(2))  # type: ignore[arg-type]
    other.load_state_dict(network.state_dict())
    quantize_network(other, MetaQuantConfig(quantizer=kind, bits=bits), seed=0)  # type: ignore[arg-type]
    plain.load_state_dict(baked(other))
    return plain.eval()


def made(kind: str) -> Backbone:
    torch.manual_seed(1)
    config, network = BACKBONES[kind]
    return on_few_levels(network(config()), "dorefa", 1)


@pytest.fixture(scope="module")
def exported() -> dict[str, bytes]:
    """Default networks of one bit, exported."""
    return {kind: export_onnx(made(kind), n_channels=18, n_times=512) for kind in BACKBONES}


def some_windows(parts: Parts, n: int = 64) -> np.ndarray:
    windows = parts[0][0].windows
    return windows.data[np.flatnonzero(windows.usable)[:: len(windows) // n]].astype(np.float32)


@pytest.mark.parametrize("backbone", sorted(BACKBONES))
def test_exported_networks_agree_with_torch_on_every_window_of_a_recording(
    backbone: str, parts: Parts, exported: dict[str, bytes]
) -> None:
    windows = parts[1][0].windows
    expected = judge_recording(made(backbone), windows, torch.device("cpu"))
    for content in (exported[backbone], in_whole_blocks(exported[backbone])):
        full = Runtime(Bundle(ModelConfig(), content, None)).logit(windows)
        np.testing.assert_allclose(full, expected, rtol=1e-5, atol=1e-5)
    whole = export_int8(exported[backbone], some_windows(parts), reduced_range=True)
    logit = Runtime(Bundle(ModelConfig(), whole, None)).logit(windows)
    assert 0 < np.sqrt(np.nanmean((logit - expected) ** 2)) <= LARGEST_RMS_LOGIT


def weights_in(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """The whole-number weight of that shape, times its scale."""
    model = onnx.load_from_string(content)
    arrays = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    for node in model.graph.node:
        values = [arrays.get(name) for name in node.input]
        if node.op_type == "DequantizeLinear" and values[0] is not None and values[0].shape == shape:
            return values[0] * values[1].reshape(-1, *(1 for _ in shape[1:]))
        if node.op_type == "DynamicQuantizeLSTM" and values[1].shape == shape:
            return values[1] * values[8][:, None, :]
    raise AssertionError(f"no weight of shape {shape}")


@pytest.mark.parametrize(("kind", "bits"), [("dorefa", 1), ("dorefa", 4), ("bwn", 1), ("ternary", 2)])
def test_weights_on_few_levels_stay_exact(kind: str, bits: int, parts: Parts) -> None:
    torch.manual_seed(3)
    network = on_few_levels(LSTM(LSTMConfig()), kind, bits)
    content = export_onnx(network, n_channels=18, n_times=512)
    content = export_int8(content, some_windows(parts, 4), reduced_range=True)
    stem = network.stem.weight.detach().numpy()
    np.testing.assert_allclose(weights_in(content, stem.shape), stem, rtol=1e-5, atol=1e-8)
    both = [network.recurrent.weight_ih_l0, network.recurrent.weight_ih_l0_reverse]
    expected = np.stack([each.detach().numpy() for each in both])  # gates as torch orders them
    expected = expected.reshape(2, 4, 64, 96)[:, [0, 3, 1, 2]].reshape(2, 256, 96).transpose(0, 2, 1)
    np.testing.assert_allclose(weights_in(content, expected.shape), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("largest", [FULL_RANGE, REDUCED_RANGE])
def test_other_weights_are_rounded_to_the_nearest_code(largest: int) -> None:
    weight = np.random.default_rng(0).standard_normal((5, 7, 1, 3)).astype(np.float32)
    weight[2] = 0
    code, scale = whole_codes(weight, largest)
    assert np.abs(code).max() == largest
    error = np.abs(code * scale[:, None, None, None] - weight)
    assert (error <= scale[:, None, None, None] / 2 + 1e-7).all()


def test_a_one_bit_network_of_200_000_weights_takes_60_kib(parts: Parts) -> None:
    torch.manual_seed(0)
    network = ResNet(ResNetConfig(widths=(32, 40, 80, 112)))
    assert 190_000 < sum(weight.numel() for weight in network.parameters()) < 210_000
    content = export_onnx(network, n_channels=18, n_times=512)
    weights = save({name: value.contiguous() for name, value in network.state_dict().items()})
    one_bit = export_onnx(on_few_levels(network, "dorefa", 1), n_channels=18, n_times=512)
    whole = export_int8(one_bit, some_windows(parts, 4), reduced_range=True)
    small = len(packed(Bundle(ModelConfig(precision=Precision(1, 8, True)), whole, None)))
    assert small <= 60 * 1024
    assert small <= len(packed(Bundle(ModelConfig(), content, weights))) / 12


def test_the_first_convolution_in_full_precision_takes_whole_blocks_of_channels(exported: dict[str, bytes]) -> None:
    for content in exported.values():
        model = onnx.load_from_string(in_whole_blocks(content))
        stem = next(node for node in model.graph.node if node.op_type == "Conv")
        (weight,) = [numpy_helper.to_array(each) for each in model.graph.initializer if each.name == stem.input[1]]
        assert weight.shape[1] == 24
        assert not weight[:, 18:].any()
        assert in_whole_blocks(model.SerializeToString()) == model.SerializeToString()


def test_an_exported_network_does_not_tell_where_it_was_made(parts: Parts, exported: dict[str, bytes]) -> None:
    content = export_int8(exported["resnet"], some_windows(parts, 4), reduced_range=True)
    assert str(Path(__file__).parents[2]).encode() not in content
    assert b".py" not in content
    assert b"/tmp" not in content
