"""What a recording is to the rest of eegwarn, wherever its samples come from."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import RecordingError
from eegwarn.signal.channels import Channel, parse_channel
from eegwarn.signal.edf_header import ANNOTATION_LABELS, read_edf_header, record_onsets_s


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
    read_uv: Callable[[int, int], NDArray[np.float32]]
    start: datetime | None = None
    marks: tuple[Mark, ...] = ()
    set_aside: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_times / self.sfreq

    def blocks_uv(self, block_s: float = 60.0) -> Iterator[NDArray[np.float32]]:
        """Read the whole recording in time order, ``block_s`` seconds at a time."""
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
    if not path.exists():
        raise RecordingError(f"Recording {str(path)!r} does not exist.")
    is_edf = path.suffix.lower() in (".edf", ".bdf")
    header = read_edf_header(path, damaged=damaged) if is_edf else None
    labels = header.labels if header else None
    raw = _open_raw(path, labels)
    found = [(row, channel) for row, name in enumerate(raw.ch_names) if (channel := parse_channel(name))]
    set_aside = tuple(
        name for name in labels or raw.ch_names if not parse_channel(name) and name not in ANNOTATION_LABELS
    )
    if not found:
        raise RecordingError(
            f"Recording {path.name!r} has no EEG channel among {', '.join(set_aside) or 'none'}. EEG channels are "
            "known by their 10-20 names, such as Fp1, EEG Fp1-REF or FP1-F7."
        )
    sfreq = float(raw.info["sfreq"])
    rows = [row for row, _ in found]
    n_times = int(raw.n_times)
    if header:
        n_times = min(n_times, round(header.n_records * header.record_s * sfreq))
    read_uv = partial(_read_uv, raw, rows, path.name)
    if header and header.may_have_gaps:
        record_start = np.round(record_onsets_s(path, header) * sfreq).astype(np.int64)
        record_len = round(header.record_s * sfreq)
        read_uv = partial(_read_around_gaps, read_uv, record_start, record_len, len(rows))
        n_times = int(record_start[-1]) + record_len
    return Recording(
        name=path.name,
        sfreq=sfreq,
        channels=tuple(channel for _, channel in found),
        n_times=n_times,
        read_uv=read_uv,
        start=_known_start(raw.info["meas_date"]),
        marks=tuple(
            Mark(float(mark["onset"]), float(mark["duration"]), str(mark["description"])) for mark in raw.annotations
        ),
        set_aside=set_aside,
    )


def _known_start(measured: datetime | None) -> datetime | None:
    # EDF+ writes 1 January 1985 where the date is unknown or withheld.
    return None if measured is None or measured.date() == date(1985, 1, 1) else measured


def _open_raw(path: Path, labels: tuple[str, ...] | None) -> Any:
    import mne

    try:
        with warnings.catch_warnings(), mne.use_log_level("ERROR"):
            warnings.simplefilter("ignore")
            if labels is None:
                return mne.io.read_raw(path, preload=False)
            read = mne.io.read_raw_bdf if path.suffix.lower() == ".bdf" else mne.io.read_raw_edf
            # A faster channel that is not EEG would otherwise raise the rate of all.
            others = [label for label in labels if not parse_channel(label) and label not in ANNOTATION_LABELS]
            return read(path, preload=False, exclude=others)
    except Exception as error:
        # MNE's readers raise whatever their formats' parsers raise.
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RecordingError(f"Recording {path.name!r} cannot be opened as EEG: {reason}") from error


def _read_uv(raw: Any, rows: list[int], name: str, start: int, stop: int) -> NDArray[np.float32]:
    try:
        data_v = raw[rows, start:stop][0]
    except (OSError, ValueError, RuntimeError) as error:
        raise RecordingError(
            f"Recording {name!r} cannot be read between samples {start} and {stop}: {error}. Check the file's medium."
        ) from error
    data_uv = np.empty(data_v.shape, dtype=np.float32)
    np.multiply(data_v, 1e6, out=data_uv, casting="same_kind")
    return data_uv


def _read_around_gaps(
    read_contiguous_uv: Callable[[int, int], NDArray[np.float32]],
    record_start: NDArray[np.int64],
    record_len: int,
    n_channels: int,
    start: int,
    stop: int,
) -> NDArray[np.float32]:
    """Read from a file whose records lie apart in time; where there is none, the samples are NaN."""
    data = np.full((n_channels, stop - start), np.nan, dtype=np.float32)
    first = int(np.searchsorted(record_start, start - record_len, side="right"))
    for record in range(first, int(np.searchsorted(record_start, stop))):
        at = int(record_start[record])
        begin, end = max(at, start), min(at + record_len, stop)
        if begin < end:
            shift = record * record_len - at
            data[:, begin - start : end - start] = read_contiguous_uv(begin + shift, end + shift)
    return data
