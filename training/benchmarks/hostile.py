"""Files that were damaged or made to harm, given to every reader of the product.

A reader may give what it read, or one line that says why not. Anything else is a fault, and the input is kept.
"""

import faulthandler
import resource
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from eegwarn.errors import EegwarnError
from training.benchmarks.door import Door

LONGEST_S = 5.0
"""A reader that takes longer hangs."""

MOST_MEMORY_BYTES = 2 * 2**30
"""Beyond what the process had before its first input."""

READ, REFUSED, TRACEBACK, BLOW_UP = "r", "-", "t", "m"
"""What came of an input; a process that hung or died leaves nothing of its last one."""


def attack(open_door: Callable[[Path], Door], folder: Path, n_inputs: int, seed: int) -> None:
    """Give a reader damaged inputs, and add a letter for each to ``outcomes`` in ``folder``; for a process of its own.

    The process ends by itself where an input takes longer than `LONGEST_S`.

    Parameters
    ----------
    open_door : callable
        Gives the reader, and may leave in the folder that it is given what the reader needs.
    folder : Path
        Of this run; the present input lies there, and those that made a fault.
    n_inputs : int
        How many; of inputs that were made to harm, the last so many.
    seed : int
        Of the choice of inputs.
    """
    place = folder / "input"
    place.mkdir(parents=True, exist_ok=True)
    door = open_door(place)
    path = place / door.file_name
    _limit_memory()
    with (folder / "outcomes").open("a") as outcomes, (folder / "hung").open("w") as hung:

        def give(content: bytes) -> None:
            path.write_bytes(content)
            faulthandler.dump_traceback_later(LONGEST_S, exit=True, file=hung)
            outcome, what = outcome_of(door, path)
            faulthandler.cancel_dump_traceback_later()
            if what:
                number = len(list(folder.glob("fault-*.txt")))
                (folder / f"fault-{number}.bin").write_bytes(content)
                (folder / f"fault-{number}.txt").write_text(what)
            outcomes.write(outcome)
            outcomes.flush()

        if door.damage is None:
            for content in door.examples[-n_inputs:]:
                give(content)
        else:
            _draw(door.damage(door.examples), n_inputs, seed, give)
    (folder / "peak_bytes").write_text(str(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def _draw(inputs: Any, n_inputs: int, seed: int, give: Callable[[bytes], None]) -> None:
    """Draw inputs with hypothesis, and hand each on."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    @seeded(seed)
    @settings(
        max_examples=n_inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(content=inputs)
    def each(content: bytes) -> None:
        give(content)

    each()


def outcome_of(door: Door, path: Path) -> tuple[str, str]:
    """Let a reader read, and give the letter of what came of it and, of a fault, what it was."""
    try:
        door.read(path)
    except EegwarnError as error:
        one_line = "\n" not in str(error)
        return (REFUSED, "") if one_line else (TRACEBACK, f"not one line: {error!r}")
    except MemoryError as error:
        return BLOW_UP, repr(error)
    except Exception as error:  # noqa: BLE001 - what it is, is what is looked for
        return TRACEBACK, repr(error)
    return READ, ""


def _limit_memory() -> None:
    if sys.platform != "linux":
        return
    n_pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = n_pages * resource.getpagesize() + MOST_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    # Here and not above: they take seconds to import.
    from training.benchmarks.doors import open_door

    attack(partial(open_door, sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
