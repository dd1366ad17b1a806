"""One simulated loudspeaker: the real engine, with this process's sockets, disk, clock and horn for its effects.

The promise of whoever drives an engine is kept here: a Keep is staged at once, and every effect after it waits until the
fleet has committed (`Shared.commit_soon`, one transaction for all nodes that have something to keep in the same turn).
All of it runs in the loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from controller.protocol.keys import Provision
from firmware_bridge import events as ev
from simulator.faults import HEALTHY, RTC_U_MS, Faults
from simulator.fetch import FetchError
from simulator.player import Player
from simulator.shared import Mind, Shared
from simulator.uplink import Uplink

log = logging.getLogger(__name__)


class Node:
    """A node from power-on to power-cut and on again. Made without power: call `power_on`."""

    __slots__ = (
        "_boot_ms",
        "_drift",
        "_faults",
        "_fetches",
        "_mind",
        "_player",
        "_provision",
        "_shared",
        "_uplink",
        "_waiting",
        "_wake_at",
        "id",
        "index",
    )

    def __init__(self, provision: Provision, index: int, shared: Shared, player: Player) -> None:
        self.id = provision.node
        self.index = index
        self._provision = provision
        self._shared = shared
        self._player = player
        self._uplink = Uplink(self, shared)
        self._faults = HEALTHY
        self._mind: Mind | None = None
        self._fetches: set[asyncio.Task[bytes | None]] | None = None
        self._waiting: list[ev.Effect] | None = None
        self._wake_at: int | None = None
        self._boot_ms = 0
        self._drift = 0

    # ── what it is ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def is_on(self) -> bool:
        """Has it power?"""
        return self._mind is not None

    @property
    def is_connected(self) -> bool:
        """Has it an open link to the broker?"""
        return self._uplink.link is not None

    @property
    def is_answered(self) -> bool:
        """Has the controller answered it over the link that it has?"""
        return self._mind is not None and self.is_connected and self._mind.is_answered

    @property
    def wants_link(self) -> bool:
        """Has it power, and nothing that keeps it offline?"""
        return self._mind is not None and not self._faults.offline

    @property
    def faults(self) -> Faults:
        """What is wrong with it now."""
        return self._faults

    # ── power and faults ─────────────────────────────────────────────────────────────────────────────────────────────

    def power_on(self) -> None:
        """Boot from its persisted memory; nothing happens if it is on."""
        if self._mind is not None:
            return
        shared = self._shared
        self._boot_ms = shared.clock.monotonic_ms()
        self._drift = self._faults.drift
        self._mind = shared.make_mind(self._provision, shared.memory.records(self.id), shared.memory.clips(self.id))
        off_ms = self._faults.wrong_clock
        rtc_ms = None if off_ms is None else shared.clock.now_ms() + off_ms
        self.feed(ev.Booted(rtc_ms=rtc_ms, rtc_u_ms=0 if rtc_ms is None else RTC_U_MS))
        self._uplink.open()

    def power_cut(self) -> None:
        """Everything stops where it is: sound, link (without DISCONNECT), downloads. What is persisted stays."""
        if self._mind is None:
            return
        self._player.cut(self.id)
        self._mind = None
        self._waiting = None
        self._wake_at = None
        self._uplink.drop()
        self._cancel_fetches()

    def suffer(self, faults: Faults) -> None:
        """From now on these are its faults (clock faults: from its next boot on)."""
        before, self._faults = self._faults, faults
        if faults.offline and not before.offline:
            self._cancel_fetches()
            if self._uplink.drop():
                self.feed(ev.Disconnected())
        elif before.offline and not faults.offline:
            self._uplink.open()

    # ── the engine ───────────────────────────────────────────────────────────────────────────────────────────────────

    def feed(self, event: ev.Event) -> None:
        """Tell the engine and perform what it decides; nothing happens without power."""
        self._catch_up()
        mind = self._mind
        if mind is None:
            return
        try:
            effects = mind.handle(event, self._now_ms())
        except Exception:  # the top of what one node does: its fault must show, and must not end 9,000 others
            self._shared.counts["engine_errors"] += 1
            log.exception("node %s: the engine failed on %s", self.id, type(event).__name__)
            return
        for effect in effects:
            if type(effect) is ev.Keep:
                self._shared.memory.keep(self.id, effect.key, effect.value)
                self._wait_for_commit()
            elif self._waiting is not None:
                self._waiting.append(effect)
            else:
                _PERFORM[type(effect)](self, effect)
        self._arm()

    def committed(self) -> None:
        """All that was staged is durable: perform what waited for that; what shall sound now, sounds now."""
        effects, self._waiting = self._waiting, None
        for effect in effects or ():
            _PERFORM[type(effect)](self, effect)
        self._catch_up()
        self._arm()

    def arrived(self, topic: str, payload: bytes) -> None:
        """A message came from the broker."""
        self._shared.counts["arrived"] += 1
        self.feed(ev.Arrived(topic=topic, payload=self._shared.share(payload)))

    def will(self) -> ev.Publish:
        """What the broker shall say for it; it must have power."""
        assert self._mind is not None, "a node without power makes no will"
        return self._mind.will(self._now_ms())

    def _catch_up(self) -> None:
        due_ms = self._player.due_ms
        if due_ms is not None and due_ms <= self._shared.clock.monotonic_ms():
            self._player.catch_up(self)

    def _wait_for_commit(self) -> None:
        if self._waiting is None:
            self._waiting = []
            self._shared.commit_soon(self)

    # ── effects ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _publish(self, effect: ev.Publish) -> None:
        link = self._uplink.link
        if link is not None:
            self._shared.counts["published"] += 1
            link.publish(effect.topic, effect.payload)

    def _subscribe(self, effect: ev.Subscribe) -> None:
        link = self._uplink.link
        if link is not None:
            link.subscribe(effect.topics, effect.drop)

    def _play(self, effect: ev.Play) -> None:
        self._player.play(self, effect, self._moment(effect.at_ms))

    def _silence(self, effect: ev.Silence) -> None:
        self._player.silence(self, effect.airing)

    def _drop_clip(self, effect: ev.DropClip) -> None:
        self._shared.memory.drop(self.id, effect.sha256)
        self._wait_for_commit()

    def _alarm(self, effect: ev.Alarm) -> None:
        self._shared.counts[f"alarm:{effect.code}"] += 1

    def _fetch(self, wanted: ev.Fetch) -> None:
        fetches = self._fetches = self._fetches or set()
        task = self._shared.loop.create_task(self._download(wanted, self._mind))
        fetches.add(task)
        task.add_done_callback(fetches.discard)
        task.add_done_callback(partial(self._downloaded, wanted, self._mind))

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _now_ms(self) -> int:
        """Its own monotonic clock: 0 at boot, at the pace of its own crystal."""
        passed_ms = self._shared.clock.monotonic_ms() - self._boot_ms
        return passed_ms + passed_ms * self._drift // 1_000_000

    def _moment(self, own_ms: int) -> int:
        """The first moment of the fleet's clock at which its own shows `own_ms`."""
        if not self._drift:
            return self._boot_ms + own_ms
        return self._boot_ms - (-own_ms * 1_000_000 // (1_000_000 + self._drift))

    def _arm(self) -> None:
        wake_ms = self._mind.wake_ms if self._mind is not None else None
        if wake_ms is None:
            return
        moment_ms = self._moment(wake_ms)
        if self._wake_at is None or moment_ms < self._wake_at:
            self._wake_at = moment_ms
            self._shared.timers.at(moment_ms, self._wake)

    def _wake(self) -> None:
        """A moment it once asked for has come; it may have changed its mind, or been rebooted, since."""
        if self._mind is None or self._wake_at is None or self._wake_at > self._shared.clock.monotonic_ms():
            return
        self._wake_at = None
        if self._waiting is not None:
            return  # what it decided is not done yet, and may be why it wants to wake: `committed` arms again
        wake_ms = self._mind.wake_ms
        if wake_ms is not None and wake_ms <= self._now_ms():
            self.feed(ev.Woke())
        else:
            self._arm()

    # ── downloads ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _download(self, wanted: ev.Fetch, mind: Mind | None) -> bytes | None:
        if self._faults.offline:
            raise FetchError("link")
        if self._faults.full_disk and wanted.what == "clip":
            raise FetchError("disk")
        data = await self._shared.fetcher.fetch(wanted, self._faults.slow_fetch)
        if wanted.what == "clip" and mind is self._mind:
            self._shared.memory.hold(self.id, wanted.sha256)
            self._wait_for_commit()
        return data

    def _downloaded(self, wanted: ev.Fetch, mind: Mind | None, task: asyncio.Task[bytes | None]) -> None:
        error = FetchError("link") if task.cancelled() else task.exception()
        if mind is not self._mind:
            return  # the power went meanwhile: whoever boots now never asked for this
        if isinstance(error, FetchError):
            self._shared.counts["fetches_failed"] += 1
            self.feed(ev.FetchFailed(sha256=wanted.sha256, why=error.why))
        elif error is not None:
            raise error
        else:
            data = task.result()
            self._shared.counts["fetched"] += 1
            self.feed(ev.Fetched(sha256=wanted.sha256, data=None if data is None else self._shared.share(data)))

    def _cancel_fetches(self) -> None:
        fetches, self._fetches = self._fetches, None
        for task in fetches or ():
            task.cancel()


_PERFORM: dict[type, Callable[[Node, Any], None]] = {
    ev.Publish: Node._publish,
    ev.Subscribe: Node._subscribe,
    ev.Play: Node._play,
    ev.Silence: Node._silence,
    ev.DropClip: Node._drop_clip,
    ev.Alarm: Node._alarm,
    ev.Fetch: Node._fetch,
}
"""Every effect but Keep, which is staged, never performed."""
