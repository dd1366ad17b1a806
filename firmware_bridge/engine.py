"""The mind of one loudspeaker: events in, effects out. No socket, no disk, no clock, no log: whoever drives it has those.

    Arrived -> reception: doorman (is it true?) -> intake (orders), papers (trust, config, plans), timekeeper and ledger (answers)
    Fetched, FetchFailed -> errands, larder       SoundStarted, SoundEnded, Woke -> playlist       every word -> ledger -> voice

Every turn ends alike (`_settle`): what is due sounds, what was taken in is promised, what is missing is fetched, what was
said goes out. Thousands of engines share one process: all that can be shared (keys, topics, decoded documents) is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from controller.protocol import seal, topics
from controller.protocol.keys import Provision
from controller.protocol.messages import ReceiptState, Versions
from firmware_bridge import events as ev
from firmware_bridge.awakening import restore
from firmware_bridge.doorman import Doorman, Verify, typs_of
from firmware_bridge.errands import Errands
from firmware_bridge.intake import Intake
from firmware_bridge.larder import Larder
from firmware_bridge.ledger import Ledger
from firmware_bridge.lifecycle import Phase
from firmware_bridge.memory import Remembered, keep_number, reconcile
from firmware_bridge.papers import Papers
from firmware_bridge.playlist import Playlist
from firmware_bridge.reception import Reception
from firmware_bridge.timekeeper import Timekeeper
from firmware_bridge.voice import LAST_COUNTER, Mac, Voice

ANNOUNCE_MS = 500
"""New documents come in a row (trust, config, plan): one change of state tells of them all."""

PLAYING_HEALTH_MS = 10_000
"""Telemetry while something sounds."""

MAX_ALARMS = 16
"""Alarms that wait to be told: there are fewer kinds, and each is told once in a connection."""


class Engine:
    """One node. `handle` is the only way in; effects are to be performed in order, each Keep durable before the next.

    `kept`: the records of its memory; `clips`: SHA-256 of what its disk holds; `random(n)`: n random bytes; `verify`: as
    `seal.open_signed`; `mac`: as `seal.mac`. Not thread-safe; holds no reference to `kept`.
    """

    __slots__ = (
        "_alarms", "_announce_ms", "_booted_ms", "_counter", "_door", "_errands", "_inbox", "_intake", "_larder", "_ledger",
        "_list", "_papers", "_random", "_reception", "_subscribed", "_voice", "_waking", "boot", "clock", "connection",
        "health_ms", "is_connected",
    )  # fmt: skip

    def __init__(
        self,
        provision: Provision,
        kept: Mapping[str, bytes],
        clips: Collection[str],
        *,
        random: Callable[[int], bytes],
        verify: Verify = seal.open_signed,
        mac: Mac = seal.mac,
    ) -> None:
        remembered = Remembered(kept)
        self._waking: list[ev.Effect] = reconcile(remembered)
        self._random = random
        self._inbox = topics.inbox(provision.node)
        self.boot = remembered.boot
        self.connection = 0
        self.is_connected = False
        self.clock = Timekeeper()
        self._counter = 0
        self._booted_ms = 0
        self._announce_ms: int | None = None
        self._alarms: dict[str, bool] = {}  # code -> was it told in this connection
        self.health_ms = 0  # when it tells its health next, if it is connected
        self._subscribed: tuple[str, ...] = ()
        self._voice = Voice(provision, self.clock, mac)
        self._door = Doorman(provision.root, verify)
        self._ledger = Ledger(remembered)
        self._larder = Larder(clips)
        self._list = Playlist(self.clock, self._ledger, self._larder, remembered.airings)
        self._papers = Papers(provision.node, self._door, self._list)
        self._intake = Intake(provision.node, self.clock, self._door, self._ledger, self._list, self._papers)
        self._errands = Errands(provision.bases, self.clock, self._door, self._larder, self._list, self._papers, self._intake)
        self._reception = Reception(
            provision.node, self.clock, self._door, self._ledger, self._list, self._papers, self._intake, self._errands, random
        )
        self._waking += self._remember_life(remembered)
        self._waking += restore(remembered, kept, provision.node, self._door, self._papers, self._list)

    def handle(self, event: ev.Event, now_ms: int) -> list[ev.Effect]:
        """What to do about `event` at monotonic `now_ms`. Never raises, whatever arrived."""
        out: list[ev.Effect] = []
        _ON[type(event)](self, out, now_ms, event)
        self._settle(out, now_ms)
        for effect in out:
            if type(effect) is ev.Alarm:
                self._raise_alarm(effect, now_ms)
        return out

    def will(self, now_ms: int) -> ev.Publish:
        """What the broker shall say for us if the coming connection dies. Ask before each connect."""
        return self._voice.state(now_ms, self.boot, self.connection + 1, LAST_COUNTER, False, self.versions)

    # ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def wake_ms(self) -> int | None:
        """The next monotonic moment at which it wants Woke; None if only an event can change anything."""
        if not self.is_connected:
            return self.due_ms
        moments = (self.due_ms, self.clock.ask_ms, self.health_ms)
        return min(moment for moment in moments if moment is not None)

    @property
    def due_ms(self) -> int | None:
        """`wake_ms`, but for asking the time and telling its health."""
        due_ms = self._list.look_ms
        others = (self._errands.retry_ms, self._ledger.wake_ms, self._announce_ms)
        for moment in others if self.is_connected else others[:1]:
            if moment is not None and (due_ms is None or moment < due_ms):
                due_ms = moment
        return due_ms

    @property
    def look_ms(self) -> int | None:
        """The part of `due_ms` that its `clock` has a say in: when it looks again at what waits."""
        return self._list.look_ms

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
    def is_answered(self) -> bool:
        """Has the controller answered in this connection, and left nothing out that it needs?"""
        return self.clock.is_answered and self.is_open

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

    def reconsider(self, now_ms: int) -> None:
        """Somebody else asked for it and bettered its `clock` until now: at its next turn it looks anew at what waits."""
        self._list.look_ms = now_ms

    def told_health(self, now_ms: int) -> list[ev.Effect]:
        """Its health is told: when it is due again, and the time to forget what is old. A simulator may tell it for us."""
        out: list[ev.Effect] = []
        self.health_ms = now_ms + (PLAYING_HEALTH_MS if self.playing is not None else self._health_period())
        if self.playing is None:
            self._list.sweep(out, now_ms)
        return out

    # ── power and link ───────────────────────────────────────────────────────────────────────────────────────────────

    def _remember_life(self, remembered: Remembered) -> list[ev.Effect]:
        self._voice.life = self._door.life = remembered.life or self._random(8).hex()
        alarms: list[ev.Effect] = [ev.Alarm(code="memory.damaged")] if remembered.damaged else []
        if remembered.life:
            self._papers.floors, self._papers.born_ms = remembered.floors, remembered.born_ms
            return alarms
        return [*alarms, ev.Alarm(code="memory.new"), ev.Keep(key="life", value=self.life.encode())]

    def _booted(self, out: list[ev.Effect], now_ms: int, event: ev.Booted) -> None:
        self.boot += 1
        self._booted_ms = now_ms
        out += [*self._waking, keep_number("boot", self.boot)]
        self._waking = []
        self.clock.boot(event.rtc_ms, event.rtc_u_ms, now_ms)
        self._reception.documents_changed(out, now_ms)

    def _connected(self, out: list[ev.Effect], now_ms: int, event: ev.Connected) -> None:
        self.connection += 1
        self._counter = 0
        self._alarms = {code: False for code, is_told in self._alarms.items() if not is_told}
        self.is_connected = True
        self._intake.connected()
        self._ledger.connected(now_ms)
        self.clock.connected(now_ms)
        self._subscribed = self.path
        out.append(ev.Subscribe(topics=(self._inbox, *typs_of(self.path))))
        self.health_ms = now_ms + self._health_period() * (128 + self._jitter()) // 256
        self._say_state(out, now_ms)

    def _disconnected(self, out: list[ev.Effect], now_ms: int, event: ev.Disconnected) -> None:
        self.is_connected = False
        self.clock.disconnected()

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _arrived(self, out: list[ev.Effect], now_ms: int, event: ev.Arrived) -> None:
        self._reception.arrived(out, now_ms, event)

    def _fetched(self, out: list[ev.Effect], now_ms: int, event: ev.Fetched) -> None:
        self._errands.fetched(out, now_ms, event)

    def _fetch_failed(self, out: list[ev.Effect], now_ms: int, event: ev.FetchFailed) -> None:
        self._errands.failed(out, now_ms, event, self._jitter())

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
        lacks = bool(self._list.fresh) and self._list.promise(out, now_ms)
        if lacks or (self._errands.retry_ms is not None and now_ms >= self._errands.retry_ms):
            self._errands.run(out, now_ms)
        if self._papers.has_changed:
            self._papers.has_changed = False
            self._announce_ms = now_ms + ANNOUNCE_MS
        if self.is_connected:
            self._speak(out, now_ms)

    def _speak(self, out: list[ev.Effect], now_ms: int) -> None:
        due_ms = self._ledger.wake_ms
        if due_ms is not None and now_ms >= due_ms:
            self._ledger.publish(out, now_ms, self._jitter(), self._voice)
        if self.path != self._subscribed:
            self._subscribe_anew(out)
        if self._announce_ms is not None and now_ms >= self._announce_ms:
            self._say_state(out, now_ms)
        if self.clock.ask_ms is not None and now_ms >= self.clock.ask_ms:
            nonce = self._random(8).hex()
            self.clock.asked(nonce, now_ms, self._jitter())
            out.append(self._voice.ask(now_ms, nonce, self.versions, self._ledger.from_seq))
        if self._list.horn is not None:
            self.health_ms = min(self.health_ms, now_ms + PLAYING_HEALTH_MS)
        if now_ms >= self.health_ms:
            self._say_health(out, now_ms)

    def _subscribe_anew(self, out: list[ev.Effect]) -> None:
        old, new = typs_of(self._subscribed), typs_of(self.path)
        self._subscribed = self.path
        added = tuple(topic for topic in new if topic not in old)
        out.append(ev.Subscribe(topics=added, drop=tuple(topic for topic in old if topic not in new)))

    def _raise_alarm(self, alarm: ev.Alarm, now_ms: int) -> None:
        """It is told with a state, once a connection."""
        if alarm.code not in self._alarms and len(self._alarms) < MAX_ALARMS:
            self._alarms[alarm.code] = False
            self._announce_ms = now_ms + ANNOUNCE_MS

    def _say_state(self, out: list[ev.Effect], now_ms: int) -> None:
        self._announce_ms = None
        self._counter += 1
        reason = "" if self.is_open else "floors" if self.clock.is_trusted else "clock"
        alarm = next((code for code, is_told in self._alarms.items() if not is_told), None)
        if alarm is not None:
            reason = alarm
            self._alarms[alarm] = True
            self._announce_ms = now_ms + ANNOUNCE_MS  # for the next one, or for how it stands
        out.append(self._voice.state(now_ms, self.boot, self.connection, self._counter, True, self.versions, reason))

    def _say_health(self, out: list[ev.Effect], now_ms: int) -> None:
        uptime_s = (now_ms - self._booted_ms) // 1000
        clips, receipts = len(self._larder.held), len(self._ledger)
        out.append(self._voice.health(now_ms, uptime_s, self.playing, clips, receipts, self._door.refused))
        out += self.told_health(now_ms)

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
