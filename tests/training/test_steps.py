"""The benchmark of training steps times what it says."""

import math

from eegwarn.backbones import ResNet, ResNetConfig
from training.benchmarks.steps import WAYS, corrected_step, time_steps

TINY = ResNetConfig(widths=(8,))


def test_every_way_is_timed() -> None:
    least = time_steps(ResNet(TINY), n_times=32, n_rounds=1)
    assert set(least) == {"plain", *WAYS}
    assert min(least.values()) > 0


def test_no_safeguard_spares_the_work_to_be_timed() -> None:
    for way, turns in {"control (meta off)": [False] * 3, "one-sided, every 2nd step": [True, False, True]}.items():
        step = corrected_step(ResNet(TINY), 32, *WAYS[way])
        reports = [step(number) for number in range(3)]
        assert {report.fault for report in reports} == {""}
        assert [math.isfinite(report.meta_loss) for report in reports] == turns
