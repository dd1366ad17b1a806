"""A database made anew out of what was dumped: filled, migrated, and made to forget what must not come alive again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
from sqlalchemy import Connection, delete, inspect, make_url, text, update

from controller.db.database import Database, upgrade
from controller.db.people_tables import invitations, sessions, tokens
from controller.db.tables import bulletins, leases

Fill = Callable[[Connection], None]


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL; None for a server's."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def is_there(url: str) -> bool:
    """Is there a database with anything in it at `url`? Makes nothing; Unavailable when a server does not answer."""
    path = sqlite_path(url)
    if path is not None:
        return path.exists() and path.stat().st_size > 0
    with closing(Database(url)) as database, database.read() as connection:
        return bool(inspect(connection).get_table_names())


def make(url: str, revision: str, fill: Fill, aside: str) -> None:
    """Make the tables of `revision` at `url`, `fill` them, migrate them, forget; one commit, or nothing happened.

    A server's tables that are there are moved into the schema `aside`, whole.
    """
    with closing(Database(url)) as database, database.write() as connection:
        present = [] if database.is_sqlite else inspect(connection).get_table_names()
        if present:
            connection.execute(text(f'CREATE SCHEMA "{aside}"'))
        for table in present:
            connection.execute(text(f'ALTER TABLE "{table}" SET SCHEMA "{aside}"'))
        upgrade(connection, revision)
        fill(connection)
        upgrade(connection, "head")
        _forget(connection)


def _forget(connection: Connection) -> None:
    """Sessions, tokens and invitations that ended since would open again; a wish that was not fulfilled yet has been, under an
    id that we don't know; who acted then acts no more."""
    for table in (sessions, tokens, invitations, leases):
        connection.execute(delete(table))
    told = msgspec.json.encode(("bulletin.restored", {})).decode()
    pending = bulletins.c.upload.is_not(None) & bulletins.c.wish.is_not(None)
    connection.execute(update(bulletins).where(pending).values(wish=None, error=told))
