"""What can be saved of a patient: tables of events, and EEG with its annotations."""

import os
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from app.findings import alarms_tsv
from app.patient_rows import Scores
from app.patients import OpenedPatient
from app.saved import as_bytes
from eegwarn.bedside.scoring import Scored
from eegwarn.cohort.cohort import CohortRecording
from eegwarn.events import SeizureEvent, export_edfplus, write_szcore_tsv
from eegwarn.signal.recording import Recording
from eegwarn.store.label_marks import label_events
from eegwarn.store.labels import LabelRow

MOST_EDF_BYTES = 1_000_000_000
"""A file goes through memory to the browser."""
_WARNING = "warning"


def tables_zip(opened: OpenedPatient, scores: Scores) -> bytes:
    """Gather SzCORE's tables of a patient: ``…_events.tsv`` of the marks, ``…_warnings.tsv`` of the alarms.

    A recording in which nobody marked anything has no table of marks, and one that was not scored none of alarms.
    """
    packed = BytesIO()
    recordings = opened.patient.recordings
    # Recordings of one name in several folders keep their folders.
    common = os.path.commonpath([each.path.parent for each in recordings])
    with ZipFile(packed, "w", ZIP_DEFLATED) as file:
        for each in recordings:
            name = each.path.relative_to(common).with_suffix("")
            if each.path not in opened.unmarked:
                file.writestr(f"{name}_events.tsv", _marks_tsv(each))
            if each.path in scores:
                file.writestr(f"{name}_warnings.tsv", alarms_tsv(scores[each.path]))
    return packed.getvalue()


def edf_bytes(recording: Recording) -> int:
    """Estimate the size of `annotated_edf`."""
    return 2 * len(recording.channels) * recording.n_times


def annotated_edf(
    recording: Recording, seizures: Sequence[SeizureEvent], scored: Scored | None, labels: Sequence[LabelRow]
) -> bytes:
    """Write EEG as EDF+ with marks (``sz``), warnings (``warning``) and labels (as ``seizure (anna)``) as annotations.

    Raises
    ------
    RecordingError
        If the recording cannot be read.
    """
    warnings = [replace(event, kind=_WARNING) for event in scored.events] if scored else []
    events = [*seizures, *warnings, *(event for label in labels for event in label_events(label))]
    return as_bytes(lambda path: export_edfplus(recording, events, path))


def _marks_tsv(each: CohortRecording) -> bytes:
    return as_bytes(
        lambda path: write_szcore_tsv(path, each.events, recording_duration_s=each.duration_s, start=each.start)
    )
