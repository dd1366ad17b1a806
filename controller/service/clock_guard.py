"""A controller whose clock is behind its own last commit signs nothing (rule 3): what it would seal now, it may have sealed
otherwise before, and nodes would take the older word for the newer one.

The moment of the last commit is a mark in the database, raised within each commit, so that it outlives restarts. A restored
database has an older mark, which holds nobody back.
"""

from __future__ import annotations

from controller.domain.errors import Unavailable
from scheduler.clock import Clock

COMMIT = "commit"
"""The name of the mark."""

TOLERANCE_MS = 2_000
"""NTP slews and small steps back are daily life; nodes allow a minute."""


class ClockGuard:
    """Knows when we last committed. Any thread may use it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._mark_ms = 0

    def now_ms(self) -> int:
        """UTC in whole ms, as our clock believes."""
        return self._clock.now_ms()

    def committed(self, ms: int) -> None:
        """We committed then. A mark that is ahead stands."""
        self._mark_ms = max(self._mark_ms, ms)

    def recall(self, ms: int) -> None:
        """The database's last commit was then, whoever made it."""
        self._mark_ms = ms

    def lower(self, ms: int) -> int:
        """Set the mark back: somebody said that it was wrong. The mark as it was."""
        before, self._mark_ms = self._mark_ms, ms
        return before

    @property
    def behind_ms(self) -> int:
        """How far our clock is behind our last commit; 0 while that is no more than a clock may be slewed."""
        behind_ms = self._mark_ms - self._clock.now_ms()
        return behind_ms if behind_ms > TOLERANCE_MS else 0

    def may_sign(self) -> None:
        """Unavailable("clock.behind") while our clock is behind."""
        behind_ms = self.behind_ms
        if behind_ms:
            raise Unavailable("clock.behind", behind_s=-(-behind_ms // 1000))
