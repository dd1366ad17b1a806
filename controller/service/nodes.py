"""Loudspeaker clusters: added to a village, given their identity, seen from afar, moved, retired and replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from controller.domain.delivery import State
from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.node import Node
from controller.domain.rights import Actor, Deed
from controller.domain.unit import Level, Unit
from controller.protocol.keys import Provision, to_text
from controller.service.asking import FARTHEST_MS
from controller.service.deliveries import newcomer
from controller.service.keyring import Keyring
from controller.service.papers import Papers
from controller.service.plans import Plans
from controller.service.ports import Bus, Database, Status, Transaction
from controller.service.rights import record, require
from controller.service.units import unit_of
from controller.service.versions import believable
from scheduler.clock import Clock

MAX_NAME = 200
MAX_HELD = 64
"""Clips that a config may name (docs/wire.md): with one more, nodes would refuse it whole."""
MAX_AT_ONCE = 10_000
"""Nodes added in one call: the stress size of a province."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """A node as a person sees it: where it stands, and what it last said (None: it never called)."""

    node: Node
    village: str
    status: Status | None


class Nodes:
    """Adds, shows, moves and retires nodes. Thread-safe; each call is one commit."""

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        papers: Papers,
        plans: Plans,
        clock: Clock,
        bus: Bus,
        broker: str,
        bases: tuple[str, ...],
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._papers = papers
        self._plans = plans
        self._clock = clock
        self._bus = bus
        self._broker = broker
        self._bases = bases

    def list(self, unit: str | None = None, *, by: Actor) -> Sequence[NodeView]:
        """The nodes under a unit (None: all that they reach), by village and name."""
        with self._database.reading() as tx:
            names = {each.id: each.name for each in tx.units.all()}
            rows = _reached(tx, unit, Deed.SEE, by)
            statuses = tx.nodes.statuses(None)
        return [NodeView(node=row, village=names[row.village], status=statuses.get(row.id)) for row in rows]

    def add(self, village: str, names: Sequence[str], *, by: Actor) -> Sequence[Node]:
        """Add clusters to a village; a name that stands there already is that cluster."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            place = unit_of(tx, village)
            require(by, Deed.NODE_ADD, [place])
            added = add_nodes(tx, village, names, now_ms)
            new = [node.id for node in added if node.since_ms == now_ms]
            if new:
                record(tx, by, Deed.NODE_ADD, [place], subject=new[0], at_ms=now_ms, number=len(new))
            return added

    def provision(self, unit: str | None = None, *, by: Actor) -> Sequence[Provision]:
        """What the nodes under a unit are given at set-up: identity, key, whom to believe, where to call. Secret."""
        with self._database.writing() as tx:
            rows = _reached(tx, unit, Deed.NODE_SET_UP, by)
            places = _where(tx, unit, rows, by)
            record(tx, by, Deed.NODE_SET_UP, places, subject=unit or "", at_ms=self._clock.now_ms(), number=len(rows))
        return [self._provision(row) for row in rows]

    def _provision(self, row: Node) -> Provision:
        return Provision(
            node=row.id,
            generation=row.generation,
            key=to_text(self._keyring.node_key(row.id, row.generation)),
            root=self._keyring.root_text,
            broker=self._broker,
            bases=self._bases,
        )

    def move(self, node: str, village: str, *, by: Actor) -> NodeView:
        """It stands in another village from now on: it obeys nothing that was issued to a unit before.

        NotFound, Refused("node.retired", "node.not-a-village") or Conflict("node.stands-there") when that can't be. What the old
        village's nodes were told already is for the node to end: it says `moved`, or nothing, and the sweeper settles it.
        """
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            row, unit = _living(tx, node), _village(tx, village)
            record(tx, by, Deed.NODE_MOVE, [unit_of(tx, row.village), unit], subject=node, at_ms=now_ms)
            if row.village == village:
                raise Conflict("node.stands-there", node=row.name, village=unit.name)
            moved = replace(row, village=village, since_ms=_since(row, now_ms))
            self._settle_in(tx, moved, now_ms)
            status = tx.nodes.statuses([node]).get(node)
            old = tx.documents.get("plan", [row.village]).get(row.village)
            held = believable(status.plan, now_ms) if status else 0
            # Its floor is the old village's plan: only a higher version is sure to be taken.
            self._plans.replan(tx, [village], now_ms, {village: max(old.version if old else 0, held)})
        self._bus.outbox_filled()
        return NodeView(node=moved, village=unit.name, status=status)

    def retire(self, node: str, *, by: Actor) -> int:
        """It is no longer ours: not believed, not answered, no part of what is said from now on. Since when; twice is once."""
        with self._database.writing() as tx:
            row = _node(tx, node)
            place = unit_of(tx, row.village)
            require(by, Deed.NODE_RETIRE, [place])
            if row.retired_ms is not None:
                return row.retired_ms
            retired_ms = self._clock.now_ms()
            record(tx, by, Deed.NODE_RETIRE, [place], subject=node, at_ms=retired_ms)
            tx.nodes.add([replace(row, retired_ms=retired_ms)])
            tx.nodes.forget_status(node)
            tx.deliveries.withdraw(node, State.PLANNED)
            tx.outbox.supersede("config", [node])
        return retired_ms

    def renew(self, node: str, *, by: Actor) -> Provision:
        """Its board is another from now on: what the new one is given at set-up. The old one is believed no longer.

        A retired node is ours again by this.
        """
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            row = _node(tx, node)
            record(tx, by, Deed.NODE_SET_UP, [unit_of(tx, row.village)], subject=node, at_ms=now_ms, did="renew")
            renewed = replace(row, generation=row.generation + 1, since_ms=_since(row, now_ms), retired_ms=None)
            tx.nodes.forget_status(node)
            self._settle_in(tx, renewed, now_ms)
        self._bus.outbox_filled()
        return self._provision(renewed)

    def _settle_in(self, tx: Transaction, row: Node, now_ms: int) -> None:
        """Write where a node stands now, its config, and what is expected of it: what was never sent elsewhere is not."""
        tx.nodes.add([row])
        self._papers.renew(tx, tx.nodes.living([row.id]), now_ms)
        tx.deliveries.withdraw(row.id, State.PLANNED)
        coming = [each.id for each in tx.airings.coming(row.village, now_ms, now_ms + FARTHEST_MS) if each.start_ms > now_ms]
        expected = [airing for airing in coming if not tx.deliveries.of_nodes(airing, [row.id])]
        tx.deliveries.write([newcomer(airing, row, State.PLANNED, now_ms) for airing in expected])
        tx.replans.mark([row.village], now_ms)  # the first loudspeaker of a village: nothing was planned there yet

    def hold(self, unit: str, sha256: str, *, on: bool, by: Actor) -> None:
        """Let the nodes under a unit keep a clip always, or no longer: their configs are written anew."""
        with self._database.writing() as tx:
            root = unit_of(tx, unit)
            require(by, Deed.CLIP_HOLD, [root])
            if on and tx.bulletins.clip(sha256) is None:
                raise NotFound("clip.unknown", sha256=sha256[:64])
            if on:
                _refuse_too_many_held(tx, root, sha256)
            if tx.bulletins.hold(root.id, sha256, on):
                record(tx, by, Deed.CLIP_HOLD, [root], subject=sha256, at_ms=self._clock.now_ms(), on=on)
                living = tx.nodes.living([row.id for row in tx.nodes.under(root)])
                self._papers.renew(tx, living, self._clock.now_ms())
        self._bus.outbox_filled()


