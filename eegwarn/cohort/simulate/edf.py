"""A streaming writer of EDF files: memory holds one block, whatever the length."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn.whole_file import whole_file

_DIGITAL_MIN, _DIGITAL_MAX = -32768, 32767
_UV_PER_STEP = 0.1
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()


def write_edf(
    path: Path,
    blocks_uv: Iterable[NDArray[np.float32]],
    *,
    labels: Sequence[str],
    sfreq: int,
    start: datetime,
    n_s: int,
) -> None:
    """Write an EDF file (Kemp et al. 1992) of 1 s records, whole or not at all.

    Parameters
    ----------
    path : Path
        The file to write.
    blocks_uv : iterable of ndarray, shape (n_channels, n_times)
        Consecutive stretches of whole seconds, in µV; samples beyond ±3276 µV are clipped.
    labels : sequence of str
        Channel labels, at most 16 characters each.
    sfreq : int
        Samples a second.
    start : datetime
        When the recording began.
    n_s : int
        Length in seconds.

    Raises
    ------
    OutputError
        If the file cannot be written; nothing is left behind.
    """
    with whole_file(path) as file:
        file.write(_header(labels, sfreq, start, n_s))
        for block in blocks_uv:
            file.write(_records(block, sfreq).data)


def edf_size(n_channels: int, sfreq: int, n_s: int) -> int:
    """Bytes of a complete file."""
    return 256 * (n_channels + 1) + 2 * n_channels * sfreq * n_s


def _records(block_uv: NDArray[np.float32], sfreq: int) -> NDArray[np.int16]:
    n_channels = len(block_uv)
    steps = np.multiply(block_uv, np.float32(1 / _UV_PER_STEP))
    np.rint(steps, out=steps)
    np.clip(steps, _DIGITAL_MIN, _DIGITAL_MAX, out=steps)
    records = steps.astype("<i2").reshape(n_channels, -1, sfreq)
    return np.ascontiguousarray(records.transpose(1, 0, 2))


def _header(labels: Sequence[str], sfreq: int, start: datetime, n_s: int) -> bytes:
    n_channels = len(labels)
    day = f"{start.day:02d}-{_MONTHS[start.month - 1]}-{start.year}"
    fixed: list[tuple[object, int]] = [
        ("0", 8),
        ("X X X X", 80),
        (f"Startdate {day} X X eegwarn-simulated", 80),
        (start.strftime("%d.%m.%y"), 8),
        (start.strftime("%H.%M.%S"), 8),
        (256 * (n_channels + 1), 8),
        ("", 44),
        (n_s, 8),
        (1, 8),
        (n_channels, 4),
    ]
    of_channels: list[tuple[Sequence[object], int]] = [
        (labels, 16),
        (["AgAgCl electrode"] * n_channels, 80),
        (["uV"] * n_channels, 8),
        ([_DIGITAL_MIN * _UV_PER_STEP] * n_channels, 8),
        ([_DIGITAL_MAX * _UV_PER_STEP] * n_channels, 8),
        ([_DIGITAL_MIN] * n_channels, 8),
        ([_DIGITAL_MAX] * n_channels, 8),
        ([""] * n_channels, 80),
        ([sfreq] * n_channels, 8),
        ([""] * n_channels, 32),
    ]
    cells = fixed + [(value, width) for values, width in of_channels for value in values]
    return "".join(f"{_cell(value):<{width}}"[:width] for value, width in cells).encode("ascii")


def _cell(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
