"""A scripted node: it says what a check wants said, and opens what the controller says to it. It never sounds."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from controller.protocol import seal, topics
from controller.protocol.address import parse_broker
from controller.protocol.codec import TYP_OF, TYPES, DecodeError, decode, encode
from controller.protocol.keys import ROOT_KID, Provision, from_text, node_kid, public_key
from controller.protocol.messages import Ask, Config, FromController, FromNode, NodeState, Receipt, Receipts, Trust, Versions
from scheduler.clock import Clock
from simulator.link import Link

KEEPALIVE_S = 30

WILL_COUNTER = 2**53 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message of the controller: when it came (UTC ms), on which topic, opened, and its bytes."""

    at_ms: int
    topic: str
    message: FromController
    raw: bytes


@dataclass(slots=True)
class Puppet:
    """One node of the controller under test. `told` is what it heard, `strange` what it could not open: (topic, code)."""

    provision: Provision
    clock: Clock
    life: str = field(default_factory=lambda: secrets.token_hex(8))
    boot: int = 1
    connection: int = 1
    counter: int = 0
    seq: int = 0
    told: list[Told] = field(default_factory=list)
    strange: list[tuple[str, str]] = field(default_factory=list)
    config: Config | None = None
    _keys: dict[str, Ed25519PublicKey] = field(default_factory=dict)
    _link: Link | None = None

    async def open(self) -> None:
        """Connect and listen; LinkError."""
        self._keys[ROOT_KID] = public_key(self.provision.root)
        self._link = Link(f"conform-{secrets.token_hex(4)}", on_message=self._arrived, on_lost=_careless)
        await self._link.connect(parse_broker(self.provision.broker), keepalive_s=KEEPALIVE_S)
        self._link.subscribe((topics.inbox(self.node),))

    async def close(self) -> None:
        """Go."""
        if self._link is not None:
            await self._link.close()

    @property
    def node(self) -> str:
        """Its id."""
        return self.provision.node

    @property
    def path(self) -> tuple[str, ...]:
        """Where its newest config puts it."""
        return self.config.path if self.config else ()

    @property
    def now_ms(self) -> int:
        """UTC."""
        return self.clock.now_ms()

    # ── saying ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def state(self, **changes: Any) -> NodeState:
        """The next state of this connection; `changes` are fields."""
        self.counter += 1
        fields: dict[str, Any] = {"boot": self.boot, "connection": self.connection, "counter": self.counter, "online": True}
        return NodeState(**(self._said() | fields | changes))

    def ask(self, **changes: Any) -> Ask:
        """An ask with a new nonce, holding nothing unless told otherwise."""
        return Ask(**(self._said() | {"nonce": secrets.token_hex(8), "versions": Versions(), "from_seq": 1} | changes))

    def receipts(self, *items: Receipt, **changes: Any) -> Receipts:
        """A batch."""
        return Receipts(**(self._said() | {"from_seq": 1, "items": items} | changes))

    def receipt(self, airing: str, state: str, **changes: Any) -> Receipt:
        """The next word of this life about an airing."""
        if "seq" not in changes:
            self.seq += 1
        fields: dict[str, Any] = {"seq": self.seq, "airing": airing, "rev": 1, "state": state, "at": self.now_ms}
        return Receipt(**(fields | changes))

    def new_life(self) -> None:
        """Its memory is empty."""
        self.life, self.boot, self.connection, self.counter, self.seq = secrets.token_hex(8), 1, 1, 0, 0

    def say(self, message: FromNode) -> None:
        """Seal and publish it."""
        self.publish(message, self.sealed(message))

    def sealed(self, message: FromNode, *, kid: str | None = None, key: bytes | None = None) -> bytes:
        """Its token; another kid or key for false ones."""
        own = node_kid(self.node, self.provision.generation)
        return seal.mac(TYP_OF[type(message)], kid or own, key or from_text(self.provision.key), encode(message))

    def publish(self, message: FromNode, token: bytes) -> None:
        """Publish bytes where such a message belongs."""
        typ = TYP_OF[type(message)]
        leaf = next(leaf for leaf, carried in topics.FROM_NODE.items() if carried == typ)
        assert self._link is not None
        self._link.publish(topics.said(self.node, leaf), token)

    def _said(self) -> dict[str, Any]:
        generation = self.provision.generation
        return {"node": self.node, "generation": generation, "life": self.life, "t": self.now_ms, "u": 10}

    # ── hearing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def since(self, number: int) -> list[Told]:
        """What it was told from number `number` on."""
        return self.told[number:]

    def _arrived(self, topic: str, payload: bytes) -> None:
        try:
            typ = seal.typ_of(payload)
            _, data = seal.open_signed(payload, typ, self._keys.get)
            message = cast(FromController, decode(TYPES[typ], data))
        except (seal.SealError, DecodeError, KeyError) as error:
            self.strange.append((topic, str(error)))
            return
        self.told.append(Told(at_ms=self.now_ms, topic=topic, message=message, raw=payload))
        if isinstance(message, Trust):
            known = {key.kid: public_key(key.x) for key in message.keys if key.kid not in message.revoked}
            self._keys = {ROOT_KID: self._keys[ROOT_KID], **known}
        elif isinstance(message, Config):
            self.config = message
            assert self._link is not None
            self._link.subscribe(topics.subscriptions_of(self.node, message.path))


async def rest(seconds: float) -> None:
    """Wait: for what must not come."""
    await asyncio.sleep(seconds)


def _careless() -> None:
    """Minds no loss."""
