"""Thousands of loudspeakers in one process: real engines on real sockets against a real broker.

    settings = Settings(home=Path("var/fleet"), broker="mqtt://127.0.0.1:1883")
    async with Fleet(provisions, settings) as fleet:
        await fleet.connected()
        fleet.power_cut(["ps-na-01"], after_s=5)

A fleet that ends, however it ends, is a power cut of all its nodes: each boots from its own persisted records next time.
Because one process stands for thousands of machines, three things are done once instead of once a node: identical bytes are
kept once (and verified once, if the engine asks `simulator.seals`), a stored clip lies on disk once, and one transaction
makes many nodes' records durable.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import secrets
import sqlite3
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from controller.protocol.address import parse_broker
from controller.protocol.keys import Provision
from firmware_bridge.engine import Engine
from scheduler.clock import Clock, SystemClock
from simulator.faults import HEALTHY, Faults
from simulator.fetch import Fetcher
from simulator.horn import Horn
from simulator.memory import Memory
from simulator.node import Node
from simulator.player import Player, Sounded, Stage
from simulator.seals import Seals
from simulator.shared import Committed, MakeMind, Mind, Shared
from simulator.timers import Timers

CONNECTING = 500
"""Connections opening at a time: more only overflows the broker's listen queue, and its answer comes no sooner."""

SHARED_BYTES = 4096
"""Payloads remembered to keep one copy of equal ones: the orders, plans and trusts of the last minutes."""

COMMIT_AT = 250
"""Nodes with something to keep whose commit does not wait for the end of the loop's turn: a province's turn takes seconds,
and what the first have to say would wait for the last."""

COMMIT_AGAIN_S = 0.2
"""After a commit that failed (disk full, locked): what waits for it goes on waiting."""

BOOTS_A_TURN = 100
"""Engines made before sockets get their turn: booting 9,000 takes seconds, and the first are to be answered meanwhile."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a fleet lives. `broker` None leaves it without network; `retry_max_s` is the longest wait before reconnecting."""

    home: Path
    broker: str | None
    seed: int = 0
    heard: bool = True
    retry_max_s: float = 60.0
    back_s: float = 5.0
    wav: Path | None = None
    wav_nodes: tuple[str, ...] = ()
    sound_log: Path | None = None


