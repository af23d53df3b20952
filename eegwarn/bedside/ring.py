"""The last ten minutes of a bed's EEG, in a file of fixed size that others may read while it is written.

The file is a header and a ring of seconds. Every second stands alone: its number, its time, its samples and their
quality, and a checksum over all of them. Whatever a reader finds half-written, by a monitor that is writing or one that
was killed, is no second at all; what it finds whole was written as it stands. Nobody waits for that: the one lock
keeps a second writer out. The EEG is in clear, in a file that nobody but the user may read; it holds a hash of the
bed's name and no other word. It outlives its monitor, so that one that is started again goes on, by `KEPT_S` at most.
"""

import contextlib
import errno
import hashlib
import io
import os
import shutil
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.signal.chain import Processed

if sys.platform != "win32":
    import fcntl

N_SECONDS = 600
KEPT_S = 86_400.0
"""A file that no monitor has written for so long is removed by the next one, in s."""
SCALE_UV = 0.1
"""One step of an int16 in µV: finer than a pixel at any sensitivity, and good to ±3276 µV."""

_CAPACITY = np.iinfo(np.int16).max
MAGIC = b"EEGRING1"
HEADER = np.dtype(
    [
        ("magic", "S8"),
        ("bed", "u1", 32),
        ("n_rows", "<u4"),
        ("n_times", "<u4"),
        ("sfreq", "<f8"),
    ]
)
_SPARE_BYTES = 2**26
"""Left free on the disk when a file is begun: what is written of alarms goes before."""
JUMP_S = 0.25
"""Clocks drift by less than this in ten minutes; two seconds further apart have a gap between them."""


def ring_path(folder: Path, bed: str) -> Path:
    """Give the file of a bed, whose name it does not show."""
    return folder / f"{hashlib.sha256(bed.encode()).hexdigest()[:32]}.ring"


