"""Seizure lists of the Siena scalp EEG data set.

Detti, P. (2020). Siena Scalp EEG Database. PhysioNet. https://doi.org/10.13026/5d4a-j060. The lists were typed by
hand: times are written with dots or colons and stray blanks, a file may be named once for several seizures, and
some names hold the letter O for the digit 0.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from eegwarn.errors import EventsError
from eegwarn.events.event import SeizureEvent
from eegwarn.events.text import read_text

DAY_S = 86400.0
_FILE = re.compile(r"file\s*name\s*[:.]?\s*(\S+?\.edf)\b", re.IGNORECASE)
# "1 6.49.25" occurs: a blank inside the hour.
_CLOCK = re.compile(r"(\d ?\d?)\s*[.:]\s*(\d{1,2})\s*[.:]\s*(\d{1,2})\s*$")


@dataclass(frozen=True)
class SienaList:
    """A ``Seizures-list-PNxx.txt``.

    Parameters
    ----------
    events : dict
        File name, as written in the list, to its seizures in time order.
    start_clock_s : dict
        File name to the time of day at which its registration started, seconds after midnight.
    problems : tuple of str
        One sentence for each statement that was left out or only half used.
    incomplete : frozenset of str
        File names, as written in the list, of which a statement could not be used: seizures may be missing.
    """

    events: dict[str, tuple[SeizureEvent, ...]]
    start_clock_s: dict[str, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    incomplete: frozenset[str] = frozenset()


def read_siena_list(path: Path) -> SienaList:
    """Read a seizure list of Siena.

    Times of day become seconds from the start of the registration, over midnight where need be. A seizure whose end
    lies after the end of the registration keeps only its onset; one whose onset does is left out. Both are in
    ``problems``.

    Parameters
    ----------
    path : Path
        A ``Seizures-list-PNxx.txt``.

    Raises
    ------
    EventsError
        If the file cannot be read or names no recording.
    """
    reader = _ListReader()
    for line in read_text(path).splitlines():
        reader.read_line(line)
    reader.end_seizure()
    if not reader.events:
        raise EventsError(f"{str(path)!r} is no seizure list of Siena: it has no line 'File name: ….edf'.")
    return SienaList(
        {name: tuple(events) for name, events in reader.events.items()},
        reader.start_clock_s,
        tuple(reader.problems),
        frozenset(reader.incomplete),
    )


class _ListReader:
    def __init__(self) -> None:
        self.events: dict[str, list[SeizureEvent]] = {}
        self.start_clock_s: dict[str, float] = {}
        self.end_clock_s: dict[str, float] = {}
        self.problems: list[str] = []
        self.incomplete: set[str] = set()
        self.name: str | None = None
        self.onset_clock_s: float | None = None

    def read_line(self, line: str) -> None:
        file = _FILE.search(line)
        clock_s = _clock_s(line)
        words = line.lower()
        is_end = "end" in words
        if file:
            self.end_seizure()
            self.name = file[1]
            self.events.setdefault(self.name, [])
        elif clock_s is None:
            if re.search(r"\b(start|onset|end)\b.*[:\d]", words):
                self._lose(f"the line {line.strip()[:60]!r} holds no time of day")
        elif self.name is None:
            self.problems.append(f"the line {line.strip()[:60]!r} belongs to no file")
        elif "regist" in words:
            (self.end_clock_s if is_end else self.start_clock_s)[self.name] = clock_s
        elif is_end:
            self.end_seizure(clock_s)
        elif "start" in words or "onset" in words:
            self.end_seizure()
            self.onset_clock_s = clock_s
        else:
            self._lose(f"the line {line.strip()[:60]!r} tells neither a start nor an end")

    def _lose(self, problem: str) -> None:
        self.problems.append(problem)
        if self.name is not None:
            self.incomplete.add(self.name)

    def end_seizure(self, end_clock_s: float | None = None) -> None:
        if self.onset_clock_s is None or self.name is None:
            if end_clock_s is not None:
                self._lose(f"{self.name}: a seizure ends that never began")
            return
        start_clock_s, onset_clock_s = self.start_clock_s.get(self.name), self.onset_clock_s
        self.onset_clock_s = None
        if start_clock_s is None:
            self._lose(f"{self.name}: a seizure was left out because the registration's start is missing")
            return
        onset_s = (onset_clock_s - start_clock_s) % DAY_S
        duration_s = (self.end_clock_s.get(self.name, start_clock_s - 1) - start_clock_s) % DAY_S
        if onset_s > duration_s:
            self._lose(f"{self.name}: a seizure at {onset_s:g} s lies outside the registration; left out")
            return
        offset_s = None
        if end_clock_s is not None:
            offset_s = onset_s + (end_clock_s - onset_clock_s) % DAY_S
        if offset_s is None or offset_s > duration_s:
            self.problems.append(f"{self.name}: the seizure at {onset_s:g} s has no end inside the registration")
            offset_s = None
        self.events[self.name].append(SeizureEvent(onset_s, offset_s))


def _clock_s(line: str) -> float | None:
    match = _CLOCK.search(line.rstrip())
    if not match:
        return None
    hour, minute, second = int(match[1].replace(" ", "")), int(match[2]), int(match[3])
    return 3600.0 * hour + 60.0 * minute + second if hour < 24 and minute < 60 and second < 60 else None
