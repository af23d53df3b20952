"""What running processes and a page in the browser hold, looked at again and again, and how it grows. Linux alone."""

import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eegwarn.errors import ConfigError

_MOST_STRETCHES = 10
_PROC = Path("/proc")


@dataclass(frozen=True)
class Growth:
    """A series of looks in short.

    Parameters
    ----------
    first, last : float
        The first look and the last.
    an_hour, se : float
        Slope in units an hour and its standard error, by the straight line through the means of up to ten stretches
        of equal number: looks that follow each other are alike, and would make it look more certain than it is. NaN
        where there are fewer than three stretches of two looks.
    """

    first: float
    last: float
    an_hour: float
    se: float


def growth(time_s: ArrayLike, values: ArrayLike) -> Growth:
    """Say how a series grows.

    Parameters
    ----------
    time_s, values : array, shape (n_looks,)
        When each look was taken, in s, and what was seen; one look at least.
    """
    times, seen = np.asarray(time_s, dtype=float), np.asarray(values, dtype=float)
    n_stretches = min(_MOST_STRETCHES, len(times) // 2)
    an_hour = se = math.nan
    if n_stretches >= 3:
        stretches = [(part.mean() for part in np.array_split(each, n_stretches)) for each in (times / 3600, seen)]
        hours, means = (np.array(list(stretch)) for stretch in stretches)
        (an_hour, _), covariance = np.polyfit(hours, means, 1, cov=True)
        se = math.sqrt(covariance[0, 0])
    return Growth(float(seen[0]), float(seen[-1]), float(an_hour), se)


class Looks:
    """Named series that are taken at the same moments."""

    def __init__(self) -> None:
        self.time_s: list[float] = []
        self._series: dict[str, list[float]] = {}

    def add(self, at_s: float, **seen: float) -> None:
        """Take a look at a time in s; every look names the same series."""
        self.time_s.append(at_s)
        for name, value in seen.items():
            self._series.setdefault(name, []).append(value)

    def series(self, name: str) -> list[float]:
        """Give what was seen of one series; nothing where there was no look."""
        return self._series.get(name, [])

    def since(self, at_s: float) -> "Looks":
        """Give the looks from a time on."""
        later = Looks()
        for number, when_s in enumerate(self.time_s):
            if when_s >= at_s:
                later.add(when_s, **{name: values[number] for name, values in self._series.items()})
        return later

    def table(self) -> dict[str, dict[str, float]]:
        """Say how each series grows: `Growth` over all looks, and ``late_an_hour``, ``late_se`` over the later half.

        What fills up grows at first and not later; what leaks goes on.
        """
        if not self.time_s:
            return {}
        late = self.since((self.time_s[0] + self.time_s[-1]) / 2)
        found = {}
        for name, values in self._series.items():
            second = growth(late.time_s, late.series(name))
            late_growth = {"late_an_hour": second.an_hour, "late_se": second.se}
            found[name] = asdict(growth(self.time_s, values)) | late_growth
        return found


def table_lines(table: dict[str, dict[str, float]]) -> list[str]:
    """Write the growth of series as a table in Markdown."""
    lines = ["| | first → last | an hour | an hour, second half |", "|---|---|---|---|"]
    for name, each in table.items():
        slopes = (f"{each[f'{part}an_hour']:+.1f} ± {each[f'{part}se']:.1f}" for part in ("", "late_"))
        lines.append(f"| {name.replace('_', ' ')} | {each['first']:.0f} → {each['last']:.0f} | {' | '.join(slopes)} |")
    return lines


def check_linux() -> None:
    """Refuse a system that does not tell what its processes use.

    Raises
    ------
    ConfigError
        If there is no ``/proc``.
    """
    if not (_PROC / "self").exists():
        raise ConfigError("What processes use is read from /proc, which this system lacks. Run this on Linux.")


def cpu_s(pid: int) -> float:
    """User and system time of a process so far, in s."""
    fields = (_PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Resident memory of a process in MB; ProcessLookupError, here and below, if it has ended."""
    return _status(pid, "VmRSS") / 1024


def n_threads(pid: int) -> int:
    """Threads of a process."""
    return _status(pid, "Threads")


def n_handles(pid: int) -> int:
    """Open files, sockets and pipes of a process."""
    return len(list((_PROC / f"{pid}/fd").iterdir()))


def child_of(pid: int) -> int:
    """Give the one child of a process."""
    (child,) = (_PROC / f"{pid}/task/{pid}/children").read_text().split()
    return int(child)


class PageMemory:
    """The heap of a page of chromium, after its garbage was collected."""

    def __init__(self, page: Any) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def look(self) -> dict[str, float]:
        """Give ``page_mb``, the heap in MB, and ``page_nodes``, the nodes of its documents."""
        self._session.send("HeapProfiler.collectGarbage")
        metrics = {each["name"]: each["value"] for each in self._session.send("Performance.getMetrics")["metrics"]}
        return {"page_mb": metrics["JSHeapUsedSize"] / 2**20, "page_nodes": float(metrics["Nodes"])}


def _status(pid: int, name: str) -> int:
    for line in (_PROC / f"{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise ProcessLookupError(f"process {pid} has ended")
