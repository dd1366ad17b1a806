"""Live events: pages that watch an airing or a bulletin are told what moved, at most four times a second.

Each watched thing is read once for all who watch it (`_Feed`), and a change is encoded once for all who stand at the same
version: fifty open pages cost what one does. There are no queues: a watcher that is slow, or comes back after its link was
away, gets what differs from where it stands, or the whole. So nothing is lost and nothing piles up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial

from fastapi.sse import ServerSentEvent

from controller.domain.errors import TiengLangError
from controller.domain.rights import Actor, Reach
from controller.service.bulletins import Bulletins
from controller.service.bus import ANYTHING, LocalBus
from controller.service.reports import Report, Reports
from controller.web.ledger import ChangeOut, airing_out, delivery_out, ledger_out
from controller.web.schemas import BulletinOut
from scheduler.clock import Clock

log = logging.getLogger(__name__)

GAP_MS = 250
"""Four looks a second: quicker than an eye compares numbers, slow enough for a phone to draw."""

REST = 4
"""After a look that took long, four times as long a rest: at most a fifth of one core goes into looking."""

RETRY_MS = 2_000
"""How soon a browser comes back after a dead link, and we after a failed look."""

CHECK_MS = 30_000
"""How long a page that stays open may go on being told what its person may not see any more."""

Still = Callable[[], Actor | None]
"""Whoever watches, with the rights of this moment; None when they are signed out. Called from a thread."""

Key = tuple[str, str]
"""What the bus tells of: ("airing" | "bulletin", id)."""

Watched = tuple[str, Reach]
"""An airing, and how much of it is seen: whoever reaches as far sees the same."""


class Ear:
    """Hears of every change: which airings since it was last asked. Event loop only."""

    def __init__(self) -> None:
        self.rang = asyncio.Event()
        self._airings: set[str] = set()

    def hear(self, kind: str, name: str) -> None:
        """Something changed; of another kind than an airing, it is only told that it rang."""
        if kind == "airing":
            self._airings.add(name)
        self.rang.set()

    def take(self) -> frozenset[str]:
        """The airings that changed; from now on others count."""
        taken, self._airings = frozenset(self._airings), set()
        self.rang.clear()
        return taken


class Bells:
    """Wakes coroutines of one loop when worker threads change things: a bell that rang already rings no louder."""

    def __init__(self, bus: LocalBus) -> None:
        self._bus = bus
        self._events: dict[Key, set[asyncio.Event]] = {}
        self._ears: set[Ear] = set()
        self.closed = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen to the bus while the server runs."""
        loop = asyncio.get_running_loop()

        def hear(kind: str, name: str) -> None:
            if kind == ANYTHING:
                loop.call_soon_threadsafe(self._ring_all)
            elif (kind, name) in self._events:  # most changes are watched by nobody
                loop.call_soon_threadsafe(self._ring, (kind, name))
            if self._ears and kind in ("airing", ANYTHING):
                loop.call_soon_threadsafe(self._tell, kind, name)

        with self._bus.watching(hear):
            try:
                yield
            finally:
                self.close()

    def close(self) -> None:
        """Let every watcher go: an open page would keep the server from ending."""
        self.closed = True
        self._ring_all()

    @asynccontextmanager
    async def watch(self, key: Key) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the thing changed."""
        event = asyncio.Event()
        self._events.setdefault(key, set()).add(event)
        try:
            yield event
        finally:
            self._events[key].discard(event)
            if not self._events[key]:
                del self._events[key]

    @contextmanager
    def listen(self) -> Iterator[Ear]:
        """An ear for every airing, while the block runs."""
        ear = Ear()
        self._ears.add(ear)
        try:
            yield ear
        finally:
            self._ears.discard(ear)

    def _ring_all(self) -> None:
        for key in self._events:
            self._ring(key)
        for ear in self._ears:
            ear.rang.set()

    def _tell(self, kind: str, name: str) -> None:
        for ear in self._ears:
            ear.hear(kind, name)

    def _ring(self, key: Key) -> None:
        for event in self._events.get(key, ()):
            event.set()


class _Feed:
    """One airing's ledger as it was last read, with the version at which each loudspeaker last moved."""

    def __init__(self) -> None:
        self.version = 0
        self.watchers = 0
        self.moved = asyncio.Condition()
        self._report: Report | None = None
        self._stamps: dict[str, int] = {}
        self._encoded: dict[int, ServerSentEvent] = {}

    def take(self, report: Report) -> None:
        """A new look at it."""
        if report == self._report:
            return
        before = {row.node: row for village in self._report.villages for row in village.nodes} if self._report else {}
        self.version += 1
        for village in report.villages:
            for row in village.nodes:
                if before.get(row.node) != row:
                    self._stamps[row.node] = self.version
        self._report = report
        self._encoded.clear()

    def since(self, version: int) -> ServerSentEvent:
        """What differs from `version`; the whole for 0."""
        if version not in self._encoded:
            self._encoded[version] = self._encode(version)
        return self._encoded[version]

    def _encode(self, version: int) -> ServerSentEvent:
        assert self._report is not None
        if version == 0:
            whole = ledger_out(self._report).model_dump_json(by_alias=True)
            return ServerSentEvent(event="ledger", raw_data=whole, retry=RETRY_MS)
        rows = [row for village in self._report.villages for row in village.nodes if self._stamps[row.node] > version]
        change = ChangeOut(airing=airing_out(self._report), nodes=[delivery_out(row) for row in rows])
        return ServerSentEvent(event="change", raw_data=change.model_dump_json(by_alias=True))


