"""What a recording is to the rest of eegwarn, wherever its samples come from."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import RecordingError
from eegwarn.signal.channels import Channel, parse_channel
from eegwarn.signal.edf_header import ANNOTATION_LABELS, EdfHeader, read_edf_header, record_onsets_s

ReadUv = Callable[[int, int], NDArray[np.float32]]
UNKNOWN_START = datetime(1985, 1, 1, tzinfo=UTC)
"""Stands for a start that is not known, wherever one must be written: EDF's own stand-in."""

_HIGHEST_SFREQ = 100_000
_AT_ONCE = 300_000
"""Values that a file is read by: all that MNE makes of them in double precision stays near the processor."""

_OPENING = Lock()
"""MNE sets the level of its log, and Python its filter of warnings, for all threads while a file is opened."""


@dataclass(frozen=True)
class Mark:
    """An annotation found in the recording's own file, its times in seconds from the start."""

    onset_s: float
    duration_s: float
    text: str


@dataclass(frozen=True)
class Recording:
    """EEG that is read block by block; nothing is held in memory.

    Parameters
    ----------
    name : str
        Shown to people: the file's name, or the simulator's.
    sfreq : float
        Samples a second.
    channels : tuple of Channel
        The EEG channels in the order of the samples, names normalised.
    n_times : int
        Samples per channel.
    read_uv : callable
        ``read_uv(start, stop)`` gives samples ``start`` to ``stop`` as a new array, shape
        (n_channels, stop - start), float32, in µV.
    start : datetime or None
        When the recording began, where it is known; used to put recordings in order.
    marks : tuple of Mark
        Annotations found in the file.
    set_aside : tuple of str
        Names, as written in the file, of channels that are not EEG.
    """

    name: str
    sfreq: float
    channels: tuple[Channel, ...]
    n_times: int
    read_uv: ReadUv
    start: datetime | None = None
    marks: tuple[Mark, ...] = ()
    set_aside: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_times / self.sfreq

    def of_channels(self, rows: Sequence[int]) -> "Recording":
        """Give the recording as if it had the channels of these rows only; no other is read if that can be spared."""
        whole, chosen = self.read_uv, list(rows)
        read_uv = whole.of(chosen) if isinstance(whole, _FileReader) else lambda start, stop: whole(start, stop)[chosen]
        return replace(self, channels=tuple(self.channels[row] for row in chosen), read_uv=read_uv)

    def blocks_uv(self, block_s: float = 120.0) -> Iterator[NDArray[np.float32]]:
        """Read the whole recording in time order, ``block_s`` seconds at a time.

        Yields
        ------
        ndarray, shape (n_channels, n_block), float32
            In µV, as from ``read_uv``; the last is shorter where the length is no multiple.
        """
        step = max(1, round(block_s * self.sfreq))
        for start in range(0, self.n_times, step):
            yield self.read_uv(start, min(start + step, self.n_times))


def open_recording(path: Path | str, *, damaged: bool = False) -> Recording:
    """Open a recording lazily; anything that MNE reads.

    What a header says of the patient is dropped here: name, identification, birth date, sex, technician. Channels that
    are not EEG are set aside, names are normalised, and the gaps of a discontinuous EDF+ file are read as NaN.

    Parameters
    ----------
    path : Path or str
        EDF, BDF, GDF, BrainVision, FIF, EEGLAB, and the other formats of `mne.io.read_raw`.
    damaged : bool
        Whether to read the complete data records of an EDF file whose length contradicts its header.

    Raises
    ------
    RecordingError
        If the file is absent, not a recording, damaged, or without an EEG channel.
    """
    path = Path(path)
    if not path.is_file() and not path.is_dir():
        raise RecordingError(f"Recording {str(path)!r} does not exist, or is no file.")
    is_edf = path.suffix.lower() in (".edf", ".bdf")
    header = read_edf_header(path, damaged=damaged) if is_edf else None
    left_out = _labels_left_out(header) if header else ()
    raw = _open_raw(path, left_out if header else None)
    found = [(row, channel) for row, name in enumerate(raw.ch_names) if (channel := parse_channel(name))]
    set_aside = tuple(map(_printable, left_out or (name for name in raw.ch_names if not parse_channel(name))))
    if not found:
        raise RecordingError(
            f"Recording {path.name!r} has no EEG channel among {', '.join(set_aside) or 'none'}. EEG channels are "
            "known by their 10-20 names, such as Fp1, EEG Fp1-REF or FP1-F7."
        )
    sfreq = float(raw.info["sfreq"])
    if not 1 <= sfreq <= _HIGHEST_SFREQ:
        raise RecordingError(
            f"Recording {path.name!r} is sampled at {sfreq:g} Hz; EEG is read from 1 to {_HIGHEST_SFREQ}."
        )
    read_uv: ReadUv = _FileReader(raw, tuple(row for row, _ in found), path.name)
    n_times = int(raw.n_times)
    if header and header.may_have_gaps:
        read_uv, n_times = _around_gaps(path, header, sfreq, len(found), read_uv)
    elif header:
        n_times = min(n_times, round(header.n_records * header.record_s * sfreq))
    return Recording(
        name=path.name,
        sfreq=sfreq,
        channels=tuple(channel for _, channel in found),
        n_times=n_times,
        read_uv=read_uv,
        start=_known_start(raw),
        marks=_marks(raw),
        set_aside=set_aside,
    )


