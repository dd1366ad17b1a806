"""What is missing and what came of fetching it: clips for what waits, a plan's body, what the config holds always. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from controller.protocol.messages import PlanHead, ReceiptState
from firmware_bridge.doorman import Doorman, may_class
from firmware_bridge.events import Alarm, Effect, Fetched, FetchFailed
from firmware_bridge.intake import Intake
from firmware_bridge.larder import Larder, Want
from firmware_bridge.lifecycle import Airing, clip_of, last_begin_ms
from firmware_bridge.papers import Papers
from firmware_bridge.playlist import Playlist
from firmware_bridge.timekeeper import Timekeeper

REASONS = frozenset({"link", "status", "size", "hash", "disk"})
"""Why a fetch fails, in the driver's words; any other is told as "fetch"."""

_NEVER_MS = 2**63


class Errands:
    """Sends for things, and takes them in. `retry_ms` is when something that failed may be tried again."""

    __slots__ = ("_bases", "_clock", "_door", "_intake", "_larder", "_list", "_papers", "retry_ms")

    def __init__(
        self,
        bases: tuple[str, ...],
        clock: Timekeeper,
        door: Doorman,
        larder: Larder,
        playlist: Playlist,
        papers: Papers,
        intake: Intake,
    ) -> None:
        self._bases = bases
        self._clock = clock
        self._door = door
        self._larder = larder
        self._list = playlist
        self._papers = papers
        self._intake = intake
        self.retry_ms: int | None = None

    def run(self, out: list[Effect], now_ms: int) -> None:
        """Ask for what may be asked for now."""
        config = self._papers.config
        self._larder.ask(out, self._wanted(), (config.bases if config else ()) or self._bases, now_ms)
        self.retry_ms = self._larder.retry_ms(now_ms)

    def tidy(self, out: list[Effect]) -> None:
        """Drop what nothing needs, but for a few."""
        self._larder.tidy(out, self._needed())

    def fetched(self, out: list[Effect], now_ms: int, event: Fetched) -> None:
        """Something came whole."""
        pending = self._papers.pending
        if event.data is None:
            self._take_clip(out, now_ms, event.sha256)
        else:
            self._larder.read(event.sha256)
            if pending is not None and event.sha256 == pending[2].sha256:
                self._take_body(out, now_ms, pending[0], pending[2], event.data)
        self.run(out, now_ms)

    def failed(self, out: list[Effect], now_ms: int, event: FetchFailed, jitter: int) -> None:
        """Something did not come: try again later, or end what can't wait until then."""
        may_retry = self._larder.failed(event.sha256, now_ms, jitter)
        hopeless_ms = 0 if may_retry else self._larder.resume_ms(event.sha256, now_ms)
        if event.why == "disk" and not self._larder.tidy(out, self._needed(), keep_idle=0):
            hopeless_ms = _NEVER_MS
        if self._clock.is_trusted:
            for airing in self._waiting_for(event.sha256):
                if airing.item is not None and self._clock.monotonic(last_begin_ms(airing.item)) < hopeless_ms:
                    why = event.why if event.why in REASONS else "fetch"
                    self._list.say(out, now_ms, airing, ReceiptState.FAILED, why)
        self.run(out, now_ms)

    def _take_clip(self, out: list[Effect], now_ms: int, sha256: str) -> None:
        self._larder.arrived(sha256)
        for airing in self._waiting_for(sha256):
            if airing.is_fetched and self._clock.is_trusted:
                self._list.say(out, now_ms, airing, ReceiptState.CACHED)
        self._list.look_ms = now_ms
        self.tidy(out)

    def _take_body(self, out: list[Effect], now_ms: int, kid: str, head: PlanHead, data: bytes) -> None:
        """A plan came whole: every new item is taken in or refused, and said so, before the plan is the plan."""
        body = self._papers.body_of_pending(data)
        key = self._door.ring.keys.get(kid) if self._door.ring else None
        if body is None or key is None:
            self._papers.pending = None
            out.append(Alarm(code="plan.body"))
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

    def _waiting_for(self, sha256: str) -> list[Airing]:
        return [one for one in self._list.waiting if one.item is not None and one.item.sha256 == sha256]

    def _wanted(self) -> Iterator[Want]:
        if self._papers.pending is not None:
            head = self._papers.pending[2]
            yield head.sha256, head.size, True, "plan"
        yield from self._list.wanted()

    def _needed(self) -> set[str]:
        horn = self._list.horn
        sounding = {clip_of(horn.item)} if horn is not None and horn.item is not None else set()
        return {want[0] for want in self._wanted()} | sounding
