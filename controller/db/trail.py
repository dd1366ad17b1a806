"""The trail in the database: lines are added and read, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from controller.db.people_tables import trail
from controller.domain.trail import Chained, Line, chain

PAGE = 1_000
"""Lines read at a time: a chain of years is looked at without filling memory."""


class SqlTrail:
    """The trail on one connection: `ports.Trail`. There is one writer at a time, so the newest line is the one before ours."""

    def __init__(self, connection: Connection, key: bytes) -> None:
        self._connection = connection
        self._key = key

    def add(self, *, at_ms: int, by: str, name: str, deed: str, units: tuple[str, ...], subject: str, detail: str) -> None:
        """One deed, chained to all before it."""
        last = self._connection.execute(
            select(trail.c.number, trail.c.mac).order_by(trail.c.number.desc()).limit(1)
        ).one_or_none()
        number = last.number + 1 if last else 1
        line = Line(number=number, at_ms=at_ms, by=by, name=name, deed=deed, units=units, subject=subject, detail=detail)
        row = {
            "number": number,
            "at_ms": at_ms,
            "by": by,
            "name": name,
            "deed": deed,
            "units": " ".join(units),
            "subject": subject,
            "detail": detail,
            "mac": chain(self._key, last.mac if last else "", line),
        }
        self._connection.execute(trail.insert(), [row])

    def newest(self, before: int | None) -> Iterator[Chained]:
        """The newest first; `before`: those with a lower number only."""
        while True:
            query = select(trail).order_by(trail.c.number.desc()).limit(PAGE)
            rows = self._connection.execute(query if before is None else query.where(trail.c.number < before)).all()
            if not rows:
                return
            yield from map(_chained, rows)
            before = rows[-1].number

    def oldest(self) -> Iterator[Chained]:
        """All of it, the first line first."""
        after: int | None = None
        while True:
            query = select(trail).order_by(trail.c.number).limit(PAGE)
            rows = self._connection.execute(query if after is None else query.where(trail.c.number > after)).all()
            if not rows:
                return
            yield from map(_chained, rows)
            after = rows[-1].number


def _chained(row: Row[Any]) -> Chained:
    line = Line(
        number=row.number,
        at_ms=row.at_ms,
        by=row.by,
        name=row.name,
        deed=row.deed,
        units=tuple(row.units.split()),
        subject=row.subject,
        detail=row.detail,
    )
    return Chained(line=line, mac=row.mac)
