"""Seizures as people marked them: in the data set's tables, beside the recording, or in its own annotations."""

from collections.abc import Iterator
from pathlib import Path

from eegwarn.cohort.reading import list_folder
from eegwarn.errors import EventsError
from eegwarn.events import SeizureEvent, events_from_marks
from eegwarn.signal.recording import Recording

_HIGHEST = 4
"""Folders to climb in search of a data set's root: BIDS keeps recordings four below it."""


def marked_seizures(path: Path, folder: Path, recording: Recording) -> tuple[SeizureEvent, ...]:
    """Find the seizures marked in a recording.

    Parameters
    ----------
    path : Path
        The recording's file.
    folder : Path
        The dashboard's; the search for a data set's tables does not climb out of it.
    recording : Recording
        Asked for its own annotations where no table tells.

    Raises
    ------
    EventsError
        If the table that should tell them cannot be read, or not all of them.
    """
    path = path.resolve()
    own = events_from_marks(recording.marks)
    for root in _roots(path, folder.resolve()):
        layout, listing = list_folder(root, [path])
        left_out = [one.reason for one in listing.skipped if not listing.recordings or (one.path == path and not own)]
        if left_out:
            raise EventsError(f"The marks of {path.name!r} cannot be used: {left_out[0]}")
        events = next((one.events for one in listing.recordings), None)
        if events is not None:
            return events
        if layout != "plain":
            break
    return own


def _roots(path: Path, folder: Path) -> Iterator[Path]:
    for root in path.parents[: _HIGHEST + 1]:
        if root != folder and folder not in root.parents:
            return
        yield root
