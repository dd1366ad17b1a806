"""recurrence: starts a second of `scheduler.recurrence` over bare dateutil, the same rules over the same window.

Bare is what a person would write: one rrule with BYHOUR and BYMINUTE in naive local time, `between`, and the offset taken
off. The rules begin with the window, so that neither walks through years first; `recurrence.aged` is the same rules begun
three years before the 48 hours of a plan, where only ours does not walk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dateutil.rrule import DAILY, MO, MONTHLY, WEEKLY, YEARLY, rrule

from scheduler.clock import to_ms
from scheduler.recurrence import occurrences
from scheduler.rule import Every, Rule
from tests.bench.province import figure

BEGIN = date(2026, 1, 1)
OFFSET = timedelta(minutes=420)
YEAR, PLAN = timedelta(days=365), timedelta(days=2)
AGE_YEARS = 3
ROUNDS = 3
BAR = 0.5
MORNING, TWICE = (300,), (300, 1_020)
"""05:00, and 05:00 with 17:00: on the hour, which one rrule can say."""

RULES = tuple(
    Rule(first=BEGIN, minutes=minutes, every=every, interval=interval, weekdays=weekdays, nth=nth, monthdays=monthdays)
    for minutes in (MORNING, TWICE)
    for every, interval, weekdays, nth, monthdays in (
        (Every.DAY, 1, (), None, ()),
        (Every.DAY, 3, (), None, ()),
        (Every.WEEK, 1, (1, 2, 3, 4, 5, 6), None, ()),
        (Every.WEEK, 1, (2, 4), None, ()),
        (Every.WEEK, 2, (1,), None, ()),
        (Every.MONTH, 1, (), None, (1, 15)),
        (Every.MONTH, 1, (), None, (31, -1)),
        (Every.MONTH, 1, (1,), 1, ()),
        (Every.MONTH, 1, (1, 2, 3, 4, 5), -1, ()),
        (Every.YEAR, 1, (), None, ()),
    )
)
_FREQ = {Every.DAY: DAILY, Every.WEEK: WEEKLY, Every.MONTH: MONTHLY, Every.YEAR: YEARLY}

Starts = list[int]


def run() -> list[dict[str, Any]]:
    """Both figures; RuntimeError if the two sides do not say the same."""
    aged = [replace(rule, first=rule.first.replace(year=BEGIN.year - AGE_YEARS)) for rule in RULES]
    return [_compared("recurrence", RULES, YEAR, 1), _compared("recurrence.aged", aged, PLAN, 10)]


def _compared(name: str, rules: Sequence[Rule], window: timedelta, times: int) -> dict[str, Any]:
    begin = datetime(BEGIN.year, BEGIN.month, BEGIN.day, tzinfo=UTC) - OFFSET
    if (starts := _ours(rules, begin, window)) != _bare(rules, begin, window):
        raise RuntimeError(f"{name}: the two sides do not mean the same moments")
    ours, bare = [], []
    for _ in range(ROUNDS):  # turn about, so that a busy moment of the machine meets both
        ours.append(_timed(lambda: [_ours(rules, begin, window) for _ in range(times)]))
        bare.append(_timed(lambda: [_bare(rules, begin, window) for _ in range(times)]))
    count = len(starts) * times
    ratio = min(bare) / min(ours)
    return figure(name, count / min(ours), "starts/s", count / min(bare), ratio, f">= {BAR}", ratio >= BAR)


def _ours(rules: Sequence[Rule], begin: datetime, window: timedelta) -> Starts:
    offset, from_ms, until_ms = OFFSET // timedelta(minutes=1), to_ms(begin), to_ms(begin + window)
    return [start_ms for rule in rules for _, start_ms in occurrences(rule, offset, from_ms, until_ms)]


def _bare(rules: Sequence[Rule], begin: datetime, window: timedelta) -> Starts:
    local = (begin + OFFSET).replace(tzinfo=None)
    last = local + window - timedelta(seconds=1)
    return [to_ms(start.replace(tzinfo=UTC) - OFFSET) for rule in rules for start in _rrule(rule).between(local, last, inc=True)]


def _rrule(rule: Rule) -> rrule:
    return rrule(
        _FREQ[rule.every],
        dtstart=rule.first,
        interval=rule.interval,
        wkst=MO,
        byweekday=[weekday - 1 for weekday in rule.weekdays] or None,
        bymonthday=rule.monthdays or None,
        # It counts moments and not days: the first or last day are as many as there are starts.
        bysetpos=[rule.nth * number for number in range(1, len(rule.minutes) + 1)] if rule.nth else None,
        byhour=sorted({minute // 60 for minute in rule.minutes}),
        byminute=0,
        bysecond=0,
    )


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
