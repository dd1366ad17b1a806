"""Loudspeaker clusters: added to a village, given their identity, seen from afar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.domain.errors import NotFound, Refused
from controller.domain.node import Node
from controller.domain.unit import Level, Unit
from controller.protocol.keys import Provision, to_text
from controller.service.keyring import Keyring
from controller.service.papers import Papers
from controller.service.ports import Bus, Database, Status, Transaction
from scheduler.clock import Clock

MAX_NAME = 200
MAX_AT_ONCE = 10_000
"""Nodes added in one call: the stress size of a province."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """A node as a person sees it: where it stands, and what it last said (None: it never called)."""

    node: Node
    village: str
    status: Status | None


class Nodes:
    """Adds and shows nodes. Thread-safe; each call is one commit."""

    def __init__(
        self, *, database: Database, keyring: Keyring, papers: Papers, clock: Clock, bus: Bus, broker: str, bases: tuple[str, ...]
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._papers = papers
        self._clock = clock
        self._bus = bus
        self._broker = broker
        self._bases = bases

    def list(self, unit: str | None = None) -> Sequence[NodeView]:
        """The nodes under a unit (None: all), by village and name."""
        with self._database.reading() as tx:
            root = _unit(tx, unit) if unit else None
            names = {each.id: each.name for each in tx.units.all()}
            rows = tx.nodes.under(root)
            statuses = tx.nodes.statuses(None)
        return [NodeView(node=row, village=names[row.village], status=statuses.get(row.id)) for row in rows]

    def add(self, village: str, names: Sequence[str]) -> Sequence[Node]:
        """Add clusters to a village; a name that stands there already is that cluster."""
        with self._database.writing() as tx:
            return add_nodes(tx, village, names, self._clock.now_ms())

    def provision(self, unit: str | None = None) -> Sequence[Provision]:
        """What the nodes under a unit are given at set-up: identity, key, whom to believe, where to call. Secret."""
        with self._database.reading() as tx:
            rows = tx.nodes.under(_unit(tx, unit) if unit else None)
        return [
            Provision(
                node=row.id,
                generation=row.generation,
                key=to_text(self._keyring.node_key(row.id, row.generation)),
                root=self._keyring.root_text,
                broker=self._broker,
                bases=self._bases,
            )
            for row in rows
        ]

    def hold(self, unit: str, sha256: str, *, on: bool) -> None:
        """Let the nodes under a unit keep a clip always, or no longer: their configs are written anew."""
        with self._database.writing() as tx:
            root = _unit(tx, unit)
            if on and tx.bulletins.clip(sha256) is None:
                raise NotFound("clip.unknown", sha256=sha256[:64])
            if tx.bulletins.hold(root.id, sha256, on):
                living = tx.nodes.living([row.id for row in tx.nodes.under(root)])
                self._papers.renew(tx, living, self._clock.now_ms())
        self._bus.outbox_filled()


def add_nodes(tx: Transaction, village: str, names: Sequence[str], now_ms: int) -> Sequence[Node]:
    """`Nodes.add` within the caller's commit."""
    root = _unit(tx, village)
    if root.level is not Level.VILLAGE:
        raise Refused("node.not-a-village", unit=root.name)
    if not 0 < len(names) <= MAX_AT_ONCE or any(not 0 < len(name) <= MAX_NAME for name in names):
        raise Refused("node.names", limit=MAX_AT_ONCE)
    there = {row.name: row for row in tx.nodes.under(root)}
    taken = {row.id for row in there.values()}
    added: list[Node] = []
    for name in dict.fromkeys(names):
        if name not in there:
            number = len(taken) + 1
            while f"{village}-l{number}" in taken or tx.nodes.get(f"{village}-l{number}") is not None:
                number += 1
            taken.add(f"{village}-l{number}")
            there[name] = Node(id=f"{village}-l{number}", village=village, name=name, generation=1, since_ms=now_ms)
            added.append(there[name])
    tx.nodes.add(added)
    return [there[name] for name in names]


def _unit(tx: Transaction, name: str) -> Unit:
    unit = tx.units.get(name)
    if unit is None:
        raise NotFound("unit.unknown", unit=name)
    return unit
