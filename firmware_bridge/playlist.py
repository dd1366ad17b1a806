"""Which airing sounds, and when: one horn, one table of airings, every end said and kept. Pure.

An item begins at `start + max(LEAD_IN, u)`: with clocks surer than LEAD_IN all neighbours begin in one moment, and [now - u,
now + u] lies within [start, start + grace] by the letter of the contract. What can't begin within its grace is missed.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator

from controller.domain.airing import Klass
from controller.domain.delivery import Evidence
from controller.protocol.messages import Config, Order, ReceiptState
from firmware_bridge.events import Effect, Keep, Play, Silence
from firmware_bridge.larder import Larder, Want
from firmware_bridge.ledger import Ledger
from firmware_bridge.lifecycle import SPENT, Airing, Item, Phase, clip_of, ends_ms, last_begin_ms
from firmware_bridge.memory import MAX_AIRINGS, keep_airing
from firmware_bridge.rules import allowed_gain, outranks, refusal, turn
from firmware_bridge.timekeeper import Timekeeper

LEAD_IN_MS = 100
"""Neighbours whose clocks are surer than this begin in the same moment, start + 100 ms, whatever their bounds."""

PREROLL_MS = 200
"""The player is asked this early: time to open the file and wake the amplifier, so that the first sample is in time."""

OVERRUN_MS = 2_000
"""A player that has not ended this long after an item's length is silenced: the node cuts at duration, always."""

TOGETHER_MS = 100
"""`accepted` waits this long beyond a sound that is about to begin, to share a message with `started`."""

GATHER_MS = 50
"""`accepted` of what begins later waits this long for others: orders are offered again in a row, one message answers all."""

REMEMBER_MS = 86_400_000
"""A tombstone outlives its airing's last moment by a day: a clock may be wrong, a broker may deliver late."""

MAX_EMERGENCIES = 8
"""Emergencies that wait for the horn; more is a flood, not news."""

_R = ReceiptState
_EVIDENCE = {True: Evidence.HEARD, False: Evidence.SILENT, None: Evidence.NOT_MEASURED}


