"""Triggers that make a table a log: its rows can be added, and neither changed nor removed."""

from alembic import op

_FUNCTION = """
CREATE OR REPLACE FUNCTION eegwarn_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$
"""


def make_append_only(table: str, *keys: str) -> None:
    """Forbid to change, remove or replace rows of ``table``, whoever asks; each of ``keys`` is unique in it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FUNCTION)
        for event, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{each.lower()}_change BEFORE {event} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION eegwarn_append_only()"
            )
        return
    stop = f"SELECT RAISE(ABORT, '{table} is append-only')"
    for event in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} BEGIN {stop}; END")
    # INSERT OR REPLACE removes a row without telling the trigger above.
    same = " OR ".join(f"{key} = NEW.{key}" for key in keys)
    exists = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 (names from the migrations)
    op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {exists} BEGIN {stop}; END")
