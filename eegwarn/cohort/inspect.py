"""What a recording, an annotation file or a folder holds, and why something cannot be used."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from eegwarn.cohort.cohort import Layout
from eegwarn.cohort.listing import FOUND_BY_MODEL, RECORDING_SUFFIXES, Listing, find_recordings, is_aside
from eegwarn.cohort.look import RecordingReport, look_at
from eegwarn.cohort.reading import list_folder
from eegwarn.errors import EventsError
from eegwarn.events import (
    SeizureEvent,
    read_chbmit_seizures,
    read_chbmit_summary,
    read_siena_list,
    read_szcore_tsv,
    read_tusz_csv,
)
from eegwarn.events.szcore import is_found_by_model

# Texts of public data sets that eegwarn knows and does not need.
_KNOWN_TEXTS = {
    "RECORDS": "list of recordings of a PhysioNet data set",
    "RECORDS-WITH-SEIZURES": "list of recordings with seizures of a PhysioNet data set",
    "ANNOTATORS": "list of annotation files of a PhysioNet data set",
    "SUBJECT-INFO": "table of the subjects of CHB-MIT",
    "SHA256SUMS.txt": "checksums of a PhysioNet data set",
    "subject_info.csv": "table of the subjects of Siena",
    "participants.tsv": "table of the subjects of a BIDS data set",
    "dataset_description.json": "description of a BIDS data set",
}


@dataclass(frozen=True)
class AnnotationReport:
    """What a file of seizure marks holds.

    Parameters
    ----------
    path : str
        The file.
    format : str
        What it is.
    recordings : tuple of (str, tuple of SeizureEvent)
        Each recording that it names, or its own name where it belongs to one, with the seizures.
    problems : tuple of str
        What could not be read in it.
    """

    path: str
    format: str
    recordings: tuple[tuple[str, tuple[SeizureEvent, ...]], ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def n_seizures(self) -> int:
        """Number of seizures of all recordings."""
        return sum(len(events) for _, events in self.recordings)


@dataclass(frozen=True)
class PatientReport:
    """How much there is of a patient; only recordings that can be used count."""

    id: str
    n_recordings: int
    duration_s: float
    n_seizures: int


@dataclass(frozen=True)
class Report:
    """What a path holds.

    Parameters
    ----------
    path : str
        What was inspected.
    usable : bool
        Whether it holds a recording that can be used, or seizure marks that can be read.
    layout : {"chb-mit", "siena", "bids", "plain"} or None
        How a folder is laid out; None for a file.
    patients : tuple of PatientReport
        Of a folder.
    recordings : tuple of RecordingReport
        All that were found, those that cannot be used included.
    annotations : tuple of AnnotationReport
        Files of seizure marks.
    problems : tuple of str
        What was left out and why, apart from what the reports above say.
    """

    path: str
    usable: bool
    layout: Layout | None = None
    patients: tuple[PatientReport, ...] = ()
    recordings: tuple[RecordingReport, ...] = ()
    annotations: tuple[AnnotationReport, ...] = ()
    problems: tuple[str, ...] = ()

    def to_table(self) -> dict[str, Any]:
        """Give everything as a nested table of what JSON can hold."""
        return asdict(self)


def inspect_path(path: Path | str) -> Report:
    """Look at a recording, a file of seizure marks, or a folder of them; whatever it is, this gives a report.

    Parameters
    ----------
    path : Path or str
        A file or a folder.
    """
    path = Path(path)
    if path.is_dir():
        return _inspect_folder(path)
    if not path.exists():
        return Report(str(path), usable=False, problems=(f"{str(path)!r} does not exist.",))
    annotation = _read_annotations(path)
    if annotation is not None:
        readable = bool(annotation.recordings) or not annotation.problems
        return Report(str(path), usable=readable, annotations=(annotation,), problems=annotation.problems)
    if path.name in _KNOWN_TEXTS:
        problem = f"{path.name!r} is a {_KNOWN_TEXTS[path.name]}; it holds neither EEG nor seizure marks."
        return Report(str(path), usable=False, problems=(problem,))
    listing = list_folder(path.parent, [path])[1]
    recording = _look_at_all([path], listing)[0]
    if not recording.usable and path.suffix.lower() not in RECORDING_SUFFIXES:
        problem = f"{path.name!r} is neither a recording that can be read nor a file of seizure marks."
        return Report(str(path), usable=False, problems=(problem,))
    stem = path.stem.removesuffix("_eeg")
    beside = tuple(
        one.reason
        for one in listing.skipped
        if one.path != path and one.path.is_file() and (one.path.name.startswith(stem) or path.name in one.reason)
    )
    return Report(str(path), usable=recording.usable, recordings=(recording,), problems=beside)


def _inspect_folder(folder: Path) -> Report:
    files = find_recordings(folder)
    layout, listing = list_folder(folder, files)
    problems = []
    if not files:
        problems.append(f"It holds no recording: no file ends in {', '.join(RECORDING_SUFFIXES)}.")
    if layout == "plain":
        inner, listing = _list_inner_data_sets(folder, files, listing)
        problems += [f"{name} is a data set of its own, in the layout of {its}; use it alone." for name, its in inner]
    recordings = _look_at_all(files, listing)
    patient_ids = {one.path: one.patient_id for one in listing.recordings}
    totals: dict[str, list[RecordingReport]] = {}
    for path, report in zip(files, recordings, strict=True):
        if path in patient_ids and report.usable:
            totals.setdefault(patient_ids[path], []).append(report)
    annotations = tuple(
        annotation
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not is_aside(path, folder) and (annotation := _read_annotations(path)) is not None
    )
    known = set(files)
    problems += [f"{one.path.name}: {one.reason}" for one in listing.skipped if one.path not in known]
    return Report(
        path=str(folder),
        usable=any(report.usable for report in recordings) or any(one.recordings for one in annotations),
        layout=layout,
        patients=tuple(_patient(patient_id, reports) for patient_id, reports in totals.items()),
        recordings=recordings,
        annotations=annotations,
        problems=tuple(problems),
    )


def _look_at_all(files: Sequence[Path], listing: Listing) -> tuple[RecordingReport, ...]:
    events = {one.path: one.events for one in listing.recordings}
    reasons = {one.path: one.reason for one in listing.skipped}
    looks = (look_at(path, events.get(path)) for path in files)
    return tuple(
        replace(look, problems=(*look.problems, reasons[path])) if path in reasons else look
        for path, look in zip(files, looks, strict=True)
    )


def _list_inner_data_sets(
    folder: Path, files: Sequence[Path], listing: Listing
) -> tuple[list[tuple[str, Layout]], Listing]:
    """Read folders directly below that are data sets in a layout of their own by that layout."""
    found: list[tuple[str, Layout]] = []
    for inner in sorted(path for path in folder.iterdir() if path.is_dir() and not is_aside(path, folder)):
        inside = [path for path in files if path.is_relative_to(inner)]
        layout, its = list_folder(inner, inside)
        if inside and layout != "plain":
            found.append((inner.name, layout))
            others = tuple(one for one in listing.recordings if one.path not in inside)
            skipped = tuple(one for one in listing.skipped if one.path not in inside)
            listing = Listing((*others, *its.recordings), (*skipped, *its.skipped))
    return found, listing


def _patient(patient_id: str, reports: list[RecordingReport]) -> PatientReport:
    return PatientReport(
        id=patient_id,
        n_recordings=len(reports),
        duration_s=sum(report.duration_s or 0.0 for report in reports),
        n_seizures=sum(event.lies_in(report.duration_s or 0.0) for report in reports for event in report.events or ()),
    )


def _read_annotations(path: Path) -> AnnotationReport | None:
    """Read a file of seizure marks, known by its name; None for any other file."""
    for fits, format_name, read in _FORMATS:
        if fits(path.name.lower()) and path.name not in _KNOWN_TEXTS:
            try:
                recordings, problems = read(path)
            except EventsError as error:
                return AnnotationReport(str(path), format_name, problems=(str(error),))
            return AnnotationReport(str(path), format_name, recordings, problems)
    return None


_Marks = tuple[tuple[tuple[str, tuple[SeizureEvent, ...]], ...], tuple[str, ...]]


def _read_summary(path: Path) -> _Marks:
    summary = read_chbmit_summary(path)
    return tuple((file.name, file.events) for file in summary.files), summary.problems


def _read_list(path: Path) -> _Marks:
    seizures = read_siena_list(path)
    return tuple(seizures.events.items()), seizures.problems


def _read_seizures(path: Path) -> _Marks:
    return ((path.name.removesuffix(".seizures"), read_chbmit_seizures(path)),), ()


def _read_tsv(path: Path) -> _Marks:
    return ((path.name, read_szcore_tsv(path)),), (FOUND_BY_MODEL,) if is_found_by_model(path) else ()


def _read_csv(path: Path) -> _Marks:
    return ((path.name, read_tusz_csv(path)),), ()


_FORMATS: tuple[tuple[Callable[[str], bool], str, Callable[[Path], _Marks]], ...] = (
    (lambda name: name.endswith("-summary.txt"), "CHB-MIT summary", _read_summary),
    (lambda name: name.endswith(".seizures"), "CHB-MIT binary marks", _read_seizures),
    (lambda name: name.startswith("seizures-list") and name.endswith(".txt"), "Siena seizure list", _read_list),
    (lambda name: name.endswith(".tsv"), "BIDS/SzCORE event table", _read_tsv),
    (lambda name: name.endswith((".csv", ".csv_bi")), "TUSZ annotations", _read_csv),
)
