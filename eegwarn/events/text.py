"""Text files of annotations, whatever wrote them."""

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
