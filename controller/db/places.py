"""Units and nodes in the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, false, func, or_, select, update
from sqlalchemy.sql import ColumnElement

from controller.db.rows import among, chunks, put
from controller.db.tables import documents, node_status, nodes, units
from controller.domain.node import Node
from controller.domain.rights import Reach
from controller.domain.unit import Level, Unit
from controller.service.keyring import EVERYBODY
from controller.service.ports import Status


def path_text(path: Sequence[str]) -> str:
    """A path as stored: "/p04/x01234/", so that a subtree is a prefix and no id is another's prefix."""
    return "/" + "/".join(path) + "/"


def in_subtrees(roots: Sequence[Unit]) -> ColumnElement[bool]:
    """The condition that a row of `units` is one of `roots` or below it."""
    return below(root.path for root in roots)


def below(paths: Iterable[Sequence[str]]) -> ColumnElement[bool]:
    """The condition that a row of `units` has one of these paths, or is below one; without any, that nothing is."""
    return or_(false(), *(units.c.path.startswith(path_text(path), autoescape=True) for path in paths))


class SqlUnits:
    """The tree of places."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, unit: str) -> Unit | None:
        """The unit, or None."""
        row = self._connection.execute(select(units).where(units.c.id == unit)).one_or_none()
        return _unit(row) if row else None

    def all(self) -> list[Unit]:
        """Every unit, parents before children."""
        return [_unit(row) for row in self._connection.execute(select(units).order_by(units.c.path))]

    def add(self, new: Sequence[Unit]) -> None:
        """Add units, parents first; one that exists takes the new name."""
        for unit in new:
            row = {"id": unit.id, "parent": unit.parent, "level": unit.level, "name": unit.name, "path": path_text(unit.path)}
            put(self._connection, units, [row])

    def villages_with_nodes(self, roots: Sequence[Unit]) -> list[str]:
        """The villages under `roots` in which a loudspeaker stands."""
        here = in_subtrees(roots) & nodes.c.retired_ms.is_(None)
        found = select(nodes.c.village).distinct().join(units, units.c.id == nodes.c.village).where(here)
        return list(self._connection.scalars(found))


class SqlNodes:
    """The loudspeakers, and what they last said of themselves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, node: str) -> Node | None:
        """The node, or None."""
        row = self._connection.execute(select(nodes).where(nodes.c.id == node)).one_or_none()
        return _node(row) if row else None

    def are_there(self) -> bool:
        """Was any node ever added?"""
        return self._connection.execute(select(nodes.c.id).limit(1)).first() is not None

    def under(self, unit: Unit | None) -> list[Node]:
        """The nodes that stand under `unit` (None: everywhere) and are not retired, by village and name."""
        return self.within(None if unit is None else (unit.path,))

    def within(self, reach: Reach) -> list[Node]:
        """The same under any of several."""
        query = select(nodes).where(nodes.c.retired_ms.is_(None)).order_by(nodes.c.village, nodes.c.name)
        if reach is not None:
            query = query.join(units, units.c.id == nodes.c.village).where(below(reach))
        return [_node(row) for row in self._connection.execute(query)]

    def add(self, new: Sequence[Node]) -> None:
        """Add nodes; one that exists is changed."""
        put(self._connection, nodes, [asdict(node) for node in new])

    def generations(self, ids: Collection[str]) -> dict[str, int]:
        """The generation of each node of `ids` that exists and is not retired: whose keys count today."""
        mine = among(self._connection, nodes.c.id, ids)
        query = select(nodes.c.id, nodes.c.generation).where(mine, nodes.c.retired_ms.is_(None))
        return {row.id: row.generation for row in self._connection.execute(query)}

    def living(self, ids: Collection[str]) -> dict[str, tuple[Node, tuple[str, ...]]]:
        """The nodes of `ids` that exist and are not retired, each with the path of its village."""
        found: dict[str, tuple[Node, tuple[str, ...]]] = {}
        for part in chunks(ids):
            query = select(nodes, units.c.path).join(units, units.c.id == nodes.c.village)
            for row in self._connection.execute(query.where(nodes.c.id.in_(part), nodes.c.retired_ms.is_(None))):
                found[row.id] = (_node(row), tuple(row.path.strip("/").split("/")))
        return found

    def statuses(self, ids: Collection[str] | None) -> dict[str, Status]:
        """What nodes last said of themselves; None asks for all."""
        columns = [column for column in node_status.c if column.name != "health"]
        if ids is None:
            return {row.node: Status(**row._mapping) for row in self._connection.execute(select(*columns))}
        found: dict[str, Status] = {}
        for part in chunks(ids):
            for row in self._connection.execute(select(*columns).where(node_status.c.node.in_(part))):
                found[row.node] = Status(**row._mapping)
        return found

    def set_statuses(self, statuses: Sequence[Status]) -> None:
        """Remember what nodes now say of themselves."""
        put(self._connection, node_status, [asdict(status) for status in statuses])

    def forget_status(self, node: str) -> None:
        """What this node said of itself counts no more: it is another board from now on, or none."""
        self._connection.execute(delete(node_status).where(node_status.c.node == node))

    def count_behind(self, kind: str, subject: str) -> int:
        """How many online nodes of the letter's subject hold an older one: "plan" of a village, "config" or "trust" of a node.

        There is one trust document, for all.
        """
        held, whose = node_status.c[kind], nodes.c.village if kind == "plan" else nodes.c.id
        of = EVERYBODY if kind == "trust" else subject
        newest = select(documents.c.version).where(documents.c.kind == kind, documents.c.subject == of).scalar_subquery()
        behind = nodes.join(node_status, node_status.c.node == nodes.c.id)
        query = select(func.count()).select_from(behind).where(whose == subject, node_status.c.online, held < newest)
        return self._connection.execute(query).scalar_one()

    def set_health(self, health: Mapping[str, tuple[str, int]], seen_ms: int) -> None:
        """Remember the newest telemetry (JSON) of nodes that were born before, and how sure they are of the time."""
        rows = [{"of": node, "said": said, "sure": u, "seen": seen_ms} for node, (said, u) in health.items()]
        if rows:
            change = update(node_status).where(node_status.c.node == bindparam("of"))
            new: dict[str, Any] = {"health": bindparam("said"), "clock_u_ms": bindparam("sure"), "seen_ms": bindparam("seen")}
            self._connection.execute(change.values(new), rows)


def _unit(row: Row[Any]) -> Unit:
    path = tuple(row.path.strip("/").split("/"))
    return Unit(id=row.id, parent=row.parent, level=Level(row.level), name=row.name, path=path)


def _node(row: Row[Any]) -> Node:
    return Node(
        id=row.id,
        village=row.village,
        name=row.name,
        generation=row.generation,
        since_ms=row.since_ms,
        retired_ms=row.retired_ms,
    )
