"""Loudspeakers as they were last seen, and what they last played: read for a technician's pages."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, case, func, select

from controller.db.ledger import EVIDENCE, STATES
from controller.db.places import below
from controller.db.rows import chunks
from controller.db.sayings import airing_of
from controller.db.tables import airings, bulletins, deliveries, node_status, nodes, units
from controller.domain.airing import Airing, Mode
from controller.domain.rights import Path, Reach
from controller.service.sightings import Past, Sighting


class SqlSightings:
    """Reads what is known of loudspeakers, many at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def within(self, reach: Reach, under: Path = ()) -> list[Sighting]:
        """The living loudspeakers within reach, under the unit of a path if one is given."""
        seen = (func.coalesce(node_status.c.online, False), func.coalesce(node_status.c.seen_ms, 0))
        here = nodes.join(units, units.c.id == nodes.c.village).outerjoin(node_status, node_status.c.node == nodes.c.id)
        query = select(nodes.c.id, nodes.c.name, nodes.c.village, *seen).select_from(here).where(nodes.c.retired_ms.is_(None))
        if reach is not None:
            query = query.where(below(reach))
        if under:
            query = query.where(below([under]))
        return [
            Sighting(node=node, name=name, village=village, online=bool(online), seen_ms=seen_ms)
            for node, name, village, online, seen_ms in self._connection.execute(query)
        ]

    def health(self, ids: Collection[str]) -> dict[str, str]:
        """The newest telemetry (JSON) of those that ever told theirs."""
        found: dict[str, str] = {}
        query = select(node_status.c.node, node_status.c.health)
        for part in chunks(ids):
            said = node_status.c.node.in_(part) & node_status.c.health.is_not(None)
            found.update((node, health) for node, health in self._connection.execute(query.where(said)))
        return found

    def past(self, node: str, until_ms: int, limit: int) -> list[Past]:
        """What became of the last airings that began before a moment, newest first."""
        is_test = case((airings.c.mode == Mode.TEST, True), else_=False)
        what = (airings.c.id, bulletins.c.title, airings.c.start_ms, is_test)
        became = (deliveries.c.state, deliveries.c.why, deliveries.c.evidence, deliveries.c.at_ms)
        told = deliveries.join(airings, airings.c.id == deliveries.c.airing).join(bulletins, bulletins.c.id == airings.c.bulletin)
        mine = (deliveries.c.node == node) & (airings.c.start_ms < until_ms)
        query = select(*what, *became).select_from(told).where(mine)
        query = query.order_by(airings.c.start_ms.desc(), airings.c.id.desc()).limit(limit)
        return [
            Past(
                airing=airing,
                title=title,
                start_ms=start_ms,
                is_test=bool(test),
                state=STATES[state],
                why=why,
                evidence=EVIDENCE[evidence] if evidence else None,
                at_ms=at_ms,
            )
            for airing, title, start_ms, test, state, why, evidence, at_ms in self._connection.execute(query)
        ]

    def newest_test(self, node: str) -> Airing | None:
        """The last test of this loudspeaker."""
        query = select(airings).where(airings.c.wish == node, airings.c.mode == Mode.TEST)
        row = self._connection.execute(query.order_by(airings.c.start_ms.desc()).limit(1)).one_or_none()
        return airing_of(row) if row else None
