"""Small tools the stores share: many rows in one statement, in either database, and ids as one value or in chunks.

Batches go to the driver as it likes them: SQLAlchemy makes the statement, but does not look at each of 10,000 rows again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ARRAY, Connection, String, Table, any_, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.dml import Insert

CHUNK = 500
"""Ids in one IN list: SQLite allows 32,766 variables, and a plan of 500 is as fast as a longer one."""

T = TypeVar("T")
Row = dict[str, Any]
Rows = Sequence[Row] | Sequence[msgspec.Struct]
"""Rows by column, or structs whose fields are the columns."""


def chunks(ids: Iterable[T]) -> Iterator[list[T]]:
    """The ids in lists of at most CHUNK."""
    iterator = iter(ids)
    while part := list(islice(iterator, CHUNK)):
        yield part


def among(connection: Connection, column: ColumnElement[str], ids: Iterable[str]) -> ColumnElement[bool]:
    """Is the column one of `ids`, given to the database as one value: a thousand parameters cost more than the search."""
    if connection.dialect.name == "sqlite":
        return column.in_(select(func.json_each(json.dumps(list(ids))).table_valued("value").c.value))
    return column == any_(literal(list(ids), ARRAY(String)))


def insert_new(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows; those whose primary key is there already are left as they are. All rows name the same columns."""
    if rows:
        _run(connection, _insert(connection, table).on_conflict_do_nothing(), rows)


def put(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows; those whose primary key is there already take the new values. All rows name the same columns."""
    if not rows:
        return
    insert = _insert(connection, table)
    key = [column.name for column in table.primary_key.columns]
    new = {name: insert.excluded[name] for name in _columns(rows) if name not in key}
    _run(connection, insert.on_conflict_do_update(index_elements=key, set_=new), rows)


def _insert(connection: Connection, table: Table) -> Any:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _columns(rows: Rows) -> list[str]:
    first = rows[0]
    return list(first) if isinstance(first, dict) else list(first.__struct_fields__)


def _run(connection: Connection, insert: Insert, rows: Rows) -> None:
    columns = _columns(rows)
    compiled = insert.compile(dialect=connection.dialect, column_keys=columns)
    names = compiled.positiontup
    of: Callable[..., Callable[[Any], Any]] = itemgetter if isinstance(rows[0], dict) else attrgetter
    if names is None:  # the driver takes names (psycopg)
        named = (row if isinstance(row, dict) else msgspec.structs.asdict(row) for row in rows)
        connection.exec_driver_sql(str(compiled), list(named))
    elif len(names) == 1:
        connection.exec_driver_sql(str(compiled), [(value,) for value in map(of(names[0]), rows)])
    else:
        connection.exec_driver_sql(str(compiled), list(map(of(*names), rows)))
