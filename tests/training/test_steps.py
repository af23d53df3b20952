"""The benchmark of training steps times what it says."""

import math

import pytest
import torch

from eegwarn.backbones import LSTM, LSTMConfig, ResNet, ResNetConfig
from training.benchmarks.steps import WAYS, corrected_step, time_steps


@pytest.mark.parametrize("network", [ResNet(ResNetConfig(widths=(8,))), LSTM(LSTMConfig(widths=(8, 8), hidden=4))])
def test_every_way_is_timed_and_does_its_work(network: torch.nn.Module) -> None:
    least = time_steps(network, n_times=64, n_rounds=1)
    assert set(least) == {"plain", *WAYS}
    assert min(least.values()) > 0
    for config, n_clean in WAYS.values():
        step = corrected_step(network, 64, config, n_clean)
        reports = [step(number) for number in range(3)]
        assert {report.fault for report in reports} == {""}
        wanted = [config.meta and number % config.meta_every == 0 for number in range(3)]
        assert [math.isfinite(report.meta_loss) for report in reports] == wanted