class Fleet:
    """The nodes of `provisions`. Use it as an async context manager; all of it runs in one loop's thread."""

    def __init__(
        self,
        provisions: Sequence[Provision],
        settings: Settings,
        *,
        make_mind: MakeMind | None = None,
        clock: Clock | None = None,
        on_sound: Callable[[Sounded], None] | None = None,
    ) -> None:
        self._provisions = provisions
        self._settings = settings
        self._seals = Seals()
        self._make_mind = make_mind or self._engine
        self._clock = clock or SystemClock()
        self._hook = on_sound
        self._faults: dict[str, Faults] = {}
        self._staged: list[Committed] = []
        self._is_failing = False
        self._bytes: OrderedDict[bytes, bytes] = OrderedDict()
        self._counts: Counter[str] = Counter()
        self._rss_before = rss_bytes()
        self.nodes: dict[str, Node] = {}
        self._horns: list[Horn] = []

    # ── its life ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Open the memory, power all nodes on and let them connect; `connected` waits for that."""
        settings, clock = self._settings, self._clock
        self._loop = asyncio.get_running_loop()
        self._utc_offset_ms = clock.now_ms() - clock.monotonic_ms()
        self._memory = Memory(settings.home / "memory.sqlite")
        self._fetcher = await Fetcher(settings.home / "clips").__aenter__()
        self._fetcher.sweep(self._memory.is_held)
        self._timers = Timers(clock, self._loop)
        self._log = settings.sound_log.open("a", buffering=1) if settings.sound_log else None
        shared, stage = self._shared(), self._stage()
        for index, provision in enumerate(self._provisions):
            player = Player(stage, self._horn(provision.node))
            node = self.nodes[provision.node] = Node(provision, index, shared, player)
            node.suffer(self._faults.get(node.id, HEALTHY))
            node.power_on()
            if index % BOOTS_A_TURN == 0:
                await asyncio.sleep(0)

    async def stop(self) -> None:
        """Cut the power of all nodes, and put everything away."""
        for node in self.nodes.values():
            node.power_cut()
        self._timers.stop()
        for horn in self._horns:
            horn.close(self._clock.monotonic_ms())
        await self._fetcher.__aexit__()
        self._memory.close()
        if self._log is not None:
            self._log.close()
        await asyncio.sleep(0)  # cancelled tasks see it

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def connected(self, number: int | None = None, timeout_s: float | None = 120.0) -> None:
        """Wait until `number` nodes (all that are not offline, if None) are connected; TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while self._counts["connected"] < (self._reachable() if number is None else number):
                await asyncio.sleep(0.02)

    # ── what may be done to it ───────────────────────────────────────────────────────────────────────────────────────

    def fault(self, name: str, nodes: Collection[str], on: bool = True, value: int | None = None) -> None:
        """Put a fault of `simulator.faults` on these nodes, or take it off; ValueError, KeyError for strange ones.

        Before `start` it holds from the first boot on. Clock faults hold from a node's next boot.
        """
        for name_of_node in nodes:
            faults = self._faults.get(name_of_node, HEALTHY).with_fault(name, on, value)
            self._faults[name_of_node] = faults
            if self.nodes:
                self.nodes[name_of_node].suffer(faults)

    def power_cut(self, nodes: Collection[str], after_s: float | None = None) -> None:
        """Cut these nodes' power now; it comes back after `after_s` (None: Settings.back_s)."""
        for name in nodes:
            self.nodes[name].power_cut()
            self._power_back(name, after_s)

    def stats(self) -> dict[str, Any]:
        """Counters of all that happened, how many nodes are in which state, and what they cost."""
        nodes = self.nodes.values()
        rss = rss_bytes()
        counts = {name: number for name, number in sorted(self._counts.items()) if number}
        return {
            "nodes": len(nodes),
            "on": sum(node.is_on for node in nodes),
            "connected": self._counts["connected"],
            "answered": sum(node.is_answered for node in nodes),
            "sounding": self._counts["sounding"],
            "faulty": sum(node.faults is not HEALTHY for node in nodes),
            "rss": rss,
            "bytes_a_node": (rss - self._rss_before) // max(1, len(nodes)),
            "commits": self._memory.commits,
            "seals_verified": self._seals.verified,
            "bytes_fetched": self._fetcher.bytes_read,
            "timers": len(self._timers),
            "counts": counts,
        }

    # ── what nodes ask of it ─────────────────────────────────────────────────────────────────────────────────────────

    def _commit_soon(self, node: Committed) -> None:
        if len(self._staged) >= COMMIT_AT and not self._is_failing:
            self._commit()  # of the others: this one is still deciding
        if not self._staged:
            self._loop.call_soon(self._commit)
        self._staged.append(node)

    def _commit(self) -> None:
        try:
            self._memory.commit()
        except sqlite3.Error as error:
            self._counts["commits_failed"] += 1
            log.error("memory: %s; trying again", error)
            self._is_failing = True
            self._loop.call_later(COMMIT_AGAIN_S, self._commit)
            return
        self._is_failing = False
        staged, self._staged = self._staged, []
        for node in staged:
            node.committed()
        if self._memory.orphans:
            self._memory.orphans.clear()
            self._fetcher.sweep(self._memory.is_held)

    def _share(self, payload: bytes) -> bytes:
        known = self._bytes.get(payload)
        if known is not None:
            return known
        if len(self._bytes) >= SHARED_BYTES:
            self._bytes.popitem(last=False)
        self._bytes[payload] = payload
        return payload

    def _power_back(self, name: str, after_s: float | None = None) -> None:
        wait_s = self._settings.back_s if after_s is None else after_s
        self.fault("cut_in_sound", [name], on=False)
        self._timers.after(round(wait_s * 1000), self.nodes[name].power_on)

    def _sounded(self, sounded: Sounded) -> None:
        self._counts["last_sound_utc_ms"] = sounded.at_utc_ms
        if self._log is not None:
            words = {"node": sounded.node, "airing": sounded.airing, "at_ms": sounded.at_utc_ms, "end": sounded.end}
            self._log.write(json.dumps(words) + "\n")
        if self._hook is not None:
            self._hook(sounded)

    # ── wiring ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _reachable(self) -> int:
        return sum(node.is_on and not node.faults.offline for node in self.nodes.values())

    def _shared(self) -> Shared:
        settings = self._settings
        return Shared(
            clock=self._clock,
            loop=self._loop,
            timers=self._timers,
            memory=self._memory,
            fetcher=self._fetcher,
            broker=parse_broker(settings.broker) if settings.broker else None,
            make_mind=self._make_mind,
            jitter=random.Random(settings.seed),
            connect_slots=asyncio.Semaphore(CONNECTING),
            commit_soon=self._commit_soon,
            share=self._share,
            retry_max_ms=round(settings.retry_max_s * 1000),
            counts=self._counts,
        )

    def _engine(self, provision: Provision, kept: Mapping[str, bytes], clips: Collection[str]) -> Mind:
        # Lives and nonces are what tells one memory or question from another: never the same ones again, whatever the seed.
        return Engine(provision, kept, clips, random=secrets.token_bytes, verify=self._seals.verify)

    def _stage(self) -> Stage:
        return Stage(
            clock=self._clock,
            utc_offset_ms=self._utc_offset_ms,
            timers=self._timers,
            path=self._fetcher.path,
            decode=_decode,
            on_sound=self._sounded,
            back=self._power_back,
            heard=self._settings.heard,
            counts=self._counts,
        )

    def _horn(self, node: str) -> Horn | None:
        if self._settings.wav is None or node not in self._settings.wav_nodes:
            return None
        t0_ms = self._clock.monotonic_ms()
        horn = Horn(self._settings.wav, node, t0_ms=t0_ms, t0_utc_ms=self._utc_offset_ms + t0_ms)
        self._horns.append(horn)
        return horn


def rss_bytes() -> int:
    """What this process holds in memory now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _decode(path: Path) -> Iterator[Any]:
    from audio.decode import decode  # loads FFmpeg (30 MB): only a fleet that writes WAVs pays for it

    return decode(path)
