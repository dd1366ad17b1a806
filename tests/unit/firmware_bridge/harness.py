"""A controller with real keys, a pretend driver with virtual time, and one engine between them.

Every effect goes into `journal` in order. `power_cut(at)` boots a new engine from what was durable after the first `at` effects:
as the driver's promise goes, a Publish or Play beyond that never happened. Whatever a test does, `_check_play` holds the laws:
no airing plays twice, none before it is on disk as spent, none outside a window that somebody sealed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.domain.airing import Klass
from controller.protocol import messages as m
from controller.protocol import seal, topics
from controller.protocol.codec import TYP_OF, TYPES, decode, encode
from controller.protocol.keys import Provision, node_kid, to_text
from firmware_bridge import events as ev
from firmware_bridge.engine import Engine

NODE = "cot-1"
PATH = ("tinh", "xa", "xom")
CLIP = "c1" * 32
OTHER_CLIP = "c2" * 32
MONDAY_10H = 1_767_582_000_000
"""Monday 2026-01-05 10:00 in Viet Nam (03:00 UTC): UTC at monotonic 0."""
HOUR = 3_600_000
NODE_KEY = bytes(range(32))

M = TypeVar("M", bound=msgspec.Struct)


def _key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


_NAMES = ("root", "k-order", "k-emergency", "k-plan", "k-config", "k-answer", "k-village", "k-order-2", "k-plan-2")
KEYS = {name: _key(name) for name in _NAMES}


def public(name: str) -> str:
    """The public key of a kid, as messages write it."""
    return to_text(KEYS[name].public_key().public_bytes_raw())


def trust_key(name: str, use: m.Use, **more: Any) -> m.TrustKey:
    """A key that is good for a century."""
    return m.TrustKey(**{"kid": name, "use": use, "x": public(name), "nbf": 0, "exp": 4_000_000_000_000, **more})


ALL_KEYS = (
    trust_key("k-order", m.Use.ORDER),
    trust_key("k-emergency", m.Use.EMERGENCY),
    trust_key("k-plan", m.Use.PLAN),
    trust_key("k-config", m.Use.CONFIG),
    trust_key("k-answer", m.Use.ANSWER),
    trust_key("k-village", m.Use.ORDER, units=("xom",)),
)
PROVISION = Provision(
    node=NODE, generation=1, key=to_text(NODE_KEY), root=public("root"), broker="mqtt://b", bases=("http://c/clips",)
)


@dataclass(slots=True)
class Harness:
    """`now` is monotonic ms; `skew` is how wrong the controller's clock is; `way` is the one-way delay of its answers."""

    clips: set[str] = field(default_factory=lambda: {CLIP})
    now: int = 1_000
    skew: int = 0
    plays_by_itself: bool = True
    booted: ev.Booted = field(default_factory=ev.Booted)
    journal: list[ev.Effect] = field(default_factory=list)
    said: list[m.FromNode] = field(default_factory=list)
    plays: list[ev.Play] = field(default_factory=list)
    fetches: list[ev.Fetch] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    random: random.Random = field(default_factory=lambda: random.Random(7))
    windows: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    version: int = 0
    asked_ms: int = 0
    answered: set[int] = field(default_factory=set)
    verified: int = 0
    _player: list[tuple[int, ev.Event]] = field(default_factory=list)
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.boot()

    # ── the node's driver ────────────────────────────────────────────────────────────────────────────────────────────

    def boot(self) -> list[ev.Effect]:
        self._player.clear()
        self.engine = Engine(PROVISION, dict(self.kept), set(self.clips), random=self.random.randbytes, verify=self._verify)
        return self.do(self.booted)

    def power_cut(self, at: int | None = None) -> None:
        """The power goes after `at` effects (all, if None) and comes back."""
        if at is not None:
            self.kept, self.said, self.plays = {}, [], []
            del self.journal[at:]
            for effect in self.journal:
                self._record(effect)
        self.boot()

    def cut_anywhere(self, begin: int, back_ms: int = 0) -> Iterator[Harness]:
        """This node booted again, after a power cut at each single effect from number `begin` on; `back_ms` before now."""
        for at in range(begin, len(self.journal) + 1):
            other = Harness(version=self.version, windows=self.windows)
            other.journal, other.now = list(self.journal), self.now - back_ms
            other.power_cut(at)
            yield other

    def do(self, event: ev.Event) -> list[ev.Effect]:
        effects = self.engine.handle(event, self.now)
        for effect in effects:
            self.journal.append(effect)
            self._perform(effect)
        wake = self.engine.wake_ms
        assert wake is None or wake > self.now, f"wants Woke at {wake}, and it is {self.now}"
        return effects

    def advance(self, ms: int) -> None:
        """Let time pass; the driver wakes the engine and the player tells of its sound."""
        until = self.now + ms
        while True:
            wake = self.engine.wake_ms
            sound = min((at for at, _ in self._player), default=None)
            next_ms = min((at for at in (wake, sound) if at is not None), default=until + 1)
            if next_ms > until:
                break
            self.now = max(self.now, next_ms)
            if sound is not None and sound <= self.now:
                entry = min(self._player, key=lambda pair: pair[0])
                self._player.remove(entry)
                self.do(entry[1])
            else:
                self.do(ev.Woke())
        self.now = until

    def _verify(self, token: bytes, typ: str, key_of: Any) -> tuple[str, bytes]:
        self.verified += 1
        return seal.open_signed(token, typ, key_of)

    def _keep(self, effect: ev.Effect) -> None:
        if isinstance(effect, ev.Keep):
            if effect.value is None:
                self.kept.pop(effect.key, None)
            else:
                self.kept[effect.key] = effect.value

    def _record(self, effect: ev.Effect) -> None:
        self._keep(effect)
        if isinstance(effect, ev.Publish):
            self.said.append(self.read(effect))
            if effect.topic.endswith("/ask"):
                self.asked_ms = self.now
        elif isinstance(effect, ev.Play):
            self.plays.append(effect)

    def _check_play(self, play: ev.Play) -> None:
        begins = MONDAY_10H + max(self.now, play.at_ms)
        assert play.airing not in {one.airing for one in self.plays}, "plays twice"
        assert b'"started"' in self.kept.get(f"airing/{play.airing}", b""), "plays what is not on disk as spent"
        assert any(start <= begins <= start + grace for start, grace in self.windows[play.airing]), "plays outside its window"

    def _perform(self, effect: ev.Effect) -> None:
        if isinstance(effect, ev.Play) and self.skew == 0:
            self._check_play(effect)
        self._record(effect)
        if isinstance(effect, ev.Fetch):
            self.fetches.append(effect)
        elif isinstance(effect, ev.Play):
            if self.plays_by_itself:
                at = max(self.now, effect.at_ms)
                self._player.append((at, ev.SoundStarted(airing=effect.airing)))
                self._player.append((at + effect.duration_ms, ev.SoundEnded(airing=effect.airing, heard=True)))
        elif isinstance(effect, ev.Silence):
            self._player = [(at, event) for at, event in self._player if getattr(event, "airing", "") != effect.airing]

    # ── what the node said ───────────────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def read(publish: ev.Publish) -> m.FromNode:
        leaf = publish.topic.rsplit("/", 1)[1]
        typ = topics.FROM_NODE[leaf]
        _, payload = seal.open_mac(publish.payload, typ, {node_kid(NODE, 1): NODE_KEY}.get)
        message: m.FromNode = decode(TYPES[typ], payload)  # type: ignore[assignment]
        return message

    def heard(self, kind: type[M]) -> list[M]:
        return [each for each in self.said if isinstance(each, kind)]

    def receipts(self, airing: str | None = None) -> list[m.Receipt]:
        """Every receipt that was said, once, by number."""
        found = {item.seq: item for batch in self.heard(m.Receipts) for item in batch.items}
        return [item for _, item in sorted(found.items()) if airing in (None, item.airing)]

    def words(self, airing: str = "a1") -> list[str]:
        """What was said of an airing, as "state" or "state why"."""
        return [f"{item.state} {item.why}".strip() for item in self.receipts(airing)]

    # ── the controller ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def utc(self) -> int:
        """The true time."""
        return MONDAY_10H + self.now

    def seal(self, kid: str, message: msgspec.Struct, typ: str | None = None) -> bytes:
        return seal.sign(typ or TYP_OF[type(message)], kid, KEYS[kid], encode(message))

    def send(self, token: bytes, topic: str | None = None) -> list[ev.Effect]:
        return self.do(ev.Arrived(topic=topic or topics.inbox(NODE), payload=token))

    def claims(self, aud: str = NODE, **more: Any) -> dict[str, Any]:
        return {"iss": "tienglang", "aud": aud, "iat": self.utc + self.skew, "exp": self.utc + 24 * HOUR, **more}

    def next_version(self) -> int:
        self.version += 1
        return self.version

    def trust(self, keys: tuple[m.TrustKey, ...] = ALL_KEYS, **more: Any) -> bytes:
        return self.seal("root", m.Trust(**{**self.claims("all"), "version": self.next_version(), "keys": keys, **more}))

    def config(self, **more: Any) -> bytes:
        fields = {**self.claims(), "version": self.next_version(), "path": PATH, "since": 0, **more}
        return self.seal("k-config", m.Config(**fields))

    def answer(
        self, *, way: int = 5, delay: int = 0, floors: m.Floors | None = None, upto: int = 0, **more: Any
    ) -> list[ev.Effect]:
        """Answer the newest ask (or the next, if that is old or was answered), after `way` there, `delay` here, `way` back."""
        if (self.now - self.asked_ms > 1_000 or self.asked_ms in self.answered) and self.engine.clock.ask_ms is not None:
            self.advance(max(0, self.engine.clock.ask_ms - self.now))
        self.answered.add(self.asked_ms)
        asks = self.heard(m.Ask)
        self.advance(way)
        t2 = self.utc + self.skew
        self.advance(delay)
        t3 = self.utc + self.skew
        self.advance(way)
        fields = {**self.claims(), "life": self.engine.life, "upto": upto, "nonce": asks[-1].nonce, "t2": t2, "t3": t3}
        fields["floors"] = floors or m.Floors(trust=0, config=0, plan=0)
        return self.send(self.seal("k-answer", m.Answer(**{**fields, **more})))

    def cover(self, upto: int) -> list[ev.Effect]:
        return self.send(self.seal("k-answer", m.Answer(**self.claims(), life=self.engine.life, upto=upto)))

    def order(self, *, kid: str | None = None, aud: str = "xa", **more: Any) -> bytes:
        """A sealed order: to play `a1` now, unless `more` says otherwise."""
        fields: dict[str, Any] = {"id": f"o{self.random.getrandbits(40):x}", "airing": "a1", "rev": 1, "kind": m.Kind.PLAY}
        fields |= {"start": self.utc, "grace": 60_000, "duration": 30_000, "sha256": CLIP, "size": 1000, **more}
        urgent = fields.get("klass") is Klass.EMERGENCY
        claims = self.claims(aud, exp=self.utc + (10 * 60_000 if urgent else 24 * HOUR))
        kid = kid or ("k-emergency" if urgent else "k-order")
        self.windows.setdefault(fields["airing"], set()).add((fields["start"], fields["grace"]))
        return self.seal(kid, m.Order(**{**claims, **fields}))

    def say(self, topic: str = topics.unit_order("xa"), **more: Any) -> list[ev.Effect]:
        """Publish an order to the commune."""
        return self.send(self.order(**more), topic)

    def stop(self, **more: Any) -> list[ev.Effect]:
        fields = {"kind": m.Kind.STOP, "rev": 2, "sha256": None, "size": 0, "duration": 0, **more}
        return self.say(**fields)

    def item(self, **more: Any) -> m.PlanItem:
        fields: dict[str, Any] = {"airing": "a1", "rev": 1, "start": self.utc + HOUR, "grace": 60_000, "duration": 30_000}
        fields |= {"klass": Klass.NORMAL, "rank": 1, "sha256": CLIP, "size": 1000, **more}
        self.windows.setdefault(fields["airing"], set()).add((fields["start"], fields["grace"]))
        return m.PlanItem(**fields)

    def plan(self, *items: m.PlanItem, kid: str = "k-plan", fetched: bool = True, **more: Any) -> list[ev.Effect]:
        """Publish a plan's head and, if it is asked for, serve its body."""
        version = more.pop("version", None) or self.next_version()
        until = more.pop("valid_until", self.utc + 48 * HOUR)
        data = encode(m.PlanBody(village=more.pop("village", "xom"), version=version, valid_until=until, items=items))
        digest = sha256(data).hexdigest()
        head = m.PlanHead(**self.claims("xom"), version=version, sha256=digest, size=len(data))
        effects = self.send(self.seal(kid, head), topics.village_plan("xom"))
        if fetched and any(isinstance(one, ev.Fetch) and one.sha256 == digest for one in effects):
            effects = effects + self.do(ev.Fetched(sha256=digest, data=data))
        return effects

    # ── common beginnings ────────────────────────────────────────────────────────────────────────────────────────────

    def connect(self) -> list[ev.Effect]:
        return self.do(ev.Connected())

    def settle_in(self, **config: Any) -> Harness:
        """Connected, with trust, config and the time: ready to sound."""
        self.connect()
        self.send(self.trust())
        self.send(self.config(**config))
        self.answer()
        assert self.engine.is_open
        return self


def ready(**config: Any) -> Harness:
    """A node that has all it needs."""
    return Harness().settle_in(**config)


def of(kind: type[Any], effects: list[ev.Effect]) -> list[Any]:
    """The effects of one kind."""
    return [effect for effect in effects if isinstance(effect, kind)]
