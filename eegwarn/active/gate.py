"""Whether what the shipped policy has learned may be used, told by its record alone: the blend needs no torch."""

import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from eegwarn.active.rule import BLEND, Rule

RECORD = "policy.toml"


def shipped_folder() -> Traversable:
    """Give the folder of the policy that comes with eegwarn."""
    return resources.files("eegwarn.active") / "learned"


def is_open(record: dict[str, Any]) -> bool:
    """Tell by a policy's record whether on unseen patients it was worse neither than the blend nor than margin."""
    gate = record["gate"]
    return bool(gate["blend_low"] >= 0 and gate["margin_low"] >= 0)


@cache
def rule_to_use() -> tuple[Rule, str]:
    """Give the shipped policy where its gate is open, else the blend, and the name of what it is."""
    record = tomllib.loads((shipped_folder() / RECORD).read_text(encoding="utf-8"))
    if not is_open(record):
        return BLEND, "blend (the learned policy was not better)"
    from eegwarn.active.shipped import shipped_policy

    return shipped_policy().policy, f"policy {record['version']}"
