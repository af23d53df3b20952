"""Work that travels to the workers of a cluster by its name."""

import os
import time

from eegwarn.errors import ModelError


def slow_square(number: int) -> int:
    time.sleep(0.2)
    return number**2


def where(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def fails_on_three(number: int) -> int:
    if number == 3:
        raise ModelError(f"no good: {number}")
    return number
