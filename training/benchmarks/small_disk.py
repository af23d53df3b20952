"""A disk that is soon full, or made read-only."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def mounted_disk(folder: Path, size: str) -> Path | None:
    """Mount a disk of a size such as ``2m`` in a folder; None where that cannot be done."""
    disk = Path(tempfile.mkdtemp(dir=folder))
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if os.getuid() != 0 or shutil.which("mount") is None:
        return None
    return None if subprocess.run(command, check=False, capture_output=True).returncode else disk  # noqa: S603


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """Mount a disk of 2 MB for as long as this lasts; None where that cannot be done."""
    disk = mounted_disk(folder, "2m")
    if disk is None:
        yield None
        return
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)  # noqa: S603, S607


def remount(disk: Path, how: str) -> None:
    """Make a disk read-only (ro), or give it back (rw)."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)  # noqa: S603, S607
