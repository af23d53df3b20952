"""Where the store is: a file of one's own, or a PostgreSQL server."""

import hashlib
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import platformdirs
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from eegwarn.errors import StoreError

ENVIRONMENT = "EEGWARN_STORE"
RECENT_ENVIRONMENT = "EEGWARN_RECENT"
_ALLOWED = "Give the path of a file, or postgresql://USER@HOST/DATABASE."


@dataclass(frozen=True)
class Place:
    """Where a store is.

    Parameters
    ----------
    url : sqlalchemy.URL
        With the driver that is used.
    path : Path or None
        The SQLite file; None for PostgreSQL.
    """

    url: URL
    path: Path | None

    def __str__(self) -> str:
        if self.path is not None:
            return str(self.path)
        shown = self.url.set(drivername="postgresql").difference_update_query(["password", "sslpassword"])
        return shown.render_as_string(hide_password=True)


def default_path() -> Path:
    """Give the store of this user: ``store.db`` in the folder that the system has for an application's data."""
    return platformdirs.user_data_path("eegwarn", appauthor=False) / "store.db"


def recent_folder(place: Place) -> Path:
    """Say where the monitors of a store keep the last minutes of their beds' EEG, see `eegwarn.bedside.ring`.

    It is a folder beside the store's file or, for a server, one of the user's data; ``EEGWARN_RECENT`` names another,
    which is to hold the beds of one store only, such as one in memory.
    """
    if given := os.environ.get(RECENT_ENVIRONMENT):
        return Path(given).expanduser().absolute()
    if place.path is not None:
        return place.path.with_name(f"{place.path.name}.eeg")
    return default_path().with_name(f"eeg-{hashlib.sha256(str(place).encode()).hexdigest()[:16]}")


def find_place(given: Path | str | None = None) -> Place:
    """Find the store that is meant: what is given, else ``EEGWARN_STORE``, else `default_path`, whose folder is made.

    Parameters
    ----------
    given : Path, str or None
        A path, or the URL of a PostgreSQL database.

    Raises
    ------
    StoreError
        If it is neither, its folder is absent, or the driver of PostgreSQL is not installed.
    """
    given = given or os.environ.get(ENVIRONMENT) or None
    if isinstance(given, str) and "://" in given:
        return Place(_server_url(given), None)
    path = Path(given).expanduser().absolute() if given else default_path()
    try:
        if given is None:
            # What is stored is about patients: nobody else's business on a shared computer.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.is_dir() or not path.parent.is_dir():
            raise StoreError(f"The store {str(path)!r} is a folder, or lies in none that exists. {_ALLOWED}")
    except OSError as error:
        raise StoreError(f"The store {str(path)!r} cannot be used: {error.strerror}. {_ALLOWED}") from error
    return Place(URL.create("sqlite", database=str(path)), path)


def _server_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Not shown: what cannot be parsed may hold a password.
        raise StoreError(f"The store's URL cannot be understood. {_ALLOWED}") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise StoreError(f"The store cannot be kept by {url.get_backend_name()!r}. {_ALLOWED}")
    if find_spec("psycopg") is None:
        raise StoreError("A store on PostgreSQL needs psycopg. Run: pip install 'eegwarn[postgres]'")
    return url.set(drivername="postgresql+psycopg")
