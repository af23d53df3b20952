"""The header of an EDF or BDF file, read and checked before anything else opens it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import RecordingError

_LONGEST_S = 7 * 86400.0
ANNOTATION_LABELS = {"EDF Annotations", "BDF Annotations"}


@dataclass(frozen=True)
class EdfHeader:
    """What the header says of the signals; of the patient nothing is kept.

    Parameters
    ----------
    labels, units : tuple of str
        Of each signal, as written.
    samples_per_record : tuple of int
        Of each signal.
    record_s : float
        Length of a data record, in s.
    n_records : int
        Whole data records that the file really holds.
    header_bytes : int
        Length of the header.
    sample_bytes : int
        2 for EDF, 3 for BDF.
    may_have_gaps : bool
        Whether the file says that it is discontinuous (EDF+D, BDF+D).
    """

    labels: tuple[str, ...]
    units: tuple[str, ...]
    samples_per_record: tuple[int, ...]
    record_s: float
    n_records: int
    header_bytes: int
    sample_bytes: int
    may_have_gaps: bool

    @property
    def record_bytes(self) -> int:
        """Length of one data record in the file."""
        return sum(self.samples_per_record) * self.sample_bytes


def read_edf_header(path: Path, *, damaged: bool = False) -> EdfHeader:
    """Read the header of an EDF or BDF file and hold it against the file's size.

    Parameters
    ----------
    path : Path
        The file.
    damaged : bool
        Whether to accept a file whose number of data records is not what its header says, with the whole ones.

    Raises
    ------
    RecordingError
        If the file is not EDF or BDF, its header contradicts itself, or its length contradicts its header.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            fixed = file.read(256)
            n_signals = _signal_count(fixed, path)
            signals = file.read(256 * n_signals)
    except OSError as error:
        raise RecordingError(f"Recording {path.name!r} cannot be read: {error.strerror}.") from error
    if len(signals) < 256 * n_signals:
        raise RecordingError(f"{path.name!r} ends inside its header after {size} bytes: the file is truncated.")
    header = _parse(fixed, signals, n_signals, path)
    return _checked_against_size(header, _number(fixed[236:244], "number of data records", path), size, path, damaged)


def _signal_count(fixed: bytes, path: Path) -> int:
    if len(fixed) < 256:
        raise RecordingError(
            f"{path.name!r} has {len(fixed)} bytes, too few for an EDF header (256): truncated or not EDF."
        )
    if fixed[:8].strip() != b"0" and fixed[:8] != b"\xffBIOSEMI":
        raise RecordingError(f"{path.name!r} is not an EDF or BDF file, whatever its name says. Export it as EDF.")
    wanted = ".bdf" if fixed[0] == 0xFF else ".edf"
    if path.suffix.lower() != wanted:
        raise RecordingError(
            f"{path.name!r} is a {wanted[1:].upper()} file by its content. Rename it to end in {wanted}."
        )
    n_signals = _number(fixed[252:256], "number of signals", path)
    if n_signals < 1:
        raise RecordingError(f"{path.name!r} has {n_signals:g} signals; a recording needs at least one EEG channel.")
    return int(n_signals)


def _number(field: bytes, what: str, path: Path) -> float:
    try:
        value = float(field.decode("ascii"))
    except (UnicodeDecodeError, ValueError):
        value = float("nan")
    if not np.isfinite(value):
        raise RecordingError(f"The header of {path.name!r} is damaged: its {what} is not a number.")
    return value


