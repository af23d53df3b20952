"""Whether what the shipped policy has learned may be used, and the strategy of a query by its name, without torch."""

import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from eegwarn.active.residual import Residual
from eegwarn.active.rule import BLENDING, COVERING, Strategy

RECORD = "policy.toml"
WEIGHTS = "policy.safetensors"


def shipped_folder() -> Traversable:
    """Give the folder of the policy that comes with eegwarn."""
    return resources.files("eegwarn.active") / "learned"


RIVALS = ("cover", "blend", "margin")
"""Strategies that what was learned is judged against; it began as the first."""

FROM_NOTHING, FROM_MODEL = "from nothing", "from the model"
"""What the head knows before the first label: the two settings in which it is judged."""


def is_open(record: dict[str, Any]) -> bool:
    """Tell by a policy's record whether on unseen patients no 95 % interval of its gains began below 0."""
    gains = [record["gate"][setting]["policy"][rival] for setting in (FROM_NOTHING, FROM_MODEL) for rival in RIVALS]
    return all(bool(gain["low"] >= 0) for gain in gains)


@cache
def learned_strategy() -> Strategy:
    """Give the shipped policy, whether its gate is open or not."""
    from safetensors.numpy import load

    rule = Residual(load((shipped_folder() / WEIGHTS).read_bytes()))
    return Strategy(f"policy {_record()['version']}, by turns with chance", rule, by_turns=True)


@cache
def strategy_to_use() -> Strategy:
    """Give the shipped policy where its gate is open, else what it was not better than."""
    return learned_strategy() if is_open(_record()) else COVERING


def strategy_named(name: str) -> Strategy:
    """Give the strategy that is called ``policy``, ``learned``, ``cover`` or ``blend``."""
    if name == "policy":
        return strategy_to_use()
    return learned_strategy() if name == "learned" else {"cover": COVERING, "blend": BLENDING}[name]


def _record() -> dict[str, Any]:
    return tomllib.loads((shipped_folder() / RECORD).read_text(encoding="utf-8"))
