"""What a technician wants to know: which loudspeakers are silent, since when, and what is the matter with one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.domain.errors import NotFound
from controller.domain.node import Node
from controller.domain.rights import Actor, Deed
from controller.domain.unit import Unit
from controller.protocol.codec import DecodeError, decode
from controller.protocol.messages import Health
from controller.service.alarms import SHOWN, AlarmView
from controller.service.keyring import EVERYBODY
from controller.service.ports import Alarm, Database, Delivery, Status, Transaction
from controller.service.rights import require, require_anywhere
from controller.service.sightings import Past, Presence, Sighting
from controller.service.units import unit_of
from scheduler.clock import Clock

PAST = 20
"""Airings of one loudspeaker: about a week of a commune's programmes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """All loudspeakers that somebody reaches (under a unit, if one was asked for), with their open alarms, newest first."""

    now_ms: int
    unit: Unit | None
    places: Mapping[str, Unit]
    sightings: Sequence[Sighting]
    alarms: Mapping[str, Sequence[Alarm]]

    def presence(self, sighting: Sighting) -> Presence:
        """Does it speak, at the moment of this look?"""
        return sighting.presence(self.now_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One document: the version that a loudspeaker holds, and the newest one; 0 is none."""

    held: int
    newest: int

    @property
    def is_newest(self) -> bool:
        """Does it hold the newest one?"""
        return self.held >= self.newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The last test of a loudspeaker: when it was to sound, until when it could, and what became of it."""

    airing: str
    start_ms: int
    ends_ms: int
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """One loudspeaker whole. `status` None: it never called; `health` None: it never told it."""

    now_ms: int
    node: Node
    village: Unit
    commune: str
    presence: Presence
    status: Status | None
    health: Health | None
    held: Mapping[str, Held]
    alarms: Sequence[AlarmView]
    past: Sequence[Past]
    tried: Tried | None


class Inspection:
    """Looks at loudspeakers. Thread-safe."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def round(self, unit: str | None = None, *, by: Actor) -> Round:
        """All of them at one look; NotFound("unit.unknown")."""
        require_anywhere(by, Deed.SEE)
        with self._database.reading() as tx:
            place = unit_of(tx, unit) if unit is not None else None
            if place is not None:
                require(by, Deed.SEE, [place])
            alarms: dict[str, list[Alarm]] = {}
            for alarm in tx.alarms.newest(SHOWN, closed=False, within=by.reach):
                if alarm.node is not None:
                    alarms.setdefault(alarm.node, []).append(alarm)
            return Round(
                now_ms=self._clock.now_ms(),
                unit=place,
                places={each.id: each for each in tx.units.all()},
                sightings=tx.sightings.within(by.reach, place.path if place is not None else ()),
                alarms=alarms,
            )

    def last_words(self, nodes: Sequence[str], *, by: Actor) -> dict[str, Health]:
        """The last telemetry of those of these loudspeakers that somebody reaches and that ever told it."""
        with self._database.reading() as tx:
            here = [node for node, (_, path) in tx.nodes.living(nodes).items() if by.may(Deed.SEE, unit_of(tx, path[-1]))]
            said = {node: _health(text) for node, text in tx.sightings.health(here).items()}
        return {node: health for node, health in said.items() if health is not None}

    def node(self, node: str, *, by: Actor) -> Inspected:
        """One of them; NotFound("node.unknown"), Refused("right.none")."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            row = tx.nodes.get(node)
            if row is None:
                raise NotFound("node.unknown", node=node[:80])
            village = unit_of(tx, row.village)
            require(by, Deed.SEE, [village])
            above = tx.units.get(village.parent or "")
            status = tx.nodes.statuses([node]).get(node)
            open_alarms = sorted(
                (alarm for (_, of), alarm in tx.alarms.open_of([node]).items() if of == node),
                key=lambda alarm: (-alarm.last_ms, -alarm.id),
            )
            sighting = Sighting(
                node=node,
                name=row.name,
                village=row.village,
                online=status is not None and status.online,
                seen_ms=status.seen_ms if status else 0,
            )
            return Inspected(
                now_ms=now_ms,
                node=row,
                village=village,
                commune=above.name if above else "",
                presence=sighting.presence(now_ms),
                status=status,
                health=_health(tx.sightings.health([node]).get(node)),
                held=_held(tx, row, status),
                alarms=[AlarmView(alarm=alarm, name=row.name, village=village.name) for alarm in open_alarms],
                past=tx.sightings.past(node, now_ms + 1, PAST),
                tried=_tried(tx, node),
            )


def _health(text: str | None) -> Health | None:
    """What was kept is what a node said, by the contract of that day: what is no health today is left out."""
    if text is None:
        return None
    try:
        return decode(Health, text.encode())
    except DecodeError:
        return None


def _held(tx: Transaction, row: Node, status: Status | None) -> dict[str, Held]:
    newest = {
        kind: document.version
        for kind, subject in (("plan", row.village), ("config", row.id), ("trust", EVERYBODY))
        for document in tx.documents.get(kind, [subject]).values()
    }
    held = {"plan": status.plan, "config": status.config, "trust": status.trust} if status else {}
    return {kind: Held(held=held.get(kind, 0), newest=version) for kind, version in newest.items()}


def _tried(tx: Transaction, node: str) -> Tried | None:
    test = tx.sightings.newest_test(node)
    delivery = tx.deliveries.of_nodes(test.id, [node]).get(node) if test else None
    if test is None or delivery is None:
        return None
    return Tried(airing=test.id, start_ms=test.start_ms, ends_ms=test.ends_ms, delivery=delivery)
