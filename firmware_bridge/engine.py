"""The mind of one loudspeaker: events in, effects out. No socket, no disk, no clock, no log: whoever drives it has those.

    Arrived -> doorman (is it true, may they say so?) -> papers (trust, config, plan) | intake (orders) | timekeeper (answers)
    Fetched, FetchFailed -> larder ; SoundStarted, SoundEnded, Woke -> playlist ; every word -> ledger, until it is covered

Every turn ends alike (`_settle`): what is due sounds, what was taken in is promised, what is missing is fetched, what was
said goes out. Thousands of engines share one process: all that can be shared (keys, topics, decoded documents) is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from controller.protocol import seal, topics
from controller.protocol.keys import Provision
from controller.protocol.messages import Answer, Config, FromController, Order, PlanHead, ReceiptState, Trust, Versions
from firmware_bridge import events as ev
from firmware_bridge.awakening import restore, take_stock
from firmware_bridge.doorman import INBOX, Doorman, Verify, may_class, typs_of
from firmware_bridge.intake import Intake, Sealed
from firmware_bridge.larder import Larder, Want
from firmware_bridge.ledger import Ledger
from firmware_bridge.lifecycle import Phase, clip_of, last_begin_ms
from firmware_bridge.memory import Remembered, keep_number, reconcile
from firmware_bridge.papers import Papers
from firmware_bridge.playlist import Playlist
from firmware_bridge.timekeeper import Timekeeper
from firmware_bridge.voice import LAST_COUNTER, Voice

ANNOUNCE_MS = 500
"""New documents come in a row (trust, config, plan): one change of state tells of them all."""

PLAYING_HEALTH_MS = 10_000
"""Telemetry while something sounds."""

_R = ReceiptState


class Engine:
    """One node. `handle` is the only way in; effects are to be performed in order, each Keep durable before the next.

    `kept`: the records of its memory; `clips`: SHA-256 of what its disk holds; `random(n)`: n random bytes; `verify`: as
    `seal.open_signed`. Not thread-safe; holds no reference to `kept`.
    """

    __slots__ = (
        "_announce_ms", "_booted_ms", "_counter", "_door", "_health_ms", "_inbox", "_intake", "_larder", "_ledger", "_list",
        "_node", "_papers", "_provision", "_random", "_retry_ms", "_stocked", "_voice", "_waking", "boot", "clock", "connection",
        "is_connected",
    )  # fmt: skip

    def __init__(
        self,
        provision: Provision,
        kept: Mapping[str, bytes],
        clips: Collection[str],
        *,
        random: Callable[[int], bytes],
        verify: Verify = seal.open_signed,
    ) -> None:
        remembered = Remembered(kept)
        self._waking: list[ev.Effect] = reconcile(remembered)
        self._node = provision.node
        self._provision = provision
        self._random = random
        self._inbox = topics.inbox(provision.node)
        self.boot = remembered.boot
        self.connection = 0
        self.is_connected = False
        self.clock = Timekeeper()
        self._counter = 0
        self._booted_ms = 0
        self._announce_ms: int | None = None
        self._health_ms = 0
        self._retry_ms: int | None = None
        self._stocked = False
        self._voice = Voice(provision, self.clock)
        self._door = Doorman(provision.root, verify)
        self._ledger = Ledger(remembered)
        self._larder = Larder(clips)
        self._list = Playlist(self.clock, self._ledger, self._larder, remembered.airings)
        self._papers = Papers(provision.node, self._door, self._list)
        self._intake = Intake(provision.node, self.clock, self._door, self._ledger, self._list, self._papers)
        self._waking += self._remember_life(remembered)
        self._waking += restore(remembered, kept, provision.node, self._door, self._papers, self._list)

    def handle(self, event: ev.Event, now_ms: int) -> list[ev.Effect]:
        """What to do about `event` at monotonic `now_ms`. Never raises, whatever arrived."""
        out: list[ev.Effect] = []
        _ON[type(event)](self, out, now_ms, event)
        self._settle(out, now_ms)
        return out

    def will(self, now_ms: int) -> ev.Publish:
        """What the broker shall say for us if the coming connection dies. Ask before each connect."""
        return self._voice.state(now_ms, self.boot, self.connection + 1, LAST_COUNTER, False, self.versions)

    # ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def wake_ms(self) -> int | None:
        """The next monotonic moment at which it wants Woke; None if only an event can change anything."""
        moments = [self._list.look_ms, self._retry_ms]
        if self.is_connected:
            moments += [self._ledger.wake_ms, self.clock.ask_ms, self._announce_ms, self._health_ms]
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def life(self) -> str:
        """Its memory's name: 16 hex digits."""
        return self._voice.life

    @property
    def path(self) -> tuple[str, ...]:
        """The units above it, root first."""
        return self._papers.path

    @property
    def versions(self) -> Versions:
        """The documents it holds."""
        return self._papers.versions

    @property
    def is_open(self) -> bool:
        """Does it know the time and hold all that lets it sound?"""
        return self._intake.is_open

    @property
    def playing(self) -> str | None:
        """The airing that has the horn."""
        return self._list.horn.id if self._list.horn is not None else None

    @property
    def clips(self) -> frozenset[str]:
        """The clips on its disk."""
        return frozenset(self._larder.held)

    @property
    def outstanding(self) -> int:
        """Receipts that no `upto` has covered."""
        return len(self._ledger)

    @property
    def refused_seals(self) -> int:
        """Messages that were not let in."""
        return self._door.refused

    def standing(self, airing: str) -> tuple[Phase, int, ReceiptState | None, str]:
        """(phase, rev, newest word, why) of an airing."""
        known = self._list.airings.get(airing)
        return (known.phase, known.rev, known.state, known.why) if known else (Phase.UNKNOWN, 0, None, "")

    # ── power and link ───────────────────────────────────────────────────────────────────────────────────────────────

    def _remember_life(self, remembered: Remembered) -> list[ev.Effect]:
        self._voice.life = remembered.life or self._random(8).hex()
        alarms: list[ev.Effect] = [ev.Alarm(code="memory.damaged")] if remembered.damaged else []
        if remembered.life:
            self._papers.floors = remembered.floors
            return alarms
        return [*alarms, ev.Alarm(code="memory.new"), ev.Keep(key="life", value=self.life.encode())]

    def _booted(self, out: list[ev.Effect], now_ms: int, event: ev.Booted) -> None:
        self.boot += 1
        self._booted_ms = now_ms
        out += [*self._waking, keep_number("boot", self.boot)]
        self._waking = []
        self.clock.boot(event.rtc_ms, event.rtc_u_ms, now_ms)
        self._documents_changed(out, now_ms)

    def _connected(self, out: list[ev.Effect], now_ms: int, event: ev.Connected) -> None:
        self.connection += 1
        self._counter = 0
        self.is_connected = True
        self._intake.connected()
        self._ledger.connected(now_ms)
        self.clock.connected(now_ms)
        out.append(ev.Subscribe(topics=(self._inbox, *typs_of(self.path))))
        self._health_ms = now_ms + self._health_period() * (128 + self._jitter()) // 256
        self._say_state(out, now_ms)

    def _disconnected(self, out: list[ev.Effect], now_ms: int, event: ev.Disconnected) -> None:
        self.is_connected = False
        self.clock.disconnected()

    # ── what arrives ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _arrived(self, out: list[ev.Effect], now_ms: int, event: ev.Arrived) -> None:
        typs = INBOX if event.topic == self._inbox else typs_of(self.path).get(event.topic)
        if typs is None:
            self._door.refused += 1
            return
        opened = self._door.open(event.payload, typs, now_ms)
        if opened is None:
            return
        kid, message = opened
        if isinstance(message, Order | PlanHead):
            self._take((kid, event.payload, message), out, now_ms)
        elif isinstance(message, Trust):
            if self._is_fresh(message, now_ms):
                self._papers.take_trust(out, now_ms, event.payload, message)
                self._documents_changed(out, now_ms)
        elif not self._may(kid, message, now_ms):
            self._door.refused += 1
        elif isinstance(message, Config):
            self._take_config(out, now_ms, event.payload, message)
        else:
            self._take_answer(out, now_ms, message)

    def _take(self, sealed: Sealed, out: list[ev.Effect], now_ms: int, because: str = "late") -> None:
        """An order or a plan's head, now or as soon as it can be judged."""
        kid, _, message = sealed
        if not self._intake.is_open:
            self._intake.hold(sealed)
        elif isinstance(message, Order):
            self._intake.order(out, now_ms, sealed, because)
        elif not (self._may(kid, message, now_ms) and self._papers.take_head(*sealed[:2], message)):
            self._door.refused += 1
        else:
            self._fetch(out, now_ms)

    def _may(self, kid: str, message: FromController, now_ms: int) -> bool:
        """May this key say this to us, and now? Days are only judged by a trusted clock, a config by its own path."""
        path = message.path if isinstance(message, Config) else self.path
        key = self._door.key_of(kid, message, path, self._node)
        if key is None or (message.aud != self._node and not isinstance(message, PlanHead)):
            return False
        if not self.clock.is_trusted:
            return True
        utc, u = self.clock.utc(now_ms), self.clock.error(now_ms)
        return self._is_fresh(message, now_ms) and key.nbf - u <= utc < key.exp + u

    def _is_fresh(self, message: FromController, now_ms: int) -> bool:
        """Not expired? An answer to our own question proves itself, even to a clock that is wrong."""
        if not self.clock.is_trusted or (isinstance(message, Answer) and message.nonce is not None):
            return True
        return message.exp >= self.clock.utc(now_ms) - self.clock.error(now_ms)

    def _take_config(self, out: list[ev.Effect], now_ms: int, token: bytes, config: Config) -> None:
        before = self._papers.take_config(out, now_ms, token, config)
        if before is None:
            return
        if before != config.path and self.is_connected:
            old, new = typs_of(before), typs_of(config.path)
            drop = tuple(topic for topic in old if topic not in new)
            out.append(ev.Subscribe(topics=tuple(topic for topic in new if topic not in old), drop=drop))
        self._larder.tidy(out, self._needed())
        self._documents_changed(out, now_ms)
        self._fetch(out, now_ms)

    def _take_answer(self, out: list[ev.Effect], now_ms: int, answer: Answer) -> None:
        if answer.life != self.life:
            return
        self._ledger.cover(out, answer.upto, now_ms)
        if answer.floors is not None:
            self._papers.raise_floors(out, answer.floors)
        if answer.nonce is None:
            return
        verdict = self.clock.answered(answer.nonce, answer.t2, answer.t3, now_ms)
        if verdict == "moved":
            out.append(ev.Alarm(code="clock.moved"))
        self._documents_changed(out, now_ms)
        if verdict != "ignored":
            self.clock.plan_next(now_ms, self._jitter(), content=self._papers.is_ready)

    def _documents_changed(self, out: list[ev.Effect], now_ms: int) -> None:
        """Something that everything else hangs on is new: the time, the keys, the config, the floors."""
        self._list.is_mute = not self._papers.is_ready
        self._list.look_ms = now_ms
        if self.clock.is_trusted and not self._stocked:
            self._stocked = True
            take_stock(out, now_ms, self.clock, self._list)
            self._fetch(out, now_ms)
        if self._intake.is_open:
            for sealed, because in self._intake.release():
                self._take(sealed, out, now_ms, because)

    # ── clips and plans ──────────────────────────────────────────────────────────────────────────────────────────────

    def _fetched(self, out: list[ev.Effect], now_ms: int, event: ev.Fetched) -> None:
        pending = self._papers.pending
        if event.data is not None:
            self._larder.read(event.sha256)
            if pending is not None and event.sha256 == pending[2].sha256:
                self._take_body(out, now_ms, pending[0], event.data)
        else:
            self._larder.arrived(event.sha256)
            for airing in self._list.waiting:
                wants_it = airing.is_fetched and airing.item is not None and airing.item.sha256 == event.sha256
                if wants_it and self.clock.is_trusted:
                    self._list.say(out, now_ms, airing, _R.CACHED)
            self._list.look_ms = now_ms
            self._larder.tidy(out, self._needed())
        self._fetch(out, now_ms)

    def _take_body(self, out: list[ev.Effect], now_ms: int, kid: str, data: bytes) -> None:
        """A plan came whole: every new item is taken in or refused, and said so, before the plan is the plan."""
        body = self._papers.body_of_pending(data)
        key = self._door.ring.keys.get(kid) if self._door.ring else None
        if body is None or key is None:
            self._papers.pending = None
            out.append(ev.Alarm(code="plan.body"))
            return
        for item in body.items:
            if not may_class(key, item.klass):
                self._intake.refuse(out, now_ms, item, "trust")
            elif item.start >= body.valid_until:
                self._intake.refuse(out, now_ms, item, "expired")
            else:
                self._intake.item(out, now_ms, item, kid)
        self._list.promise(out, now_ms)
        self._papers.adopt_plan(out, now_ms, body, data)

    def _fetch_failed(self, out: list[ev.Effect], now_ms: int, event: ev.FetchFailed) -> None:
        may_retry = self._larder.failed(event.sha256, now_ms, self._jitter())
        why = event.why if event.why in ("link", "status", "size", "hash", "disk") else "fetch"
        hopeless_ms = self._larder.resume_ms(event.sha256, now_ms) if not may_retry else None
        if why == "disk" and not self._larder.tidy(out, self._needed(), keep_idle=0):
            hopeless_ms = 2**63
        if hopeless_ms is not None and self.clock.is_trusted:
            for airing in self._list.waiting:
                item = airing.item
                if item is None or item.sha256 != event.sha256:
                    continue
                if self.clock.monotonic(last_begin_ms(item)) < hopeless_ms:
                    self._list.say(out, now_ms, airing, _R.FAILED, why)
        self._fetch(out, now_ms)

    def _fetch(self, out: list[ev.Effect], now_ms: int) -> None:
        config = self._papers.config
        bases = (config.bases if config else ()) or self._provision.bases
        self._larder.ask(out, self._wanted(), bases, now_ms)
        self._retry_ms = self._larder.retry_ms(now_ms)

    def _wanted(self) -> Iterator[Want]:
        if self._papers.pending is not None:
            head = self._papers.pending[2]
            yield head.sha256, head.size, True, "plan"
        yield from self._list.wanted()

    def _needed(self) -> set[str]:
        horn = self._list.horn
        sounding = {clip_of(horn.item)} if horn is not None and horn.item is not None else set()
        return {want[0] for want in self._wanted()} | sounding

    # ── sound ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _sound_started(self, out: list[ev.Effect], now_ms: int, event: ev.SoundStarted) -> None:
        self._list.started(out, now_ms, event.airing)

    def _sound_ended(self, out: list[ev.Effect], now_ms: int, event: ev.SoundEnded) -> None:
        self._list.ended(out, now_ms, event.airing, event.whole, event.heard)

    def _woke(self, out: list[ev.Effect], now_ms: int, event: ev.Woke) -> None:
        pass

    # ── the end of every turn ────────────────────────────────────────────────────────────────────────────────────────

    def _settle(self, out: list[ev.Effect], now_ms: int) -> None:
        if self._list.look_ms is not None and now_ms >= self._list.look_ms:
            self._list.step(out, now_ms)
        if (self._list.fresh and self._list.promise(out, now_ms)) or (self._retry_ms is not None and now_ms >= self._retry_ms):
            self._fetch(out, now_ms)
        if self._papers.has_changed:
            self._papers.has_changed = False
            self._announce_ms = now_ms + ANNOUNCE_MS
        if self.is_connected:
            self._speak(out, now_ms)

    def _speak(self, out: list[ev.Effect], now_ms: int) -> None:
        due_ms = self._ledger.wake_ms
        if due_ms is not None and now_ms >= due_ms:
            self._ledger.publish(out, now_ms, self._jitter(), self._voice)
        if self._announce_ms is not None and now_ms >= self._announce_ms:
            self._say_state(out, now_ms)
        if self.clock.ask_ms is not None and now_ms >= self.clock.ask_ms:
            nonce = self._random(8).hex()
            self.clock.asked(nonce, now_ms, self._jitter())
            out.append(self._voice.ask(now_ms, nonce, self.versions, self._ledger.from_seq))
        if self._list.horn is not None:
            self._health_ms = min(self._health_ms, now_ms + PLAYING_HEALTH_MS)
        if now_ms >= self._health_ms:
            self._say_health(out, now_ms)

    def _say_state(self, out: list[ev.Effect], now_ms: int) -> None:
        self._announce_ms = None
        self._counter += 1
        reason = "" if self.is_open else "floors" if self.clock.is_trusted else "clock"
        out.append(self._voice.state(now_ms, self.boot, self.connection, self._counter, True, self.versions, reason))

    def _say_health(self, out: list[ev.Effect], now_ms: int) -> None:
        uptime_s = (now_ms - self._booted_ms) // 1000
        clips, receipts = len(self._larder.held), len(self._ledger)
        out.append(self._voice.health(now_ms, uptime_s, self.playing, clips, receipts, self._door.refused))
        period = PLAYING_HEALTH_MS if self.playing is not None else self._health_period()
        self._health_ms = now_ms + period
        self._list.sweep(out, now_ms)

    def _health_period(self) -> int:
        return (self._papers.config.health_s if self._papers.config else 60) * 1000

    def _jitter(self) -> int:
        return self._random(1)[0]


_ON: dict[type, Callable[[Engine, list[ev.Effect], int, Any], None]] = {
    ev.Booted: Engine._booted,
    ev.Connected: Engine._connected,
    ev.Disconnected: Engine._disconnected,
    ev.Arrived: Engine._arrived,
    ev.Fetched: Engine._fetched,
    ev.FetchFailed: Engine._fetch_failed,
    ev.SoundStarted: Engine._sound_started,
    ev.SoundEnded: Engine._sound_ended,
    ev.Woke: Engine._woke,
}
