"""Text files of annotations, whatever wrote them."""

import csv
from collections.abc import Sequence
from pathlib import Path

from eegwarn.errors import EventsError

MAX_BYTES = 64 * 2**20


def read_text(path: Path) -> str:
    """Read a small text file as UTF-8, or as Latin-1 where it is not UTF-8.

    Raises
    ------
    EventsError
        If the file cannot be read or is larger than 64 MiB.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise EventsError(f"{str(path)!r} is larger than 64 MiB, which no file of seizure events is.")
        content = path.read_bytes()
    except OSError as error:
        raise EventsError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def table_rows(
    path: Path, lines: Sequence[str], *, delimiter: str
) -> tuple[tuple[str, ...], list[dict[str, str | None]]]:
    """Split the lines of a table into its header and its rows; a field that a short row lacks is None.

    Quotes have no meaning, since one in a remark must not swallow the rows that follow.

    Raises
    ------
    EventsError
        If it is no table, or a row has more fields than the header: which of them is which is not known then.
    """
    lines = [line for line in lines if line.strip()]
    table = csv.DictReader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, skipinitialspace=True)
    try:
        header, rows = tuple(table.fieldnames or ()), list(table)
    except csv.Error as error:
        raise EventsError(f"{str(path)!r} is not a table: {error}.") from error
    for number, row in enumerate(rows, start=1):
        if any(field.strip() for field in row.pop(None, ())):
            raise EventsError(f"{str(path)!r} has a row with more fields than its header: correct row {number}.")
    return header, rows