def _parse(fixed: bytes, signals: bytes, n_signals: int, path: Path) -> EdfHeader:
    def column(offset: int, width: int) -> list[bytes]:
        begin = offset * n_signals
        return [signals[begin + i * width : begin + (i + 1) * width] for i in range(n_signals)]

    labels = tuple(field.decode("latin-1").strip() for field in column(0, 16))
    units = tuple(field.decode("latin-1").strip() for field in column(96, 8))
    samples = tuple(int(_number(field, "samples per data record", path)) for field in column(216, 8))
    record_s = _number(fixed[244:252], "length of a data record", path)
    header_bytes = 256 * (n_signals + 1)
    if _number(fixed[184:192], "length", path) != header_bytes:
        raise RecordingError(f"The header of {path.name!r} is damaged: its length is not {header_bytes} bytes.")
    for label, bounds in zip(labels, zip(*(column(at, 8) for at in (104, 112, 120, 128)), strict=True), strict=True):
        low, high, digital_low, digital_high = (_number(field, f"range of {label!r}", path) for field in bounds)
        if label not in ANNOTATION_LABELS and (low == high or digital_low >= digital_high):
            raise RecordingError(f"The header of {path.name!r} is damaged: channel {label!r} has an empty range.")
    ordinary = [n for label, n in zip(labels, samples, strict=True) if label not in ANNOTATION_LABELS]
    if min(samples) < 1 or not ordinary or record_s <= 0:
        raise RecordingError(
            f"The header of {path.name!r} describes no signal: {len(ordinary)} channels, data records of "
            f"{record_s:g} s, at least {min(samples)} samples in each."
        )
    return EdfHeader(
        labels=labels,
        units=units,
        samples_per_record=samples,
        record_s=record_s,
        n_records=0,
        header_bytes=header_bytes,
        sample_bytes=3 if fixed[0] == 0xFF else 2,
        may_have_gaps=fixed[192:197] in (b"EDF+D", b"BDF+D"),
    )


def _checked_against_size(header: EdfHeader, stated: float, size: int, path: Path, damaged: bool) -> EdfHeader:
    whole, rest = divmod(size - header.header_bytes, header.record_bytes)
    # -1 is how a recorder that is still writing, or was cut off, says that it does not know.
    fits = stated == -1 or (whole == stated and rest == 0)
    if whole < 1:
        raise RecordingError(f"{path.name!r} holds no complete data record after its header: the file is truncated.")
    if not fits and not damaged:
        held = f"{whole + rest / header.record_bytes:.2f}".rstrip("0").rstrip(".")
        complete = whole if stated < 1 else int(min(whole, stated))
        raise RecordingError(
            f"{path.name!r} is damaged: its header promises {stated:g} data records of {header.record_s:g} s, the file "
            f"holds {held}. Use --damaged to go on with the {complete} complete ones."
        )
    return EdfHeader(**{**vars(header), "n_records": int(whole if stated < 1 else min(whole, stated))})


def record_onsets_s(path: Path, header: EdfHeader) -> NDArray[np.float64]:
    """Read when each data record of an EDF+D or BDF+D file begins, from its time-keeping annotations.

    Returns
    -------
    ndarray, shape (n_records,)
        Seconds from the start of the recording.

    Raises
    ------
    RecordingError
        If the file has no readable time-keeping annotation in some record.
    """
    keeper = next((i for i, label in enumerate(header.labels) if label in ANNOTATION_LABELS), None)
    if keeper is None:
        raise RecordingError(f"{path.name!r} says that it has gaps but has no annotations that tell where.")
    data = np.memmap(path, np.uint8, "r", header.header_bytes, (header.n_records, header.record_bytes))
    begin = sum(header.samples_per_record[:keeper]) * header.sample_bytes
    width = min(32, header.samples_per_record[keeper] * header.sample_bytes)
    stamps = [bytes(record[begin : begin + width]).split(b"\x14")[0].split(b"\x15")[0] for record in data]
    try:
        onset_s: NDArray[np.float64] = np.array([float(stamp) for stamp in stamps])
    except ValueError as error:
        raise RecordingError(f"{path.name!r} has a data record without a readable time stamp: {error}.") from error
    if not np.all(np.isfinite(onset_s)) or not np.all(np.diff(onset_s) >= header.record_s * 0.99):
        raise RecordingError(f"{path.name!r} has data records whose time stamps overlap or run backwards.")
    if onset_s[-1] - onset_s[0] > _LONGEST_S:
        raise RecordingError(
            f"{path.name!r} spans {(onset_s[-1] - onset_s[0]) / 86400:.0f} days from its first to its last data "
            f"record; at most {_LONGEST_S / 86400:.0f} are read. Split it at its gaps."
        )
    onset_s -= onset_s[0]
    return onset_s
