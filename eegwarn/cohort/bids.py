"""The BIDS layout: ``sub-01/[ses-01/]eeg/sub-01_…_eeg.edf`` with ``sub-01_…_events.tsv``.

Pernet, C. R. et al. (2019). EEG-BIDS. Scientific Data 6:103. https://doi.org/10.1038/s41597-019-0104-8. The table of
participants is not opened: nothing in it is needed here.
"""

from collections.abc import Sequence
from pathlib import Path

from eegwarn.cohort.cohort import Skipped
from eegwarn.cohort.listing import Listed, Listing, read_events_beside


def is_bids(folder: Path) -> bool:
    """Whether a folder holds subjects' folders with an ``eeg`` folder in them."""
    return any(True for _ in folder.glob("sub-*/eeg")) or any(True for _ in folder.glob("sub-*/ses-*/eeg"))


def list_bids(folder: Path, files: Sequence[Path]) -> Listing:
    """List the EEG recordings of subjects; other files are passed over."""
    listed: list[Listed] = []
    skipped: list[Skipped] = []
    for path in files:
        if path.parent.name != "eeg" or not path.stem.endswith("_eeg"):
            continue
        patient_id = path.relative_to(folder).parts[0]
        table = path.with_name(path.stem.removesuffix("_eeg") + "_events.tsv")
        events, readable = read_events_beside([table], skipped)
        if readable:
            listed.append(Listed(path, patient_id, patient_id, events))
    return Listing(tuple(listed), tuple(skipped))
