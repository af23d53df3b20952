"""Every test that asks for ``place`` or ``store`` runs on SQLite and on a real PostgreSQL server."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from eegwarn.store import Store, open_store
from eegwarn.store.schema import metadata
from training.benchmarks.postgres import missing, running_server

_NUMBER = count()


def administer(url: str, *statements: str) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with running_server() as started:
        yield started.url


@pytest.fixture(scope="session")
def made_database(server: str) -> str:
    """URL of a store, to be emptied before each test."""
    administer(server, "CREATE DATABASE made TEMPLATE template0")
    url = make_url(server).set(database="made").render_as_string()
    open_store(url).close()
    return url


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, to be copied."""
    path = tmp_path_factory.mktemp("made") / "store.db"
    open_store(path).close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a store can be made."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.db")
        return
    server, name = request.getfixturevalue("server"), f"empty_{next(_NUMBER)}"
    administer(server, f"CREATE DATABASE {name} TEMPLATE template0")
    yield make_url(server).set(database=name).render_as_string()
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store is."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("made_file"), tmp_path / "store.db")
        return str(tmp_path / "store.db")
    url = str(request.getfixturevalue("made_database"))
    tables = ", ".join(metadata.tables)
    # The one who runs the server may switch off the triggers that keep logs from being emptied.
    administer(url, "SET session_replication_role = replica", f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
    return url


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    opened = open_store(place, busy_s=2.0)
    yield opened
    opened.close()
