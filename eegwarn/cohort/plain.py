"""Recordings in folders of any shape: the first folder is the patient, or the file itself where there is none."""

import re
from collections.abc import Sequence
from pathlib import Path

from eegwarn.cohort.cohort import Skipped
from eegwarn.cohort.listing import Listed, Listing, read_events_beside

# TUSZ keeps its patients below edf/train/ and the like, and puts the patient into the file name.
_TUSZ_NAME = re.compile(r"([a-z]{8})_s\d{3}_t\d{3}")
_BESIDE = ("_events.tsv", ".tsv", ".csv_bi", ".csv")


def list_plain(folder: Path, files: Sequence[Path]) -> Listing:
    """List all recordings; events come from a table beside each, or from its own annotations."""
    listed: list[Listed] = []
    skipped: list[Skipped] = []
    for path in files:
        parts = path.relative_to(folder).parts
        tusz = _TUSZ_NAME.fullmatch(path.stem)
        patient_id = tusz[1] if tusz else parts[0] if len(parts) > 1 else path.stem
        stems = (path.stem, path.stem.removesuffix("_eeg"))
        beside = [path.with_name(stem + ending) for stem in stems for ending in _BESIDE]
        events, readable = read_events_beside(beside, skipped)
        if readable:
            listed.append(Listed(path, patient_id, patient_id, events))
    return Listing(tuple(listed), tuple(skipped))
