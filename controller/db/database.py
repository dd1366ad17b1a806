"""The database by URL: SQLite (WAL) in the home, or PostgreSQL. One request or message, one transaction, committed at the edge.

SQLite has one writer: writers of this process queue on a lock (fair, no polling) and begin with BEGIN IMMEDIATE; a writer
of another process is waited for `busy_timeout`. What the database says of trouble becomes `Unavailable` with a stable code.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from controller.domain.errors import Unavailable

BUSY_MS = 5_000
"""A backup or a shell holding the file is waited for this long; longer, and a person wants to be told."""

POOL = 20
"""FastAPI's threads (40) rarely wait on the database together; PostgreSQL allows 100 connections by default."""

MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """Opens, migrates and serves transactions. Thread-safe."""

    def __init__(self, url: str) -> None:
        """`url`: an SQLAlchemy URL, "sqlite:////home/x/tienglang.db" or "postgresql+psycopg://..."."""
        self.engine = _create(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writing: Any = threading.Lock() if self.is_sqlite else nullcontext()

    def migrate(self) -> None:
        """Bring the tables to the newest revision; creates them in an empty database."""
        config = AlembicConfig()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it sees one moment of the database."""
        with _told(), self.engine.connect() as connection, connection.execution_options(reads=True).begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: committed when the block ends well, as if it never was otherwise."""
        with _told(), self._writing, self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise Unavailable(_code(error), detail=str(error.orig)[:200]) from error


def _code(error: DBAPIError) -> str:
    text = str(error.orig).lower()
    if "locked" in text or "busy" in text:
        return "database.locked"
    if "full" in text or "no space" in text or "disk i/o" in text:
        return "database.full"
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return "database.away"
    raise error


def _create(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=POOL, max_overflow=POOL, pool_pre_ping=True)
    engine = create_engine(url, pool_size=POOL, max_overflow=POOL, connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own comes too late, after the first SELECT
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}")


def _on_sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reads") else "BEGIN IMMEDIATE")
