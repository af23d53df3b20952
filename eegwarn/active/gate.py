"""Whether what the shipped policy has learned may be used, and the rule that a query goes by, without torch."""

import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from eegwarn.active.residual import Residual
from eegwarn.active.rule import BLEND, Rule

RECORD = "policy.toml"
WEIGHTS = "policy.safetensors"


def shipped_folder() -> Traversable:
    """Give the folder of the policy that comes with eegwarn."""
    return resources.files("eegwarn.active") / "learned"


def is_open(record: dict[str, Any]) -> bool:
    """Tell by a policy's record whether on unseen patients it was worse neither than the blend nor than margin."""
    gate = record["gate"]
    return bool(gate["blend_low"] >= 0 and gate["margin_low"] >= 0)


@cache
def learned_rule() -> tuple[Rule, str]:
    """Give the shipped policy, whether its gate is open or not, and its name."""
    from safetensors.numpy import load

    return Residual(load((shipped_folder() / WEIGHTS).read_bytes())), f"policy {_record()['version']}"


@cache
def rule_to_use() -> tuple[Rule, str]:
    """Give the shipped policy where its gate is open, else the blend, and the name of what it is."""
    if not is_open(_record()):
        return BLEND, "blend (the learned policy was not better)"
    return learned_rule()


def rule_named(strategy: str) -> tuple[Rule, str]:
    """Give the rule of a strategy and the name of what it is; of ``policy``, ``learned`` and ``blend``."""
    if strategy == "policy":
        return rule_to_use()
    return learned_rule() if strategy == "learned" else (BLEND, "blend")


def _record() -> dict[str, Any]:
    return tomllib.loads((shipped_folder() / RECORD).read_text(encoding="utf-8"))
