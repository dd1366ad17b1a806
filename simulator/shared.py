"""What the nodes of one fleet share, and what the fleet needs of an engine."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from controller.protocol.address import BrokerAddress
from controller.protocol.keys import Provision
from firmware_bridge.events import Effect, Event, Publish
from scheduler.clock import Clock
from simulator.fetch import Fetcher
from simulator.memory import Memory
from simulator.timers import Timers


class Mind(Protocol):
    """What the fleet needs of an engine; `firmware_bridge.engine.Engine` is one."""

    def handle(self, event: Event, now_ms: int) -> Sequence[Effect]:
        """What the node decides to do about it."""
        ...

    @property
    def wake_ms(self) -> int | None:
        """When it wants to be woken (its own monotonic ms), None if nothing is due."""
        ...

    @property
    def is_answered(self) -> bool:
        """Has the controller answered in this connection, and left nothing out that it needs?"""
        ...

    def will(self, now_ms: int) -> Publish:
        """What the broker shall say for it if its link dies."""
        ...


MakeMind = Callable[[Provision, Mapping[str, bytes], Collection[str]], Mind]
"""(what it was provisioned with, its persisted records, the clips on its disk) -> its mind."""


class Committed(Protocol):
    """Who has staged something."""

    def committed(self) -> None:
        """All that was staged is durable now."""
        ...


@dataclass(slots=True, kw_only=True)
class Shared:
    """What all nodes of a fleet have in common. `broker` None: there is no network."""

    clock: Clock
    loop: asyncio.AbstractEventLoop
    timers: Timers
    memory: Memory
    fetcher: Fetcher
    broker: BrokerAddress | None
    make_mind: MakeMind
    jitter: random.Random
    connect_slots: asyncio.Semaphore
    commit_soon: Callable[[Committed], None]
    share: Callable[[bytes], bytes]
    retry_max_ms: int
    counts: Counter[str] = field(default_factory=Counter)
