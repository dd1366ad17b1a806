"""All rows of a database, out of one moment into files and back: the same files for SQLite and PostgreSQL.

Tables are taken as the database has them, not as this program knows them: what is dumped before an upgrade is loaded into
tables of that day's revision, and those are then migrated (`backup.restore`).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgspec
from sqlalchemy import Boolean, Connection, Float, Integer, LargeBinary, MetaData, String, Table, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.types import TypeEngine

from controller.db.tables import bulletins, clips, documents
from controller.domain.errors import Refused

BATCH = 1_000
"""Rows that are in memory at a time."""

MAX_LINE = 1 << 20
"""Bytes of one row: a sealed message of 16 kB in base64 fits forty times."""

Kind = Literal["text", "integer", "real", "boolean", "bytes"]

_KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (Boolean, "boolean"),  # before Integer: in SQLite it is one
    (Integer, "integer"),
    (Float, "real"),
    (LargeBinary, "bytes"),
    (String, "text"),
)
_PYTHON: dict[Kind, type] = {"text": str, "integer": int, "real": float, "boolean": bool, "bytes": bytes}


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column, and what is in it."""

    name: str
    kind: Kind


class Dumped(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table in a file: a row a line, a JSON list in the order of `columns`; `size` is in bytes, unpacked."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    size: int


def dump(connection: Connection, folder: Path) -> tuple[Dumped, ...]:
    """Write each table to `folder / NAME` (gzip), parents before children. `connection` sees one moment."""
    folder.mkdir()
    return tuple(_dump(connection, table, folder / table.name) for table in _tables(connection))


def load(connection: Connection, dumped: Sequence[Dumped], path_of: Callable[[str], Path]) -> None:
    """Fill the empty tables of `connection` with what was dumped; Refused("backup.damaged", member) if it does not fit."""
    tables = {table.name: table for table in _tables(connection)}
    announced = {each.name: each for each in dumped}
    if tables.keys() != announced.keys():
        raise Refused("backup.damaged", member="tables")
    for name, table in tables.items():
        try:
            _load(connection, table, announced[name], path_of(name))
        except (OSError, EOFError, zlib.error, ValueError, DatabaseError) as error:
            raise Refused("backup.damaged", member=f"tables/{name}") from error


def _tables(connection: Connection) -> list[Table]:
    """Every table but the migrations' own, parents first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _columns(table: Table) -> tuple[Column, ...]:
    return tuple(Column(name=str(column.name), kind=_kind(column.type)) for column in table.columns)


def _kind(type_: TypeEngine[Any]) -> Kind:
    return next(kind for base, kind in _KINDS if isinstance(type_, base))


def _dump(connection: Connection, table: Table, path: Path) -> Dumped:
    rows = size = 0
    with path.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
        for row in _in_order(connection, table):
            line = msgspec.json.encode(tuple(row)) + b"\n"
            rows, size = rows + 1, size + len(line)
            file.write(line)
    return Dumped(name=str(table.name), columns=_columns(table), rows=rows, size=size)


def _in_order(connection: Connection, table: Table) -> Iterable[Any]:
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    rows = connection.execute(query)
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    return _parents_first(list(rows), own[0]) if own else rows


def _parents_first(rows: list[Any], parent: str) -> Iterator[Any]:
    """The rows of a tree of places, each after the one above it; the tree is small."""
    below: dict[Any, list[Any]] = {}
    for row in rows:
        below.setdefault(getattr(row, parent), []).append(row)
    level = below.pop(None, [])
    while level:
        yield from level
        level = [child for row in level for child in below.pop(row[0], [])]


def _load(connection: Connection, table: Table, announced: Dumped, path: Path) -> None:
    if {(each.name, each.kind) for each in announced.columns} != {(each.name, each.kind) for each in _columns(table)}:
        raise ValueError("other columns")
    names = [column.name for column in announced.columns]
    row_type: Any = tuple[tuple(_PYTHON[column.kind] | None for column in announced.columns)]  # type: ignore[misc]
    decoder = msgspec.json.Decoder(row_type)
    number = 0
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as file:
        lines = _lines(file, announced.size)
        while batch := [dict(zip(names, decoder.decode(line), strict=True)) for line in islice(lines, BATCH)]:
            connection.execute(table.insert(), batch)
            number += len(batch)
    if number != announced.rows:
        raise ValueError("rows are missing")
    _go_on_counting(connection, table)


def _lines(file: BinaryIO | gzip.GzipFile, size: int) -> Iterator[bytes]:
    """The lines of a file, never more of it than `size` bytes; ValueError when it has more, or a line without end."""
    while line := file.readline(MAX_LINE):
        size -= len(line)
        if size < 0 or not line.endswith(b"\n"):
            raise ValueError("it is longer than announced")
        yield line


def _go_on_counting(connection: Connection, table: Table) -> None:
    """PostgreSQL gives the next number of a sequence, whatever numbers are there: let it begin above them."""
    if connection.dialect.name == "sqlite":
        return
    for column in table.primary_key.columns:
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
        ).scalar_one()
        if sequence is not None:
            highest = connection.execute(select(column).order_by(column.desc()).limit(1)).scalar_one_or_none()
            if highest is not None:
                connection.execute(text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest})


def sounds_named(connection: Connection) -> list[str]:
    """The files in the store that the database names: clips and plans' bodies."""
    bodies = select(documents.c.body).where(documents.c.body.is_not(None))
    return sorted({*connection.scalars(select(clips.c.sha256)), *connection.scalars(bodies)})


def uploads_named(connection: Connection) -> list[str]:
    """The files that people brought and that wait to be prepared."""
    waiting = select(bulletins.c.upload).where(bulletins.c.upload.is_not(None))
    return list(connection.scalars(waiting.order_by(bulletins.c.id)))
