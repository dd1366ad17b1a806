"""The database by URL: SQLite (WAL) in the home, or PostgreSQL. One request or message, one transaction, committed at the edge.

There is one writer at a time, in either database: what a use case has read in its commit is still so when it writes, and no
receipt, sweep or cancel overwrites another. Writers of this process queue on a lock (no polling); a writer of another process
is met at BEGIN IMMEDIATE (SQLite) or an advisory lock (PostgreSQL), and waited for BUSY_MS. A reader waits for nobody and sees
one moment. What the database says of trouble becomes `Unavailable` with a stable code.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from controller.domain.errors import Unavailable

BUSY_MS = 5_000
"""A backup or a shell holding the file is waited for this long; longer, and a person wants to be told."""

POOL = 20
"""FastAPI's threads (40) rarely wait on the database together; PostgreSQL allows 100 connections by default."""

STANDSTILL_MS = 8_000
"""A controller that stands still in a commit (stopped, its machine gone without a word) is given up by PostgreSQL after this:
whoever acts in its place must be able to write. Between two statements of a commit we compute for a fraction of it."""

AWAY = {"connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""How PostgreSQL's client finds that the server's machine is gone without a word: in some 10 s, not in the system's hours."""

WRITER = 0x7469656E67
"""The advisory lock that PostgreSQL's one writer holds ("tieng"): any number that nobody else uses in this database."""

MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """Opens, migrates and serves transactions. Thread-safe."""

    def __init__(self, url: str, pool: int = POOL) -> None:
        """`url`: an SQLAlchemy URL, "sqlite:////home/x/tienglang.db" or "postgresql+psycopg://..."; `pool`: connections kept."""
        self.engine = _create(url, pool)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writing = threading.Lock()

    def migrate(self) -> None:
        """Bring the tables to the newest revision; creates them in an empty database."""
        with self.write() as connection:
            upgrade(connection, "head")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it sees one moment of the database."""
        options = {"reads": True} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with _told(), self.engine.connect() as connection, connection.execution_options(**options).begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: committed when the block ends well, as if it never was otherwise."""
        with _told(), self._writing, self.engine.begin() as connection:
            if not self.is_sqlite:
                limits = f"SET LOCAL lock_timeout = {BUSY_MS}; SET LOCAL idle_in_transaction_session_timeout = {STANDSTILL_MS}"
                connection.exec_driver_sql(f"{limits}; SELECT pg_advisory_xact_lock({WRITER})")
            yield connection

    @contextmanager
    def apart(self) -> Iterator[Connection]:
        """PostgreSQL without a transaction: each statement commits by itself, and waits for no writer."""
        with _told(), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the tables to a revision ("head" is the newest), within the caller's transaction."""
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def revision_of(connection: Connection) -> str | None:
    """The revision of the tables; None where none of ours were ever made."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> tuple[str, ...]:
    """Every revision that this program knows, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions())


def _alembic() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise Unavailable(_code(error), detail=str(error.orig)[:200]) from error
    except PoolTimeout as error:
        raise Unavailable("database.locked", detail="every connection is taken") from error


def _code(error: DBAPIError) -> str:
    text = str(error.orig).lower()
    if "locked" in text or "busy" in text or "lock timeout" in text or "deadlock" in text:
        return "database.locked"
    if "full" in text or "no space" in text or "disk i/o" in text:
        return "database.full"
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return "database.away"
    raise error


def _create(url: str, pool: int) -> Engine:
    if not url.startswith("sqlite"):
        asked = make_url(url).query
        away = {name: value for name, value in AWAY.items() if name not in asked}
        return create_engine(url, pool_size=pool, max_overflow=pool, pool_pre_ping=True, connect_args=away)
    engine = create_engine(url, pool_size=pool, max_overflow=pool, connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own comes too late, after the first SELECT
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}")


def _on_sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reads") else "BEGIN IMMEDIATE")
