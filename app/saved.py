"""What the dashboard hands to the browser to be saved, made by writers of files."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory


def as_bytes(write: Callable[[Path], object]) -> bytes:
    """Give what a function writes to the path that it is given; nothing of it stays on the disk."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "saved"
        write(path)
        return path.read_bytes()
