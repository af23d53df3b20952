"""Annotations of the TUH EEG Seizure Corpus, version 2: ``.csv`` by channel and ``.csv_bi`` by recording.

Shah, V. et al. (2018). The Temple University Hospital Seizure Detection Corpus. Frontiers in Neuroinformatics 12:83.
https://doi.org/10.3389/fninf.2018.00083
"""

from itertools import pairwise
from pathlib import Path

import numpy as np

from eegwarn.errors import EventsError
from eegwarn.events.event import SeizureEvent, in_time_order, overlap_groups
from eegwarn.events.text import read_text, table_rows

_KIND = {
    "seiz": "sz",
    "fnsz": "sz_foc",
    "gnsz": "sz_gen",
    "spsz": "sz_foc_a",
    "cpsz": "sz_foc_ia",
    "absz": "sz_gen_nm",
    "tnsz": "sz_gen_m_tonic",
    "cnsz": "sz_gen_m_clonic",
    "tcsz": "sz_gen_m_tonicClonic",
    "atsz": "sz_gen_m_atonic",
    "mysz": "sz_gen_nm_myoclonic",
    "nesz": None,  # not epileptic
}
_COLUMNS = ("channel", "start_time", "stop_time", "label")
_ALL_CHANNELS = "TERM"


def read_tusz_csv(path: Path) -> tuple[SeizureEvent, ...]:
    """Read a ``.csv`` or ``.csv_bi`` file of TUSZ.

    Rows of single channels that overlap or touch in time become one event: from the first onset to the last offset, on
    all their channels, with the label that covers most channel-seconds and the lowest confidence. Background and
    artefact rows are passed over.

    Returns
    -------
    tuple of SeizureEvent
        In time order.

    Raises
    ------
    EventsError
        If the file cannot be read, lacks a column, has a row that its header does not fit, or a seizure's row holds no
        valid times.
    """
    lines = [line for line in read_text(path).splitlines() if not line.lstrip().startswith("#")]
    header, rows = table_rows(path, lines, delimiter=",")
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise EventsError(f"{str(path)!r} is no TUSZ table: it lacks the columns {', '.join(missing)}.")
    return _merge_rows(in_time_order(event for row in rows if (event := _event(path, row)) is not None))


def _event(path: Path, row: dict[str, str | None]) -> SeizureEvent | None:
    if row["label"] is None:
        raise EventsError(f"{str(path)!r} has a row that ends before its label: {row['channel']!r}.")
    label = row["label"].strip().lower()
    kind = _KIND.get(label, "sz" if label.endswith("sz") else None)
    if kind is None:
        return None
    channel, confidence = (row["channel"] or "").strip(), row.get("confidence")
    try:
        return SeizureEvent(
            float(row["start_time"] or ""),
            float(row["stop_time"] or ""),
            kind,
            float(confidence) if confidence else None,
            () if channel.upper() == _ALL_CHANNELS else (channel,),
        )
    except (ValueError, EventsError) as error:
        raise EventsError(
            f"{str(path)!r} has an invalid seizure from {row['start_time']!r} to {row['stop_time']!r}: {error}"
        ) from error


def _merge_rows(rows: tuple[SeizureEvent, ...]) -> tuple[SeizureEvent, ...]:
    onset_s = np.array([row.onset_s for row in rows])
    offset_s = np.array([row.offset_s for row in rows], dtype=float)
    groups = overlap_groups(onset_s, offset_s)
    bounds = np.searchsorted(groups, np.arange(groups[-1] + 2)) if len(groups) else np.zeros(1, dtype=np.intp)
    return tuple(_merge(rows[first:last]) for first, last in pairwise(bounds))


def _merge(rows: tuple[SeizureEvent, ...]) -> SeizureEvent:
    covered_s: dict[str, float] = {}
    for row in rows:
        covered_s[row.kind] = covered_s.get(row.kind, 0.0) + (row.duration_s or 0.0)
    everywhere = any(not row.channels for row in rows)
    confidences = [row.confidence for row in rows if row.confidence is not None]
    return SeizureEvent(
        rows[0].onset_s,
        max(row.offset_s for row in rows if row.offset_s is not None),
        max(covered_s, key=lambda kind: covered_s[kind]),
        min(confidences, default=None),
        () if everywhere else tuple(dict.fromkeys(channel for row in rows for channel in row.channels)),
    )
