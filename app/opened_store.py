"""The store as the pages use it: opened once for all who look, and anew when another lies in its place."""

import os
import shlex
from pathlib import Path

import streamlit as st

from app.folder import dashboard_folder
from eegwarn.errors import StoreError
from eegwarn.store import Store, open_store
from eegwarn.store.place import ENVIRONMENT, find_place

STORE_NAME = "store.db"
"""A store in the dashboard's folder is taken where no other was asked for: that of `eegwarn demo`."""

_BUSY_S = 1.0
"""A page says that the store is locked rather than wait for long."""


def dashboard_store() -> Store | None:
    """Open the store that the monitors and the raters of this dashboard write; None where none was made yet.

    Raises
    ------
    StoreError
        If it cannot be opened now.
    """
    place = find_place(folder_store())
    if place.path is None:
        return _open(place.url.render_as_string(hide_password=False), None)
    try:
        status = place.path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"The store {str(place)!r} cannot be used: {error.strerror}. Check its rights.") from error
    return _open(str(place.path), status.st_ino) if status.st_size else None


def folder_store() -> Path | None:
    """Give the store in the dashboard's folder where that is the one; None where the environment tells, or the user."""
    path = dashboard_folder() / STORE_NAME
    return path if not os.environ.get(ENVIRONMENT) and path.exists() else None


def store_option() -> str:
    """Give what a command must be told to use the same store, such as ``--store demo/store.db``.

    Raises
    ------
    StoreError
        If there can be none where it is meant to be.
    """
    return f"--store {shlex.quote(str(find_place(folder_store())))}"


@st.cache_resource(show_spinner=False, max_entries=4)
def _open(place: str, inode: int | None) -> Store:
    return open_store(place, create=False, busy_s=_BUSY_S)
