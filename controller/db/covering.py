"""Coverage and silence, counted in the database and cut to who looks: one query each for a province of 5,000 loudspeakers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, case, exists, func, or_, select, true
from sqlalchemy.sql import ColumnElement

from controller.db.places import below
from controller.db.rows import among
from controller.db.tables import airing_villages, alarms, node_status, nodes, units
from controller.domain.rights import Reach
from controller.domain.unit import Level
from controller.service.covering import Pulse, Silent, VillageCover

_OURS = nodes.c.retired_ms.is_(None)


class SqlCovering:
    """Who is there, and who is not."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def villages(self, since_ms: int, within: Reach) -> list[VillageCover]:
        """Every village within reach, by path, with how many loudspeakers it has and how many are there."""
        above = units.alias("above")
        counted = (
            select(nodes.c.village, func.count().label("nodes"), _number_there(since_ms).label("there"))
            .select_from(nodes.outerjoin(node_status, node_status.c.node == nodes.c.id))
            .where(_OURS)
            .group_by(nodes.c.village)
            .subquery()
        )
        query = (
            select(units.c.id, units.c.name, units.c.path, above.c.name.label("above"), counted.c.nodes, counted.c.there)
            .outerjoin(above, above.c.id == units.c.parent)
            .outerjoin(counted, counted.c.village == units.c.id)
            .where(units.c.level == Level.VILLAGE, _within(within))
            .order_by(units.c.path)
        )
        return [
            VillageCover(
                village=row.id,
                name=row.name,
                path=tuple(row.path.strip("/").split("/")),
                above=row.above or "",
                nodes=row.nodes or 0,
                there=row.there or 0,
            )
            for row in self._connection.execute(query)
        ]

    def silent(self, since_ms: int, limit: int, within: Reach) -> Sequence[Silent]:
        """Loudspeakers that are not there: the last seen first, those that never called behind them, by name."""
        seen = func.coalesce(node_status.c.seen_ms, 0)
        query = _standing(select(nodes.c.id, nodes.c.name, units.c.name.label("village"), node_status.c.seen_ms), within)
        query = query.where(or_(node_status.c.node.is_(None), ~_is_there(since_ms)))
        rows = self._connection.execute(query.order_by(seen.desc(), units.c.name, nodes.c.name).limit(limit))
        return [Silent(node=row.id, name=row.name, village=row.village, seen_ms=row.seen_ms) for row in rows]

    def pulse(self, since_ms: int, within: Reach) -> Pulse:
        """How many there are, and are there; how many alarms are open, and when the newest was raised."""
        number = self._connection.execute(_standing(select(func.count(), _number_there(since_ms)), within)).one()
        here = _standing(select(nodes.c.id), within)
        theirs = true() if within is None else or_(alarms.c.node.is_(None), alarms.c.node.in_(here))
        open_ones = select(func.count(), func.max(alarms.c.last_ms)).where(alarms.c.closed_ms.is_(None), theirs)
        alarmed = self._connection.execute(open_ones).one()
        return Pulse(nodes=number[0], there=number[1] or 0, alarms=alarmed[0], alarmed_ms=alarmed[1] or 0)

    def concerns(self, airings: Collection[str], within: Reach) -> bool:
        """Is one of these airings for a village within reach?"""
        if within is None or not airings:
            return bool(airings)
        here = airing_villages.c.village.in_(select(units.c.id).where(below(within)))
        return bool(
            self._connection.scalar(select(exists().where(among(self._connection, airing_villages.c.airing, airings), here)))
        )


def _is_there(since_ms: int) -> ColumnElement[bool]:
    """`covering.is_there`."""
    return and_(node_status.c.online, node_status.c.seen_ms >= since_ms)


def _number_there(since_ms: int) -> ColumnElement[Any]:
    return func.sum(case((_is_there(since_ms), 1), else_=0))


def _standing(query: Select[Any], within: Reach) -> Select[Any]:
    """Of the loudspeakers that are ours and stand within reach."""
    joined = nodes.join(units, units.c.id == nodes.c.village).outerjoin(node_status, node_status.c.node == nodes.c.id)
    return query.select_from(joined).where(_OURS, _within(within))


def _within(reach: Reach) -> ColumnElement[bool]:
    return true() if reach is None else below(reach)
