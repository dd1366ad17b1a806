"""Databases as they are in life: a SQLite file with all its safety, a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.db.database import Database
from tests.unit.controller.service.databases import sqlalchemy_url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tl.db'}"
    return sqlalchemy_url(request.getfixturevalue("postgres_url"))


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    """An empty database without tables."""
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def migrated(empty: Database) -> Database:
    """A database with its tables and nothing in them."""
    empty.migrate()
    return empty


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite file."""
    database = Database(f"sqlite:///{tmp_path / 'tl.db'}")
    database.migrate()
    yield database
    database.close()
