"""The layout of CHB-MIT: ``chb01/chb01_03.edf`` with ``chb01/chb01-summary.txt``."""

from collections.abc import Sequence
from pathlib import Path

from eegwarn.cohort.cohort import Skipped
from eegwarn.cohort.listing import Listed, Listing, is_aside
from eegwarn.errors import EventsError
from eegwarn.events import ChbmitSummary, SummaryFile, read_chbmit_seizures, read_chbmit_summary

# The data set's own description: case 21 is the girl of case 01, a year and a half later.
_SAME_PERSON = {"chb21": "chb01"}
_SUMMARY = "-summary.txt"


def is_chbmit(folder: Path) -> bool:
    """Whether a folder, or one directly below it, holds a summary."""
    return bool(_summaries(folder))


def _summaries(folder: Path) -> list[Path]:
    found = [*folder.glob(f"*{_SUMMARY}"), *folder.glob(f"*/*{_SUMMARY}")]
    return sorted(path for path in found if not is_aside(path, folder))


def list_chbmit(folder: Path, files: Sequence[Path]) -> Listing:
    """List the recordings that the summaries name; a file that none names is left out: its seizures are not known."""
    listed: list[Listed] = []
    skipped: list[Skipped] = []
    for path in _summaries(folder):
        try:
            summary = read_chbmit_summary(path)
        except EventsError as error:
            skipped.append(Skipped(path, str(error)))
            continue
        skipped += [Skipped(path, problem) for problem in summary.problems]
        listed += _list_patient(path, summary, skipped)
    known = {one.path for one in listed} | {one.path for one in skipped}
    for path in files:
        if path not in known:
            skipped.append(Skipped(path, "no summary names it, so its seizures are not known"))
    return Listing(tuple(listed), tuple(skipped))


def _list_patient(path: Path, summary: ChbmitSummary, skipped: list[Skipped]) -> list[Listed]:
    patient_id = path.name.removesuffix(_SUMMARY)
    listed = []
    named = {Path(file.name).name: file for file in summary.files}
    for name, file in named.items():
        recording = path.parent / name
        if not recording.is_file():
            skipped.append(Skipped(recording, f"named in {path.name} but not there"))
        elif not file.complete:
            skipped.append(Skipped(recording, f"{path.name} tells of seizures in it that cannot be read"))
        else:
            listed.append(_listed(recording, patient_id, file))
    for recording in path.parent.glob("*.edf"):
        marks = recording.with_name(f"{recording.name}.seizures")
        if recording.name not in named and marks.is_file():
            try:
                listed.append(_listed(recording, patient_id, SummaryFile(recording.name, read_chbmit_seizures(marks))))
            except EventsError as error:
                skipped.append(Skipped(recording, str(error)))
    return listed


def _listed(path: Path, patient_id: str, file: SummaryFile) -> Listed:
    return Listed(path, patient_id, _SAME_PERSON.get(patient_id, patient_id), file.events, file.start_clock_s)
