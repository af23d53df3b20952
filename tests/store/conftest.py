"""Every test of the store that asks for ``place`` or ``store`` runs on SQLite and on a real PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from eegwarn.store import Store, open_store
from tests.store.server import missing, running_server


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with running_server() as url:
        yield url


@pytest.fixture
def postgresql(server: str) -> str:
    """URL of an empty database."""
    engine = create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql"))
    return str(tmp_path / "store.db")


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    opened = open_store(place, busy_s=2.0)
    yield opened
    opened.close()
