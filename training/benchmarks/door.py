"""What is attacked: a reader of something that comes from outside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.benchmarks.damage import damaged


@dataclass(frozen=True)
class Door:
    """A reader, and what it takes.

    Parameters
    ----------
    file_name : str
        Where the input is put, as seen from a folder of its own.
    examples : sequence of bytes
        Valid inputs, which are damaged; or inputs that were made to harm, each given as it is.
    read : callable
        Takes the path of the input.
    damage : callable or None
        Gives hypothesis's strategy for inputs made of the examples; None where these were made to harm.
    """

    file_name: str
    examples: Sequence[bytes]
    read: Callable[[Path], object]
    damage: Callable[[Sequence[bytes]], Any] | None = damaged
