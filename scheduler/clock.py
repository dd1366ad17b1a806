"""The only place that reads a clock. Everything else is handed the time, or a Clock.

Two kinds of time, never mixed. *UTC* (`now_ms`, `now`) is what people, plans and signatures mean; it jumps when somebody
sets the machine's clock. *Monotonic* (`monotonic_ms`) has no meaning but differences, and never goes back: timeouts and
pacing use it. Both are whole milliseconds, as on the wire. `tests/unit/house` holds the rule that this file is the only one.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What tells the time. Any thread may ask."""

    def now_ms(self) -> int:
        """UTC in whole ms since 1970."""
        ...

    def monotonic_ms(self) -> int:
        """Whole ms since some moment; never goes back, whatever happens to UTC."""
        ...

    def now(self) -> datetime:
        """UTC as an aware datetime, the same moment as `now_ms`."""
        ...


class SystemClock:
    """The machine's clock."""

    __slots__ = ()

    def now_ms(self) -> int:
        """UTC in whole ms since 1970, as the machine believes it."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Whole ms of the machine's monotonic clock."""
        return time.monotonic_ns() // 1_000_000

    def now(self) -> datetime:
        """The machine's UTC as an aware datetime."""
        return moment(self.now_ms())


class VirtualClock:
    """A clock that moves only when told: for tests and for a month in seconds. One thread moves it."""

    __slots__ = ("_mono_ms", "_utc_ms")

    def __init__(self, utc_ms: int = 0, monotonic_ms: int = 0) -> None:
        self._utc_ms = utc_ms
        self._mono_ms = monotonic_ms

    def now_ms(self) -> int:
        """UTC in whole ms since 1970, as set and advanced."""
        return self._utc_ms

    def monotonic_ms(self) -> int:
        """Whole ms advanced since the start; `step` does not move it."""
        return self._mono_ms

    def now(self) -> datetime:
        """The virtual UTC as an aware datetime."""
        return moment(self._utc_ms)

    def advance(self, ms: int) -> None:
        """Let `ms` >= 0 pass on both clocks; ValueError if negative."""
        if ms < 0:
            raise ValueError(f"time does not go back ({ms} ms); to set UTC back use step()")
        self._utc_ms += ms
        self._mono_ms += ms

    def step(self, ms: int) -> None:
        """Set UTC forward or back by `ms`, as an operator or NTP does; no time passes."""
        self._utc_ms += ms


def moment(utc_ms: int) -> datetime:
    """The aware UTC datetime of whole ms since 1970, exact (no float in between)."""
    return _EPOCH + timedelta(milliseconds=utc_ms)


def to_ms(when: datetime) -> int:
    """Whole UTC ms of an aware datetime, rounded down; ValueError if it is naive."""
    if when.tzinfo is None:
        raise ValueError("a naive datetime names no moment")
    return (when - _EPOCH) // timedelta(milliseconds=1)
