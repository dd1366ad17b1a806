"""Which moments a rule means: RFC 5545 by python-dateutil (the only import), one local day at a time. Pure.

Days are counted in local time and only then become moments, so 05:00 on Monday is Monday's although it is 22:00 UTC on
Sunday. dateutil walks from a rule's start; ours is moved next to the window first, by whole intervals, so the age of a rule
costs nothing. The offset from UTC is data, as in `scheduler.policy`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from dateutil.rrule import DAILY, MO, MONTHLY, WEEKLY, rrule

from scheduler.holidays import public_holidays
from scheduler.rule import Every, Holidays, Rule

_MINUTE = 60_000
_DAY = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
_END = date(9998, 12, 31)
"""dateutil looks some days beyond what it is asked for, and Python's calendar ends a year later."""
_FREQ: dict[Every, Literal[1, 2, 3]] = {
    Every.ONCE: DAILY,
    Every.DAY: DAILY,
    Every.WEEK: WEEKLY,
    Every.MONTH: MONTHLY,
    Every.YEAR: MONTHLY,
}
_MONTHS = {Every.MONTH: 1, Every.YEAR: 12}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Occurrence(NamedTuple):
    """One start: the local day to which it belongs, and the moment in ms UTC."""

    day: date
    start_ms: int


def occurrences(rule: Rule, utc_offset_minutes: int, from_ms: int, until_ms: int) -> Iterator[Occurrence]:
    """Every start with `from_ms` <= start < `until_ms` (ms UTC), in order, each once. The rule has passed `rule_check.check`."""
    ahead = utc_offset_minutes * _MINUTE
    begin, end = _day(from_ms + ahead), _day(until_ms - 1 + ahead)
    starts = [minute * _MINUTE - ahead for minute in sorted(set(rule.minutes))]
    for day in days(rule, begin, end):
        midnight = (day.toordinal() - _EPOCH) * _DAY
        for start in starts:
            if from_ms <= midnight + start < until_ms:
                yield Occurrence(day, midnight + start)


def days(rule: Rule, begin: date, end: date) -> Iterator[date]:
    """The local days from `begin` to `end`, both included, on which the rule occurs, in order."""
    last = min(end, rule.last or end, rule.first if rule.every is Every.ONCE else end, _END)
    begin = max(begin, rule.first)
    if begin > last:
        return
    for moment in _pattern(rule, begin, last):
        day = moment.date()
        if day >= begin and not _is_excepted(rule, day):
            yield day


def to_rrule(rule: Rule) -> str:
    """The rule's days as an RFC 5545 RRULE, to stand beside a DTSTART that is the DATE `first`.

    Its minutes are not in it (05:00 and 17:30 cannot be said in one), nor what skips, pauses and holidays take away (EXDATE).
    """
    if rule.every is Every.ONCE:
        return "FREQ=DAILY;COUNT=1"
    parts = {
        "FREQ": "DAILY" if rule.every is Every.DAY else f"{rule.every.upper()}LY",
        "INTERVAL": str(rule.interval),
        "UNTIL": rule.last.isoformat().replace("-", "") if rule.last else "",
        "BYMONTH": str(rule.first.month) if rule.every is Every.YEAR else "",
        "BYMONTHDAY": ",".join(map(str, _monthdays(rule))),
        "BYDAY": ",".join(_WEEKDAYS[weekday - 1] for weekday in rule.weekdays),
        "BYSETPOS": str(rule.nth or ""),
        "WKST": "MO",
    }
    return ";".join(f"{name}={value}" for name, value in parts.items() if value)


def _pattern(rule: Rule, begin: date, last: date) -> Iterator[datetime]:
    """The days of the bare pattern up to `last` as midnights, from `begin` or less than one interval before it."""
    interval = rule.interval * _MONTHS.get(rule.every, 1)
    pattern = rrule(
        _FREQ[rule.every],
        dtstart=_start_near(rule, interval, begin),
        until=last,
        interval=interval,
        wkst=MO,
        byweekday=[weekday - 1 for weekday in rule.weekdays] or None,
        bymonthday=_monthdays(rule) or None,
        bysetpos=rule.nth,
    )
    return iter(pattern)


def _monthdays(rule: Rule) -> tuple[int, ...]:
    """A year's day is a day of every twelfth month: said so, dateutil looks at 31 days for it and not at 366."""
    return (rule.first.day,) if rule.every is Every.YEAR else rule.monthdays


def _start_near(rule: Rule, interval: int, day: date) -> date:
    """A day at or before `day`, less than one interval back, from which the rule counts as it does from `first`."""
    first = rule.first
    if rule.every in _MONTHS:
        months = (day.year - first.year) * 12 + day.month - first.month
        year, month = divmod(first.year * 12 + first.month - 1 + months - months % interval, 12)
        return date(year, month + 1, 1)
    step = interval * (7 if rule.every is Every.WEEK else 1)
    return first + timedelta(days=(day - first).days // step * step)


def _is_excepted(rule: Rule, day: date) -> bool:
    if day in rule.skips or any(begin <= day <= end for begin, end in rule.pauses):
        return True
    if rule.holidays is Holidays.KEEP:
        return False
    return (day in public_holidays(day.year)) == (rule.holidays is Holidays.SKIP)


def _day(local_ms: int) -> date:
    """The day of a moment in local time; the calendar's first or last if it is beyond."""
    return date.fromordinal(min(max(local_ms // _DAY + _EPOCH, 1), _END.toordinal()))
