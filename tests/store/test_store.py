"""A store is opened, made and brought up to date, or refused in one line and left as it was."""

import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from eegwarn.errors import StoreError
from eegwarn.store import open_store
from eegwarn.store.alarms import alarms_between
from eegwarn.store.answer import Answer, Label
from eegwarn.store.beds import bed_log
from eegwarn.store.labels import label_log
from eegwarn.store.migrate import REVISIONS, alembic_config, upgrade
from eegwarn.store.place import default_path, find_place
from eegwarn.store.schema import beds, metadata

OLD = {"at": "2026-03-01 12:00:00.000000"}
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
input()
"""


def refused(place: Path | str, **options: bool | float) -> str:
    with pytest.raises(StoreError) as caught:
        open_store(place, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_migrations_lead_to_the_tables_that_the_code_uses(empty_place: str) -> None:
    store = open_store(empty_place)
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        known = ScriptDirectory.from_config(alembic_config(connection))
        assert tuple(script.revision for script in known.walk_revisions())[::-1] == REVISIONS
    store.close()


def test_a_table_says_the_same_in_the_migrations_and_in_the_code(tmp_path: Path) -> None:
    made = [open_store(tmp_path / "migrated.db").engine, create_engine(f"sqlite:///{tmp_path / 'made.db'}")]
    metadata.create_all(made[1])
    said = []
    for engine in made:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type <> 'trigger'")).all()
        engine.dispose()
        # A column that was added later stands in the line of the one before it.
        pieces = re.compile(r"[\s,]*\n\s*|, (?=[a-z_]+ [A-Z])")
        said.append({row.name: sorted(pieces.split(row.sql or "")) for row in rows})
    said[0].pop("alembic_version")
    assert {name: lines for name, lines in said[0].items() if "autoindex" not in name} == {
        name: lines for name, lines in said[1].items() if "autoindex" not in name
    }


def test_the_default_is_in_the_users_data_folder_and_the_environment_chooses_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("EEGWARN_STORE", raising=False)
    if sys.platform == "linux":
        assert default_path() == tmp_path / "eegwarn" / "store.db"
        assert find_place().path == default_path()
        assert default_path().parent.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("EEGWARN_STORE", str(tmp_path / "other.db"))
    assert find_place().path == tmp_path / "other.db"
    assert find_place(tmp_path / "third.db").path == tmp_path / "third.db"


def test_a_password_is_never_shown() -> None:
    shown = refused("postgresql://me:geheim@127.0.0.1:1/none", busy_s=0.1)
    assert "geheim" not in shown
    assert "127.0.0.1" in shown
    assert "geheim" not in refused("postgresql://me:geheim@[/none")
    assert "geheim" not in refused("postgresql://127.0.0.1:1/none?password=geheim", busy_s=0.1)


@pytest.mark.parametrize("place", ["mysql://host/db", "no/such/folder/store.db", "."])
def test_a_place_where_no_store_can_be_is_refused(place: str) -> None:
    assert "Give the path of a file, or postgresql://" in refused(place)


def test_nothing_is_made_where_a_store_must_be_there(tmp_path: Path) -> None:
    assert "There is no store" in refused(tmp_path / "none.db", create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["text", "cut", "overwritten"])
def test_a_damaged_file_is_reported_and_left_as_it_is(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "store.db"
    whole = open_store(path)
    bed_log(whole, "bed 1")
    whole.close()
    content = path.read_bytes()
    damaged = {
        "text": b"Dear colleague, " * 1000,
        "cut": content[: len(content) // 2],
        "overwritten": content[:8192] + b"\xa5" * 8192 + content[16384:],
    }[damage]
    path.write_bytes(damaged)
    assert "left as it is" in refused(path)
    assert path.read_bytes() == damaged


def test_a_database_of_something_else_is_refused_and_left_as_it_is(empty_place: str) -> None:
    other = open_store(empty_place)
    with other.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(text(f"DROP TABLE {table.name}"))
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(text("CREATE TABLE invoices (number INTEGER)"))
    other.close()
    before = Path(empty_place).read_bytes() if "://" not in empty_place else b""
    assert "'invoices'" in refused(empty_place)
    assert "://" in empty_place or Path(empty_place).read_bytes() == before


def test_a_store_of_the_first_schema_is_brought_up_to_date_and_keeps_all(empty_place: str) -> None:
    found = find_place(empty_place)
    engine = create_engine(found.url)
    with engine.begin() as connection:
        upgrade(connection, REVISIONS[0])
        connection.execute(text("INSERT INTO beds (name) VALUES ('bed 1')"))
        connection.execute(text("INSERT INTO alarms (bed_id, raised_at, peak_probability) VALUES (1, :at, 0.5)"), OLD)
        action = "INSERT INTO alarm_actions (alarm_id, at, actor, kind) VALUES (1, :at, 'nurse', 'acknowledge')"
        connection.execute(text(action), OLD)
    engine.dispose()
    store = open_store(empty_place)
    (alarm,) = alarms_between(store)
    assert (alarm.bed, alarm.actions[0].actor, alarm.actions[0].at) == ("bed 1", "nurse", alarm.raised_at)
    assert label_log(store) == ()
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def test_labels_of_before_their_raters_were_asked_whether_they_were_blind_are_kept_and_stay_a_log(
    empty_place: str,
) -> None:
    found = find_place(empty_place)
    engine = create_engine(found.url)
    with engine.begin() as connection:
        upgrade(connection, REVISIONS[2])
        for statement in (
            "INSERT INTO patients (pseudonym, added_at, added_by) VALUES ('p1', :at, 'x')",
            "INSERT INTO recordings (patient_id, fingerprint, path, duration_s, added_at, added_by) "
            "VALUES (1, 'f', 'a.edf', 60, :at, 'x')",
            "INSERT INTO clips (recording_id, start_s, duration_s) VALUES (1, 0, 10)",
            "INSERT INTO labels (uid, action, at, rater, clip_id, label, comment) "
            "VALUES ('u', 'label', :at, 'anna', 1, 'seizure', '')",
        ):
            connection.execute(text(statement), OLD)
    engine.dispose()
    store = open_store(empty_place)
    (row,) = label_log(store)
    assert (row.rater, row.answer) == ("anna", Answer(Label.SEIZURE, saw_level=None))
    with pytest.raises(StoreError, match="only added to"), store.writing() as connection:
        connection.execute(text("UPDATE labels SET saw_level = (1 = 0)"))
    store.close()


def test_a_reader_sees_one_state_while_another_writes(place: str) -> None:
    reader, writer = open_store(place), open_store(place)
    with reader.reading() as connection:
        assert connection.execute(beds.select()).all() == []
        bed_log(writer, "bed 1")
        assert connection.execute(beds.select()).all() == []
    with reader.reading() as connection:
        assert len(connection.execute(beds.select()).all()) == 1
    reader.close()
    writer.close()


def test_two_processes_may_make_the_store_at_once(empty_place: str) -> None:
    failures: list[Exception] = []

    def make() -> None:
        try:
            open_store(empty_place).close()
        except StoreError as error:
            failures.append(error)

    makers = [threading.Thread(target=make) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert failures == []
    open_store(empty_place, create=False).close()


def test_a_store_of_a_newer_eegwarn_is_refused(empty_place: str) -> None:
    newer = open_store(empty_place)
    with newer.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'eegwarn_9999'"))
    newer.close()
    assert "Update eegwarn" in refused(empty_place)


def test_a_file_locked_by_another_process_is_reported_in_time_and_works_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = open_store(path, busy_s=0.2)
    held = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(held, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        other.stdout.readline()
        with pytest.raises(StoreError, match="locked it"):
            bed_log(store, "bed 1")
        with store.reading() as connection:
            assert connection.execute(beds.select()).all() == []
        other.stdin.write("\n")
    bed_log(store, "bed 1")
    with store.reading() as connection:
        assert len(connection.execute(beds.select()).all()) == 1
    store.close()


def test_a_file_replaced_while_it_is_open_is_not_written_past(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = open_store(path)
    path.rename(tmp_path / "moved.db")
    with pytest.raises(StoreError, match="moved, removed or replaced"):
        bed_log(store, "bed 1")
    open_store(path).close()
    with pytest.raises(StoreError, match="moved, removed or replaced"):
        bed_log(store, "bed 1")
    store.close()


def test_an_empty_file_becomes_a_store_and_what_sqlite_sees_is_durable(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    store = open_store(path)
    with store.reading() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    store.close()
    with sqlite3.connect(path) as plain:
        assert plain.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[-1],)]
