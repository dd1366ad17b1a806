"""The test phrase: one loudspeaker says a short chime, so that who stands below it hears that it is whole.

It is a play order like any other, but sealed for one node and sent to its own inbox (docs/wire.md defines no effect of the
kind `test`: nodes refuse it). It makes nothing else wait, is refused while something else sounds there, and keeps quiet
hours: here, with a sentence, and at the node in any case (law 7).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict

from audio.clip import Clip
from controller.domain.airing import Airing, Klass, Mode
from controller.domain.bulletin import PHRASE, Bulletin, BulletinState
from controller.domain.delivery import ENDS, State
from controller.domain.errors import NotFound, Refused
from controller.domain.ids import new_id
from controller.domain.node import Node
from controller.domain.rights import Actor, Deed
from controller.domain.unit import RANK, Unit
from controller.service.asking import refuse_overlap
from controller.service.binding import bindings
from controller.service.deliveries import newcomer
from controller.service.keyring import Keyring
from controller.service.letters import play_orders
from controller.service.ports import Bus, ClipRow, Database, Draft, Transaction
from controller.service.rights import record, require
from controller.service.units import unit_of
from scheduler.clock import Clock
from scheduler.policy import is_allowed

LEAD_MS = 3_000
"""Time to fetch 17 kB over a thin link; who waits below the pole counts to three."""

GRACE_MS = 20_000
"""The order is offered again after 2, 5 and 15 s: a lost packet or two may still be made good."""

TITLE = "Phát thử"


class NodeTests:
    """Lets loudspeakers play the test phrase. Thread-safe; each call is one commit."""

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        clock: Clock,
        bus: Bus,
        phrase: Callable[[], Clip],
        has: Callable[[str], bool],
    ) -> None:
        """`phrase` makes the clip, in a second or less; `has` tells whether a clip's file is still kept."""
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._bus = bus
        self._phrase = phrase
        self._has = has
        self._clip: Clip | None = None

    def play(self, node: str, *, by: Actor) -> Airing:
        """Let it sound in some seconds. While an earlier test may still sound there, that one is it: a second click is the first.

        NotFound("node.unknown"), Refused("node.retired", "node.quiet-hours"), Conflict("airing.overlap"), or an AudioError.
        """
        with self._database.reading() as tx:
            row, village = _place(tx, node)
            require(by, Deed.NODE_TEST, [village])
        clip = self._sound()  # takes its time: never within a writing transaction
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            row, village = _place(tx, node)
            require(by, Deed.NODE_TEST, [village])
            standing = _standing(tx, node, now_ms)
            if standing is not None:
                return standing
            airing = _airing(_bulletin(tx, village, clip, now_ms, by), village, clip, node, now_ms)
            _refuse_quiet_hours(tx, village, airing)
            refuse_overlap(tx, airing, [village.id])
            record(tx, by, Deed.NODE_TEST, [village], subject=node, at_ms=now_ms, airing=airing.id)
            tx.airings.add(airing, [], by.id)  # no village of its own: nothing makes room for a test
            tx.deliveries.write([newcomer(airing.id, row, State.PLANNED, now_ms)])
            tx.outbox.add(play_orders(airing, self._keyring, now_ms))
        self._bus.outbox_filled()
        self._bus.airing_changed([airing.id])
        return airing

    def _sound(self) -> Clip:
        if self._clip is None or not self._has(self._clip.sha256):  # forgotten with what nothing names any more
            self._clip = self._phrase()
        return self._clip


def _place(tx: Transaction, node: str) -> tuple[Node, Unit]:
    row = tx.nodes.get(node)
    if row is None:
        raise NotFound("node.unknown", node=node[:80])
    if row.retired_ms is not None:
        raise Refused("node.retired", node=row.id, name=row.name)
    return row, unit_of(tx, row.village)


def _standing(tx: Transaction, node: str, now_ms: int) -> Airing | None:
    """The test of this node that is not over."""
    test = tx.sightings.newest_test(node)
    if test is None or test.cancelled_ms is not None or now_ms >= test.ends_ms:
        return None
    delivery = tx.deliveries.of_nodes(test.id, [node]).get(node)
    return test if delivery is not None and delivery.state not in ENDS else None


def _bulletin(tx: Transaction, village: Unit, clip: Clip, now_ms: int, by: Actor) -> Bulletin:
    """The village's own bulletin of the phrase; it is of no kind, so no programme takes it."""
    name = f"{PHRASE}{hashlib.sha256(village.id.encode()).hexdigest()[:24]}"
    tx.bulletins.add_clip(ClipRow(**asdict(clip), created_ms=now_ms))
    known = tx.bulletins.get(name)
    bulletin = Bulletin(
        id=name,
        owner=village.id,
        title=TITLE,
        klass=Klass.NORMAL,
        language="vi",
        state=BulletinState.APPROVED,
        created_ms=now_ms,
        created_by=by.id,
        clip=clip.sha256,
        approved_ms=now_ms,
    )
    if known is None:
        tx.bulletins.add(Draft(bulletin=bulletin, upload=None, wish=None, error=None, airing=None))
    elif known.bulletin.clip != clip.sha256:
        tx.bulletins.change(Draft(bulletin=bulletin, upload=None, wish=None, error=None, airing=None))
    return bulletin


def _airing(bulletin: Bulletin, village: Unit, clip: Clip, node: str, now_ms: int) -> Airing:
    return Airing(
        id=new_id(now_ms),
        bulletin=bulletin.id,
        mode=Mode.TEST,
        rev=1,
        units=(village.id,),
        start_ms=now_ms + LEAD_MS,
        grace_ms=GRACE_MS,
        duration_ms=clip.duration_ms,
        klass=Klass.NORMAL,
        rank=RANK[village.level],
        sha256=clip.sha256,
        size=clip.size,
        gain=0,
        language="vi",
        created_ms=now_ms,
        wish=node,
    )


def _refuse_quiet_hours(tx: Transaction, village: Unit, airing: Airing) -> None:
    policy = bindings([village.path], tx.policies.all())[village.path]
    if not is_allowed(policy.hours, policy.utc_offset, airing.start_ms, airing.start_ms + airing.duration_ms):
        raise Refused("node.quiet-hours", unit=village.name)