class Live:
    """The streams. One loop only."""

    def __init__(self, *, bells: Bells, reports: Reports, bulletins: Bulletins, clock: Clock, gap_ms: int = GAP_MS) -> None:
        self._bells = bells
        self._reports = reports
        self._bulletins = bulletins
        self._clock = clock
        self._gap_ms = gap_ms
        self._feeds: dict[Watched, _Feed] = {}
        self._readers: dict[Watched, asyncio.Task[None]] = {}

    async def airing(self, airing_id: str, first: Report, by: Actor, still: Still) -> AsyncIterator[ServerSentEvent]:
        """The whole ledger (`first`, or newer), then each change, until the watcher or the server goes.

        It ends, too, when whoever watches may look no more as far as when they came: `still` is asked each CHECK_MS.
        """
        watched = (airing_id, by.reach)
        feed = self._join(watched, first, by)
        version, asked_ms = 0, self._clock.monotonic_ms()
        try:
            while not self._bells.closed:
                async with feed.moved:
                    if feed.version == version and not self._bells.closed:
                        with suppress(TimeoutError):
                            await asyncio.wait_for(feed.moved.wait(), CHECK_MS / 1000)
                if self._clock.monotonic_ms() - asked_ms >= CHECK_MS:
                    if await reach_of(still) != watched[1:]:
                        return
                    asked_ms = self._clock.monotonic_ms()
                if feed.version > version:
                    event, version = feed.since(version), feed.version
                    yield event
        finally:
            self._leave(watched, feed)

    async def bulletin(self, bulletin_id: str, by: Actor) -> AsyncIterator[ServerSentEvent]:
        """The bulletin now and at each change of its progress; ends with the one that is not `preparing`."""
        async with self._bells.watch(("bulletin", bulletin_id)) as changed:
            said = None
            while not self._bells.closed:
                changed.clear()
                view = BulletinOut.of(await asyncio.to_thread(partial(self._bulletins.view, bulletin_id, by=by)))
                if view != said:
                    said = view
                    yield ServerSentEvent(event="bulletin", raw_data=view.model_dump_json(by_alias=True), retry=RETRY_MS)
                if not view.preparing:
                    return
                await asyncio.sleep(self._gap_ms / 1000)
                await changed.wait()

    def _join(self, watched: Watched, first: Report, by: Actor) -> _Feed:
        feed = self._feeds.get(watched)
        if feed is None:
            feed = self._feeds[watched] = _Feed()
            feed.take(first)
            self._readers[watched] = asyncio.create_task(self._keep_reading(watched[0], by, feed))
        feed.watchers += 1
        return feed

    def _leave(self, watched: Watched, feed: _Feed) -> None:
        feed.watchers -= 1
        if feed.watchers == 0:
            del self._feeds[watched]
            self._readers.pop(watched).cancel()

    async def _keep_reading(self, airing_id: str, by: Actor, feed: _Feed) -> None:
        async with self._bells.watch(("airing", airing_id)) as changed:
            changed.set()  # `first` was read before we listened
            while not self._bells.closed:
                await changed.wait()
                changed.clear()
                began_ms = self._clock.monotonic_ms()
                report = await _look(lambda: self._reports.report(airing_id, by=by))
                if report is None:
                    changed.set()
                    await asyncio.sleep(RETRY_MS / 1000)
                    continue
                feed.take(report)
                async with feed.moved:
                    feed.moved.notify_all()
                await asyncio.sleep(max(self._gap_ms, REST * (self._clock.monotonic_ms() - began_ms)) / 1000)
        async with feed.moved:
            feed.moved.notify_all()


async def reach_of(still: Still) -> tuple[Reach] | tuple[()]:
    """How far they may look now; () is not at all."""
    who = await asyncio.to_thread(still)
    return () if who is None else (who.reach,)


async def _look(read: Callable[[], Report]) -> Report | None:
    try:
        return await asyncio.to_thread(read)
    except TiengLangError as error:
        log.warning("a look at a ledger failed, trying again: %s", error)
        return None
