"""One program at a time: a lock that a killed program does not leave behind."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from eegwarn.errors import EegwarnError, OutputError


@contextmanager
def alone(path: Path, refusal: EegwarnError) -> Iterator[None]:
    """Hold a file for as long as this lasts; the operating system gives it free when the program ends in any way.

    Parameters
    ----------
    path : Path
        An empty file that is made, and stays.
    refusal : EegwarnError
        Raised where another program holds it.

    Raises
    ------
    OutputError
        If the file cannot be made.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, mode=0o600)
    try:
        path.parent.stat()  # filelock would make it
        lock.acquire(blocking=False)
    except Timeout:
        raise refusal from None
    except OSError as error:
        raise OutputError(f"{str(path)!r} cannot be written: {error.strerror}. Choose another place.") from error
    try:
        yield
    finally:
        lock.release()


def making(out: Path) -> AbstractContextManager[None]:
    """Hold an output, and what is kept beside it of an unfinished run, for as long as this lasts; see `alone`.

    Raises
    ------
    OutputError
        If another program makes it at the moment.
    """
    refusal = OutputError(
        f"Another program makes {str(out)!r} at the moment. Wait for it, stop it, or choose another name."
    )
    return alone(out.with_name(f".{out.name}.lock"), refusal)