def _labels_left_out(header: EdfHeader) -> tuple[str, ...]:
    """Name the signals that are not EEG, and EEG signals at another rate than most: one rate is read."""
    rates = {
        label: samples
        for label, samples in zip(header.labels, header.samples_per_record, strict=True)
        if parse_channel(label)
    }
    counts = Counter(rates.values())
    most_common = max(counts, key=lambda rate: (counts[rate], rate), default=0)
    return tuple(label for label in header.labels if label not in ANNOTATION_LABELS and rates.get(label) != most_common)


def _printable(text: str) -> str:
    """Drop what a terminal would take for a command."""
    return "".join(letter for letter in text if letter.isprintable())


def _marks(raw: Any) -> tuple[Mark, ...]:
    # With a date, MNE counts from when the device was switched on; without, from the first sample.
    first_s = float(raw.first_time) if raw.annotations.orig_time is not None else 0.0
    return tuple(
        Mark(float(mark["onset"]) - first_s, float(mark["duration"]), _printable(str(mark["description"])))
        for mark in raw.annotations
    )


def _known_start(raw: Any) -> datetime | None:
    measured: datetime | None = raw.info["meas_date"]
    # EDF+ writes 1 January 1985 where the date is unknown or withheld.
    if measured is None or measured.date() == UNKNOWN_START.date():
        return None
    return measured + timedelta(seconds=float(raw.first_time))


def _open_raw(path: Path, left_out: tuple[str, ...] | None) -> Any:
    import mne

    try:
        with _OPENING, warnings.catch_warnings(), mne.use_log_level("ERROR"):
            warnings.simplefilter("ignore")
            if left_out is None:
                return mne.io.read_raw(path, preload=False)
            read = mne.io.read_raw_bdf if path.suffix.lower() == ".bdf" else mne.io.read_raw_edf
            # A faster channel that is not EEG would otherwise raise the rate of all.
            return read(path, preload=False, exclude=left_out)
    except Exception as error:
        # MNE's readers raise whatever their formats' parsers raise.
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise RecordingError(f"Recording {path.name!r} cannot be opened as EEG: {reason}") from error


@dataclass(frozen=True)
class _FileReader:
    """Reads some rows of an open file."""

    raw: Any
    rows: tuple[int, ...]
    name: str

    def __call__(self, start: int, stop: int) -> NDArray[np.float32]:
        return _read_uv(self.raw, self.rows, self.name, start, stop)

    def of(self, rows: Sequence[int]) -> "_FileReader":
        """Read only these of its rows."""
        return replace(self, rows=tuple(self.rows[row] for row in rows))


def _read_uv(raw: Any, rows: tuple[int, ...], name: str, start: int, stop: int) -> NDArray[np.float32]:
    data_uv = np.empty((len(rows), stop - start), dtype=np.float32)
    step = max(1, _AT_ONCE // len(rows))
    try:
        for first in range(start, stop, step):
            piece_uv = data_uv[:, first - start :][:, :step]
            data_v = raw[list(rows), first : first + piece_uv.shape[1]][0]
            np.multiply(data_v, 1e6, out=piece_uv, casting="same_kind")
    except (OSError, ValueError, RuntimeError) as error:
        raise RecordingError(
            f"Recording {name!r} cannot be read between samples {start} and {stop}: {error}. Check the file's medium."
        ) from error
    return data_uv


def _around_gaps(
    path: Path, header: EdfHeader, sfreq: float, n_channels: int, read_contiguous_uv: ReadUv
) -> tuple[ReadUv, int]:
    """Give a reader, and the length in samples, of a file whose data records may lie apart in time."""
    record_len = round(header.record_s * sfreq)
    record_start = np.round(record_onsets_s(path, header) * sfreq).astype(np.int64)
    run_first = np.flatnonzero(np.diff(record_start, prepend=-record_len - 1) != record_len)
    run_start = record_start[run_first]
    run_stop = run_start + np.diff(run_first, append=len(record_start)) * record_len
    shift = run_first * record_len - run_start

    def read_uv(start: int, stop: int) -> NDArray[np.float32]:
        data = np.full((n_channels, stop - start), np.nan, dtype=np.float32)
        for run in range(int(np.searchsorted(run_stop, start, "right")), int(np.searchsorted(run_start, stop))):
            begin, end = max(int(run_start[run]), start), min(int(run_stop[run]), stop)
            data[:, begin - start : end - start] = read_contiguous_uv(begin + int(shift[run]), end + int(shift[run]))
        return data

    return read_uv, int(run_stop[-1])
