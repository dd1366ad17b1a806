"""All moments of all nodes in one heap and one loop timer: thousands of nodes would be thousands of asyncio timers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from scheduler.clock import Clock


class Timers:
    """Calls functions at moments of `clock`'s monotonic time (whole ms), in their order, in the loop's thread.

    There is no cancelling: what is called looks whether it is still wanted. So a heap entry is all that a moment costs.
    """

    __slots__ = ("_armed_ms", "_clock", "_handle", "_heap", "_loop", "_order")

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._loop = loop
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._handle: asyncio.Handle | None = None
        self._armed_ms = 0

    def __len__(self) -> int:
        return len(self._heap)

    def at(self, moment_ms: int, call: Callable[[], None]) -> None:
        """Call it once that moment has come; soon, but never within this call, if it has passed."""
        heappush(self._heap, (moment_ms, next(self._order), call))
        if self._handle is None or moment_ms < self._armed_ms:
            self._arm(moment_ms)

    def after(self, delay_ms: int, call: Callable[[], None]) -> None:
        """Call it `delay_ms` from now."""
        self.at(self._clock.monotonic_ms() + delay_ms, call)

    def stop(self) -> None:
        """Forget them all."""
        self._heap.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def run_due(self) -> None:
        """Call what is due, and arm for the next.

        All of it in one turn, even 9,000: a busy loop's turn of reading sockets may take a second, so a share a turn would
        leave some for half a minute. What they ask for waits for the next turn, so that sockets are read as well.
        """
        self._handle = None
        now_ms = self._clock.monotonic_ms()
        due = []
        while self._heap and self._heap[0][0] <= now_ms:
            due.append(heappop(self._heap)[2])
        for call in due:
            call()
        if self._heap:
            self._arm(self._heap[0][0])

    def _arm(self, moment_ms: int) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._armed_ms = moment_ms
        delay_ms = moment_ms - self._clock.monotonic_ms()
        # uvloop counts from the moment its turn began, so a timer may come early: then run_due finds nothing and arms again.
        self._handle = (
            self._loop.call_later(delay_ms / 1000, self.run_due) if delay_ms > 0 else self._loop.call_soon(self.run_due)
        )
