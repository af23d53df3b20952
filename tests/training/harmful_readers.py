"""Readers that do harm on purpose, in the process that `training.benchmarks.reliability` starts for a reader."""

import os
import signal
import sys
from pathlib import Path

from training.benchmarks import hostile
from training.benchmarks.door import Door


def hang(_: Path) -> None:
    while True:
        pass


def eat_memory(_: Path) -> None:
    bytearray(3 * 2**30)


def die(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(_: Path) -> None:
    raise IndexError("list index out of range")


if __name__ == "__main__":
    read = {"hangs": hang, "eats memory": eat_memory, "dies": die, "fails": fail}[sys.argv[1]]
    hostile.LONGEST_S = 2.0
    door = Door("input", [b"a valid input"], read)
    hostile.attack(lambda _: door, Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
