"""The policy that comes with eegwarn, and the record of how it was learned and judged."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save

from eegwarn.active.gate import RECORD, WEIGHTS, is_open, shipped_folder
from eegwarn.active.policy import Policy, PolicyConfig
from eegwarn.config import from_table, to_table, to_toml
from eegwarn.errors import ConfigError, ModelError, OutputError
from eegwarn.whole_file import whole_file


@dataclass(frozen=True)
class LearnedPolicy:
    """A policy and its record.

    Parameters
    ----------
    policy : Policy
        With its learned weights.
    record : dict
        Seeds, configuration, versions, and ``gate``: how it did against others on patients it never saw.
    """

    policy: Policy
    record: dict[str, Any]

    @property
    def is_open(self) -> bool:
        """Whether what was learned may be used: see `eegwarn.active.gate.is_open`."""
        return is_open(self.record)


@cache
def shipped_policy() -> LearnedPolicy:
    """Load the policy that comes with eegwarn.

    Raises
    ------
    ModelError
        If its files are damaged.
    """
    folder = shipped_folder()
    return _parsed((folder / WEIGHTS).read_bytes(), (folder / RECORD).read_text(encoding="utf-8"))


def read_policy(folder: Path) -> LearnedPolicy:
    """Read a policy that `write_policy` wrote.

    Raises
    ------
    ModelError
        If it cannot be read, or is no policy of this version.
    """
    try:
        return _parsed((folder / WEIGHTS).read_bytes(), (folder / RECORD).read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{str(folder)!r} holds no policy: {error.strerror}. Give a folder that `eegwarn train-policy` wrote."
        ) from error


def write_policy(folder: Path, learned: LearnedPolicy) -> None:
    """Write a policy as ``policy.safetensors`` and ``policy.toml``; the folder is made where it is missing.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    record = {**learned.record, "policy": to_table(learned.policy.config)}
    tensors = {name: tensor.detach().contiguous() for name, tensor in learned.policy.state_dict().items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{str(folder)!r} cannot be made: {error.strerror}. Choose another place.") from error
    for name, content in ((WEIGHTS, save(tensors)), (RECORD, to_toml(record).encode())):
        with whole_file(folder / name) as file:
            file.write(content)


def _parsed(weights: bytes, text: str) -> LearnedPolicy:
    try:
        record = tomllib.loads(text)
        policy = Policy(from_table(PolicyConfig, record["policy"]))
        policy.load_state_dict(load(weights))
        is_open(record)
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError, ConfigError) as error:
        raise ModelError(
            f"The policy is damaged, or of another version of eegwarn ({error}). Learn it anew: eegwarn train-policy."
        ) from error
    return LearnedPolicy(policy.eval(), record)
