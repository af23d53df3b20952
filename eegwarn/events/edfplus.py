"""Seizures as annotations of EDF+ files: read from a recording's marks, and written with its EEG.

Kemp, B. & Olivan, J. (2003). European data format 'plus' (EDF+). Clinical Neurophysiology 114:1755-1761.
https://doi.org/10.1016/S1388-2457(03)00123-8
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eegwarn.errors import EventsError
from eegwarn.events.event import SeizureEvent, in_time_order
from eegwarn.signal.recording import Mark, Recording
from eegwarn.whole_file import whole_file

if TYPE_CHECKING:
    from edfio import Edf

_WORD = r"(?:seizures?|seiz|sz|szr|crisis|crisi|crise|anfall|krise)\b"
_SEIZURE = re.compile(rf"\b{_WORD}", re.IGNORECASE)
# Texts that speak of a seizure but mark none.
_NOT_ONE = re.compile(
    r"\b(no|not|without|non|possible|questionable|pre|post|inter|after|before|between)\b[\s-]*"
    rf"((a|an|any|more|further|clear|definite|clinical|electrographic|epileptic)\s+)*{_WORD}"
    rf"|\b(pre|post|inter)[\s-]?ictal|{_WORD}[\s-]?free|\?",
    re.IGNORECASE,
)
_ONSET = re.compile(r"\b(onset|start|starts|started|begin|begins|beginning|beginn|inizio|debut|début)\b", re.IGNORECASE)
_OFFSET = re.compile(r"\b(offset|end|ends|ended|ending|stop|stops|ende|fin|termination)\b", re.IGNORECASE)
_ONSET_ALONE = re.compile(r"\W*((eeg|electrographic|clinical|clin|ictal)\W+)?(onset|offset)\W*\d*\W*", re.IGNORECASE)
_CLINICAL = re.compile(r"\bclin(ical)?\b", re.IGNORECASE)


def events_from_marks(marks: Iterable[Mark]) -> tuple[SeizureEvent, ...]:
    """Find the seizures among a recording's annotations.

    Three ways of marking are understood: an annotation with a duration ("seizure", "sz_foc"); a pair such as "seizure
    start" and "seizure end", or "onset" and "offset", which goes before their own durations; and an onset alone, which
    gives an event without an offset. A clinical onset after an electrographic one, with no end between them, belongs to
    the same seizure. Other texts, such as "no seizure" or "postictal", are passed over.

    Parameters
    ----------
    marks : iterable of Mark
        In any order.

    Returns
    -------
    tuple of SeizureEvent
        In time order.
    """
    events: list[SeizureEvent] = []
    opened: Mark | None = None
    for mark in sorted(marks, key=lambda mark: (mark.onset_s, _is_offset(mark.text))):
        if not np.isfinite(mark.onset_s) or not _speaks_of_a_seizure(mark.text):
            continue
        if _is_offset(mark.text):
            events += _event(opened, mark.onset_s)
            opened = None
        elif mark.duration_s > 0 and not _ONSET.search(_words(mark.text)):
            events += _event(mark)
        elif opened is None or _is_clinical(mark.text) == _is_clinical(opened.text):
            events += _event(opened)
            opened = mark
    return in_time_order([*events, *_event(opened)])


def _event(begin: Mark | None, offset_s: float | None = None) -> list[SeizureEvent]:
    if begin is None:
        return []
    if offset_s is None and 0 < begin.duration_s < np.inf:
        offset_s = begin.onset_s + begin.duration_s
    kind = begin.text.strip()
    return [SeizureEvent(begin.onset_s, offset_s, kind if re.fullmatch(r"sz(_\w+)?", kind) else "sz")]


def _words(text: str) -> str:
    return text.replace("_", " ")


def _is_clinical(text: str) -> bool:
    return bool(_CLINICAL.search(_words(text)))


def _speaks_of_a_seizure(text: str) -> bool:
    words = _words(text)
    return bool(_SEIZURE.search(words) or _ONSET_ALONE.fullmatch(words)) and not _NOT_ONE.search(words)


def _is_offset(text: str) -> bool:
    words = _words(text)
    return bool(_OFFSET.search(words)) and not _ONSET.search(words)


def export_edfplus(recording: Recording, events: Sequence[SeizureEvent], path: Path) -> None:
    """Write a recording's EEG with events as annotations to an EDF+ file, without anything about the patient.

    The recording is read twice, block by block, so that memory does not grow with its length: once for the range of
    each channel, once to write. The last data record is filled up with zeros, and NaN becomes 0, which EDF cannot tell
    apart. Amplitudes are rounded to the range's 65536th part.

    Parameters
    ----------
    recording : Recording
        What to write. Its own marks are left out, since free text may hold names.
    events : sequence of SeizureEvent
        Written with their type as text; an event without an offset has no duration. EDF+ counts from the start of the
        recording, so that one which began before it is written from there on.
    path : Path
        The file, replaced if it exists.

    Raises
    ------
    EventsError
        If an event lies before the recording.
    OutputError
        If the file cannot be written; nothing is left behind.
    """
    early = [event for event in events if not event.lies_in(np.inf)]
    if early:
        raise EventsError(
            f"An event at {early[0].onset_s:g} s lies before the recording. EDF+ holds those from 0 s on."
        )
    events = [replace(event, onset_s=max(event.onset_s, 0.0)) for event in events]
    record_s = Fraction(recording.sfreq).limit_denominator(1000).denominator
    template = _one_record(recording, events, record_s, _ranges_uv(recording))
    with whole_file(path) as file:
        _write_records(file, recording, template, record_s)


def _ranges_uv(recording: Recording) -> NDArray[np.float64]:
    """Lowest and highest finite value of each channel, shape (n_channels, 2), at least 1 µV apart."""
    ranges = np.tile([[-0.5, 0.5]], (len(recording.channels), 1))
    for block in recording.blocks_uv():
        block = np.nan_to_num(block, posinf=0.0, neginf=0.0)
        ranges[:, 0] = np.minimum(ranges[:, 0], block.min(axis=1))
        ranges[:, 1] = np.maximum(ranges[:, 1], block.max(axis=1))
    # A header field has eight characters: round outwards to what fits.
    return np.stack([np.floor(ranges[:, 0] * 10) / 10, np.ceil(ranges[:, 1] * 10) / 10], axis=1)


def _one_record(
    recording: Recording, events: Sequence[SeizureEvent], record_s: int, ranges_uv: NDArray[np.float64]
) -> "Edf":
    import edfio

    signals = [
        edfio.EdfSignal(
            np.zeros(round(record_s * recording.sfreq)),
            recording.sfreq,
            label=f"EEG {channel.name}"[:16],
            physical_dimension="uV",
            physical_range=(float(low), float(high)),
        )
        for channel, (low, high) in zip(recording.channels, ranges_uv, strict=True)
    ]
    start = recording.start
    return edfio.Edf(
        signals,
        recording=edfio.Recording(startdate=start.date() if start else None),
        starttime=start.time().replace(microsecond=0) if start else None,
        data_record_duration=record_s,
        # EDF+ lets any data record hold any annotation: the first holds all.
        annotations=[
            edfio.EdfAnnotation(event.onset_s, event.duration_s, event.kind) for event in in_time_order(events)
        ],
    )


def _write_records(file: IO[bytes], recording: Recording, template: "Edf", record_s: int) -> None:
    record_len = round(record_s * recording.sfreq)
    n_records = -(-recording.n_times // record_len)
    encoded = template.to_bytes()
    header = bytearray(encoded[: template.bytes_in_header_record])
    header[236:244] = str(n_records).ljust(8).encode()
    file.write(header)
    annotation_bytes = len(encoded) - len(header) - 2 * record_len * len(recording.channels)
    first = encoded[len(encoded) - annotation_bytes :]
    bounds = np.array([(signal.physical_min, signal.physical_max) for signal in template.signals])
    records_per_block = max(1, 60 // record_s)
    for record in range(0, n_records, records_per_block):
        n = min(records_per_block, n_records - record)
        block = np.zeros((len(recording.channels), n * record_len))
        stop = min((record + n) * record_len, recording.n_times)
        data = recording.read_uv(record * record_len, stop)
        block[:, : data.shape[1]] = np.nan_to_num(data, posinf=0.0, neginf=0.0)
        eeg = _digital(block, bounds).reshape(len(block), n, record_len).transpose(1, 0, 2).reshape(n, -1)
        stamps = [f"+{(record + i) * record_s}\x14\x14\x00".encode().ljust(annotation_bytes, b"\0") for i in range(n)]
        if record == 0:
            stamps[0] = first
        file.write(b"".join(samples.tobytes() + stamp for samples, stamp in zip(eeg, stamps, strict=True)))


def _digital(block: NDArray[np.float64], bounds: NDArray[np.float64]) -> NDArray[np.int16]:
    low, high = bounds[:, :1], bounds[:, 1:]
    digital = np.rint((block - low) / (high - low) * 65535 - 32768)
    return np.clip(digital, -32768, 32767).astype("<i2")
