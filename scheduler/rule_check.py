"""Does a rule make sense? Asked when it is saved; what fails here never reaches `recurrence`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from scheduler.errors import ScheduleError
from scheduler.recurrence import days
from scheduler.rule import Every, Rule

STARTS_A_DAY_AT_MOST = 24
"""On the hour, every hour. Sessions are two a day in a town and a handful in a village; each start is a row in the ledger for
every loudspeaker it is meant for."""

INTERVAL_AT_MOST = 366
"""A year of days. What is rarer in days, weeks or months is a slip of the finger."""

EXCEPTIONS_AT_MOST = 366
"""Skips and pauses together: one for every day of a year. Pauses are looked through for each occurrence."""

REACH_YEARS = 40
"""Never means: not in this many years from the first day. No wait of the calendar is longer: from a 29 February on a Sunday
to the next one are 28 years, 40 when a year like 2100 is between."""

_USED = {
    Every.ONCE: frozenset[str](),
    Every.DAY: frozenset({"interval"}),
    Every.WEEK: frozenset({"interval", "weekdays"}),
    Every.MONTH: frozenset({"interval", "weekdays", "nth", "monthdays"}),
    Every.YEAR: frozenset({"interval"}),
}


def check(rule: Rule) -> None:
    """ScheduleError, with the first code that applies, unless the rule makes sense and occurs at least once."""
    _check_numbers(rule)
    _check_choice(rule)
    _check_exceptions(rule)
    if next(days(rule, rule.first, _reach(rule.first)), None) is None:
        raise ScheduleError("rule.never", first=rule.first)


def _check_numbers(rule: Rule) -> None:
    """Is each number one of its kind?"""
    _all_within(rule.minutes, range(24 * 60), "rule.minute", "minute")
    _all_within(rule.weekdays, range(1, 8), "rule.weekday", "weekday")
    _all_within(rule.monthdays, (*range(1, 32), -1), "rule.monthday", "monthday")
    if rule.nth is not None:
        _all_within((rule.nth,), (*range(1, 6), -1), "rule.nth", "nth")
    if not 1 <= rule.interval <= INTERVAL_AT_MOST:
        raise ScheduleError("rule.interval", interval=rule.interval, limit=INTERVAL_AT_MOST)
    if len(set(rule.minutes)) > STARTS_A_DAY_AT_MOST:
        raise ScheduleError("rule.too-often", starts=len(set(rule.minutes)), limit=STARTS_A_DAY_AT_MOST)


def _check_choice(rule: Rule) -> None:
    """Does it choose minutes and days, in the one way its kind has for it?"""
    if not rule.minutes:
        raise ScheduleError("rule.empty", lacks="minutes")
    given = {name for name in ("weekdays", "nth", "monthdays") if getattr(rule, name)}
    said = given | ({"interval"} if rule.interval != 1 else set())
    if stray := said - _USED[rule.every]:
        raise ScheduleError("rule.stray", stray=min(stray), every=rule.every)
    if rule.every is Every.WEEK and not given:
        raise ScheduleError("rule.empty", lacks="weekdays")
    if rule.every is Every.MONTH:
        _check_month(given)


def _check_month(given: set[str]) -> None:
    """Either `monthdays`, or `weekdays` with `nth`."""
    if not given:
        raise ScheduleError("rule.empty", lacks="monthdays")
    if "monthdays" in given and (stray := given - {"monthdays"}):
        raise ScheduleError("rule.stray", stray=min(stray), every=Every.MONTH)
    if lacking := {"weekdays", "nth"} - given if "monthdays" not in given else None:
        raise ScheduleError("rule.empty", lacks=min(lacking))


def _check_exceptions(rule: Rule) -> None:
    if (count := len(rule.skips) + len(rule.pauses)) > EXCEPTIONS_AT_MOST:
        raise ScheduleError("rule.exceptions", exceptions=count, limit=EXCEPTIONS_AT_MOST)
    for begin, end in rule.pauses:
        if end < begin:
            raise ScheduleError("rule.pause", begin=begin, end=end)


def _all_within(given: Iterable[int], allowed: Iterable[int], code: str, field: str) -> None:
    known = set(allowed)
    for number in given:
        if number not in known:
            raise ScheduleError(code, **{field: number})


def _reach(first: date) -> date:
    """REACH_YEARS on. 29 February becomes the 28th: the year may have none."""
    year = min(first.year + REACH_YEARS, date.max.year)
    return first.replace(year=year, day=min(first.day, 28))
