"""A look into the database that changes nothing: it only asks, and its one try to write is rolled back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy.exc import SQLAlchemyError

from controller.db.database import BUSY_MS, Database, revision_of, revisions
from controller.db.restoring import sqlite_path
from controller.doctor.findings import DatabaseSeen
from controller.domain.errors import TiengLangError

Ask = Callable[[str], Any]
"""The first column of the first row that a query gives."""

_NEWEST = (
    "SELECT max(seen_ms) FROM node_status",
    "SELECT max(created_ms) FROM airings",
    "SELECT max(created_ms) FROM bulletins",
    "SELECT max(created_ms) FROM outbox",
)
"""Moments that our clock gave to rows, out of tables that are small."""

_LAST_COMMIT = "SELECT max(ms) FROM marks WHERE name = 'commit'"
"""The moment of the newest commit itself, which the newest schema has."""

_NEWEST_SOUND = "SELECT (SELECT sha256 FROM clips ORDER BY created_ms DESC LIMIT 1)"
"""In one row, also where there is none."""

_TRY = "UPDATE alembic_version SET version_num = version_num"


def look_at_database(url: str) -> DatabaseSeen | None:
    """What is there; None where nothing is yet. Never fails: what goes wrong is what is seen."""
    path = sqlite_path(url)
    if path is None:
        return _look_at_server(url)
    try:
        if not path.exists() or path.stat().st_size == 0:
            return None
        return _look_at_file(path)
    except OSError as error:
        return _troubled("away", error)


def _look_at_file(path: Path) -> DatabaseSeen:
    try:
        with closing(_opened(path)) as connection:
            connection.execute("PRAGMA query_only = ON")
            complaint = _first(connection)("PRAGMA quick_check(1)")
            if complaint != "ok":
                return _troubled("damaged", complaint)
            seen = _seen(_first(connection), _revision(connection))
    except sqlite3.DatabaseError as error:  # "file is not a database", "disk image is malformed"
        return _troubled("away" if isinstance(error, sqlite3.OperationalError) else "damaged", error)
    try:
        with closing(_opened(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TRY)
            connection.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        return _troubled("locked" if "locked" in str(error) else "read-only", error)
    return seen


def _look_at_server(url: str) -> DatabaseSeen:
    database = Database(url)
    try:
        with database.read() as connection:
            seen = _seen(lambda sql: connection.exec_driver_sql(sql).scalar(), revision_of(connection))
        with suppress(_Undo), database.write() as connection:
            if seen.revision is not None:
                connection.exec_driver_sql(_TRY)
            raise _Undo
    except TiengLangError as error:
        step = error.code.partition(".")[2]
        return _troubled(step if step in ("locked", "away") else "read-only", error.fields.get("detail", ""))
    except SQLAlchemyError as error:
        return _troubled("read-only", error)
    finally:
        database.close()
    return seen


def _seen(ask: Ask, revision: str | None) -> DatabaseSeen:
    known = revisions()
    queries = (*_NEWEST, _LAST_COMMIT) if revision == known[0] else _NEWEST if revision in known else ()
    moments = [ask(query) for query in queries]
    return DatabaseSeen(
        revision=revision,
        known=known,
        nodes=ask("SELECT count(*) FROM nodes") if revision in known else 0,
        newest_ms=max((moment for moment in moments if moment is not None), default=None),
        trouble=None,
        newest_sound=ask(_NEWEST_SOUND) if revision in known else None,
    )


def _opened(path: Path) -> sqlite3.Connection:
    """Opened as its owner does: a mere reader leaves a journal beside it, and one that is root's would lock the owner out."""
    place = f"file:{quote(str(path.absolute()))}?mode=rw"  # not "rwc": what is not there is not made
    return sqlite3.connect(place, uri=True, isolation_level=None, timeout=BUSY_MS / 1000)


def _first(connection: sqlite3.Connection) -> Ask:
    return lambda sql: connection.execute(sql).fetchone()[0]


def _revision(connection: sqlite3.Connection) -> str | None:
    if not _first(connection)("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def _troubled(step: str, reason: object) -> DatabaseSeen:
    said = " ".join(str(reason).split())[:200]
    return DatabaseSeen(revision=None, known=(), nodes=0, newest_ms=None, trouble=(step, said))


class _Undo(Exception):
    """Ends a transaction that shall not be committed."""
