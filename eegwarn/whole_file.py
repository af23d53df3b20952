"""Files that are written whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from eegwarn.errors import OutputError


def _umask() -> int:
    # The only way to read it is to set it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def whole_file(path: Path | str) -> Iterator[IO[bytes]]:
    """Write beside ``path`` and move into place when it is safe on disk; a failure leaves nothing half-written.

    Raises
    ------
    OutputError
        If the folder cannot be written to or the disk is full.
    """
    path, temporary = Path(path), None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise OutputError(f"{str(path)!r} cannot be written: {error.strerror}. Choose another place.") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
