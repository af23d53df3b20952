"""What a folder of recordings holds, kept for the next time: headers need not be opened again."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from eegwarn import __version__
from eegwarn.bedside.scoring import Progress
from eegwarn.cohort import Cohort, read_cohort
from eegwarn.whole_file import whole_file


@dataclass(frozen=True)
class Catalogue:
    """A cohort and the fingerprint of every recording's content, in the order of ``cohort.recordings``."""

    cohort: Cohort
    fingerprints: tuple[str, ...]


_CATALOGUE = TypeAdapter(Catalogue)


def read_catalogue(folder: Path, cache: Path, *, progress: Progress | None = None) -> Catalogue:
    """Read a cohort, or what was written down when it was read last, if no file changed in name, size or time since.

    Parameters
    ----------
    folder : Path
        A folder that `eegwarn.cohort.read_cohort` reads.
    cache : Path
        Folder of what is written down.
    progress : callable, optional
        Told of the headers read.

    Raises
    ------
    CohortError
        If the folder does not exist or holds no recording that can be used.
    RecordingError
        If a recording cannot be read.
    OutputError
        If the cache cannot be written.
    """
    folder = folder.absolute()
    file = cache / f"{_state_of(folder)}.json"
    try:
        return _CATALOGUE.validate_json(file.read_bytes())
    except (OSError, ValidationError):
        pass
    cohort = read_cohort(folder, progress=progress)
    found = Catalogue(cohort, tuple(recording.content() for recording in cohort.recordings))
    with whole_file(file) as written:
        written.write(_CATALOGUE.dump_json(found))
    return found


def _state_of(folder: Path) -> str:
    """Tell the names, sizes and times of all files below a folder: 24 hexadecimal digits."""
    digest = hashlib.sha256(f"{__version__}\n{folder}".encode(errors="surrogateescape"))
    for path, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(path, name).lstat()
            entry = f"\n{path}/{name} {file.st_size} {file.st_mtime_ns}"
            digest.update(entry.encode(errors="surrogateescape"))
    return digest.hexdigest()[:24]
