"""What recurs: a rule in the field's words. Local days and local minutes; which moments they are, `recurrence` tells. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Every(StrEnum):
    """What a rule counts in."""

    ONCE = "once"
    """On its first day only."""
    DAY = "day"
    WEEK = "week"
    """On the chosen `weekdays`. Weeks begin on Monday; the one of the first day is the first."""
    MONTH = "month"
    """On the chosen `monthdays`, or on the `nth` of the chosen `weekdays`."""
    YEAR = "year"
    """On the month and day of its first day; 29 February occurs in leap years only."""


class Holidays(StrEnum):
    """What a public holiday (`scheduler.holidays`) does to a rule."""

    KEEP = "keep"
    """It is a day as any other."""
    SKIP = "skip"
    ONLY = "only"
    """The rule occurs on public holidays alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a programme begins. `scheduler.rule_check` says whether a rule makes sense; only such a one may be asked for more."""

    first: date
    """The local day from which it counts: no occurrence is before it, and every n-th is counted from it."""
    minutes: tuple[int, ...]
    """Minutes of the local day at which it begins, 0 to 1439, in any order."""
    every: Every
    interval: int = 1
    """Every n-th day, week, month, year."""
    weekdays: tuple[int, ...] = ()
    """ISO: 1 is Monday, 7 is Sunday."""
    nth: int | None = None
    """MONTH: which of all days of the month that are one of `weekdays`: 1 to 5, or -1 for the last. (1..5) and -1: the last
    working day."""
    monthdays: tuple[int, ...] = ()
    """1 to 31, or -1 for the month's last day. A day that a month does not have is left out, not moved."""
    last: date | None = None
    """The last local day on which it may occur. None: no end."""
    skips: frozenset[date] = frozenset()
    """Single days on which it does not occur."""
    pauses: tuple[tuple[date, date], ...] = ()
    """Stretches of days, both ends included, in which it does not occur."""
    holidays: Holidays = Holidays.KEEP
