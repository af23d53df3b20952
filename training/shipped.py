"""Configurations of training runs, by the names of those that come with eegwarn or from files."""

import tomllib
from importlib import resources
from pathlib import Path

from eegwarn.config import from_table, read_toml
from eegwarn.errors import ConfigError
from training.config import TrainConfig


def shipped_configs() -> tuple[str, ...]:
    """Names of the configurations that come with eegwarn."""
    names = (entry.name for entry in resources.files("training.configs").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def shipped_config(name: str) -> TrainConfig:
    """Load a configuration that comes with eegwarn.

    Parameters
    ----------
    name : str
        Such as ``"default"`` or ``"demo"``.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in shipped_configs():
        raise ConfigError(f"No shipped configuration {name!r}; there are {', '.join(shipped_configs())}.")
    text = (resources.files("training.configs") / f"{name}.toml").read_text(encoding="utf-8")
    return from_table(TrainConfig, tomllib.loads(text))


def load_config(name_or_path: str) -> TrainConfig:
    """Load a shipped configuration by its name, or any other by the path of its TOML file.

    Raises
    ------
    ConfigError
        If there is neither, or the file holds an unknown key or a value that is not allowed.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        return from_table(TrainConfig, read_toml(path))
    return shipped_config(name_or_path)
