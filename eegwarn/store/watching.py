"""One monitor for a bed: two would raise each seizure's alarm twice, and neither could tell which to believe."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from eegwarn.alone import alone
from eegwarn.errors import StoreError
from eegwarn.store.place import find_place, recent_folder

_EEGWARN = zlib.crc32(b"eegwarn: a bed is watched") & 0x7FFFFFFF
_NOTICES_LOST_HOSTS = ("tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10", "tcp_keepalives_count = 3")
"""A server learns within a minute that a whole computer is gone; of a program that was killed it learns at once."""


@contextmanager
def watched_alone(place: str | None, beds: Sequence[str]) -> Iterator[str]:
    """Watch beds of a store as the only monitor that does; give what stands in the way of that promise, or nothing.

    With SQLite a file beside the store is held, on a server an advisory lock of a connection. Both end with the
    program, however it ends: a monitor that is started anew after a crash is not refused. A bed is watched even where
    nobody can be asked: the store may be away, and a seizure does not wait for it.

    Parameters
    ----------
    place : str or None
        As `eegwarn.store.open_store` takes it.
    beds : sequence of str
        Their names.

    Raises
    ------
    StoreError
        If another monitor watches one of them.
    """
    found = find_place(place)
    with ExitStack() as held:
        trouble = ""
        try:
            if found.path is None:
                _hold_on_server(held, found.url.render_as_string(hide_password=False), beds)
            else:
                _hold_files(held, recent_folder(found), beds)
        except (OSError, SQLAlchemyError) as error:
            trouble = f"Whether another monitor watches too cannot be told: {type(error).__name__}."
        yield trouble


def _hold_files(held: ExitStack, folder: Path, beds: Sequence[str]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for bed in beds:
        name = f"{hashlib.sha256(bed.encode()).hexdigest()[:16]}.lock"
        held.enter_context(alone(folder / name, _refusal(bed)))


def _hold_on_server(held: ExitStack, url: str, beds: Sequence[str]) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    connection = held.enter_context(engine.connect())
    for setting in _NOTICES_LOST_HOSTS:
        connection.execute(text(f"SET {setting}"))
    for bed in beds:
        keys = {"ours": _EEGWARN, "bed": zlib.crc32(bed.encode()) & 0x7FFFFFFF}
        if not connection.execute(text("SELECT pg_try_advisory_lock(:ours, :bed)"), keys).scalar_one():
            raise _refusal(bed)


def _refusal(bed: str) -> StoreError:
    return StoreError(
        f"Bed {bed!r} is watched by another monitor that writes to the same store. Stop that one first, or give this "
        "bed another name."
    )
