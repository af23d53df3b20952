"""The patients of the dashboard's folder, and their recordings; no samples are read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.folder import find_files
from app.model_commands import data_folders
from eegwarn.cohort.cohort import Patient, Skipped
from eegwarn.cohort.listing import RECORDING_SUFFIXES, Listed, Listing, is_aside, natural_key
from eegwarn.cohort.reading import describe, in_order_of_time, list_folder, marked_events
from eegwarn.errors import RecordingError
from eegwarn.signal.recording import Recording


@dataclass(frozen=True)
class FoundPatient:
    """A patient as a folder's layout names them.

    Parameters
    ----------
    name : str
        Shown to people: the pseudonym, after the data set's folder where there is more than one data set.
    id : str
        The pseudonym.
    listed : tuple of Listed
        The recordings.
    """

    name: str
    id: str
    listed: tuple[Listed, ...]


@dataclass(frozen=True)
class OpenedPatient:
    """A patient whose recordings were opened.

    Parameters
    ----------
    patient : Patient
        With all recordings that can be used. Those in which nobody marked anything have no events.
    unmarked : frozenset of Path
        Recordings of which nothing tells whether there are seizures in them.
    """

    patient: Patient
    unmarked: frozenset[Path]


def find_patients(folder: Path) -> tuple[tuple[FoundPatient, ...], tuple[Skipped, ...]]:
    """Find the patients of a folder: in it, where it is a data set, else in each of the folders directly below it.

    Returns
    -------
    patients : tuple of FoundPatient
        In natural order.
    left_out : tuple of Skipped
        What a layout left out, and why.
    """
    patients: list[FoundPatient] = []
    left_out: list[Skipped] = []
    data_sets = _data_sets(folder)
    for name, listing in data_sets:
        by_patient: dict[str, list[Listed]] = {}
        for listed in listing.recordings:
            by_patient.setdefault(listed.patient_id, []).append(listed)
        prefix = f"{name}/" if name and len(data_sets) > 1 else ""
        patients += [FoundPatient(f"{prefix}{key}", key, tuple(found)) for key, found in by_patient.items()]
        left_out += listing.skipped
    return tuple(sorted(patients, key=lambda one: natural_key(one.name))), tuple(left_out)


def _data_sets(folder: Path) -> list[tuple[str, Listing]]:
    """Name the data sets of a folder, with what their layouts tell."""
    layout, listing = _list(folder, folder)
    if layout != "plain":
        return [("", listing)]
    found = []
    for name in data_folders(folder):
        root = folder / name
        layout, listing = _list(root, root)
        if layout == "plain" and any(one.path.parent == root for one in listing.recordings):
            # Recordings right in it: it is one patient's folder, or the dashboard's own with loose files.
            _, listing = _list(folder, root, recursive=root != folder)
            name = ""
        if listing.recordings or listing.skipped:
            found.append((name, listing))
    return found


def _list(root: Path, below: Path, *, recursive: bool = True) -> tuple[str, Listing]:
    files = [
        path
        for path in find_files(below, RECORDING_SUFFIXES)
        if not is_aside(path, root) and (recursive or path.parent == below)
    ]
    return list_folder(root, files)


def open_patient(
    found: FoundPatient, open_: Callable[[Path], Recording]
) -> tuple[OpenedPatient | None, tuple[Skipped, ...]]:
    """Open a patient's recordings.

    Parameters
    ----------
    found : FoundPatient
        Whose.
    open_ : callable
        As `eegwarn.signal.recording.open_recording`.

    Returns
    -------
    opened : OpenedPatient or None
        None where no recording can be used.
    left_out : tuple of Skipped
        What cannot be used, and why.
    """
    described, unmarked, left_out = [], set(), list[Skipped]()
    for listed in found.listed:
        try:
            recording = open_(listed.path)
        except RecordingError as error:
            left_out.append(Skipped(listed.path, str(error)))
            continue
        events = marked_events(listed, recording)
        if events is None:
            unmarked.add(listed.path)
        described.append((listed, describe(listed, recording, events or (), left_out)))
    opened = OpenedPatient(in_order_of_time(found.id, described), frozenset(unmarked)) if described else None
    return opened, tuple(left_out)
