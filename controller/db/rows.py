"""Small tools the stores share: many rows in one statement, in either database, and ids in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

CHUNK = 500
"""Ids in one IN list: SQLite allows 32,766 variables, and a plan of 500 is as fast as a longer one."""

T = TypeVar("T")


def chunks(ids: Iterable[T]) -> Iterator[list[T]]:
    """The ids in lists of at most CHUNK."""
    iterator = iter(ids)
    while part := list(islice(iterator, CHUNK)):
        yield part


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; those whose primary key is there already are left as they are."""
    if rows:
        insert = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
        connection.execute(insert.on_conflict_do_nothing(), rows)


def put(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; those whose primary key is there already take the new values."""
    if not rows:
        return
    insert = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    key = [column.name for column in table.primary_key.columns]
    new = {name: insert.excluded[name] for name in rows[0] if name not in key}
    connection.execute(insert.on_conflict_do_update(index_elements=key, set_=new), rows)
