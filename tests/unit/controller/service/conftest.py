"""A whole set of use cases, over each kind of database."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.db.database import Database
from controller.service.keyring import Keyring
from tests.unit.controller.service.databases import (
    database,
    keyring,
    postgres_database,
    sqlite,
    sqlite_template,
)
from tests.unit.controller.service.house import House

__all__ = ["database", "keyring", "postgres_database", "sqlite", "sqlite_template"]


@pytest.fixture
def house(database: Database, keyring: Keyring, tmp_path: Path) -> House:
    """Every service over a real database."""
    return House(database, keyring, tmp_path / "files")


@pytest.fixture
def small(sqlite: Database, keyring: Keyring, tmp_path: Path) -> House:
    """The same over SQLite only: for what does not depend on the database."""
    return House(sqlite, keyring, tmp_path / "files")
