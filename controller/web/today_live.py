"""The first page follows: it is told that something of what it shows changed, and fetches the fragment itself.

One reader for all who watch, at most one look in GAP_MS. Whoever reaches as far sees the same, so a look is made once for each
reach: what is on air there, who is there, which alarms are open; how much waits for a yes; and whether an airing that moved is
for a place within it.
Nothing is queued: a watcher is told a number that rose.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from fastapi.sse import ServerSentEvent

from controller.domain.errors import TiengLangError
from controller.domain.rights import Actor, Reach
from controller.service.approvals import Approvals
from controller.service.coverage import Coverages
from controller.service.covering import Pulse
from controller.service.reports import Reports, Summary
from controller.web import live
from controller.web.live import REST, RETRY_MS, Bells, Still, reach_of
from scheduler.clock import Clock

log = logging.getLogger(__name__)

GAP_MS = 2_000
"""A page is looked at, not stared at: what changes within two seconds is one change."""

TICK_MS = 15_000
"""Of loudspeakers that come and go nobody rings: they are looked for four times a minute."""

SOON_MS = 600_000
"""What begins within ten minutes is shown as if it were on air: one looks up to see whether it is right."""

Look = tuple[Pulse, tuple[Summary, ...], int]
"""What of a page may change by itself."""


@dataclass(slots=True)
class _Feed:
    """All who reach as far. `by`: one of them; `seen` None: the last look failed."""

    by: Actor
    version: int = 1
    watchers: int = 0
    seen: Look | None = None


class TodayLive:
    """The streams. One loop only."""

    def __init__(
        self,
        *,
        bells: Bells,
        reports: Reports,
        coverage: Coverages,
        approvals: Approvals,
        clock: Clock,
        gap_ms: int = GAP_MS,
        tick_ms: int = TICK_MS,
    ) -> None:
        self._bells = bells
        self._reports = reports
        self._coverage = coverage
        self._approvals = approvals
        self._clock = clock
        self._gap_ms = gap_ms
        self._tick_ms = tick_ms
        self._moved = asyncio.Condition()
        self._feeds: dict[Reach, _Feed] = {}
        self._reader: asyncio.Task[None] | None = None

    async def events(self, by: Actor, still: Still) -> AsyncIterator[ServerSentEvent]:
        """One event at once, then one whenever something within reach changed; ends as `Live.airing` does."""
        feed = self._join(by)
        version, asked_ms = 0, self._clock.monotonic_ms()
        try:
            if feed.seen is None:  # looked at before the first event: what comes after the page's own look is a change
                feed.seen = await asyncio.to_thread(self._look, by)
            while not self._bells.closed:
                if feed.version != version:
                    version = feed.version
                    yield ServerSentEvent(event="today", raw_data=f'{{"version":{version}}}', retry=RETRY_MS)
                async with self._moved:
                    if feed.version == version and not self._bells.closed:
                        left_ms = live.CHECK_MS - (self._clock.monotonic_ms() - asked_ms)
                        with suppress(TimeoutError):
                            async with asyncio.timeout(max(left_ms, 0) / 1000):
                                await self._moved.wait()
                if self._clock.monotonic_ms() - asked_ms >= live.CHECK_MS:
                    if await reach_of(still) != (by.reach,):
                        return
                    asked_ms = self._clock.monotonic_ms()
        finally:
            self._leave(by.reach, feed)

    def _join(self, by: Actor) -> _Feed:
        feed = self._feeds.setdefault(by.reach, _Feed(by=by))
        feed.watchers += 1
        if self._reader is None:
            self._reader = asyncio.create_task(self._keep_looking())
        return feed

    def _leave(self, reach: Reach, feed: _Feed) -> None:
        feed.watchers -= 1
        if feed.watchers == 0:
            self._feeds.pop(reach, None)
        if not self._feeds and self._reader is not None:
            self._reader.cancel()
            self._reader = None

    async def _keep_looking(self) -> None:
        with self._bells.listen() as ear:
            while not self._bells.closed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._tick_ms / 1000):  # wait_for may swallow that we are cancelled
                        await ear.rang.wait()
                airings, began_ms = ear.take(), self._clock.monotonic_ms()
                for feed in list(self._feeds.values()):
                    if await asyncio.to_thread(self._has_changed, feed, airings):
                        feed.version += 1
                async with self._moved:
                    self._moved.notify_all()
                if not self._bells.closed:
                    await asyncio.sleep(max(self._gap_ms, REST * (self._clock.monotonic_ms() - began_ms)) / 1000)
        async with self._moved:
            self._moved.notify_all()

    def _has_changed(self, feed: _Feed, airings: frozenset[str]) -> bool:
        before, feed.seen = feed.seen, self._look(feed.by)
        if feed.seen is None:
            return False  # the next look that succeeds says so
        try:
            return before != feed.seen or (bool(airings) and self._coverage.concerns(airings, by=feed.by))
        except TiengLangError:
            return True  # not known: the page looks for itself

    def _look(self, by: Actor) -> Look | None:
        try:
            on_air = self._reports.on_air(self._clock.now_ms(), SOON_MS, by=by)
            return self._coverage.pulse(by=by), tuple(on_air), self._approvals.pending()
        except TiengLangError as error:
            log.warning("a look at what is on air failed, trying again: %s", error)
            return None
