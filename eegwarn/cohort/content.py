"""What tells one recording's content from another's, wherever the file lies and whatever it is called."""

import hashlib
from pathlib import Path

import numpy as np

from eegwarn.errors import RecordingError

_N_PROBES = 64
_PROBE_BYTES = 2**14


def file_fingerprint(path: Path) -> str:
    """Tell a file by its size and 64 pieces spread over it: 16 hexadecimal digits, quick for a file of any size.

    Raises
    ------
    RecordingError
        If the file cannot be read.
    """
    try:
        size = path.stat().st_size
        digest = hashlib.sha256(str(size).encode())
        with path.open("rb") as file:
            for probe in np.linspace(0, max(0, size - _PROBE_BYTES), _N_PROBES, dtype=np.int64):
                file.seek(int(probe))
                digest.update(file.read(_PROBE_BYTES))
    except OSError as error:
        raise RecordingError(f"Recording {str(path)!r} cannot be read: {error.strerror}.") from error
    return digest.hexdigest()[:16]
