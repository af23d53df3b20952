"""Rows that are written once, however often they are given."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection,
    table: Table,
    rows: list[dict[str, Any]],
    *,
    key: tuple[str, ...],
    kept: tuple[str, ...] = (),
) -> None:
    """Insert rows, or bring those up to date that are there already.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Inside a transaction.
    table : sqlalchemy.Table
        With a unique constraint over ``key``.
    rows : list of dict
        All with the same columns.
    key : tuple of str
        The columns by which a row is known.
    kept : tuple of str
        Columns that keep what a row has that is there already.
    """
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: Any = dialect.insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in (*key, *kept)}
    if changed:
        statement = statement.on_conflict_do_update(index_elements=key, set_=changed)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    connection.execute(statement, rows)
