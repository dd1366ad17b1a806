"""The kit's line to the broker: what it says in its turn, what the node says, answers and `upto`. All in one loop's thread."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import cast

from controller.protocol import seal, topics
from controller.protocol.address import parse_broker
from controller.protocol.codec import TYP_OF, TYPES, DecodeError, decode, encode
from controller.protocol.keys import node_kid
from controller.protocol.messages import Answer, Ask, FromController, FromNode, NodeState, Order, PlanHead, Receipts
from scheduler.clock import Clock
from simulator.conform.identity import Identity, address_of
from simulator.conform.journal import Heard, Journal
from simulator.conform.scribe import MINUTE_MS, Scribe, usual_key
from simulator.link import Link

PACE_S = 0.1
"""Between messages to the node: it need not verify more than 20 seals a second, and 5 of those are for emergencies only."""

COVER_S = 0.4
"""`upto` waits so long for more receipts: one seal answers several."""

KEEPALIVE_S = 30


class Post(Scribe):
    """Says and hears. It keeps the node's good will by itself (time, floors, `upto`) unless a check takes a part of that over:
    `answering` None or its own, `withholding` no `upto`."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        super().__init__(identity, clock)
        self.journal = Journal()
        self.answering: Callable[[Ask, int], object] | None = None
        self.withholding = False
        self._told: list[tuple[int, str, int]] = []  # (UTC ms, life, upto)
        self._queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._cover: asyncio.TimerHandle | None = None
        self._sender: asyncio.Task[None] | None = None
        self._link = Link(f"conform-{secrets.token_hex(4)}", on_message=self._arrived, on_lost=_careless)

    async def open(self) -> None:
        """Serve files, connect, listen; OSError, LinkError."""
        await self.shelf.start(*address_of(self.identity.listen))
        await self._link.connect(parse_broker(self.identity.broker), keepalive_s=KEEPALIVE_S)
        self._link.subscribe(tuple(topics.said(self.node, leaf) for leaf in topics.FROM_NODE))
        self._sender = asyncio.create_task(self._send())

    async def close(self) -> None:
        """Put everything away."""
        if self._sender is not None:
            self._sender.cancel()
        if self._cover is not None:
            self._cover.cancel()
        await self._link.close()
        self.shelf.stop()

    # ── saying ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def backlog_s(self) -> float:
        """How long what was said needs to leave."""
        return self._queue.qsize() * PACE_S

    def publish(self, topic: str, token: bytes) -> None:
        """Send bytes, in their turn."""
        self._queue.put_nowait((topic, token))

    def publish_at_once(self, topic: str, token: bytes) -> None:
        """Send bytes before all others: a flood is no flood if it waits in line."""
        self._link.publish(topic, token)

    def say(self, message: FromController, *, by: str = "", topic: str = "", payload: bytes | None = None) -> bytes:
        """Seal (with the usual key, unless `by` another of this run) and send where it belongs; the token."""
        kid = self.keys.kid(by or usual_key(message))
        payload = encode(message) if payload is None else payload
        token = seal.sign(TYP_OF[type(message)], kid, self.keys.private(kid), payload)
        self.publish(topic or self._topic(message), token)
        return token

    async def throw(self, topic: str, payload: bytes) -> None:
        """Send bytes by a link of their own, which a broker may cut for them."""
        link = await self.other_link(f"conform-{secrets.token_hex(4)}")
        link.publish(topic, payload)
        await asyncio.sleep(0.5)
        link.cut()

    async def other_link(self, client_id: str, on_message: Callable[[str, bytes], None] | None = None) -> Link:
        """Another connection to the same broker; LinkError."""
        link = Link(client_id, on_message=on_message or _deaf, on_lost=_careless)
        await link.connect(parse_broker(self.identity.broker), keepalive_s=KEEPALIVE_S)
        return link

    def _topic(self, message: FromController) -> str:
        if isinstance(message, Order) and message.aud != self.node:
            return topics.unit_order(message.aud)
        return topics.village_plan(message.aud) if isinstance(message, PlanHead) else topics.inbox(self.node)

    async def _send(self) -> None:
        while True:
            self._link.publish(*await self._queue.get())
            await asyncio.sleep(PACE_S)

    # ── answering ────────────────────────────────────────────────────────────────────────────────────────────────────

    def answer(self, ask: Ask, heard_ms: int, **changes: object) -> None:
        """Answer an ask at once with what is true; `changes` are fields."""
        self._say_now(self.new_answer(ask, heard_ms, self._upto(ask.life), **changes))

    def cover(self, life: str, upto: int) -> None:
        """Say `upto`, and nothing else."""
        now = self.now_ms
        self._say_now(Answer(iss="kit", aud=self.node, iat=now, exp=now + MINUTE_MS, life=life, upto=upto))

    def covered(self, life: str, before_ms: int) -> int:
        """The highest `upto` told to a life before a moment, or what it had covered when it was first heard."""
        return max((upto for at_ms, its, upto in self._told if its == life and at_ms <= before_ms), default=0)

    def lied(self, life: str, before_ms: int) -> int:
        """The highest `upto` told to others while the node was in this life. To believe it breaks duty 33, no other."""
        since_ms = min((heard.at_ms for heard in self.journal.heard if heard.message.life == life), default=0)
        return max((upto for at_ms, its, upto in self._told if its != life and since_ms <= at_ms <= before_ms), default=0)

    def _say_now(self, answer: Answer) -> None:
        self._told.append((self.now_ms, answer.life, answer.upto))
        self._link.publish(topics.inbox(self.node), self.keys.seal(answer, self.keys.kid("answer")))

    def _upto(self, life: str) -> int:
        had = self.covered(life, self.now_ms)
        return had if self.withholding else self.journal.upto(life, had + 1)

    def _cover_now(self, life: str) -> None:
        self._cover = None
        if not self.withholding:
            self.cover(life, self._upto(life))

    # ── hearing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _arrived(self, topic: str, payload: bytes) -> None:
        where = topics.parse_node_topic(topic)
        if where is None:
            return
        own = node_kid(self.node, self.identity.generation)
        typ = topics.FROM_NODE[where.leaf]
        try:
            _, data = seal.open_mac(payload, typ, {own: self.identity.node_key}.get)
            message = cast(FromNode, decode(TYPES[typ], data))
        except (seal.SealError, DecodeError) as error:
            self.journal.strange.append((topic, error.code))
            return
        if own != node_kid(message.node, message.generation):
            self.journal.strange.append((topic, "rule.not-its-own-name"))
        self.journal.note(Heard(at_ms=self.now_ms, message=message, raw=payload))
        self._mind(message)

    def _mind(self, message: FromNode) -> None:
        """What a controller does about what it hears."""
        if isinstance(message, NodeState | Ask):
            self.above(message.versions.trust, message.versions.config, message.versions.plan)
        if isinstance(message, Receipts | Ask) and not any(life == message.life for _, life, _ in self._told):
            self._told.append((0, message.life, message.from_seq - 1))
        if isinstance(message, Ask) and self.answering is not None:
            self.answering(message, self.now_ms)
        if isinstance(message, Receipts) and not self.withholding and self._cover is None:
            self._cover = asyncio.get_running_loop().call_later(COVER_S, self._cover_now, message.life)


def _deaf(_topic: str, _payload: bytes) -> None:
    """Hears nothing."""


def _careless() -> None:
    """Minds no loss: what the kit says then is lost, and its checks say so."""
