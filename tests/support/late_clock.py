"""A clock that a test moves, in whatever process: the machine's own and what a file adds to it."""

from __future__ import annotations

from pathlib import Path

from scheduler.clock import SystemClock


class LateClock(SystemClock):
    """The machine's clock and the ms in a file, read at each look: a test makes hours pass by writing it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now_ms(self) -> int:
        """UTC, moved."""
        return super().now_ms() + self._added_ms()

    def monotonic_ms(self) -> int:
        """Monotonic ms, moved: as if that time had passed."""
        return super().monotonic_ms() + self._added_ms()

    def _added_ms(self) -> int:
        try:
            return int(self._file.read_text() or 0)
        except FileNotFoundError:
            return 0
