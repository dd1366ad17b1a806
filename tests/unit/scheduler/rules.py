"""Random rules, the awkward ones more often than life has them; and local time as people write it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from scheduler.rule import Every, Rule

VN = ZoneInfo("Asia/Ho_Chi_Minh")
"""The zone database's own view: the code under test has only the number beside it."""
OFFSET = 420
LATEST_AGE_DAYS = {Every.ONCE: 30, Every.DAY: 1_000, Every.WEEK: 1_500, Every.MONTH: 6_000, Every.YEAR: 15_000}
"""How long before a window a random rule may have begun: a few hundred occurrences, so that another library can count them."""


def at(text: str) -> int:
    """UTC ms of local time "2026-01-05 05:00" (a Monday)."""
    return ms_of(datetime.fromisoformat(text))


def ms_of(local: datetime) -> int:
    """UTC ms of a naive local time."""
    return int(local.replace(tzinfo=VN).timestamp() * 1000)


def midnight(day: date) -> int:
    """UTC ms at which a local day begins."""
    return ms_of(datetime(day.year, day.month, day.day))  # noqa: DTZ001  made aware by ms_of


def random_rule(rng: Random) -> Rule:
    """A rule without exceptions that is right in its numbers; it may still never occur."""
    every = rng.choice([Every.ONCE, Every.DAY, Every.WEEK, Every.WEEK, Every.MONTH, Every.MONTH, Every.MONTH, Every.YEAR])
    first = _first(rng)
    chosen: dict[str, tuple[int, ...]] = {}
    nth = None
    if every is Every.WEEK or (every is Every.MONTH and rng.random() < 0.5):
        chosen["weekdays"] = _some(rng, range(1, 8), 4)
        nth = rng.choice([-1, 1, 2, 3, 4, 5]) if every is Every.MONTH else None
    elif every is Every.MONTH:
        chosen["monthdays"] = _some(rng, (*range(1, 32), 29, 30, 31, -1, -1), 3)
    return Rule(
        first=first,
        minutes=_some(rng, (300, 1_020, rng.randrange(1_440)), 3),
        every=every,
        interval=1 if every is Every.ONCE else rng.choice([1, 1, 1, 2, 3, 4, rng.randint(5, 60)]),
        nth=nth,
        last=first + timedelta(days=rng.randint(0, 2_000)) if rng.random() < 0.2 else None,
        **chosen,
    )


def random_window(rng: Random, rule: Rule) -> tuple[date, date]:
    """A first and last local day at which to look, now and then before the rule begins."""
    age = LATEST_AGE_DAYS[rule.every]
    begin = rule.first + timedelta(days=rng.randint(-30, age))
    return begin, begin + timedelta(days=rng.randint(0, max(30, age // 8)))


def _first(rng: Random) -> date:
    """From 1976 (one zone, one offset since) to 2055; often where months and leap years are awkward."""
    year = rng.randint(1976, 2055)
    if rng.random() < 0.2:
        return date(year - year % 4, 2, 29)
    return date(year, rng.randint(1, 12), 1) + timedelta(days=rng.randint(-1, 30))


def _some(rng: Random, numbers: range | tuple[int, ...], at_most: int) -> tuple[int, ...]:
    return tuple(sorted(set(rng.sample(numbers, rng.randint(1, at_most)))))
