"""What a command of the command line wrote to its log, as it does where nobody watches on a terminal."""

import re
from dataclasses import dataclass
from pathlib import Path

TAIL_LINES = 12
_TAIL_BYTES = 16_384
_ON_THE_WAY = re.compile(r"  (?P<step>.+): (?P<done>\d+) of (?P<total>\d+), (?P<left>\S+) left")
_FINISHED = re.compile(r"  (?P<step>.+): done \((?P<total>\d+)\)")
_ERROR = "eegwarn: "


@dataclass(frozen=True)
class Said:
    """The end of a log.

    Parameters
    ----------
    step : str
        The latest step; empty before the first word.
    share : float
        How much of it is done, 0 to 1.
    left : str
        Time left of it, h:mm:ss; empty where it is not known.
    error : str
        The line of the error with which it ended; empty where there is none.
    tail : tuple of str
        The last lines.
    """

    step: str = ""
    share: float = 0.0
    left: str = ""
    error: str = ""
    tail: tuple[str, ...] = ()


def read_log(path: Path) -> Said:
    """Read the end of a log; what cannot be read says nothing."""
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return Said()
    return Said(*_how_far(lines), _error(lines), tuple(lines[-TAIL_LINES:]))


def _how_far(lines: list[str]) -> tuple[str, float, str]:
    for line in reversed(lines):
        if found := _ON_THE_WAY.fullmatch(line):
            share = int(found["done"]) / max(int(found["total"]), 1)
            return found["step"], min(share, 1.0), found["left"]
        if found := _FINISHED.fullmatch(line):
            return found["step"], 1.0, ""
    return "", 0.0, ""


def _error(lines: list[str]) -> str:
    told = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
    if not told and any(line.startswith("Traceback") for line in lines):
        told = [line for line in lines if line.strip()]
    return told[-1] if told else ""
