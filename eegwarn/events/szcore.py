"""BIDS event tables, as the SzCORE framework for validating seizure detection lays them down.

Dan, J. et al. (2024). SzCORE: seizure community open-source research evaluation framework. Epilepsia.
https://doi.org/10.1111/epi.18113
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from eegwarn.errors import EventsError
from eegwarn.events.event import SeizureEvent, in_time_order
from eegwarn.events.text import read_text, table_rows
from eegwarn.signal.recording import UNKNOWN_START
from eegwarn.whole_file import whole_file

COLUMNS = ("onset", "duration", "eventType", "confidence", "channels", "dateTime", "recordingDuration")
BACKGROUND = "bckg"

_MISSING = ("", "n/a", "nan")
# BIDS allows columns of one's own, and readers of SzCORE go by the names of theirs.
_SOURCE, _MODEL = "source", "model"


def read_szcore_tsv(path: Path) -> tuple[SeizureEvent, ...]:
    """Read the seizures of an ``_events.tsv``.

    Rows whose ``eventType`` (or ``trial_type``, in other BIDS data sets) names no seizure are passed over, and so are
    columns beyond SzCORE's. A duration of ``n/a`` gives an event without an offset.

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
    header, rows = _header_and_rows(path)
    kind_column = next((name for name in ("eventType", "trial_type") if name in header), None)
    if kind_column is None or not {"onset", "duration"} <= set(header):
        raise EventsError(f"{str(path)!r} is no event table: it needs the columns onset, duration and eventType.")
    events = (_event(path, row, kind_column) for row in rows)
    return in_time_order(event for event in events if event is not None)


def is_found_by_model(path: Path) -> bool:
    """Whether an ``_events.tsv`` holds what a model found, which must not be learned from as if a person had marked it.

    Raises
    ------
    EventsError
        If the file cannot be read or is no table.
    """
    return any(row.get(_SOURCE) == _MODEL for row in _header_and_rows(path)[1])


def _header_and_rows(path: Path) -> tuple[tuple[str, ...], list[dict[str, str | None]]]:
    return table_rows(path, read_text(path).splitlines(), delimiter="\t")


def is_seizure_kind(kind: str) -> bool:
    """Whether an event type names a seizure: ``sz``, ``sz_…``, or a word such as ``seizure``."""
    text = kind.strip().lower()
    return text == "sz" or text.startswith(("sz_", "sz-", "seiz"))


def _event(path: Path, row: dict[str, str | None], kind_column: str) -> SeizureEvent | None:
    kind = row[kind_column]
    if kind is None:
        raise EventsError(f"{str(path)!r} has a row that ends before the column {kind_column}: {row['onset']!r}.")
    kind = kind.strip()
    if not is_seizure_kind(kind):
        return None
    duration, confidence, channels = (_value(row.get(name)) for name in ("duration", "confidence", "channels"))
    try:
        onset_s = float(row["onset"] or "")
        return SeizureEvent(
            onset_s,
            None if duration is None else onset_s + float(duration),
            "sz" if kind.lower().startswith("seiz") else kind.replace("-", "_"),
            None if confidence is None else float(confidence),
            () if channels in (None, "all") else tuple(name.strip() for name in channels.split(",")),
        )
    except (ValueError, EventsError) as error:
        raise EventsError(
            f"{str(path)!r} holds a seizure at {row['onset']!r} for {duration!r} s that is not valid: {error}"
        ) from error


def _value(text: object) -> str | None:
    return text.strip() if isinstance(text, str) and text.strip().lower() not in _MISSING else None


def write_szcore_tsv(
    path: Path | str,
    events: Sequence[SeizureEvent],
    *,
    recording_duration_s: float,
    start: datetime | None = None,
    by_model: bool = False,
) -> None:
    """Write seizures as a table that SzCORE's tools read.

    Times are in seconds, rounded to the millisecond. A recording without a seizure gets one ``bckg`` row over its whole
    length.

    Parameters
    ----------
    path : Path or str
        Usually ``…_events.tsv``.
    events : sequence of SeizureEvent
        In any order.
    recording_duration_s : float
        Length of the recording in seconds.
    start : datetime or None
        When the recording began; `UNKNOWN_START` where it is not known, since readers want a date in every row.
    by_model : bool
        Whether a model found them: a further column ``source`` says so, and cohorts do not take them for marks.

    Raises
    ------
    OutputError
        If the file cannot be written; nothing is left behind.
    """
    rows = [_row(event) for event in in_time_order(events)]
    rows = rows or [["0.000", f"{recording_duration_s:.3f}", BACKGROUND, "n/a", "n/a"]]
    ending = [f"{start or UNKNOWN_START:%Y-%m-%d %H:%M:%S}", f"{recording_duration_s:.3f}"]
    columns = list(COLUMNS)
    if by_model:
        columns.append(_SOURCE)
        ending.append(_MODEL)
    lines = [columns, *([*row, *ending] for row in rows)]
    with whole_file(path) as file:
        file.write("".join("\t".join(line) + "\n" for line in lines).encode())


def _row(event: SeizureEvent) -> list[str]:
    return [
        f"{event.onset_s:.3f}",
        "n/a" if event.duration_s is None else f"{event.duration_s:.3f}",
        event.kind,
        "n/a" if event.confidence is None else f"{event.confidence:.4f}",
        ",".join(event.channels) or "n/a",
    ]
