"""Every backbone judges each window by itself, whatever is missing in it."""

import numpy as np
import onnx
import pytest
import torch

from eegwarn.backbones import BACKBONES, LSTM, Backbone, LSTMConfig, ResNetConfig
from eegwarn.errors import ConfigError
from training.export import export_onnx


@pytest.fixture(params=sorted(BACKBONES))
def network(request: pytest.FixtureRequest) -> Backbone:
    torch.manual_seed(0)
    config, kind = BACKBONES[request.param]
    made: Backbone = kind(config()).eval()
    return made


def test_the_default_size_is_meant_for_a_bedside(network: Backbone) -> None:
    assert 100_000 < sum(weight.numel() for weight in network.parameters()) < 160_000


@pytest.mark.parametrize("n_times", [128, 511, 512, 1280])
def test_windows_of_any_length_give_one_logit_each(network: Backbone, n_times: int) -> None:
    eeg_uv = 40 * torch.randn(3, 18, n_times)
    assert network(eeg_uv).shape == (3,)
    assert network.features(eeg_uv).shape == (3, network.n_features)


def test_a_windows_logit_does_not_depend_on_the_windows_beside_it(network: Backbone) -> None:
    eeg_uv = 40 * torch.randn(4, 18, 512)
    network.train()
    alone = torch.cat([network(window[None]) for window in eeg_uv])
    torch.testing.assert_close(network(eeg_uv), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("eeg_uv", [torch.zeros(2, 18, 512), torch.full((2, 18, 512), 3e4)])
def test_silence_and_saturation_give_finite_logits_and_gradients(network: Backbone, eeg_uv: torch.Tensor) -> None:
    network(eeg_uv).sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters() if weight.grad is not None)


def test_amplitudes_beyond_the_clip_change_nothing(network: Backbone) -> None:
    eeg_uv = 40 * torch.randn(2, 18, 512)
    eeg_uv[:, 3, 100:110] = 401.0
    louder = eeg_uv.clone()
    louder[:, 3, 100:110] = 5000.0
    torch.testing.assert_close(network(eeg_uv), network(louder))


def test_amplitude_reaches_the_features(network: Backbone) -> None:
    eeg_uv = 20 * torch.randn(8, 18, 512)
    change = network.features(4 * eeg_uv) - network.features(eeg_uv)
    assert change.abs().max().item() > 0.05


def test_the_lstm_is_exported_as_one_node_and_not_unrolled() -> None:
    model = onnx.load_from_string(export_onnx(LSTM(LSTMConfig(widths=(8, 8), hidden=4)), n_channels=18, n_times=512))
    assert [node.op_type for node in model.graph.node].count("LSTM") == 1
    assert np.sum([np.prod(value.dims) for value in model.graph.initializer]) < 20_000


@pytest.mark.parametrize(
    "wrong", [{"widths": ()}, {"widths": (12,)}, {"kernel": 4}, {"n_channels": 0}, {"scale_uv": 0.0}, {"clip": -1.0}]
)
@pytest.mark.parametrize("kind", [ResNetConfig, LSTMConfig])
def test_a_size_that_makes_no_network_is_refused(kind: type, wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        kind(**wrong)


def test_an_lstm_without_a_state_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"hidden must be at least 1, but got 18 and 0"):
        LSTMConfig(hidden=0)
