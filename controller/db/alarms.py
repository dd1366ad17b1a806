"""Alarms and marks in the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, text, true, update
from sqlalchemy.sql import ColumnElement

from controller.db.places import below
from controller.db.rows import chunks
from controller.db.tables import alarms, marks, nodes, units
from controller.domain.rights import Reach
from controller.service.ports import Alarm

_OPEN = alarms.c.closed_ms.is_(None)

_RAISE = text(
    "INSERT INTO marks (name, ms) VALUES (:name, :ms) "
    "ON CONFLICT (name) DO UPDATE SET ms = excluded.ms WHERE marks.ms < excluded.ms"
)
"""One statement in either database: every commit ends with it."""


class SqlAlarms:
    """What somebody must look at."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, alarm: int) -> Alarm | None:
        """The alarm, open or closed, or None."""
        row = self._connection.execute(select(alarms).where(alarms.c.id == alarm)).one_or_none()
        return Alarm(**row._mapping) if row else None

    def open_of(self, nodes: Collection[str | None]) -> dict[tuple[str, str | None], Alarm]:
        """The open alarms of these nodes (None: of the controller itself), by code and node."""
        found: dict[tuple[str, str | None], Alarm] = {}
        for part in chunks(nodes):
            mine = alarms.c.node.in_([node for node in part if node is not None])
            where = or_(mine, alarms.c.node.is_(None)) if None in part else mine
            for row in self._connection.execute(select(alarms).where(_OPEN, where)):
                found[row.code, row.node] = Alarm(**row._mapping)
        return found

    def count_open(self, within: Reach = None) -> int:
        """How many are open: all, or those of nodes within someone's reach and of the controller itself."""
        return self._connection.execute(select(func.count()).select_from(alarms).where(_OPEN, _within(within))).scalar_one()

    def newest(self, limit: int, *, closed: bool, within: Reach = None) -> list[Alarm]:
        """The open ones, those that were raised last first; `closed`: the closed ones too. `within` as in `count_open`."""
        query = select(alarms).where(_within(within)).order_by(alarms.c.last_ms.desc(), alarms.c.id.desc()).limit(limit)
        return [Alarm(**row._mapping) for row in self._connection.execute(query if closed else query.where(_OPEN))]

    def write(self, written: Iterable[Alarm]) -> None:
        """Alarms as they now stand; one whose id is 0 is new, the database gives it another."""
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        for alarm in written:
            row = asdict(alarm)
            name = row.pop("id")
            if name:
                old.append({"of": name, **{f"new_{column}": value for column, value in row.items()}})
            else:
                new.append(row)
        if new:
            self._connection.execute(alarms.insert(), new)
        if old:
            values: dict[str, Any] = {column.name: bindparam(f"new_{column.name}") for column in alarms.c if column.name != "id"}
            self._connection.execute(update(alarms).where(alarms.c.id == bindparam("of")).values(values), old)


def _within(reach: Reach) -> ColumnElement[bool]:
    if reach is None:
        return true()
    here = select(nodes.c.id).join(units, units.c.id == nodes.c.village).where(below(reach))
    return or_(alarms.c.node.is_(None), alarms.c.node.in_(here))


class SqlMarks:
    """Moments that only rise."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> int:
        """The moment (UTC ms); 0 if there was none."""
        return self._connection.execute(select(marks.c.ms).where(marks.c.name == name)).scalar_one_or_none() or 0

    def raise_to(self, name: str, ms: int) -> None:
        """Let the mark be at least `ms`."""
        self._connection.execute(_RAISE, {"name": name, "ms": ms})

    def lower(self, name: str, ms: int) -> None:
        """Set the mark back: somebody said that it was wrong."""
        self._connection.execute(update(marks).where(marks.c.name == name).values(ms=ms))