def in_steps(data_uv: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    """Round EEG in µV, of any shape, to steps of `SCALE_UV`, clipped at the ends of int16."""
    steps: NDArray[np.int16] = np.clip(np.rint(data_uv / SCALE_UV), -_CAPACITY, _CAPACITY).astype(np.int16)
    return steps


class Ring:
    """Writes one bed's file; one process at a time.

    Parameters
    ----------
    path : Path
        The file, in a folder that is made where it is absent; nobody but the user may read either.
    bed : str
        Name of the bed.
    sfreq : float
        Samples a second; a second of the file has this many, rounded.
    n_rows : int
        Derivations.
    goes_on : bool
        Whether what an earlier monitor wrote is kept, as of a live stream; else the file begins anew.

    Raises
    ------
    OSError
        If the file cannot be written, the disk is nearly full, or another process writes it.
    """

    def __init__(self, path: Path, bed: str, sfreq: float, *, n_rows: int = 18, goes_on: bool) -> None:
        self._sfreq, self._n_rows, self._n_times = sfreq, n_rows, round(sfreq)
        self._second = second_type(n_rows, self._n_times)
        self._rest = Processed(np.empty((n_rows, 0), np.float32), np.empty((n_rows, 0), np.uint8))
        self._rest_end_s = 0.0
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = _taken(path)
        try:
            number = self._latest_number(path, bed) if goes_on else None
            if number is None:
                self._begin(path.parent, bed)
        except OSError:
            self._file.close()
            raise
        self._number = number or 0

    def append(self, at_s: float, processed: Processed) -> None:
        """Write the seconds that are whole; the rest waits for the next call.

        Parameters
        ----------
        at_s : float
            Time of the first sample, in seconds since 1970 (UTC). Where it does not follow on the last call's samples,
            what still waited is dropped, less than a second.
        processed : Processed
            Any number of samples.

        Raises
        ------
        OSError
            If they cannot be written.
        """
        data, quality = processed.data, processed.quality
        if self._rest.data.size and abs(at_s - self._rest_end_s) < JUMP_S:
            at_s -= self._rest.data.shape[1] / self._sfreq
            data, quality = np.hstack([self._rest.data, data]), np.hstack([self._rest.quality, quality])
        n_whole = data.shape[1] // self._n_times * self._n_times
        self._rest = Processed(data[:, n_whole:].copy(), quality[:, n_whole:].copy())
        self._rest_end_s = at_s + data.shape[1] / self._sfreq
        if n_whole:
            self._write(at_s, in_steps(data[:, :n_whole]), quality[:, :n_whole])

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._file.close()

    def _write(self, at_s: float, steps: NDArray[np.int16], quality: NDArray[np.uint8]) -> None:
        by_second = self._n_rows, -1, self._n_times
        n_seconds = steps.shape[1] // self._n_times
        seconds = np.zeros(n_seconds, dtype=self._second)
        seconds["number"] = self._number + 1 + np.arange(n_seconds)
        seconds["at_s"] = at_s + np.arange(n_seconds) * (self._n_times / self._sfreq)
        seconds["written_s"] = time.time()
        seconds["data"] = steps.reshape(by_second).swapaxes(0, 1)
        seconds["quality"] = quality.reshape(by_second).swapaxes(0, 1)
        seconds = seconds[-N_SECONDS:]
        seconds["checksum"] = _checksums(seconds, np.arange(len(seconds)))
        if not os.fstat(self._file.fileno()).st_nlink:
            raise OSError(errno.ENOENT, "its file was removed")
        for second in seconds:
            self._number = int(second["number"])
            self._file.seek(HEADER.itemsize + self._number % N_SECONDS * self._second.itemsize)
            self._put(second.tobytes())

    def _put(self, content: bytes) -> None:
        if self._file.write(content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _header(self, bed: str) -> bytes:
        header = np.zeros((), dtype=HEADER)
        header["magic"], header["bed"], header["sfreq"] = MAGIC, digest(bed), self._sfreq
        header["n_rows"], header["n_times"] = self._n_rows, self._n_times
        return header.tobytes()

    def _begin(self, folder: Path, bed: str) -> None:
        """Empty the file and give it its full size: a disk that fills up later does not touch it."""
        size = N_SECONDS * self._second.itemsize
        self._file.truncate(0)
        if shutil.disk_usage(folder).free < size + _SPARE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._file.seek(0)
        self._put(self._header(bed))
        self._put(bytes(size))

    def _latest_number(self, path: Path, bed: str) -> int | None:
        """Give the number of the latest second in a file that can be gone on with; None where it cannot."""
        raw, header = path.read_bytes(), self._header(bed)
        if not raw.startswith(header) or len(raw) != len(header) + N_SECONDS * self._second.itemsize:
            return None
        seconds = np.frombuffer(raw, self._second, offset=len(header))
        return int(seconds["number"][whole_seconds(seconds)].max(initial=0))


def remove_old(folder: Path, now_s: float) -> None:
    """Remove the files that nobody has written for `KEPT_S`; one that a monitor holds, or that is no ring, stays."""
    for path in folder.glob("*.ring"):
        with contextlib.suppress(OSError):
            if now_s - path.stat().st_mtime > KEPT_S:
                with _taken(path) as file:
                    if file.read(len(MAGIC)) == MAGIC:
                        path.unlink()


def whole_seconds(seconds: NDArray[np.void]) -> NDArray[np.intp]:
    """Give the places of the seconds that are whole, shape (n_whole,), in the order in which they were written."""
    written = np.flatnonzero(seconds["number"])
    whole = written[seconds["checksum"][written] == _checksums(seconds, written)]
    order: NDArray[np.intp] = whole[np.argsort(seconds["number"][whole])]
    return order


def _taken(path: Path) -> io.FileIO:
    """Open a file for writing, without a buffer, for this process alone; one that is absent is made empty."""
    file = io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600), "r+")
    try:
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise OSError(errno.EBUSY, "another monitor of this bed writes it") from error
    return file


def second_type(n_rows: int, n_times: int) -> np.dtype[np.void]:
    """Say how a second of so many derivations and samples lies in the file; ``number`` is 0 where none was written."""
    return np.dtype(
        [
            ("checksum", "<u4"),
            ("unused", "<u4"),
            ("number", "<u8"),
            ("at_s", "<f8"),
            ("written_s", "<f8"),
            ("data", "<i2", (n_rows, n_times)),
            ("quality", "u1", (n_rows, n_times)),
        ]
    )


def _checksums(seconds: NDArray[np.void], chosen: NDArray[np.intp]) -> NDArray[np.uint32]:
    """Give the CRC-32 of chosen seconds, each over all but the field that holds it."""
    content = seconds.view(np.uint8).reshape(len(seconds), -1)[:, 4:]
    return np.array([zlib.crc32(content[number]) for number in chosen], dtype=np.uint32)


def digest(bed: str) -> NDArray[np.uint8]:
    """Give what stands for the name of a bed, shape (32,)."""
    return np.frombuffer(hashlib.sha256(bed.encode()).digest(), dtype=np.uint8)
