"""The log in the database: airings by their start, and what each came to in each village (`tallies`)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, case, delete, exists, func, literal, select, union_all

from controller.db.people_tables import users
from controller.db.places import below
from controller.db.rows import among
from controller.db.sayings import airing_of
from controller.db.tables import airing_villages, airings, bulletins, deliveries, tallies, units
from controller.domain.airing import Klass
from controller.domain.delivery import Evidence, State
from controller.domain.rights import Reach
from controller.service.logged import Covered, Entry, Span, Sum

_SILENT = func.coalesce(deliveries.c.evidence, "") == Evidence.SILENT
_GOOD = func.sum(case(((deliveries.c.state == State.FINISHED) & ~_SILENT, 1), else_=0))
"""`domain.delivery.is_good`, counted by the database; a test holds them together."""


class SqlLogbook:
    """`service.logged.Logbook` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, names: Collection[str], *, settled: bool = False) -> None:
        """Keep what these airings came to; `settled`: of those alone that were counted before, as settled ones are."""
        if settled and names:
            known = airings.c.settled_ms.is_not(None) & among(self._connection, airings.c.id, names)
            names = list(self._connection.scalars(select(airings.c.id).where(known)))
        for name in names:
            self._connection.execute(delete(tallies).where(tallies.c.airing == name))
            mine = select(literal(name), deliveries.c.village, func.count(), _GOOD).where(deliveries.c.airing == name)
            columns = ["airing", "village", "total", "good"]
            self._connection.execute(tallies.insert().from_select(columns, mine.group_by(deliveries.c.village)))

    def entries(self, span: Span, within: Reach, klass: Klass | None, limit: int) -> list[Entry]:
        """What starts in a span and sounds somewhere within reach, newest first."""
        from_ms, until_ms = span
        starts = (airings.c.start_ms >= from_ms) & (airings.c.start_ms < until_ms)
        query = (
            select(airings, bulletins.c.title, users.c.name.label("by_name"))
            .join(bulletins, bulletins.c.id == airings.c.bulletin)
            .outerjoin(users, users.c.id == airings.c.created_by)
            .where(starts, _sounds(span, within))
            .order_by(airings.c.start_ms.desc(), airings.c.id.desc())
            .limit(limit)
        )
        if klass is not None:
            query = query.where(airings.c.klass == klass)
        return [
            Entry(
                airing=airing_of(row),
                title=row.title,
                by=row.created_by,
                by_name=row.by_name,
                settled=row.settled_ms is not None,
            )
            for row in self._connection.execute(query)
        ]

    def sums(self, names: Collection[str], within: Reach) -> dict[str, Sum]:
        """What each settled airing came to within reach."""
        what = (tallies.c.airing, func.sum(tallies.c.total), func.sum(tallies.c.good))
        query = select(*what).where(*self._among(names, within)).group_by(tallies.c.airing)
        return {airing: Sum(total=int(total), good=int(good)) for airing, total, good in self._connection.execute(query)}

    def coverage(self, names: Collection[str], live: Collection[str], within: Reach) -> dict[str, Covered]:
        """What these settled airings came to in each village within reach, and `live` ones, that are over but not settled."""
        kept = select(tallies.c.village, tallies.c.total, tallies.c.good).where(*self._among(names, within))
        mine = among(self._connection, deliveries.c.airing, live)
        if within is not None:
            mine &= deliveries.c.village.in_(select(units.c.id).where(below(within)))
        now = select(deliveries.c.village, func.count(), _GOOD).where(mine).group_by(deliveries.c.airing, deliveries.c.village)
        found = union_all(kept, now).subquery()
        heard = func.sum(case((found.c.good > 0, 1), else_=0))
        what = (found.c.village, func.count(), heard, func.sum(found.c.total), func.sum(found.c.good))
        query = select(*what).group_by(found.c.village)
        return {
            village: Covered(airings=number, heard=int(some), sum=Sum(total=int(total), good=int(good)))
            for village, number, some, total, good in self._connection.execute(query)
        }

    def _among(self, names: Collection[str], within: Reach) -> list[ColumnElement[bool]]:
        mine = among(self._connection, tallies.c.airing, names)
        return [mine] if within is None else [mine, tallies.c.village.in_(select(units.c.id).where(below(within)))]


def _sounds(span: Span, within: Reach) -> ColumnElement[bool]:
    """Has the airing a village (within reach)? What the planner took back has none, and is no one's news."""
    if within is None:
        return exists().where(airing_villages.c.airing == airings.c.id)
    here = airing_villages.c.village.in_(select(units.c.id).where(below(within)))
    starts = (airing_villages.c.start_ms >= span[0]) & (airing_villages.c.start_ms < span[1])
    return airings.c.id.in_(select(airing_villages.c.airing).where(here, starts))
