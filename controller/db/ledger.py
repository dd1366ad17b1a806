"""Deliveries and receipts in the database: what became of each airing on each node, and the words that say so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, delete, func, literal, select, update
from sqlalchemy.sql import ColumnElement

from controller.db.places import below, in_subtrees
from controller.db.rows import among, chunks, insert_new, put
from controller.db.tables import custody, deliveries, nodes, receipts, units
from controller.domain.delivery import Evidence, State
from controller.domain.rights import Reach
from controller.domain.unit import Unit
from controller.service.ports import Custody, Delivery, Heard

COLUMNS = tuple(deliveries.c[name] for name in ("airing", "node", "village", "state", "why", "evidence", "at_ms"))
STATES = {state.value: state for state in State}
EVIDENCE = {evidence.value: evidence for evidence in Evidence}

Word = tuple[str, str, int, int]
"""Node, life, seq and digest of a receipt."""

_KEPT = """
WITH said (node, life, seq, digest) AS (VALUES ...)
SELECT node, life, seq, digest, (
    SELECT min(abs(kept.digest - said.digest)) FROM receipts AS kept
    WHERE kept.node = said.node AND kept.life = said.life AND kept.seq = said.seq
) FROM said
"""
"""A subquery of its own for each word: so that PostgreSQL too looks each up in the index, whatever it believes of the table."""


class SqlDeliveries:
    """What became of airings, node by node."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def plan(self, airing: str, roots: Sequence[Unit], now_ms: int) -> int:
        """A planned delivery for every living node under `roots`; says how many. One statement, for a province has 9,000."""
        rows = (
            select(literal(airing), nodes.c.id, nodes.c.village, literal(State.PLANNED.value), literal(""), literal(now_ms))
            .join(units, units.c.id == nodes.c.village)
            .where(nodes.c.retired_ms.is_(None), in_subtrees(roots))
        )
        names = ["airing", "node", "village", "state", "why", "at_ms"]
        insert = deliveries.insert().from_select(names, rows).execution_options(preserve_rowcount=True)
        return self._connection.execute(insert).rowcount

    def of_airing(self, airing: str) -> list[Delivery]:
        """All deliveries of an airing."""
        query = select(*COLUMNS).where(deliveries.c.airing == airing).order_by(deliveries.c.village, deliveries.c.node)
        return [_delivery(row) for row in self._connection.execute(query)]

    def of_nodes(self, airing: str, ids: Collection[str]) -> dict[str, Delivery]:
        """The deliveries of an airing on these nodes."""
        query = select(*COLUMNS).where(deliveries.c.airing == airing, among(self._connection, deliveries.c.node, ids))
        return {row[1]: _delivery(row) for row in self._connection.execute(query).all()}

    def counts(self, airings: Collection[str], within: Reach = None) -> dict[str, dict[tuple[State, Evidence | None], int]]:
        """How many deliveries of each airing, in villages within reach, stand where."""
        found: dict[str, dict[tuple[State, Evidence | None], int]] = {airing: {} for airing in airings}
        what = (deliveries.c.airing, deliveries.c.state, deliveries.c.evidence)
        for part in chunks(airings):
            query = select(*what, func.count().label("number")).where(deliveries.c.airing.in_(part)).group_by(*what)
            if within is not None:
                query = query.where(deliveries.c.village.in_(select(units.c.id).where(below(within))))
            for row in self._connection.execute(query):
                found[row.airing][STATES[row.state], _evidence(row.evidence)] = row.number
        return found

    def move_all(self, airing: str, moves: Mapping[State, State], unit: Unit | None, now_ms: int) -> int:
        """Move every delivery of the airing (under `unit`, if given) by the table `moves`; says how many moved."""
        mine: ColumnElement[bool] = deliveries.c.airing == airing
        if unit is not None:
            mine &= deliveries.c.village.in_(select(units.c.id).where(in_subtrees([unit])))
        return self._move(mine, moves, now_ms)

    def _move(self, mine: ColumnElement[bool], moves: Mapping[State, State], now_ms: int) -> int:
        moved = 0
        for target in dict.fromkeys(moves.values()):
            sources = [source for source, to in moves.items() if to is target and source is not target]
            change = update(deliveries).where(mine, deliveries.c.state.in_(sources))
            moved += self._connection.execute(change.values(state=target, at_ms=now_ms)).rowcount
        return moved

    def write(self, new: Sequence[Delivery]) -> None:
        """Deliveries as they now stand; one that nobody expected is made."""
        put(self._connection, deliveries, new)

    def withdraw(self, node: str, state: State) -> None:
        """Take out what stands in `state` on this node: nobody expects it there any more."""
        self._connection.execute(delete(deliveries).where(deliveries.c.node == node, deliveries.c.state == state))

    def withdraw_from(self, airing: str, villages: Collection[str], states: Collection[State]) -> None:
        """Take out what stands in `states` in these villages: it is not planned there any more, and nobody was told."""
        mine = (deliveries.c.airing == airing) & among(self._connection, deliveries.c.village, villages)
        self._connection.execute(delete(deliveries).where(mine, deliveries.c.state.in_(states)))

    def move_in(self, airing: str, villages: Collection[str], moves: Mapping[State, State], now_ms: int) -> None:
        """Move every delivery of the airing in these villages by the table `moves`."""
        mine = (deliveries.c.airing == airing) & among(self._connection, deliveries.c.village, villages)
        self._move(mine, moves, now_ms)

    def open_of_nodes(self, ids: Collection[str], states: Collection[State]) -> list[Delivery]:
        """The deliveries of these nodes that stand in one of `states`."""
        found: list[Delivery] = []
        for part in chunks(ids):
            query = select(*COLUMNS).where(deliveries.c.node.in_(part), deliveries.c.state.in_(states))
            found.extend(_delivery(row) for row in self._connection.execute(query))
        return found

    def count_open(self, airing: str, unit: Unit, states: Collection[State]) -> int:
        """How many deliveries of the airing under `unit` stand in one of `states`."""
        below = select(units.c.id).where(in_subtrees([unit]))
        mine = (deliveries.c.airing == airing) & deliveries.c.state.in_(states) & deliveries.c.village.in_(below)
        return self._connection.execute(select(func.count()).select_from(deliveries).where(mine)).scalar_one()


