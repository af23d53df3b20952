"""Every shipped configuration loads, and every key is checked."""

import tomllib

import pytest

from eegwarn.config import from_table, override, to_table, to_toml
from eegwarn.errors import ConfigError
from training.config import TrainConfig
from training.shipped import shipped_config, shipped_configs


def test_the_default_and_the_demo_are_shipped() -> None:
    assert {"default", "demo"} <= set(shipped_configs())


@pytest.mark.parametrize("name", shipped_configs())
def test_every_shipped_configuration_loads_and_survives_toml(name: str) -> None:
    config = shipped_config(name)
    assert from_table(TrainConfig, tomllib.loads(to_toml(to_table(config)))) == config


def test_the_default_file_says_what_the_defaults_are() -> None:
    assert shipped_config("default") == TrainConfig()


def test_an_unknown_configuration_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match="demo"):
        shipped_config("../secret")


@pytest.mark.parametrize(
    "setting",
    [
        "steps=0",
        "positive_share=1",
        "horizon_s=-1",
        "horizon_s=inf",
        "threads=-1",
        "seed=-1",
        "seed=4294967296",
        "wanted_false_alarms_per_day=0",
        "wanted_false_alarms_per_day=inf",
        "method=meta2",
        "split.test_fraction=0.9",
        "optimiser.learning_rate=0",
        "augment.dropped_channels=1",
        "augment.shift_s=4.5",
        "augment.shift_s=inf",
        "augment.noise_uv=nan",
        "windows.window_s=4.001",
        "resnet.kernel=2",
        "resnet.n_channels=3",
    ],
)
def test_a_value_out_of_bounds_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError):
        override(TrainConfig(), [setting])
