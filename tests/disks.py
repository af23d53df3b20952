"""Disks that are soon full, for tests."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from training.benchmarks.small_disk import mounted_disk


@contextmanager
def disk_of(size: str, folder: Path) -> Iterator[Path]:
    """Give a disk of a size such as ``1m`` for as long as this lasts; skip, and say why, where none can be had."""
    disk = mounted_disk(folder, size)
    if disk is None:
        pytest.skip("a small disk cannot be mounted here: that needs root on Linux")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)
