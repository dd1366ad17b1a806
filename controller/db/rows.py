"""Small tools the stores share: many rows in one statement, in either database, and ids in chunks.

Batches go to the driver as it likes them: SQLAlchemy makes the statement, but does not look at each of 10,000 rows again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

CHUNK = 500
"""Ids in one IN list: SQLite allows 32,766 variables, and a plan of 500 is as fast as a longer one."""

T = TypeVar("T")
Row = dict[str, Any]


def chunks(ids: Iterable[T]) -> Iterator[list[T]]:
    """The ids in lists of at most CHUNK."""
    iterator = iter(ids)
    while part := list(islice(iterator, CHUNK)):
        yield part


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows; those whose primary key is there already are left as they are. All rows name the same columns."""
    if rows:
        _run(connection, _insert(connection, table).on_conflict_do_nothing(), rows)


def put(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows; those whose primary key is there already take the new values. All rows name the same columns."""
    if not rows:
        return
    insert = _insert(connection, table)
    key = [column.name for column in table.primary_key.columns]
    new = {name: insert.excluded[name] for name in rows[0] if name not in key}
    _run(connection, insert.on_conflict_do_update(index_elements=key, set_=new), rows)


def _insert(connection: Connection, table: Table) -> Any:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _run(connection: Connection, insert: Insert, rows: Sequence[Row]) -> None:
    compiled = insert.compile(dialect=connection.dialect, column_keys=list(rows[0]))
    names = compiled.positiontup
    if names is None:  # the driver takes names (psycopg)
        connection.exec_driver_sql(str(compiled), list(rows))
    elif len(names) == 1:
        connection.exec_driver_sql(str(compiled), [(row[names[0]],) for row in rows])
    else:
        connection.exec_driver_sql(str(compiled), list(map(itemgetter(*names), rows)))
