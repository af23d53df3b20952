"""Seizure marks of the CHB-MIT data set: summary texts and binary ``.seizures`` files.

Shoeb, A. H. (2009). Application of machine learning to epileptic seizure onset detection and treatment. PhD thesis,
MIT. https://doi.org/10.13026/C2K01R
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eegwarn.errors import EventsError
from eegwarn.events.event import SeizureEvent
from eegwarn.events.text import read_text

_SEIZURE_TIME = re.compile(r"seizure\s*\d*\s*(start|end)\s*time", re.IGNORECASE)
_CLOCK = re.compile(r"^(\d{1,3}):(\d{1,2}):(\d{1,2})$")
_NUMBER = re.compile(r"^(\d{1,12}(?:\.\d{1,9})?)")


@dataclass(frozen=True)
class SummaryFile:
    """What a summary says of one recording.

    Parameters
    ----------
    name : str
        File name of the recording.
    events : tuple of SeizureEvent
        In the order of the summary.
    start_clock_s, end_clock_s : float or None
        Time of day in seconds after midnight; an end after midnight may be above 86400. None where not given.
    channels : tuple of str
        Labels as written, dummies included, that hold for this recording.
    complete : bool
        False where the summary tells of a seizure that could not be read, says nothing on seizures, or names the
        recording a second time.
    """

    name: str
    events: tuple[SeizureEvent, ...] = ()
    start_clock_s: float | None = None
    end_clock_s: float | None = None
    channels: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class ChbmitSummary:
    """A ``chbNN-summary.txt``: its recordings in the order written, and what could not be read in it.

    Parameters
    ----------
    files : tuple of SummaryFile
        One for each recording.
    sfreq : float or None
        Sampling rate in Hz.
    problems : tuple of str
        One sentence for each statement that was left out.
    """

    files: tuple[SummaryFile, ...]
    sfreq: float | None = None
    problems: tuple[str, ...] = ()


def read_chbmit_summary(path: Path) -> ChbmitSummary:
    """Read a summary of CHB-MIT.

    Parameters
    ----------
    path : Path
        A ``chbNN-summary.txt``.

    Returns
    -------
    ChbmitSummary
        ``problems`` names times without a partner and counts that disagree with the times.

    Raises
    ------
    EventsError
        If the file cannot be read or names no recording.
    """
    reader = _SummaryReader()
    for line in read_text(path).splitlines():
        reader.read_line(line)
    reader.end_file()
    if not reader.files:
        raise EventsError(f"{str(path)!r} is no summary of CHB-MIT: it has no line 'File Name: ….edf'.")
    return ChbmitSummary(tuple(reader.files), reader.sfreq, tuple(reader.problems))


class _SummaryReader:
    def __init__(self) -> None:
        self.files: list[SummaryFile] = []
        self.names: set[str] = set()
        self.sfreq: float | None = None
        self.problems: list[str] = []
        self.channels: list[str] = []
        self._begin_file(None)

    def _begin_file(self, name: str | None) -> None:
        self.name = name
        self.start_clock_s: float | None = None
        self.end_clock_s: float | None = None
        self.count: float | None = None
        self.lost = False
        self.onset_s: float | None = None
        self.events: list[SeizureEvent] = []

    def read_line(self, line: str) -> None:
        key, _, value = line.partition(":")
        key, value = key.strip().lower(), value.strip()
        seizure_time = _SEIZURE_TIME.fullmatch(key)
        if key == "data sampling rate":
            self.sfreq = _number(value)
        elif key in ("channels in edf files", "channels changed"):
            self.end_file()
            self.channels = []
        elif re.fullmatch(r"channel\s+\d+", key):
            self.channels.append(value)
        elif key == "file name":
            self.end_file()
            self._begin_file(value)
        elif key == "file start time":
            self.start_clock_s = _clock_s(value)
        elif key == "file end time":
            self.end_clock_s = _clock_s(value)
        elif key == "number of seizures in file":
            self.count = _number(value)
            if self.count is None:
                self._lose(f"the number of seizures {value[:40]!r} is no number")
        elif seizure_time:
            self._read_seizure_time(seizure_time[1], value)

    def _read_seizure_time(self, which: str, value: str) -> None:
        time_s = _number(value)
        if time_s is None:
            self._lose(f"a seizure's {which} time {value[:40]!r} is no number")
        elif which == "start":
            self._close_seizure()
            self.onset_s = time_s
        elif self.onset_s is None or time_s < self.onset_s:
            self._lose(f"the end at {time_s:g} s has no start before it; left out")
            self.onset_s = None
        else:
            self.events.append(SeizureEvent(self.onset_s, time_s))
            self.onset_s = None

    def _lose(self, problem: str) -> None:
        self.problems.append(f"{self.name}: {problem}")
        self.lost = True

    def _close_seizure(self) -> None:
        if self.onset_s is not None:
            self.problems.append(f"{self.name}: the seizure at {self.onset_s:g} s has no end")
            self.events.append(SeizureEvent(self.onset_s))
        self.onset_s = None

    def end_file(self) -> None:
        if not self.name:
            return
        self._close_seizure()
        if self.name in self.names:
            self._lose("it is named twice")
        self.names.add(self.name)
        if self.count is None and not self.events and not self.lost:
            self._lose("nothing is said on its seizures")
        elif self.count is not None and self.count != len(self.events):
            self.problems.append(f"{self.name}: {self.count:g} seizures announced, {len(self.events)} read")
        complete = not self.lost and len(self.events) >= (self.count or 0)
        clocks_s = (self.start_clock_s, self.end_clock_s)
        self.files.append(SummaryFile(self.name, tuple(self.events), *clocks_s, tuple(self.channels), complete))
        self._begin_file(None)


def _number(text: str) -> float | None:
    match = _NUMBER.match(text)
    return float(match[1]) if match else None


def _clock_s(text: str) -> float | None:
    match = _CLOCK.match(text)
    return 3600.0 * int(match[1]) + 60.0 * int(match[2]) + int(match[3]) if match else None


# Codes of the MIT annotation format: https://wfdb.io/spec/annotations.html
_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
_SEIZURE_START, _SEIZURE_END = 32, 33
_RESOLUTION = re.compile(rb"## time resolution: (\d{1,9}(?:\.\d{1,9})?)")


def read_chbmit_seizures(path: Path) -> tuple[SeizureEvent, ...]:
    """Read a binary ``.edf.seizures`` file: an annotation file in the MIT format.

    Each 16-bit word holds a code (6 bits) and a time step (10 bits); a skip is followed by a 32-bit time step, its high
    word first. Code 32 begins a seizure and code 33 ends it.

    Returns
    -------
    tuple of SeizureEvent
        In time order; a start without an end gives an event without an offset.

    Raises
    ------
    EventsError
        If the file cannot be read, does not state its time resolution, or is cut short or garbled.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EventsError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    resolution = _RESOLUTION.search(content[:256])
    sfreq = float(resolution[1]) if resolution else 0.0
    if sfreq <= 0 or len(content) % 2:
        raise EventsError(
            f"{str(path)!r} is no binary seizure file of CHB-MIT: it states no time resolution or is cut."
        )
    try:
        marks = _annotation_marks(np.frombuffer(content, dtype="<u2"))
    except IndexError:
        raise EventsError(f"{str(path)!r} is cut short: it has no end mark. Fetch it again.") from None
    return _pair_marks(path, [(code, sample / sfreq) for code, sample in marks])


def _annotation_marks(words: np.ndarray) -> list[tuple[int, int]]:
    marks = []
    sample = position = 0
    while words[position]:
        code, step = int(words[position]) >> 10, int(words[position]) & 0x3FF
        position += 1
        if code == _SKIP:
            high, low = int(words[position]), int(words[position + 1])
            step = high << 16 | low
            sample += step - (1 << 32 if high & 0x8000 else 0)
            position += 2
        elif code == _AUX:
            position += (step + 1) // 2
        elif code not in (_NUM, _SUB, _CHN):
            sample += step
            marks.append((code, sample))
    return marks


def _pair_marks(path: Path, marks: list[tuple[int, float]]) -> tuple[SeizureEvent, ...]:
    events = []
    onset_s = None
    for code, time_s in marks:
        if code == _SEIZURE_START:
            if onset_s is not None:
                events.append(SeizureEvent(onset_s))
            onset_s = time_s
        elif code == _SEIZURE_END:
            if onset_s is None:
                raise EventsError(f"{str(path)!r} ends a seizure at {time_s:g} s that it never began. Fetch it again.")
            events.append(SeizureEvent(onset_s, time_s))
            onset_s = None
    if onset_s is not None:
        events.append(SeizureEvent(onset_s))
    return tuple(events)
