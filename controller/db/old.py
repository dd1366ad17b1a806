"""What is old: found and forgotten in small pieces, on behalf of `service.retention`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, exists, func, select, tuple_, update

from controller.db.rows import chunks
from controller.db.tables import (
    airing_villages,
    airings,
    alarms,
    bulletins,
    clips,
    deliveries,
    documents,
    holds,
    node_status,
    nodes,
    outbox,
    programme_bulletins,
    receipts,
    requests,
    tallies,
)

_NAMING_CLIPS: tuple[Select[Any], ...] = (
    select(bulletins.c.clip).where(bulletins.c.clip.is_not(None)),
    select(airings.c.sha256),
    select(holds.c.sha256),
    select(requests.c.clip).where(requests.c.clip.is_not(None)),
)
_NAMING_BULLETINS: tuple[Select[Any], ...] = (
    select(airings.c.bulletin),
    select(programme_bulletins.c.bulletin),
    select(requests.c.bulletin),
)
_UNSETTLED = select(airings.c.id).where(airings.c.settled_ms.is_(None))


class SqlOld:
    """Forgets on one connection. Each call takes at most `limit` rows, and says how many it took."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def letters(self, before_ms: int, limit: int) -> int:
        """Letters that expired before."""
        return self._delete(outbox, outbox.c.expires_ms < before_ms, limit)

    def health(self, before_ms: int, limit: int) -> int:
        """Telemetry of loudspeakers that have been silent since before."""
        silent = (node_status.c.seen_ms < before_ms) & node_status.c.health.is_not(None)
        old = list(self._connection.scalars(select(node_status.c.node).where(silent).limit(limit)))
        self._connection.execute(update(node_status).where(node_status.c.node.in_(old)).values(health=None))
        return len(old)

    def nodes(self) -> list[str]:
        """Every loudspeaker that ever was."""
        return list(self._connection.scalars(select(nodes.c.id).order_by(nodes.c.id)))

    def nodes_with_receipts(self, ids: Collection[str], before_ms: int) -> list[str]:
        """Those of which there are old receipts. By their key: a whole province is never looked through at once."""
        has = exists().where(receipts.c.node == nodes.c.id, receipts.c.received_ms < before_ms)
        return list(self._connection.scalars(select(nodes.c.id).where(nodes.c.id.in_(ids), has)))

    def receipts(self, node: str, before_ms: int, limit: int) -> int:
        """Receipts of a loudspeaker that came before, but for those of airings that are still open."""
        old = (receipts.c.node == node) & (receipts.c.received_ms < before_ms) & receipts.c.airing.not_in(_UNSETTLED)
        return self._delete(receipts, old, limit)

    def airings(self, before_ms: int) -> list[str]:
        """Airings that were settled, and should have been before, oldest first."""
        query = select(airings.c.id).where(airings.c.settled_ms.is_not(None), airings.c.settles_ms < before_ms)
        return list(self._connection.scalars(query.order_by(airings.c.settles_ms)))

    def strays(self, before_ms: int) -> list[str]:
        """Airings that are known by old deliveries only. From one to the next by the key, not through all rows."""
        found: list[str] = []
        airing = self._connection.execute(select(func.min(deliveries.c.airing))).scalar_one()
        while airing is not None:
            known = select(airings.c.id).where(airings.c.id == airing)
            newest = select(func.max(deliveries.c.at_ms)).where(deliveries.c.airing == airing)
            if self._connection.execute(known).first() is None and self._connection.execute(newest).scalar_one() < before_ms:
                found.append(airing)
            after = select(func.min(deliveries.c.airing)).where(deliveries.c.airing > airing)
            airing = self._connection.execute(after).scalar_one()
        return found

    def deliveries(self, airing: str, limit: int) -> int:
        """Deliveries of an airing."""
        return self._delete(deliveries, deliveries.c.airing == airing, limit)

    def airing(self, airing: str) -> None:
        """The airing itself."""
        for table in (airing_villages, tallies):
            self._connection.execute(delete(table).where(table.c.airing == airing))
        self._connection.execute(delete(airings).where(airings.c.id == airing))

    def alarms(self, before_ms: int, limit: int) -> int:
        """Alarms that were closed before; an open one has an owner to find."""
        return self._delete(alarms, alarms.c.closed_ms < before_ms, limit)

    def requests(self, before_ms: int, limit: int) -> int:
        """Requests whose time was before, and of which no airing is known."""
        named = (requests.c.id, requests.c.id + "#0")  # a request has one segment
        fulfilled = exists().where(airings.c.wish.in_(named))
        return self._delete(requests, (requests.c.start_ms < before_ms) & ~fulfilled, limit)

    def bulletins(self, before_ms: int, limit: int) -> int:
        """Bulletins made before, that no airing, living programme or request names, and whose sound is prepared."""
        old = (bulletins.c.created_ms < before_ms) & bulletins.c.upload.is_(None)
        for names in _NAMING_BULLETINS:
            old &= bulletins.c.id.not_in(names)
        return self._delete(bulletins, old, limit)

    def clips(self, before_ms: int, limit: int) -> int:
        """Clips made before, that nothing names."""
        old = clips.c.created_ms < before_ms
        for names in _NAMING_CLIPS:
            old &= clips.c.sha256.not_in(names)
        return self._delete(clips, old, limit)

    def named(self, files: Collection[str]) -> set[str]:
        """Those files that a clip, an airing or a document names."""
        found: set[str] = set()
        for part in chunks(files):
            for column in (clips.c.sha256, airings.c.sha256, documents.c.body):
                found.update(self._connection.scalars(select(column).where(column.in_(part))))
        return found

    def _delete(self, table: Table, which: ColumnElement[bool], limit: int) -> int:
        """Delete some rows, by their keys: neither database promises DELETE ... LIMIT."""
        key = tuple(table.primary_key.columns)
        rows: Sequence[Any] = self._connection.execute(select(*key).where(which).limit(limit)).all()
        for part in chunks(rows):
            mine = tuple_(*key).in_([tuple(row) for row in part]) if len(key) > 1 else key[0].in_([row[0] for row in part])
            self._connection.execute(delete(table).where(mine))
        return len(rows)
