"""One node in virtual time: the real engine, with a dict for its disk and the loop for everything that takes time.

**What is skipped.** A node that hears nothing new asks the time every ten minutes. While it is *quiet* (answered, nothing
uncovered, and the desk, which owes it nothing, has told it these very floors), such a round changes its clock, when it looks
at its list again, and nothing else. So a round that is over before anything else happens to the node is made on the clock
alone: by the Timekeeper's own methods, with the same lots and moments as the messages would have brought, counted in bytes as
the last ones that were sent. A health changes nothing but when the next is due and which old tombstones are left: the engine
is told so, and its bytes are counted. Everything that decides what sounds is a turn of the real engine, and `skips=False`
makes everything one: the same sounds begin at the same ms (a test holds that).

All Keeps are durable at once: power goes between events. `tests/unit/firmware_bridge` cuts it between records.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from controller.protocol.keys import Provision, node_kid
from firmware_bridge import events as ev
from firmware_bridge.engine import Engine
from simulator.world.crystal import Crystal
from simulator.world.horn import Horn
from simulator.world.loop import Loop
from simulator.world.scenario import Link
from simulator.world.signet import sealed_size
from simulator.world.weather import RTC_U_MS, Sky, within
from simulator.world.witness import Witness

EARLY_MS = 5_000
"""A quiet node is woken so long before what it waits for: its clock may have been bettered since it said when that is."""

NO_ROUTE_MS = 5_000
"""A download without a link fails after this."""

RECONNECT_MS = (1_000, 60_000)
"""How long after its link is back a node tries again."""

BOOT_MS = (5_000, 30_000)
"""From power to the first try to connect."""

MakeEngine = Callable[[Provision, Mapping[str, bytes], Collection[str], Callable[[int], bytes]], Engine]
"""(what it was set up with, its records, its clips, a source of random bytes) -> its mind."""


class Desk(Protocol):
    """What a node needs of its controller."""

    def hear(self, pole: Pole, leaf: str, payload: bytes, sent_ms: int) -> None:
        """A node said something at this moment; an ask is answered by `pole.way()`."""
        ...

    def file(self, sha256: str) -> bytes | None:
        """A plan's body by its hash; None for a clip."""
        ...


@dataclass(slots=True, kw_only=True)
class Street:
    """What the nodes of one village share."""

    loop: Loop
    witness: Witness
    desk: Desk
    link: Link
    make_engine: MakeEngine
    skips: bool = True
    rounds_skipped: int = 0


