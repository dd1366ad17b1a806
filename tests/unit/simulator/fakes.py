"""A loop, an engine and a street that do only what a test says."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from controller.protocol.keys import Provision
from firmware_bridge import events as ev
from scheduler.clock import VirtualClock
from simulator.fetch import Fetcher
from simulator.memory import Memory
from simulator.node import Node
from simulator.player import Player, Sounded, Stage
from simulator.shared import Committed, Shared
from simulator.timers import Timers


class Handle:
    """What call_soon and call_later return."""

    def __init__(self, at_ms: int, call: Callable[[], None]) -> None:
        self.at_ms = at_ms
        self.call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class ManualLoop:
    """Runs timers when a test lets virtual time pass; starts no task."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.handles: list[Handle] = []

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Handle:
        self.handles.append(Handle(self.clock.monotonic_ms() + round(delay_s * 1000), call))
        return self.handles[-1]

    def call_soon(self, call: Callable[[], None]) -> Handle:
        return self.call_later(0, call)

    def pass_ms(self, ms: int) -> None:
        """Let time pass, calling what comes due at its moment."""
        end = self.clock.monotonic_ms() + ms
        while due := [h for h in self.handles if not h.is_cancelled and h.at_ms <= end]:
            first = min(due, key=lambda handle: handle.at_ms)
            self.handles.remove(first)
            self.clock.advance(max(0, first.at_ms - self.clock.monotonic_ms()))
            first.call()
        self.clock.advance(end - self.clock.monotonic_ms())


class FakeMind:
    """Answers each event with what the test put into `script` for its type, and remembers all it was told."""

    def __init__(self, script: Mapping[type, list[ev.Effect]], kept: Mapping[str, bytes], clips: Collection[str]) -> None:
        self.script = script
        self.kept = dict(kept)
        self.clips = tuple(clips)
        self.told: list[tuple[int, ev.Event]] = []
        self.wake: int | None = None

    @property
    def is_answered(self) -> bool:
        return False

    @property
    def wake_ms(self) -> int | None:
        return self.wake

    def handle(self, event: ev.Event, now_ms: int) -> list[ev.Effect]:
        self.told.append((now_ms, event))
        if isinstance(event, ev.Woke):
            self.wake = None
        return list(self.script.get(type(event), []))

    def will(self, now_ms: int) -> ev.Publish:
        return ev.Publish(topic="tl/1/node/a/state", payload=b"will")


class Street:
    """One node in virtual time, without network, on a real memory."""

    def __init__(self, folder: Path, script: Mapping[type, list[ev.Effect]] | None = None, *, heard: bool = True) -> None:
        self.clock = VirtualClock(utc_ms=1_700_000_000_000, monotonic_ms=5_000)
        self.loop = ManualLoop(self.clock)
        self.script = dict(script or {})
        self.minds: list[FakeMind] = []
        self.sounded: list[Sounded] = []
        self.powered_back: list[str] = []
        self.waiting: list[Committed] = []
        self.memory = Memory(folder / "memory.sqlite")
        self.counts: Counter[str] = Counter()
        self.timers = Timers(self.clock, self.loop)  # type: ignore[arg-type]  # the two methods it uses
        self.stage = Stage(
            clock=self.clock,
            utc_offset_ms=self.clock.now_ms() - self.clock.monotonic_ms(),
            timers=self.timers,
            path=lambda sha256: folder / sha256,
            decode=self._decode,
            on_sound=self.sounded.append,
            back=self.powered_back.append,
            heard=heard,
            counts=self.counts,
        )
        self.player = Player(self.stage)
        self.node = Node(provision("a"), 0, self._shared(folder), self.player)

    @property
    def mind(self) -> FakeMind:
        return self.minds[-1]

    def commit(self) -> None:
        self.memory.commit()
        waiting, self.waiting = self.waiting, []
        for node in waiting:
            node.committed()

    def _make_mind(self, _provision: Provision, kept: Mapping[str, bytes], clips: Collection[str]) -> FakeMind:
        self.minds.append(FakeMind(self.script, kept, clips))
        return self.minds[-1]

    @staticmethod
    def _decode(_path: Path) -> Iterator[Any]:
        return iter([np.full(48_000, 1000, np.int16)] * 10)

    def _shared(self, folder: Path) -> Shared:
        return Shared(
            clock=self.clock,
            loop=self.loop,  # type: ignore[arg-type]
            timers=self.timers,
            memory=self.memory,
            fetcher=Fetcher(folder),
            broker=None,
            make_mind=self._make_mind,
            jitter=random.Random(1),
            connect_slots=asyncio.Semaphore(1),
            commit_soon=self.waiting.append,
            share=lambda payload: payload,
            retry_max_ms=60_000,
            counts=self.counts,
        )


def provision(node: str, broker: str = "mqtt://127.0.0.1:1", bases: tuple[str, ...] = ()) -> Provision:
    return Provision(node=node, generation=1, key="A" * 43, root="A" * 43, broker=broker, bases=bases)