def _refuse_too_many_held(tx: Transaction, root: Unit, sha256: str) -> None:
    """Refused("hold.full") if one more clip would be more than a config may name, anywhere under `root`."""
    holders = tx.bulletins.holders()
    for unit in tx.units.all():
        if root.id in unit.path:
            held = set().union(*(holders.get(above, ()) for above in unit.path))
            if len(held | {sha256}) > MAX_HELD:
                raise Refused("hold.full", limit=MAX_HELD, unit=unit.name)


def _where(tx: Transaction, unit: str | None, rows: Sequence[Node], by: Actor) -> list[Unit | None]:
    """Where these nodes stand, in as few words as may be."""
    if unit is not None or by.may(Deed.NODE_SET_UP, None):
        return [unit_of(tx, unit) if unit else None]
    return [unit_of(tx, village) for village in dict.fromkeys(row.village for row in rows)]


def _reached(tx: Transaction, unit: str | None, deed: Deed, by: Actor) -> list[Node]:
    """The nodes under a unit at which the deed is allowed; without a unit, those at whose villages it is."""
    if unit is not None:
        root = unit_of(tx, unit)
        require(by, deed, [root])
        return tx.nodes.under(root)
    if not by.may_anywhere(deed):
        require(by, deed, [None])
    villages = {each.id for each in tx.units.all() if by.may(deed, each)}
    return [row for row in tx.nodes.within(by.reach) if row.village in villages]


def add_nodes(tx: Transaction, village: str, names: Sequence[str], now_ms: int) -> Sequence[Node]:
    """`Nodes.add` within the caller's commit."""
    root = _village(tx, village)
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
    if added:
        tx.replans.mark([village], now_ms)
    return [there[name] for name in names]


def _since(row: Node, now_ms: int) -> int:
    """When it came to where it stands: above any earlier such moment, so that no old order is younger."""
    return max(now_ms, row.since_ms + 1)


def _node(tx: Transaction, name: str) -> Node:
    row = tx.nodes.get(name)
    if row is None:
        raise NotFound("node.unknown", node=name)
    return row


def _living(tx: Transaction, name: str) -> Node:
    row = _node(tx, name)
    if row.retired_ms is not None:
        raise Refused("node.retired", node=row.id, name=row.name)
    return row


def _village(tx: Transaction, name: str) -> Unit:
    unit = unit_of(tx, name)
    if unit.level is not Level.VILLAGE:
        raise Refused("node.not-a-village", unit=unit.name)
    return unit