class Pole:
    """One node. `power_on` begins; from then on the loop drives it."""

    __slots__ = (
        "_attempt", "_clips", "_crystal", "_drawn", "_horn", "_kept", "_kid", "_lots", "_provision", "_random", "_sky",
        "_street", "_wake_at", "bytes_in", "bytes_out", "connection", "engine", "health_bytes", "index",
        "is_told", "round_bytes",
    )  # fmt: skip

    def __init__(self, index: int, provision: Provision, sky: Sky, street: Street, seed: int) -> None:
        self.index = index
        self.engine: Engine | None = None
        self.connection: int | None = None
        self.is_told = False
        self.bytes_in = 0
        self.bytes_out = 0
        self.round_bytes = (0, 0)
        self.health_bytes = 0
        self._provision = provision
        self._kid = node_kid(provision.node, provision.generation)
        self._sky = sky
        self._street = street
        self._crystal = Crystal(street.loop.now_ms, sky.drift_ppm)
        self._random = random.Random(f"{seed}/node/{index}")
        self._lots = random.Random(f"{seed}/ways/{index}")
        self._kept: dict[str, bytes] = {}
        self._clips: set[str] = set()
        self._attempt = 0
        self._wake_at: int | None = None
        self._horn = Horn(index, street.loop, street.witness, self._feed)
        self._drawn: tuple[int, int] | None = None

    @property
    def node(self) -> str:
        """Its id."""
        return self._provision.node

    # ── weather ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def power_on(self, _: Any = None) -> None:
        """Boot from what it remembers."""
        street, sky = self._street, self._sky
        self._crystal = Crystal(street.loop.now_ms, sky.drift_ppm)
        self.engine = street.make_engine(self._provision, self._kept, self._clips, self._random.randbytes)
        off_ms = sky.rtc_off_ms
        rtc_ms = None if off_ms is None else street.loop.now_ms + off_ms
        self._feed(ev.Booted(rtc_ms=rtc_ms, rtc_u_ms=0 if rtc_ms is None else RTC_U_MS))
        self._try_later(BOOT_MS)

    def power_cut(self, _: Any = None) -> None:
        """Everything stops where it is; what is kept stays."""
        self._catch_up()
        self._hang_up()
        self.engine = None
        self._horn.silence()
        self._wake_at = None

    def link_down(self, _: Any = None) -> None:
        """No MQTT, no HTTP."""
        was_connected = self.connection is not None
        self._catch_up()  # while it was still there
        self._hang_up()
        if was_connected:
            self._feed(ev.Disconnected())

    def link_up(self, _: Any = None) -> None:
        """The line is back; it notices when it tries next."""
        self._try_later(RECONNECT_MS)

    def _hang_up(self) -> None:
        self._attempt += 1
        self.connection, self.is_told = None, False

    def _try_later(self, period_ms: tuple[int, int]) -> None:
        self._attempt += 1
        loop = self._street.loop
        loop.at(loop.now_ms + self._lots.randint(*period_ms), self._connect, self._attempt)

    def _connect(self, attempt: int) -> None:
        engine = self.engine
        if engine is None or attempt != self._attempt or self._is_offline():
            return
        self._count("state", engine.will(self._crystal.own_ms(self._street.loop.now_ms)).payload)
        self.connection = attempt
        self._feed(ev.Connected())

    def _is_offline(self) -> bool:
        return within(self._sky.offline, self._street.loop.now_ms) is not None

    # ── the engine ───────────────────────────────────────────────────────────────────────────────────────────────────

    def arrive(self, what: tuple[int, str, tuple[bytes, ...]]) -> None:
        """Messages come, in their order; what was sent into an earlier connection is lost."""
        connection, topic, tokens = what
        if connection != self.connection:
            return
        for token in tokens:
            self.bytes_in += len(token)
            self._feed(ev.Arrived(topic=topic, payload=token))

    def _feed(self, event: ev.Event) -> None:
        engine = self.engine
        if engine is None:
            return
        self._catch_up()
        self._turn(engine, event, self._street.loop.now_ms)
        self._arm(engine)

    def _turn(self, engine: Engine, event: ev.Event, moment_ms: int) -> None:
        for effect in engine.handle(event, self._crystal.own_ms(moment_ms)):
            if type(effect) is ev.Publish:
                self._publish(effect, moment_ms)
            else:
                _PERFORM[type(effect)](self, effect)

    def _arm(self, engine: Engine) -> None:
        """See to it that it wakes when it wants to, but for what is skipped."""
        loop = self._street.loop
        own_ms = self._wants_ms(engine)
        if own_ms is None:
            return
        moment_ms = self._crystal.moment_ms(own_ms)
        if own_ms == engine.look_ms and moment_ms - EARLY_MS > loop.now_ms and self._is_quiet(engine):
            moment_ms -= EARLY_MS
        if self._wake_at is None or moment_ms < self._wake_at or self._wake_at <= loop.now_ms:
            self._wake_at = moment_ms
            loop.at(moment_ms, self._wake, moment_ms)

    def _wants_ms(self, engine: Engine) -> int | None:
        """When it has something to do that is not skipped."""
        own_ms = engine.due_ms
        if not engine.is_connected:
            return own_ms
        if not self.health_bytes or not self._street.skips:
            own_ms = engine.health_ms if own_ms is None or engine.health_ms < own_ms else own_ms
        ask_ms = engine.clock.ask_ms
        if ask_ms is not None and (own_ms is None or ask_ms < own_ms) and not self._is_quiet(engine):
            return ask_ms
        return own_ms

    def _wake(self, moment_ms: int) -> None:
        engine = self.engine
        if moment_ms != self._wake_at or engine is None:
            return  # it has changed its mind, or was booted, since
        self._wake_at = None
        is_better = self._catch_up()
        own_ms = self._wants_ms(engine)
        if is_better or (own_ms is not None and own_ms <= self._crystal.own_ms(moment_ms)):
            self._turn(engine, ev.Woke(), moment_ms)
        self._arm(engine)

    def rest(self) -> None:
        """The world ends now: what it would have asked until then, it has asked."""
        self._catch_up()

    def is_owed(self) -> None:
        """The desk is about to have something for it: it is quiet no longer."""
        self._catch_up()
        self.is_told = False
        if self.engine is not None:
            self._arm(self.engine)

    def answered(self, is_told: bool, size: int) -> None:
        """An answer is on its way, of so many bytes; `is_told`: it is all that this node is owed."""
        self.is_told = is_told
        self.round_bytes = self.round_bytes[0], size

    # ── rounds for the time ──────────────────────────────────────────────────────────────────────────────────────────

    def _is_quiet(self, engine: Engine) -> bool:
        """Would an ask and its answer change nothing but the clock?"""
        return self.is_told and self._street.skips and engine.outstanding == 0 and engine.is_answered

    def _catch_up(self) -> bool:
        """Do what was skipped and due before now, in its order; says whether the clock was bettered."""
        engine, now_ms = self.engine, self._street.loop.now_ms
        if engine is None or not engine.is_connected or not self._street.skips:
            return False
        own_ms, ask_ms = self._crystal.own_ms(now_ms), engine.clock.ask_ms
        if engine.health_ms > own_ms and (ask_ms is None or ask_ms > own_ms):
            return False
        answered_ms, told_ms = 0, self._crystal.moment_ms(engine.health_ms)
        while True:
            asked_ms = now_ms if (ask_ms := engine.clock.ask_ms) is None else self._crystal.moment_ms(ask_ms)
            if told_ms < now_ms and told_ms <= asked_ms and self.health_bytes:
                self._tell_health(engine, told_ms)
                told_ms = self._crystal.moment_ms(engine.health_ms)
            elif asked_ms < now_ms and self._is_quiet(engine):
                there, back = self._drawn = self.way()
                if asked_ms + there + back >= now_ms:
                    self._turn(engine, ev.Woke(), asked_ms)
                    break
                self._drawn = None
                answered_ms = self._round(engine, asked_ms, there, back)
            else:
                break
        if answered_ms:
            engine.reconsider(answered_ms)
        return answered_ms > 0

    def _tell_health(self, engine: Engine, told_ms: int) -> None:
        self.bytes_out += self.health_bytes + _named_size(engine.playing)
        for effect in engine.told_health(self._crystal.own_ms(told_ms)):
            _PERFORM[type(effect)](self, effect)

    def _round(self, engine: Engine, asked_ms: int, there: int, back: int) -> int:
        """Ask and answer on the clock alone; says when it was over. The lots are drawn as the engine draws them."""
        clock, lots = engine.clock, self._random.getrandbits(128)  # 8 bytes, one, and one: the same words of the same stream
        own_ms, over_ms, t_ms = self._crystal.own_ms(asked_ms), self._crystal.own_ms(asked_ms + there + back), asked_ms + there
        clock.asked("", own_ms, lots >> 88 & 255)
        clock.answered("", t_ms, t_ms, over_ms)
        clock.plan_next(over_ms, lots >> 120, content=True)
        asked, answered = self.round_bytes
        self.bytes_out += asked
        self.bytes_in += answered
        self._street.rounds_skipped += 1
        return over_ms

    def way(self) -> tuple[int, int]:
        """How long the next ask and its answer are on their way (ms)."""
        if self._drawn is not None:
            drawn, self._drawn = self._drawn, None
            return drawn
        link, lot = self._street.link, self._lots.getrandbits(16)
        trip_ms = link.round_trip_ms + link.jitter_ms * (lot >> 8) // 255
        there = trip_ms * (77 + (lot & 127)) // 282  # 27 to 72 % of it
        return there, trip_ms - there

    # ── effects ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _keep(self, effect: ev.Keep) -> None:
        if effect.value is None:
            self._kept.pop(effect.key, None)
        else:
            self._kept[effect.key] = effect.value

    def _publish(self, effect: ev.Publish, moment_ms: int) -> None:
        if self.connection is not None:
            leaf = effect.topic.rpartition("/")[2]
            self._count(leaf, effect.payload)
            self._street.desk.hear(self, leaf, effect.payload, moment_ms)

    def _count(self, leaf: str, payload: bytes) -> None:
        size = sealed_size(leaf, self._kid, payload)
        self.bytes_out += size
        if leaf == "ask":
            self.round_bytes = size, self.round_bytes[1]
        elif leaf == "health":
            self.health_bytes = size

    def _play(self, effect: ev.Play) -> None:
        self._horn.play(effect, self._crystal.moment_ms(effect.at_ms))

    def _silence(self, _: ev.Silence) -> None:
        self._horn.silence()

    def _drop_clip(self, effect: ev.DropClip) -> None:
        self._clips.discard(effect.sha256)

    def _nothing(self, effect: ev.Effect) -> None:
        """A topic is subscribed by its sender's knowledge of the places; an alarm is told in a state."""

    def _fetch(self, wanted: ev.Fetch) -> None:
        """It takes a round trip for the connection, one for the request, and as long as its bytes take."""
        street = self._street
        begin_ms = street.loop.now_ms
        data = street.desk.file(wanted.sha256)
        over_ms = begin_ms + 2 * street.link.round_trip_ms + wanted.size * 1000 // street.link.bytes_s
        down = next((span for span in self._sky.offline if span[0] < over_ms and span[1] > begin_ms), None)
        event: ev.Event = ev.Fetched(sha256=wanted.sha256, data=data)
        if down is not None:
            over_ms, event = max(begin_ms, down[0]) + NO_ROUTE_MS, ev.FetchFailed(sha256=wanted.sha256, why="link")
        elif data is None and within(self._sky.disk_full, over_ms) is not None:
            event = ev.FetchFailed(sha256=wanted.sha256, why="disk")
        street.loop.at(over_ms, self._fetched, (self.engine, event, wanted.size))

    def _fetched(self, what: tuple[Engine, ev.Fetched | ev.FetchFailed, int]) -> None:
        engine, event, size = what
        if engine is not self.engine:
            return  # the power went meanwhile: whoever boots now never asked for this
        if isinstance(event, ev.Fetched):
            self.bytes_in += size
            if event.data is None:
                self._clips.add(event.sha256)
        self._feed(event)


def _named_size(airing: str | None) -> int:
    """What it adds to a health to name what plays: `,"playing":"..."` in base64url."""
    return (len(airing) + 13) * 4 // 3 if airing is not None else 0


_PERFORM: dict[type, Callable[[Pole, Any], None]] = {
    ev.Keep: Pole._keep,
    ev.Subscribe: Pole._nothing,
    ev.Fetch: Pole._fetch,
    ev.DropClip: Pole._drop_clip,
    ev.Play: Pole._play,
    ev.Silence: Pole._silence,
    ev.Alarm: Pole._nothing,
}
"""Every effect but Publish, which is said at a moment."""
