"""Opening the store, and the transactions through which everything in it is read and written."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from eegwarn.errors import StoreError
from eegwarn.store.failures import store_error
from eegwarn.store.migrate import REVISIONS, present_revision, upgrade
from eegwarn.store.place import Place, find_place

BUSY_S = 5.0
"""How long to wait for another program's transaction before giving up, in s."""


@dataclass(frozen=True)
class Store:
    """An open store; may be used from several threads and processes at once.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Its connections.
    place : Place
        Where it is.
    inode : int or None
        What tells its file from another of that name; None for PostgreSQL.
    """

    engine: Engine
    place: Place
    inode: int | None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read one state of everything, whatever others write meanwhile.

        Raises
        ------
        StoreError
            If it cannot be read now.
        """
        # SQLite shows one state to a transaction anyhow.
        one_state = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._failures(), self.engine.connect() as connection:
            connection = connection.execution_options(**(one_state if self.place.path is None else {}))
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write all or nothing; when the block has ended without an error, what was written is on disk.

        Raises
        ------
        StoreError
            If it cannot be written now. Nothing of the block is kept then, and all from before it is.
        """
        with self._failures(), self.engine.connect() as connection:
            self._refuse_moved_file()
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise store_error(str(self.place), error) from error

    def _refuse_moved_file(self) -> None:
        # SQLite would go on writing to a file that nobody can open any more.
        if self.inode != _inode(self.place):
            raise StoreError(
                f"The store {str(self.place)!r} was moved, removed or replaced while it was open. Put it back, or "
                "start this program again."
            )

    def write_ahead(self) -> None:
        """Let readers and a writer of an SQLite file not wait for each other, for good: the file remembers it."""
        with self._failures():
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA journal_mode = WAL")
            finally:
                connection.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_store(place: Path | str | None = None, *, create: bool = True, busy_s: float = BUSY_S) -> Store:
    """Open the store; make it where there is none, and bring an older one to the present schema.

    Parameters
    ----------
    place : Path, str or None
        A file, or the URL of a PostgreSQL database; if None, ``EEGWARN_STORE``, or a file in the user's data folder.
    create : bool
        Whether to make a store where there is none.
    busy_s : float
        How long to wait for other programs' transactions, in s.

    Raises
    ------
    StoreError
        If it cannot be opened, is damaged, is of a newer eegwarn, or is something else. It is left as it was.
    """
    found = find_place(place)
    if not create and found.path is not None and not found.path.exists():
        raise StoreError(
            f"There is no store at {str(found)!r}. Give the place of one with --store or EEGWARN_STORE; the demo's is "
            "eegwarn-demo/store.db."
        )
    store = Store(_engine(found, busy_s), found, _made_inode(found))
    try:
        _bring_up_to_date(store, create=create)
    except BaseException:
        store.close()
        raise
    return store


def _bring_up_to_date(store: Store, *, create: bool) -> None:
    with store.reading() as connection:
        if store.place.path is not None:
            damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if damage != "ok":
                raise sqlite3.DatabaseError(f"malformed: {damage}")
        revision = present_revision(connection, str(store.place))
    if revision is None and not create:
        raise StoreError(f"{str(store.place)!r} is empty: nothing has been stored there yet.")
    if store.place.path is not None:
        store.write_ahead()
    if revision != REVISIONS[-1]:
        with store.writing() as connection:
            upgrade(connection)


def _inode(place: Place) -> int | None:
    try:
        return None if place.path is None else place.path.stat().st_ino
    except OSError:
        return 0


def _made_inode(place: Place) -> int | None:
    if place.path is not None:
        try:
            place.path.touch()
        except OSError as error:
            raise StoreError(
                f"The store {str(place)!r} cannot be used: {error.strerror}. Choose another place."
            ) from error
    return _inode(place)


def _engine(place: Place, busy_s: float) -> Engine:
    if place.path is None:
        milliseconds = round(busy_s * 1000)
        options = f"-c lock_timeout={milliseconds} -c synchronous_commit=on -c timezone=UTC"
        arguments = {"connect_timeout": max(2, round(busy_s)), "options": options}
        return create_engine(place.url, pool_pre_ping=True, connect_args=arguments)
    engine = create_engine(place.url, connect_args={"timeout": busy_s})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # The driver begins transactions by itself, and too late for a lock; here they are begun by the listener below.
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "synchronous = FULL", "recursive_triggers = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and asks for the lock later could be refused without any waiting.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
