"""What a change of keys means for all that is sealed already. Looks again and again, so that no change can be missed.

The keys are changed on disk by `tienglang keys`, whether a server runs or not. A running one sees the files' stamp change,
takes the new set in one swap, and then makes good, in the database:

    the trust document    a letter to each node that is there and holds an older one; the others get it with their next ask
    a config              sealed anew once its key is not the one that signs today: a node reads it again at each boot; and
                          once it names other bases than ours, for what it says of them is a setting
    a plan                sealed anew if its key is trusted no more: what a revoked key sealed is void
    an order that waits   likewise, and whoever had taken it in is asked to take it in again

Each step looks at what stands there, so that a crash between any two leaves nothing undone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import islice

from controller.domain.delivery import VOIDED
from controller.domain.errors import Refused, Unavailable
from controller.protocol import topics
from controller.protocol.messages import Use
from controller.service.generations import DAY_MS, ending
from controller.service.keyring import EVERYBODY, Keyring, KeySet, kid_of
from controller.service.letters import letter, play_orders, stop_orders
from controller.service.papers import Papers
from controller.service.plans import HORIZON_MS, Plans
from controller.service.ports import Bus, Database, Transaction
from scheduler.clock import Clock

log = logging.getLogger(__name__)

LETTER_MS = 3_600_000
"""A trust letter's life: its last offer is 82 s after the first, and within the hour a node has asked six times."""

AGAIN_MS = 3_600_000
"""Even without a change we look each hour: somebody may have sealed with the old keys while we swapped them."""

AT_ONCE = 500
"""Configs sealed in one commit: a twentieth of a second, in which no receipt has to wait long."""

WARN_AGAIN_MS = DAY_MS
"""A key that comes to its end is worth one line of the log a day."""


class Rekeying:
    """Follows the keys. `look` is called every second or so, by one thread.

    `stamp` tells whether the files changed, `read` reads them (None: there are none).
    """

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        papers: Papers,
        plans: Plans,
        clock: Clock,
        bus: Bus,
        stamp: Callable[[], object],
        read: Callable[[], Keyring | None],
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._papers = papers
        self._plans = plans
        self._clock = clock
        self._bus = bus
        self._stamp = stamp
        self._read = read
        self._seen: object = None
        self._done: object = None
        self._is_late = False
        self._warned_ms: int | None = None

    def look(self) -> None:
        """Take over keys that changed, and do whatever follows from it, or from a key's moment having come."""
        self.follow()
        now_ms = self._clock.now_ms()
        held = self._keyring.held
        stands = (held.trust_version, *(held.signer(use, now_ms).kid for use in Use), now_ms // AGAIN_MS)
        if stands != self._done and self._has_made_good(held, now_ms):
            self._done = stands
        self._warn(held, now_ms)

    def follow(self) -> None:
        """Take over keys that changed on disk, and do nothing else: who only stands by signs with the same keys."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        try:
            found = self._read()
            if found is not None:
                self._keyring.become(found.held)
        except Refused as error:
            log.error("the keys on disk are not taken over, the present ones stay: %s", error)
        self._seen = stamp

    def _has_made_good(self, held: KeySet, now_ms: int) -> bool:
        """False while the database is away, or our clock lets us sign nothing: told once, tried at each look."""
        try:
            self._make_good(held, now_ms)
        except Unavailable as error:
            if not self._is_late:
                log.warning("what follows from the keys waits: %s", error)
            self._is_late = True
            return False
        self._is_late = False
        return True

    def _make_good(self, held: KeySet, now_ms: int) -> None:
        with self._database.writing() as tx:
            self._tell_nodes(tx, held, now_ms)
            coming = tx.airings.villages_coming(now_ms, now_ms + HORIZON_MS)
            plans = tx.documents.get("plan", coming)
            self._plans.replan(tx, [village for village, plan in plans.items() if kid_of(plan.sealed) not in held.keys], now_ms)
            airings = self._seal_orders(tx, held, now_ms)
        self._bus.outbox_filled()
        self._bus.airing_changed(airings)
        self._seal_configs(held, now_ms)

    def _tell_nodes(self, tx: Transaction, held: KeySet, now_ms: int) -> None:
        """Once for each version: the document is written down in the commit of its letters."""
        known = tx.documents.get("trust", [EVERYBODY]).get(EVERYBODY)
        if known is not None and known.version > held.trust_version:
            log.error("the keys of this home are older than those in use: copy them from the other controller's")
        if known is not None and known.version >= held.trust_version:
            return
        tx.documents.set([self._papers.trust()])
        there = tx.nodes.statuses(None)
        behind = tx.nodes.living([node for node, said in there.items() if said.online and said.trust < held.trust_version])
        tx.outbox.supersede("trust", behind.keys())
        tx.outbox.add(
            letter(topics.inbox(node), "trust", node, row.village, held.trust, now_ms, now_ms + LETTER_MS)
            for node, (row, _) in behind.items()
        )

    def _seal_orders(self, tx: Transaction, held: KeySet, now_ms: int) -> set[str]:
        """Seal anew the orders that wait under a key that is trusted no more; says which airings they are about."""
        void = {(each.kind, each.subject) for each in tx.outbox.waiting(now_ms) if kid_of(each.sealed) not in held.keys}
        for kind, subject in void:
            airing = tx.airings.get(subject)
            if airing is None:  # an order is written in one commit with its airing, and airings are not deleted
                raise LookupError(subject)
            tx.outbox.supersede(kind, [subject])
            tx.outbox.add((play_orders if kind == "play" else stop_orders)(airing, self._keyring, now_ms))
            if kind == "play":
                tx.deliveries.move_all(subject, VOIDED, None, now_ms)
        return {subject for _, subject in void}

    def _seal_configs(self, held: KeySet, now_ms: int) -> None:
        """Seal anew the configs whose key does not sign today, or which name other bases than ours, some in each commit."""
        signer = held.signer(Use.CONFIG, now_ms).kid
        with self._database.reading() as tx:
            known = tx.documents.get("config", [node.id for node in tx.nodes.under(None)])
        stale = iter(
            [
                node
                for node, config in known.items()
                if kid_of(config.sealed) != signer or not self._papers.names_our_bases(config)
            ]
        )
        while some := list(islice(stale, AT_ONCE)):
            with self._database.writing() as tx:
                self._papers.renew(tx, tx.nodes.living(some), now_ms)
            self._bus.outbox_filled()

    def _warn(self, held: KeySet, now_ms: int) -> None:
        if self._warned_ms is not None and now_ms - self._warned_ms < WARN_AGAIN_MS:
            return
        self._warned_ms = now_ms
        for key in ending(held, now_ms):
            days = (key.exp - now_ms) // DAY_MS
            log.warning("key %s ends in %s days: tienglang keys rotate %s", key.kid, days, key.use.value)
