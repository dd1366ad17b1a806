"""Our moments are those of libical, which shares no code with dateutil, put into UTC by the zone database."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

import pytest

from scheduler.recurrence import occurrences, to_rrule
from scheduler.rule import Every, Rule
from tests.support.libical import LibIcal
from tests.unit.scheduler.rules import OFFSET, midnight, ms_of, random_rule, random_window

RULES = [1_000, pytest.param(10_000, marks=pytest.mark.soak)]
"""The first thousand in every run; in the long run ten times as many."""

SEED = 20_260_105


@pytest.fixture(scope="module")
def libical() -> LibIcal:
    return LibIcal()


def expected(libical: LibIcal, rule: Rule, begin: date, end: date) -> list[tuple[date, int]]:
    """What libical and the zone database say of the days from `begin` to `end`."""
    bounded = replace(rule, last=min(end, rule.last or end))
    return [
        (day, ms_of(datetime.combine(day, time(*divmod(minute, 60)))))
        for day in libical.days(to_rrule(bounded), _start_for_libical(rule), max(begin, rule.first), end)
        for minute in rule.minutes
    ]


def _start_for_libical(rule: Rule) -> date:
    """The first day; for Sundays alone the Sunday of its week, which is the same rule.

    libical 3.0 counts BYDAY=SU from a week too late when the rule begins on another day. It does not with BYDAY=SU,WE, nor
    with any other day alone.
    """
    if rule.every is Every.WEEK and rule.weekdays == (7,):
        return rule.first + timedelta(days=7 - rule.first.isoweekday())
    return rule.first


def found(rule: Rule, begin: date, end: date) -> list[tuple[date, int]]:
    return list(occurrences(rule, OFFSET, midnight(begin), midnight(end + timedelta(days=1))))


@pytest.mark.parametrize("rules", RULES)
def test_random_rules_mean_the_same_moments_to_libical(libical: LibIcal, rules: int) -> None:
    rng = Random(SEED)
    seen: Counter[Every] = Counter()
    for number in range(rules):
        rule = random_rule(rng)
        begin, end = random_window(rng, rule)
        ours = found(rule, begin, end)
        assert ours == expected(libical, rule, begin, end), f"rule {number}: {rule} from {begin} to {end}"
        seen[rule.every] += bool(ours)
    assert min(seen[every] for every in Every) > rules / 50, "rules that never occur in their window prove nothing"


@pytest.mark.parametrize(
    "rule",
    [
        Rule(first=date(2024, 2, 29), minutes=(300,), every=Every.YEAR),
        Rule(first=date(2024, 2, 29), minutes=(300,), every=Every.YEAR, interval=3),
        Rule(first=date(2021, 2, 1), minutes=(300,), every=Every.MONTH, interval=12, monthdays=(29,)),
        Rule(first=date(2021, 1, 31), minutes=(300,), every=Every.MONTH, monthdays=(31,)),
        Rule(first=date(2021, 1, 31), minutes=(300,), every=Every.MONTH, interval=5, monthdays=(30, 31, -1)),
        Rule(first=date(2021, 1, 15), minutes=(300,), every=Every.MONTH, weekdays=(5,), nth=-1),
        Rule(first=date(2021, 1, 15), minutes=(300,), every=Every.MONTH, interval=7, weekdays=(1, 2, 3, 4, 5), nth=-1),
        Rule(first=date(2021, 1, 15), minutes=(300,), every=Every.MONTH, weekdays=(7,), nth=5),
        Rule(first=date(2021, 1, 1), minutes=(300,), every=Every.WEEK, interval=3, weekdays=(1, 5)),
        Rule(first=date(2021, 1, 3), minutes=(300,), every=Every.WEEK, interval=53, weekdays=(7,)),
        Rule(first=date(2021, 1, 3), minutes=(300,), every=Every.DAY, interval=366),
    ],
    ids=to_rrule,
)
def test_the_awkward_ones_agree_over_thirty_years(libical: LibIcal, rule: Rule) -> None:
    for year in range(2021, 2051):  # year by year: our start is moved each time, libical's never
        begin, end = date(year, 1, 1), date(year, 12, 31)
        assert found(rule, begin, end) == expected(libical, rule, begin, end)
