"""Clips that a clinician labelled: stretches of recordings in which it is known whether there is a seizure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eegwarn.errors import EventsError
from eegwarn.events.szcore import BACKGROUND, is_seizure_kind
from eegwarn.events.text import read_text, table_rows
from eegwarn.whole_file import whole_file

COLUMNS = ("recording", "onset", "duration", "eventType")


@dataclass(frozen=True)
class KnownStretch:
    """A stretch of a recording that a clinician looked at and judged.

    Parameters
    ----------
    start_s, end_s : float
        Seconds from the recording's start.
    seizure : bool
        Whether all of it is seizure, or none. A clip in which a seizure begins makes two stretches.
    """

    start_s: float
    end_s: float
    seizure: bool

    def __post_init__(self) -> None:
        if not (isfinite(self.start_s) and isfinite(self.end_s) and self.start_s < self.end_s):
            raise EventsError(
                f"A labelled stretch must end after it starts, both finite, but got {self.start_s} s to {self.end_s} s."
            )


def read_clips(path: Path) -> dict[str, tuple[KnownStretch, ...]]:
    """Read labelled clips: a table with the columns recording, onset, duration (both in s) and eventType.

    ``eventType`` is ``sz`` or ``bckg`` as in SzCORE; rows of any other kind (an artefact is no seizure, but an unsure
    answer says nothing) are read as follows: ``artefact`` counts as no seizure, all else is passed over.

    Returns
    -------
    dict
        Stretches under the recording's fingerprint, where a column of that name gives it, else under its file name.

    Raises
    ------
    EventsError
        If the file cannot be read, lacks a column, or a row holds no valid times.
    """
    header, rows = table_rows(path, read_text(path).splitlines(), delimiter="\t")
    if not set(COLUMNS) <= set(header):
        raise EventsError(f"{str(path)!r} holds no labelled clips: it needs the columns {', '.join(COLUMNS)}.")
    clips: dict[str, list[KnownStretch]] = {}
    for number, row in enumerate(rows, start=1):
        kind = (row["eventType"] or "").strip().lower()
        if not (is_seizure_kind(kind) or kind in (BACKGROUND, "artefact")):
            continue
        try:
            start_s, duration_s = float(row["onset"] or ""), float(row["duration"] or "")
            stretch = KnownStretch(start_s, start_s + duration_s, is_seizure_kind(kind))
        except (ValueError, EventsError) as error:
            raise EventsError(f"{str(path)!r} has a clip that is not valid, in row {number}: {error}") from error
        told = (row.get("fingerprint") or "").strip()
        recording = told if told not in ("", "n/a") else (row["recording"] or "").strip()
        clips.setdefault(recording, []).append(stretch)
    return {recording: tuple(stretches) for recording, stretches in clips.items()}


def write_clips(path: Path, clips: Mapping[str, Sequence[KnownStretch]]) -> None:
    """Write labelled clips as `read_clips` reads them, whole or not at all.

    Parameters
    ----------
    path : Path
        A TSV file; one that is there is replaced.
    clips : mapping of str to sequence of KnownStretch
        By the name of the recording; onsets and durations are written in s.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    rows = (
        f"{name}\t{stretch.start_s:.3f}\t{stretch.end_s - stretch.start_s:.3f}\t"
        f"{'sz' if stretch.seizure else BACKGROUND}\n"
        for name, stretches in clips.items()
        for stretch in stretches
    )
    with whole_file(path) as file:
        file.write(("\t".join(COLUMNS) + "\n" + "".join(rows)).encode())


def known_labels(centre_s: ArrayLike, stretches: Sequence[KnownStretch]) -> NDArray[np.float32]:
    """Label windows by the stretch in which their centre lies.

    Parameters
    ----------
    centre_s : array_like, shape (n_windows,)
        Seconds from the recording's start.
    stretches : sequence of KnownStretch
        Where two overlap, the later in the sequence counts: a clinician may correct herself.

    Returns
    -------
    ndarray of float32, shape (n_windows,)
        1 for seizure, 0 for none, NaN where nothing is known.
    """
    centres = np.asarray(centre_s, dtype=np.float64)
    known = np.full(centres.shape, np.nan, dtype=np.float32)
    for stretch in stretches:
        known[(centres >= stretch.start_s) & (centres < stretch.end_s)] = stretch.seizure
    return known
