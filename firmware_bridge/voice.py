"""What a node says, sealed with its own key: state, receipts, health, ask. One place knows who we are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from controller.protocol import topics
from controller.protocol.codec import TYP_OF, encode
from controller.protocol.keys import Provision, from_text, node_kid
from controller.protocol.messages import Ask, Health, NodeState, Receipt, Receipts, Versions
from firmware_bridge.events import Publish
from firmware_bridge.timekeeper import Timekeeper

LAST_COUNTER = 2**53 - 1
"""A will is the last word of its connection, whatever was said in it: the highest counter a state can carry."""


Mac = Callable[[str, str, bytes, bytes], bytes]
"""As `seal.mac`; a simulator whose controller sits in the same process may leave the seal out."""


class Voice:
    """Seals and addresses. `life` is set when the memory is known."""

    __slots__ = ("_clock", "_generation", "_key", "_kid", "_mac", "_node", "life")

    def __init__(self, provision: Provision, clock: Timekeeper, mac: Mac) -> None:
        self.life = ""
        self._node = provision.node
        self._generation = provision.generation
        self._key = from_text(provision.key)
        self._kid = node_kid(provision.node, provision.generation)
        self._clock = clock
        self._mac = mac

    def state(
        self, now_ms: int, boot: int, connection: int, counter: int, online: bool, versions: Versions, reason: str = ""
    ) -> Publish:
        """Birth, change or will."""
        said = self._said(now_ms)
        return self._seal(
            "state",
            NodeState(**said, boot=boot, connection=connection, counter=counter, online=online, versions=versions, reason=reason),
        )

    def ask(self, now_ms: int, nonce: str, versions: Versions, from_seq: int) -> Publish:
        """A question for the clock and all that is owed."""
        return self._seal("ask", Ask(**self._said(now_ms), nonce=nonce, versions=versions, from_seq=from_seq))

    def receipts(self, now_ms: int, from_seq: int, items: tuple[Receipt, ...]) -> Publish:
        """Receipts, oldest first."""
        return self._seal("receipt", Receipts(**self._said(now_ms), from_seq=from_seq, items=items))

    def health(self, now_ms: int, uptime_s: int, playing: str | None, clips: int, receipts: int, refused: int) -> Publish:
        """Telemetry that the engine itself knows."""
        said = self._said(now_ms)
        return self._seal(
            "health",
            Health(**said, uptime_s=uptime_s, playing=playing, clips=clips, receipts=receipts, refused_seals=refused),
        )

    def _said(self, now_ms: int) -> dict[str, Any]:
        clock = self._clock
        return {
            "node": self._node,
            "generation": self._generation,
            "life": self.life,
            "t": clock.utc(now_ms),
            "u": clock.error(now_ms),
        }

    def _seal(self, leaf: str, message: msgspec.Struct) -> Publish:
        payload = self._mac(TYP_OF[type(message)], self._kid, self._key, encode(message))
        return Publish(topic=topics.said(self._node, leaf), payload=payload)
