"""A migrated, empty database of either kind, quickly: SQLite is copied from a template, PostgreSQL is one that is emptied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import event

from controller import keyfile
from controller.db.database import Database
from controller.db.tables import metadata
from controller.service.keyring import Keyring
from tests.support.postgres import Postgres
from tests.unit.controller.service.house import NOW_MS


def sqlalchemy_url(url: str) -> str:
    """A `postgres_url` as SQLAlchemy reads it."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file, migrated once."""
    path = tmp_path_factory.mktemp("template") / "tl.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_database(_postgres: Postgres) -> Iterator[Database]:
    """A PostgreSQL database, migrated once."""
    database = Database(sqlalchemy_url(_postgres.new_database()))
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite database of this test's own; no power is cut here, so no write waits for the disk."""
    shutil.copy(sqlite_template, tmp_path / "tl.db")
    database = Database(f"sqlite:///{tmp_path / 'tl.db'}")
    event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    database: Database = request.getfixturevalue("postgres_database")
    yield database
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """Real keys, the same in every run."""
    return keyfile.open_or_create(tmp_path_factory.mktemp("keys"), NOW_MS, Random(7).randbytes, "test")