class Playlist:
    """One node's airings and its horn. `look_ms` is the monotonic moment at which `step` has something to decide."""

    __slots__ = (
        "_clock", "_ends_ms", "_larder", "_ledger", "_play_ms", "_queue", "_started", "airings", "config", "fresh", "horn",
        "is_mute", "look_ms",
    )  # fmt: skip

    def __init__(self, clock: Timekeeper, ledger: Ledger, larder: Larder, airings: dict[str, Airing]) -> None:
        self._clock = clock
        self._ledger = ledger
        self._larder = larder
        self._queue: list[Airing] = []
        self._play_ms = 0
        self._ends_ms = 0
        self._started = False
        self.airings = airings
        self.fresh: dict[str, bytes] = {}
        self.horn: Airing | None = None
        self.config: Config | None = None
        self.is_mute = True
        self.look_ms: int | None = None

    # ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def waiting(self) -> tuple[Airing, ...]:
        """What waits, soonest first."""
        return tuple(self._queue)

    def has_room(self, klass: Klass, out: list[Effect], now_ms: int) -> bool:
        """Is there room for one more airing of this class?"""
        if len(self.airings) >= MAX_AIRINGS:
            self.sweep(out, now_ms)
        if len(self.airings) >= MAX_AIRINGS or self._ledger.is_full:
            return False
        return klass is not Klass.EMERGENCY or sum(one.klass is Klass.EMERGENCY for one in self._queue) < MAX_EMERGENCIES

    def put(self, airing: Airing, item: Item, kid: str) -> None:
        """Let it wait for its moment (again, if a higher revision came)."""
        if airing.item is not None:
            self._queue.remove(airing)
        airing.take(_R.ACCEPTED)
        airing.state = _R.ACCEPTED
        airing.item, airing.kid = item, kid
        airing.is_fetched = clip_of(item) not in self._larder.held
        self.airings[airing.id] = airing
        insort(self._queue, airing, key=_start)
        self.look_ms = 0

    def describe(self, airing: Airing, item: Item) -> None:
        """Note what a tombstone needs to know of this revision."""
        airing.rev, airing.klass = item.rev, item.klass
        airing.until_ms = max(ends_ms(item), item.exp if isinstance(item, Order) else 0) + REMEMBER_MS

    def forget(self, out: list[Effect], airing: Airing) -> None:
        """Let go of something that waits, without a word: who sent it must send it again, or it is long over."""
        self._queue.remove(airing)
        self.fresh.pop(airing.id, None)
        del self.airings[airing.id]
        if airing.is_kept:
            out.append(Keep(key=f"order/{airing.id}", value=None))

    def say(
        self,
        out: list[Effect],
        now_ms: int,
        airing: Airing,
        word: ReceiptState,
        why: str = "",
        evidence: Evidence | None = None,
        flush_ms: int | None = None,
    ) -> None:
        """Make a step of the lifecycle and say it. An end is kept, and its order forgotten."""
        if airing.phase is not Phase.WAITING or word is not _R.ACCEPTED:
            airing.take(word)
        airing.state, airing.why, airing.evidence = word, why, evidence
        flush_ms = now_ms if flush_ms is None else flush_ms
        self._ledger.say(out, airing.id, airing.rev, word, self._clock.utc(now_ms), flush_ms, why, evidence)
        if airing.phase is Phase.ENDED:
            self._bury(out, airing)

    def sweep(self, out: list[Effect], now_ms: int) -> None:
        """Forget tombstones whose time is over, by a clock that an answer has confirmed: an RTC may have jumped ahead."""
        if not self._clock.is_confirmed:
            return
        sure_ms = self._clock.utc(now_ms) - self._clock.error(now_ms)
        for airing in [one for one in self.airings.values() if one.phase is Phase.ENDED and one.until_ms < sure_ms]:
            del self.airings[airing.id]
            out.append(Keep(key=f"airing/{airing.id}", value=None))

    def _bury(self, out: list[Effect], airing: Airing) -> None:
        self.airings[airing.id] = airing
        self.fresh.pop(airing.id, None)
        out.append(keep_airing(airing))
        if airing.is_kept:
            airing.is_kept = False
            out.append(Keep(key=f"order/{airing.id}", value=None))
        if airing.item is not None:
            if airing in self._queue:
                self._queue.remove(airing)
            airing.item = None
        if self.horn is airing:
            self.horn = None
        self.look_ms = 0

    # ── the horn ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def step(self, out: list[Effect], now_ms: int) -> None:
        """Decide about everything whose moment has come; sets `look_ms`."""
        self.look_ms = None
        if self.horn is not None and now_ms >= self._ends_ms:
            out.append(Silence(airing=self.horn.id))
            self.say(out, now_ms, self.horn, _R.FAILED, "player")
        if not self._clock.is_trusted:
            return
        early_ms = PREROLL_MS - self._lead_ms(now_ms)
        soon_ms = self._clock.utc(now_ms) + early_ms
        looks: list[int] = []
        due = []
        for airing in self._queue:
            start = _start(airing)
            if start > soon_ms:
                looks.append(max(now_ms + 1, self._clock.monotonic(start - early_ms)))
                break
            due.append(airing)
        for airing in sorted(due, key=turn) if len(due) > 1 else due:
            look_ms = self._try(out, now_ms, airing)
            if look_ms is not None:
                looks.append(max(look_ms, now_ms + 1))
        if self.horn is not None:
            looks.append(self._ends_ms)
        self.look_ms = min(looks, default=None)

    def promise(self, out: list[Effect], now_ms: int) -> bool:
        """Keep what was taken in and still waits, then say `accepted`: an order that we said we have, we have.

        True if some of it lacks its clip.
        """
        lacks = any(self.airings[name].is_fetched for name in self.fresh)
        for name, token in self.fresh.items():
            airing = self.airings[name]
            if token:
                airing.is_kept = True
                out.append(Keep(key=f"order/{name}", value=token))
            self.say(out, now_ms, airing, _R.ACCEPTED, flush_ms=now_ms + GATHER_MS)
        self.fresh.clear()
        return lacks

    def stop(self, out: list[Effect], now_ms: int, airing: Airing, why: str) -> None:
        """Silence it: cancelled before its sound, cut within it."""
        if self.horn is not airing:
            self.say(out, now_ms, airing, _R.CANCELLED, why)
            return
        out.append(Silence(airing=airing.id))
        began = self._started or now_ms >= self._play_ms
        self.say(out, now_ms, airing, _R.CUT if began else _R.CANCELLED, why)

    def started(self, out: list[Effect], now_ms: int, name: str) -> None:
        """The first sample left."""
        if self.horn is not None and self.horn.id == name and not self._started:
            self._started = True
            self.say(out, now_ms, self.horn, _R.STARTED)

    def ended(self, out: list[Effect], now_ms: int, name: str, whole: bool, heard: bool | None) -> None:
        """The last sample left, or the player broke off."""
        if self.horn is None or self.horn.id != name:
            return
        if whole:
            self.say(out, now_ms, self.horn, _R.FINISHED, evidence=_EVIDENCE[heard])
        else:
            self.say(out, now_ms, self.horn, _R.CUT, "player")

    def wanted(self) -> Iterator[Want]:
        """The clips of what waits: emergencies' first, then soonest first; then what the config holds always."""
        for urgent in (True, False):
            for airing in self._queue:
                item = airing.item
                if item is not None and (airing.klass is Klass.EMERGENCY) is urgent:
                    yield clip_of(item), item.size, urgent, "clip"
        if self.config is not None:
            for held in self.config.hold:
                yield held.sha256, held.size, False, "clip"

    def _lead_ms(self, now_ms: int) -> int:
        return max(LEAD_IN_MS, self._clock.error(now_ms))

    def _try(self, out: list[Effect], now_ms: int, airing: Airing) -> int | None:
        """Play it, end it, or say when (monotonic) to look again."""
        item = airing.item
        assert item is not None
        utc, u, lead = self._clock.utc(now_ms), self._clock.error(now_ms), self._lead_ms(now_ms)
        at = max(utc, item.start + lead)
        last = last_begin_ms(item)
        if at + u > last:
            if utc < max(item.start, last - u):
                return self._clock.monotonic(max(item.start, last - u))  # a better clock may come until then
            self.say(out, now_ms, airing, _R.MISSED, self._why_missed(airing, item, u))
            return None
        blocked = self.is_mute or clip_of(item) not in self._larder.held
        if blocked or (self.horn is not None and not outranks(item, self.horn)):
            return self._clock.monotonic(last - u) + 1
        why = refusal(self.config, item, at - lead)
        if why:
            self.say(out, now_ms, airing, _R.REFUSED, why)
        else:
            self._play(out, now_ms, airing, item, at)
        return None

    def _play(self, out: list[Effect], now_ms: int, airing: Airing, item: Item, at: int) -> None:
        if self.horn is not None:
            out.append(Silence(airing=self.horn.id))
            self.say(out, now_ms, self.horn, _R.CUT, "emergency")
        self._queue.remove(airing)
        airing.take(SPENT)
        out.append(keep_airing(airing))
        self._play_ms = max(now_ms, self._clock.monotonic(at))
        if self.fresh.pop(airing.id, None) is not None:
            utc = self._clock.utc(now_ms)
            self._ledger.say(out, airing.id, airing.rev, _R.ACCEPTED, utc, self._play_ms + TOGETHER_MS)
        self.horn, self._started = airing, False
        self._ends_ms = self._play_ms + item.duration + OVERRUN_MS
        gain = allowed_gain(self.config, item, at)
        out.append(Play(airing=airing.id, sha256=clip_of(item), at_ms=self._play_ms, duration_ms=item.duration, gain=gain))

    def _why_missed(self, airing: Airing, item: Item, u: int) -> str:
        if self.is_mute:
            return "floors"
        if clip_of(item) not in self._larder.held:
            return "clip"
        if 2 * u > item.grace:
            return "clock"
        return "busy" if self.horn is not None else "late"


def _start(airing: Airing) -> int:
    return airing.item.start if airing.item is not None else 0
