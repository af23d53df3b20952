"""Bringing a store to the present schema, and telling what is none."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from eegwarn.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

REVISIONS = ("eegwarn_0001", "eegwarn_0002", "eegwarn_0003", "eegwarn_0004")
"""Every state that the schema has had, the present one last."""

_LOCK = 0x656567
"""PostgreSQL's key for the lock under which one process alone changes the schema."""


def alembic_config(connection: Connection) -> "Config":
    """Tell alembic where the migrations are and which connection to use."""
    # Takes as long to import as opening the store takes; most stores are up to date.
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def present_revision(connection: Connection, place: str) -> str | None:
    """Tell which state of the schema a database holds; None where it is empty.

    Raises
    ------
    StoreError
        If it holds something else, or was made by a newer eegwarn.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    revision = None
    if "alembic_version" in tables:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is None or not str(revision).startswith("eegwarn_"):
        raise StoreError(
            f"{place!r} is no store of eegwarn: it holds other tables, such as {tables[0]!r}. Give it a new file or "
            "database of its own."
        )
    if revision not in REVISIONS:
        raise StoreError(
            f"The store {place!r} has the schema {revision!r} of a newer eegwarn; this one knows up to "
            f"{REVISIONS[-1]!r}. Update eegwarn."
        )
    return str(revision)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring a database to a later state of the schema, in the transaction that ``connection`` is in."""
    from alembic import command

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    command.upgrade(alembic_config(connection), revision)
