"""Writes what a controller may say to the node under test: names, versions, orders, documents, answers. No I/O."""

from __future__ import annotations

import itertools
import json
from typing import Any

import msgspec

from controller.protocol.codec import TYP_OF, encode
from controller.protocol.messages import (
    Answer,
    Ask,
    Config,
    Floors,
    FromController,
    Held,
    Kind,
    Order,
    PlanBody,
    PlanHead,
    PlanItem,
    Trust,
)
from scheduler.clock import Clock
from simulator.conform.identity import PATH, Identity
from simulator.conform.keyring import Keyring
from simulator.conform.shelf import Shelf
from simulator.conform.sounds import tone

LEAD_MS = 1_500
"""From an order to its start: time to fetch a small clip."""

GRACE_MS = 3_000
"""Wide enough for any clock and any bench."""

HEALTH_S = 10
"""The shortest that a config may ask for: a short run hears it several times."""

DAY_MS = 86_400_000
MINUTE_MS = 60_000


class Scribe:
    """Makes messages for one node in one run. `trust` and `config` are the newest that are meant: they make the floors."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self.identity = identity
        self.clock = clock
        self.node = identity.node
        self.keys = Keyring(identity.root, clock.now_ms())
        self.shelf = Shelf()
        self.trust: Trust | None = None
        self.config: Config | None = None
        self.clip = ""
        self._numbers = itertools.count(1)
        self._version = 0
        self._run = f"{clock.now_ms() // 1000:x}"

    @property
    def now_ms(self) -> int:
        """UTC by the kit's clock, which is the truth here."""
        return self.clock.now_ms()

    @property
    def path(self) -> tuple[str, ...]:
        """Where the node stands."""
        return self.config.path if self.config else PATH

    @property
    def floors(self) -> Floors:
        """The newest versions ever made for this node."""
        trust, config = self.trust.version if self.trust else 0, self.config.version if self.config else 0
        return Floors(trust=trust, config=config, plan=0)

    @property
    def backlog_s(self) -> float:
        """How long what was said needs to leave."""
        return 0.0

    def name(self, what: str = "a") -> str:
        """A name never used before, of an airing, an order..."""
        return f"{what}-{self._run}-{next(self._numbers)}"

    def has_named(self, name: str) -> bool:
        """Is it a name of this run?"""
        return f"-{self._run}-" in name

    def version(self) -> int:
        """A version above all before."""
        self._version = max(self._version + 1, self.now_ms)
        return self._version

    def above(self, *versions: int) -> None:
        """From now on versions are above these."""
        self._version = max(self._version, *versions)

    def new_clip(self, length_ms: int) -> str:
        """Shelve a sound that nobody has; its SHA-256."""
        return self.shelf.put(tone(300.0 + next(self._numbers) * 7 + self.now_ms % 997 / 1000, length_ms))

    # ── orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def order(self, airing: str | None = None, *, lead_ms: int = LEAD_MS, **changes: Any) -> Order:
        """An order to play the kit's clip in `lead_ms`, to its village; `changes` are fields."""
        now = self.now_ms
        start = changes.get("start", now + round(self.backlog_s * 1000) + lead_ms)
        sha256 = changes.get("sha256", self.clip)
        fields: dict[str, Any] = {"iss": "kit", "aud": self.path[-1], "iat": now, "id": self.name("o"), "kind": Kind.PLAY}
        fields |= {"airing": airing or self.name(), "rev": 1, "rank": 2, "start": start, "grace": GRACE_MS, "duration": 1_000}
        fields |= {"sha256": sha256, "size": self.shelf.size(sha256), "exp": start + changes.get("grace", GRACE_MS)}
        return Order(**(fields | changes))

    def stop(self, order: Order, **changes: Any) -> Order:
        """The stop of an order, of the next revision; `changes` are fields."""
        exp = order.start + order.grace + order.duration + MINUTE_MS
        fields: dict[str, Any] = {"iss": "kit", "aud": order.aud, "iat": self.now_ms, "exp": exp, "id": self.name("s")}
        fields |= {"airing": order.airing, "rev": order.rev + 1, "kind": Kind.STOP, "klass": order.klass}
        return Order(**(fields | changes))

    def item(self, airing: str | None = None, **changes: Any) -> PlanItem:
        """A plan's item, as `order` makes orders."""
        order = self.order(airing, **changes)
        shared = (name for name in PlanItem.__struct_fields__ if name not in ("gain", "language"))
        return PlanItem(**{name: getattr(order, name) for name in shared})

    # ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────

    def new_plan(self, items: tuple[PlanItem, ...], *, body: dict[str, Any] | None = None, **head: Any) -> PlanHead:
        """A newer plan's head, its body on the shelf; `body` are members of it to falsify (or set), `head` fields of the head."""
        now, version = self.now_ms, head.get("version") or self.version()
        whole = PlanBody(village=self.path[-1], version=version, valid_until=now + DAY_MS, items=items)
        data = with_member(whole, **(body or {}))
        fields: dict[str, Any] = {"iss": "kit", "aud": self.path[-1], "iat": now, "exp": now + DAY_MS, "version": version}
        return PlanHead(**(fields | {"sha256": self.shelf.put(data), "size": len(data)} | head))

    def new_trust(self, **changes: Any) -> Trust:
        """A newer trust of this run's keys."""
        now, keys = self.now_ms, tuple(self.keys.trusted.values())
        fields: dict[str, Any] = {"iss": "kit", "aud": "all", "iat": now, "exp": now + DAY_MS, "keys": keys}
        return Trust(**(fields | {"revoked": self.keys.revoked, "version": self.version()} | changes))

    def new_config(self, **changes: Any) -> Config:
        """A newer config: always allowed to sound, the kit's clip held, health often."""
        now, hold = self.now_ms, (Held(sha256=self.clip, size=self.shelf.size(self.clip)),)
        fields: dict[str, Any] = {"iss": "kit", "aud": self.node, "iat": now, "exp": now + DAY_MS, "path": PATH, "since": 0}
        fields |= {"health_s": HEALTH_S, "bases": (self.identity.base,), "hold": hold, "version": self.version()}
        return Config(**(fields | changes))

    def new_answer(self, ask: Ask, heard_ms: int, upto: int, **changes: Any) -> Answer:
        """The answer to an ask, true unless changed."""
        now = self.now_ms
        fields: dict[str, Any] = {"iss": "kit", "aud": self.node, "iat": now, "exp": now + MINUTE_MS, "life": ask.life}
        fields |= {"nonce": ask.nonce, "t2": heard_ms, "t3": now, "floors": self.floors, "upto": upto}
        return Answer(**(fields | changes))


def usual_key(message: FromController) -> str:
    """The name of the key that may say this."""
    if isinstance(message, Order):
        return "emergency" if message.klass == "emergency" else "order"
    return {"tl-trust": "root", "tl-plan": "plan", "tl-config": "config", "tl-answer": "answer"}[TYP_OF[type(message)]]


def with_member(message: msgspec.Struct, **members: object) -> bytes:
    """The message's JSON with members changed, added, or (None) left out: what our own codec would never write."""
    fields = json.loads(encode(message)) | members
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
