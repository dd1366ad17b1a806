"""One heap of moments: whatever is to happen in a world, in its order. Nothing waits, nothing is cancelled."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any


class Loop:
    """Calls functions in the order of their moments (UTC ms); of those at one moment, in the order in which they were asked for.

    Who is called looks whether it is still wanted. `now_ms` is the moment at hand.
    """

    __slots__ = ("_heap", "_order", "now_ms")

    def __init__(self, begin_ms: int) -> None:
        self.now_ms = begin_ms
        self._order = 0
        self._heap: list[tuple[int, int, Callable[[Any], None], Any]] = []

    def at(self, moment_ms: int, call: Callable[[Any], None], with_: Any = None) -> None:
        """Call it with `with_` at that moment; now, behind what is due already, if it has passed."""
        self._order += 1
        heappush(self._heap, (moment_ms if moment_ms > self.now_ms else self.now_ms, self._order, call, with_))

    def run_until(self, end_ms: int) -> None:
        """Let all happen that is due before `end_ms`; then it is that moment."""
        heap = self._heap
        while heap and heap[0][0] < end_ms:
            self.now_ms, _, call, with_ = heappop(heap)
            call(with_)
        self.now_ms = end_ms