class SqlReceipts:
    """The words of nodes, as said, and how far we have them without a gap."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, new: Sequence[Heard]) -> None:
        """Keep receipts; the same one again is the same."""
        insert_new(self._connection, receipts, new)

    def kept(self, words: Collection[Word]) -> dict[Word, bool]:
        """Of those words whose number is kept: is it with this digest (True), or with others only (False)?"""
        sign = "?" if self._connection.dialect.name == "sqlite" else "%s"
        found: dict[Word, bool] = {}
        for part in chunks(words):
            rows = ", ".join([f"({sign}, {sign}, {sign}, {sign})"] * len(part))
            query = _KEPT.replace("...", rows)
            told: Iterable[Sequence[Any]] = self._connection.exec_driver_sql(query, tuple(chain.from_iterable(part)))
            found.update(((node, life, seq, digest), away == 0) for node, life, seq, digest, away in told if away is not None)
        return found

    def unbroken(self, since: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
        """For each (node, life), had up to a number: the last one behind it up to which no number is missing."""
        found = dict(since)
        for (node, life), upto in since.items():
            mine = (receipts.c.node == node) & (receipts.c.life == life) & (receipts.c.seq > upto)
            for number in self._connection.scalars(select(receipts.c.seq).distinct().where(mine).order_by(receipts.c.seq)):
                if number != found[node, life] + 1:
                    break
                found[node, life] = number
        return found

    def custody(self, lives: Collection[tuple[str, str]]) -> dict[tuple[str, str], Custody]:
        """For each (node, life): how far we have its receipts."""
        wanted = set(lives)
        found = dict.fromkeys(wanted, Custody(upto=0, highest=0))
        mine = among(self._connection, custody.c.node, {node for node, _ in wanted})
        rows: Iterable[Sequence[Any]] = self._connection.execute(select(custody).where(mine)).all()
        for node, life, upto, highest in rows:
            if (node, life) in wanted:
                found[node, life] = Custody(upto=upto, highest=highest)
        return found

    def set_custody(self, new: Mapping[tuple[str, str], Custody]) -> None:
        """Remember how far we have each life's receipts."""
        rows = [{"node": node, "life": life, "upto": it.upto, "highest": it.highest} for (node, life), it in new.items()]
        put(self._connection, custody, rows)


def _evidence(text: str | None) -> Evidence | None:
    return EVIDENCE[text] if text else None


def _delivery(row: Sequence[Any]) -> Delivery:
    airing, node, village, state, why, evidence, at_ms = row
    return Delivery(
        airing=airing,
        node=node,
        village=village,
        state=STATES[state],
        why=why,
        evidence=_evidence(evidence),
        at_ms=at_ms,
    )
