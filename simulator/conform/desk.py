"""The controller's place against one node, where checks tell their stories: documents, waiting, the node's line and power."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from controller.protocol.messages import Ask, NodeState, Order, PlanItem, Receipt, ReceiptState
from scheduler.clock import Clock
from simulator.conform.book import Untried, expect
from simulator.conform.identity import PATH, Identity
from simulator.conform.post import Post

LOOK_S = 0.05
"""How often something that is waited for is looked for."""

SLACK_MS = 700
"""What a message may take on its way, beyond the moment it is about."""

SHORT_S, QUEUE_S = 0.3, 60.0
"""A line that is short enough to join, and how long at most to stand beside it."""

TAKEN_S = 0.3
"""How long the kit holds a connection that it took from the node: the broker ends the node's at once."""

UNTOUCHED_S = 15.0
"""If nothing is heard of a node for so long after its connection was taken, it was not its connection."""

BACK_S = 75.0
"""A node's longest wait before it connects again, and a little."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What somebody at the bench can do, as commands: cut and restore power (`off`, `on`), empty its disk. None: nobody can."""

    power: str | None = None
    wipe: str | None = None
    sound_log: Path | None = None


class Desk(Post):
    """One run against one node. Use it as an async context manager. `horn` is held while a check needs the only one."""

    def __init__(self, identity: Identity, clock: Clock, hands: Hands) -> None:
        super().__init__(identity, clock)
        self.hands = hands
        self.horn = asyncio.Lock()
        self.ready_ms = 0  # since when (UTC) it has had all that it needs
        self._shared: dict[object, asyncio.Task[Any]] = {}
        self.missed: list[tuple[int, str, Order]] = []  # (duty, why, order): what the node could not obey on its arrival
        self._log_from = hands.sound_log.stat().st_size if hands.sound_log and hands.sound_log.exists() else 0

    async def __aenter__(self) -> Desk:
        self.clip = self.new_clip(1_000)
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def u_ms(self) -> int:
        """How wrong the node says its clock may be; 0 if it does not know the time."""
        last = self.journal.last
        return max(0, last.u) if last is not None else 0

    @property
    def life(self) -> str:
        """The node's memory, as it last said."""
        last = self.journal.last
        return last.life if last is not None else ""

    # ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def settle(self, *, trust: bool = False, **config: Any) -> None:
        """Give the node a newer config (and trust) that is meant, and wait until it says that it holds them."""
        if trust:
            self.trust = self.new_trust()
            self.say(self.trust)
        self.config = self.new_config(**config)
        self.say(self.config)
        expect(await self.holding(), "a state that tells of its new documents", self.journal.state, 37)

    async def restore(self) -> None:
        """After a check that left things as they should not be: the usual documents again, and the usual manners."""
        self.answering, self.withholding = self.answer, False
        is_usual = self.config is not None and self.config.path == PATH and not self.config.policy.hours
        if not is_usual or not await self.holding(within_s=0):
            await self.settle(trust=True)

    async def holding(self, within_s: float = 10.0) -> bool:
        """Does the node say, in time, that it holds the newest trust and config?"""
        wanted = (self.floors.trust, self.floors.config)

        def held() -> bool:
            state = self.journal.state
            return state is not None and (state.versions.trust, state.versions.config) == wanted

        return bool(await self.until(held, within_s))

    async def give_plan(self, items: tuple[PlanItem, ...], *, by: str = "", within_s: float = 6.0, **changes: Any) -> bool:
        """Say a newer plan; does the node say, in time, that it holds it?"""
        head = self.new_plan(items, **changes)
        self.say(head, by=by)
        return bool(await self.until(lambda: self.journal.state and self.journal.state.versions.plan == head.version, within_s))

    async def publish_in_turn(self, topic: str, token: bytes) -> None:
        """Send bytes once little waits to leave: a check that sends many keeps no other waiting."""
        await self.until(lambda: self.backlog_s <= SHORT_S, QUEUE_S)
        self.publish(topic, token)

    # ── its line and its power ───────────────────────────────────────────────────────────────────────────────────────

    async def cut_link(self, within_s: float = BACK_S) -> bool:
        """Take its connection from it by its client identifier; True once it has said a birth on a new one."""
        before, number = self.journal.state, len(self.journal.heard)
        link = await self.other_link(self.node)
        await self.rest(TAKEN_S)
        await link.close()

        def is_back() -> bool:
            return any(state.online and not _same_connection(state, before) for _, state in self.journal.of(NodeState, number))

        is_touched = bool(self.journal.of(NodeState, number))
        return bool(await self.until(is_back, within_s if is_touched else UNTOUCHED_S))

    async def answer_next(self, **changes: Any) -> bool:
        """Answer its next ask so; it is made to ask by a new connection. False if it did not ask."""
        asked = asyncio.Event()

        def once(ask: Ask, heard_ms: int) -> None:
            self.answer(ask, heard_ms, **({} if asked.is_set() else changes))
            asked.set()

        self.answering = once
        try:
            return await self.cut_link() and bool(await self.until(asked.is_set, 10))
        finally:
            self.answering = self.answer

    async def power(self, word: str) -> None:
        """Have the node's power cut ("off") or restored ("on"), or ("wipe") its disk emptied; Untried if nobody can."""
        command = self.hands.wipe if word == "wipe" else self.hands.power
        if command is None:
            raise Untried(f"needs a hand on the plug: --{'wipe' if word == 'wipe' else 'power'}")
        line = command if word == "wipe" else f"{command} {word}"
        process = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.DEVNULL)
        if await process.wait():
            raise Untried(f"this failed: {line}")

    # ── waiting ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def until(self, look: Callable[[], T], within_s: float) -> T | None:
        """What `look` finds as soon as it finds something (truthy), or None after `within_s`."""
        end_ms = self.clock.monotonic_ms() + round(within_s * 1000)
        while not (found := look()):
            if self.clock.monotonic_ms() > end_ms:
                return None
            await asyncio.sleep(LOOK_S)
        return found

    async def rest(self, seconds: float) -> None:
        """Wait: for what must not come."""
        await asyncio.sleep(seconds)

    async def pass_by(self, moment_ms: int) -> None:
        """Wait until a moment (UTC ms) has passed, and what was said of it has come."""
        await self.rest(max(0, moment_ms + self.u_ms + SLACK_MS - self.now_ms) / 1000)

    async def word(self, airing: str, *states: ReceiptState, within_s: float = 5.0) -> Receipt | None:
        """The first receipt about an airing with one of these states, in time."""
        return await self.until(lambda: self.journal.find(airing, *states), within_s + self.backlog_s)

    async def ended(self, order: Order | PlanItem, more_s: float = 3.0) -> Receipt | None:
        """The end of an airing, at the latest some seconds after it must have come."""
        latest_ms = order.start + order.grace + order.duration
        return await self.until(lambda: self.journal.end(order.airing), max(0, latest_ms - self.now_ms) / 1000 + more_s)

    async def shared(self, tell: Callable[[Desk], Coroutine[Any, Any, T]]) -> T:
        """What a story told once comes to; several checks may ask for it, at the same time."""
        if tell not in self._shared:
            self._shared[tell] = asyncio.create_task(tell(self))
        found: T = await asyncio.shield(self._shared[tell])
        return found

    def hush(self, *orders: Order) -> None:
        """Stop what should never have been taken, so that it disturbs no other check."""
        for order in orders:
            if self.journal.words(order.airing) and self.journal.end(order.airing) is None:
                self.say(self.stop(order))

    # ── what sounded ─────────────────────────────────────────────────────────────────────────────────────────────────

    def begins(self, airing: str) -> int:
        """How often an airing began to sound, by the sound log if there is one, else by the receipts."""
        if self.hands.sound_log is not None:
            return sum(sound["airing"] == airing and sound["end"] is None for sound in self.sounds())
        return sum(receipt.state is ReceiptState.STARTED for receipt in self.journal.words(airing))

    def sounds(self) -> list[dict[str, Any]]:
        """The lines of the sound log about this node, since the run began."""
        path = self.hands.sound_log
        if path is None or not path.exists():
            return []
        with path.open("rb") as log:
            log.seek(self._log_from)
            lines = [json.loads(line) for line in log.read().splitlines() if line.endswith(b"}")]
        return [line for line in lines if line["node"] == self.node]


def _same_connection(state: NodeState, other: NodeState | None) -> bool:
    return other is not None and (state.life, state.boot, state.connection) == (other.life, other.boot, other.connection)
