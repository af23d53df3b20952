"""The layout of the Siena scalp EEG data set: ``PN00/PN00-1.edf`` with ``PN00/Seizures-list-PN00.txt``."""

from collections.abc import Sequence
from pathlib import Path

from eegwarn.cohort.cohort import Skipped
from eegwarn.cohort.listing import Listed, Listing
from eegwarn.errors import EventsError
from eegwarn.events import read_siena_list

_LIST = "Seizures-list-*.txt"


def is_siena(folder: Path) -> bool:
    """Whether a folder, or one directly below it, holds a seizure list."""
    return bool(_lists(folder))


def _lists(folder: Path) -> list[Path]:
    return sorted([*folder.glob(_LIST), *folder.glob(f"*/{_LIST}")])


def list_siena(folder: Path, files: Sequence[Path]) -> Listing:
    """List the recordings that the seizure lists name; a file that none names is left out."""
    listed: list[Listed] = []
    skipped: list[Skipped] = []
    for path in _lists(folder):
        try:
            seizures = read_siena_list(path)
        except EventsError as error:
            skipped.append(Skipped(path, str(error)))
            continue
        skipped += [Skipped(path, problem) for problem in seizures.problems]
        patient_id = path.stem.removeprefix("Seizures-list-")
        found = match_names(list(seizures.events), sorted(path.parent.glob("*.edf")))
        for name, events in seizures.events.items():
            if name in found and name in seizures.incomplete:
                skipped.append(Skipped(found[name], f"{path.name} tells of a seizure in it that cannot be read"))
            elif name in found:
                listed.append(Listed(found[name], patient_id, patient_id, events, seizures.start_clock_s.get(name)))
            else:
                skipped.append(Skipped(path.parent / name, f"named in {path.name} but not there"))
    known = {one.path for one in listed} | {one.path for one in skipped}
    for path in files:
        if path not in known:
            skipped.append(Skipped(path, "no seizure list names it, so its seizures are not known"))
    return Listing(tuple(listed), tuple(skipped))


def match_names(names: Sequence[str], files: Sequence[Path]) -> dict[str, Path]:
    """Find the file that each name of a list means.

    The lists write the letter O for the digit 0 (``PNO6-1.edf``) and leave numbers out (``PN01.edf`` for PN01-1,
    ``PN11-.edf``). The latter is followed only where it leaves no choice.
    """
    free = {_canonical(path.name): path for path in files}
    found = {name: free.pop(_canonical(name)) for name in names if _canonical(name) in free}
    for name in names:
        begun = [key for key in free if key.startswith(_canonical(name).rstrip("-"))]
        if name not in found and len(begun) == 1:
            found[name] = free.pop(begun[0])
    return found


def _canonical(name: str) -> str:
    return name.casefold().removesuffix(".edf").replace("o", "0")
