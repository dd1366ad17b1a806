"""Keeping one node connected: paced connecting, and trying again with growing, jittered waits."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from firmware_bridge import events as ev
from simulator.link import Link, LinkError, source_of
from simulator.shared import Shared

RETRY_FIRST_MS = 1_000
"""At most this before the first new try: a broker that restarts is back in about a second. Doubled up to retry_max_ms."""

KEEPALIVE_S = (50, 70)
"""Jittered around a minute, so that thousands do not ping in the same second. Under the 5 minutes of most 4G NATs."""

log = logging.getLogger(__name__)


class Owner(Protocol):
    """The node that is kept connected."""

    id: str
    index: int

    @property
    def wants_link(self) -> bool:
        """Has it power and an antenna?"""
        ...

    def will(self) -> ev.Publish:
        """What the broker shall say for it if the link dies."""
        ...

    def feed(self, event: ev.Event) -> None:
        """Tell its engine."""
        ...

    def arrived(self, topic: str, payload: bytes) -> None:
        """A message came."""
        ...


class Uplink:
    """One node's way to the broker. All calls in the loop's thread."""

    __slots__ = ("_connecting", "_owner", "_shared", "_tries", "link")

    def __init__(self, owner: Owner, shared: Shared) -> None:
        self._owner = owner
        self._shared = shared
        self._connecting: asyncio.Task[None] | None = None
        self._tries = 0
        self.link: Link | None = None

    def open(self) -> None:
        """Connect, and stay connected, as long as the owner wants it."""
        if self.link is None and self._connecting is None and self._owner.wants_link and self._shared.broker is not None:
            self._connecting = self._shared.loop.create_task(self._connect())

    def drop(self) -> bool:
        """Cut the link without a word; was it open? The next `open` tries at once, as after a boot."""
        self._tries = 0
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self.link is None:
            return False
        self.link.cut()
        self.link = None
        self._shared.counts["connected"] -= 1
        return True

    async def _connect(self) -> None:
        shared, owner = self._shared, self._owner
        link = Link(owner.id, on_message=owner.arrived, on_lost=self._lost)
        try:
            async with shared.connect_slots:
                assert shared.broker is not None
                await link.connect(
                    shared.broker,
                    keepalive_s=shared.jitter.randint(*KEEPALIVE_S),
                    will=owner.will(),
                    source=source_of(shared.broker, owner.index),
                )
        except LinkError as error:
            log.debug("node %s: %s", owner.id, error)
            shared.counts["connects_failed"] += 1
            self._connecting = None
            self._retry()
            return
        self._connecting = None
        self._tries = 0
        self.link = link
        shared.counts["connected"] += 1
        owner.feed(ev.Connected())

    def _lost(self) -> None:
        self.link = None
        self._shared.counts["connected"] -= 1
        self._shared.counts["links_lost"] += 1
        self._owner.feed(ev.Disconnected())
        self._retry()

    def _retry(self) -> None:
        most_ms = min(self._shared.retry_max_ms, RETRY_FIRST_MS << min(self._tries, 16))
        self._tries += 1
        self._shared.timers.after(self._shared.jitter.randint(most_ms // 2, most_ms), self.open)
