"""What a layout knows of a recording before its header is read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from eegwarn.cohort.cohort import Skipped
from eegwarn.errors import EventsError
from eegwarn.events import SeizureEvent, read_szcore_tsv, read_tusz_csv
from eegwarn.events.szcore import is_found_by_model

RECORDING_SUFFIXES = (".edf", ".bdf", ".gdf", ".vhdr", ".fif", ".set", ".cnt", ".lay")
"""Formats that are looked for in folders: those of EEG that MNE reads without further packages."""

FOUND_BY_MODEL = "a model found these seizures; they are not taken for marks"


@dataclass(frozen=True)
class Listed:
    """A recording that a layout found.

    Parameters
    ----------
    path : Path
        The file.
    patient_id, subject_id : str
        See `CohortRecording`.
    events : tuple of SeizureEvent or None
        None where no file beside the recording tells: its own annotations must.
    clock_s : float or None
        Time of day at its start, in seconds after midnight, as the data set's texts give it.
    """

    path: Path
    patient_id: str
    subject_id: str
    events: tuple[SeizureEvent, ...] | None
    clock_s: float | None = None


@dataclass(frozen=True)
class Listing:
    """All that a layout found in a folder."""

    recordings: tuple[Listed, ...]
    skipped: tuple[Skipped, ...]


def natural_key(path: Path | str) -> list[tuple[int, str]]:
    """Sort names by the numbers in them: ``PN10-2`` before ``PN10-10``, and ``chb02_16+`` after ``chb02_16``."""
    text = path.as_posix() if isinstance(path, Path) else path
    stem, _, suffix = text.rpartition(".")
    return [
        (int(part) if part.isdecimal() else -1, "" if part.isdecimal() else part)
        for part in re.split(r"([0-9]+)", stem.casefold() or suffix)
        if part
    ]


def find_recordings(folder: Path) -> list[Path]:
    """Find recordings at any depth, by their suffix, in natural order.

    Hidden folders are passed over, and those that BIDS keeps for other things than recordings.
    """
    found = (
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in RECORDING_SUFFIXES and path.is_file() and not is_aside(path, folder)
    )
    return sorted(found, key=natural_key)


def is_aside(path: Path, folder: Path) -> bool:
    """Whether a path below ``folder`` is hidden, or among results, sources or code."""
    parts = path.relative_to(folder).parts
    return any(part.startswith(".") or part in ("derivatives", "sourcedata", "code") for part in parts)


def read_events_beside(
    candidates: Iterable[Path], skipped: list[Skipped]
) -> tuple[tuple[SeizureEvent, ...] | None, bool]:
    """Read the first event file that exists and holds marks; what a model found is passed over.

    Returns
    -------
    events : tuple of SeizureEvent or None
        None where there is no such file.
    readable : bool
        False where a file exists and cannot be read. Why, or what was passed over, is added to ``skipped``.
    """
    for path in candidates:
        if path.is_file():
            try:
                if path.suffix != ".tsv":
                    return read_tusz_csv(path), True
                if not is_found_by_model(path):
                    return read_szcore_tsv(path), True
                skipped.append(Skipped(path, FOUND_BY_MODEL))
            except EventsError as error:
                skipped.append(Skipped(path, str(error)))
                return None, False
    return None, True
