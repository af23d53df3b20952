"""From a folder to a cohort."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from eegwarn.cohort.bids import is_bids, list_bids
from eegwarn.cohort.chbmit import is_chbmit, list_chbmit
from eegwarn.cohort.cohort import Cohort, CohortRecording, Layout, Patient, Skipped
from eegwarn.cohort.listing import Listed, Listing, find_recordings, natural_key
from eegwarn.cohort.plain import list_plain
from eegwarn.cohort.siena import is_siena, list_siena
from eegwarn.cohort.timeline import start_times_s
from eegwarn.errors import CohortError, RecordingError
from eegwarn.events import SeizureEvent, events_from_marks, in_time_order
from eegwarn.signal.recording import Recording, open_recording


def read_cohort(folder: Path | str, *, progress: Callable[[str, int, int], None] | None = None) -> Cohort:
    """Read what a folder holds: headers and annotation files, no samples.

    Parameters
    ----------
    folder : Path or str
        A data set in the layout of CHB-MIT, Siena or BIDS, or any folder of recordings. Which it is is recognised.
    progress : callable or None
        Called as ``progress("read headers", n_done, n_recordings)``.

    Returns
    -------
    Cohort
        ``skipped`` says what was left out, and why.

    Raises
    ------
    CohortError
        If the folder does not exist or holds no recording that can be used.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CohortError(f"{str(folder)!r} is not a folder. Give the folder that holds the recordings.")
    layout, listing = list_folder(folder, find_recordings(folder))
    skipped = list(listing.skipped)
    by_patient: dict[str, list[tuple[Listed, CohortRecording]]] = {}
    for number, listed in enumerate(listing.recordings, start=1):
        recording = _read_header(listed, skipped)
        if recording is not None:
            by_patient.setdefault(listed.patient_id, []).append((listed, recording))
        if progress is not None:
            progress("read headers", number, len(listing.recordings))
    if not by_patient:
        reasons = "; ".join(f"{one.path.name}: {one.reason}" for one in skipped[:2]) or "no file looks like a recording"
        raise CohortError(
            f"{str(folder)!r} holds no recording that can be used ({reasons}). What it holds: eegwarn inspect {folder}"
        )
    patients = (
        in_order_of_time(patient_id, by_patient[patient_id]) for patient_id in sorted(by_patient, key=natural_key)
    )
    return Cohort(folder, layout, tuple(patients), tuple(skipped))


def list_folder(folder: Path, files: Sequence[Path]) -> tuple[Layout, Listing]:
    """Recognise the layout of a folder and say what it knows of ``files``, without opening any."""
    if is_bids(folder):
        return "bids", list_bids(folder, files)
    if is_chbmit(folder):
        return "chb-mit", list_chbmit(folder, files)
    if is_siena(folder):
        return "siena", list_siena(folder, files)
    return "plain", list_plain(folder, files)


def _read_header(listed: Listed, skipped: list[Skipped]) -> CohortRecording | None:
    try:
        recording = open_recording(listed.path)
    except RecordingError as error:
        skipped.append(Skipped(listed.path, str(error)))
        return None
    events = marked_events(listed, recording)
    if events is None:
        reason = "neither a table beside it nor its own annotations tell its seizures"
        skipped.append(Skipped(listed.path, f"{reason}; write an _events.tsv, with a bckg row if it has none"))
        return None
    return describe(listed, recording, events, skipped)


def marked_events(listed: Listed, recording: Recording) -> tuple[SeizureEvent, ...] | None:
    """Give the seizures that a table beside a recording tells, else its own annotations; None where neither does."""
    return (events_from_marks(recording.marks) or None) if listed.events is None else listed.events


def describe(
    listed: Listed, recording: Recording, events: tuple[SeizureEvent, ...], skipped: list[Skipped]
) -> CohortRecording:
    """Put together what a layout and a header know of a recording; events outside of it go to ``skipped``."""
    return CohortRecording(
        path=listed.path,
        patient_id=listed.patient_id,
        subject_id=listed.subject_id,
        events=_inside(events, recording, listed.path, skipped),
        duration_s=float(recording.duration_s),
        sfreq=recording.sfreq,
        start=recording.start,
    )


def _inside(
    events: tuple[SeizureEvent, ...], recording: Recording, path: Path, skipped: list[Skipped]
) -> tuple[SeizureEvent, ...]:
    outside = [event for event in events if not event.lies_in(recording.duration_s)]
    for event in outside:
        reason = f"a seizure at {event.onset_s:g} s lies outside its {recording.duration_s:g} s"
        skipped.append(Skipped(path, reason))
    return in_time_order(event for event in events if event not in outside)


def in_order_of_time(patient_id: str, found: Sequence[tuple[Listed, CohortRecording]]) -> Patient:
    """Make a patient of recordings, one at least, and place these on the patient's time line where it is known."""
    found = sorted(found, key=lambda one: natural_key(one[1].path))
    listed, recordings = zip(*found, strict=True)
    times_s = start_times_s(
        [one.start for one in recordings], [one.clock_s for one in listed], [one.duration_s for one in recordings]
    )
    if times_s is not None:
        placed = [replace(one, start_s=time_s) for one, time_s in zip(recordings, times_s, strict=True)]
        recordings = tuple(sorted(placed, key=lambda one: one.start_s or 0.0))
    return Patient(patient_id, tuple(replace(one, position=position) for position, one in enumerate(recordings)))
