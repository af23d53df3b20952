"""What the folder behind the dashboard holds: recordings and models."""

import os
from collections.abc import Iterator
from pathlib import Path

from eegwarn.cohort.listing import natural_key

FOLDER_VARIABLE = "EEGWARN_FOLDER"
"""Environment variable by which `launch` tells the dashboard its folder."""

DEMO_FOLDER = "eegwarn-demo"
MODEL_SUFFIX = ".eegwarn"

_MOST_FOLDERS = 5000
_DEEPEST = 6


def dashboard_folder() -> Path:
    """Give the folder that was chosen at the start; else the demo's, where there is one here; else the current one."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen)
    demo = Path.cwd() / DEMO_FOLDER
    return demo if demo.is_dir() else Path.cwd()


def find_files(folder: Path, suffixes: tuple[str, ...]) -> tuple[Path, ...]:
    """Find files by the end of their names, in the folder and below it, in natural order.

    Hidden folders are passed over, and the search ends after 5000 folders or 6 levels: a dashboard that was started in
    a home folder by mistake still opens.
    """
    found = []
    for count, (parent, names) in enumerate(_walk(folder)):
        if count == _MOST_FOLDERS:
            break
        found += [parent / name for name in names if name.lower().endswith(suffixes) and not name.startswith(".")]
    return tuple(sorted(found, key=natural_key))


def _walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    for parent, folders, names in os.walk(folder):
        depth = len(Path(parent).relative_to(folder).parts)
        folders[:] = [] if depth >= _DEEPEST else sorted(name for name in folders if not name.startswith("."))
        yield Path(parent), names


def fingerprint(path: Path) -> tuple[str, int, int]:
    """Tell one state of a file from another without reading it: resolved path, time of change in ns, size in bytes.

    Raises
    ------
    OSError
        If there is no such file.
    """
    status = path.stat()
    return str(path.resolve()), status.st_mtime_ns, status.st_size
