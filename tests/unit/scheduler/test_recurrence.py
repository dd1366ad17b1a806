from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.holidays import public_holidays
from scheduler.recurrence import Occurrence, days, occurrences, to_rrule
from scheduler.rule import Every, Holidays, Rule
from tests.unit.scheduler.rules import OFFSET, at, midnight, random_rule, random_window

DAY = timedelta(days=1)
DAY_MS = 86_400_000
MONDAY = date(2026, 1, 5)
DAILY = Rule(first=MONDAY, minutes=(300,), every=Every.DAY)
WEEKLY = replace(DAILY, every=Every.WEEK, weekdays=(1, 3))
MONTHLY = replace(DAILY, every=Every.MONTH)
YEARLY = replace(DAILY, every=Every.YEAR)

randoms = st.randoms(use_true_random=False)


def seen(rule: Rule, begin: str, end: str) -> str:
    """The days of a rule, in short."""
    return " ".join(day.strftime("%d/%m") for day in days(rule, date.fromisoformat(begin), date.fromisoformat(end)))


def test_the_05_00_slot_of_monday_is_mondays_although_it_is_sunday_in_utc() -> None:
    rule = replace(WEEKLY, weekdays=(1, 2, 3, 4, 5, 6))
    week = list(occurrences(rule, OFFSET, at("2026-01-05 00:00"), at("2026-01-12 00:00")))
    assert [day.isoweekday() for day, _ in week] == [1, 2, 3, 4, 5, 6]
    assert week[0] == Occurrence(day=MONDAY, start_ms=at("2026-01-05 05:00"))
    assert week[0].start_ms % DAY_MS == 22 * 3_600_000


def test_a_window_has_its_beginning_and_not_its_end() -> None:
    five, next_five = at("2026-01-05 05:00"), at("2026-01-06 05:00")
    assert [day for day, _ in occurrences(DAILY, OFFSET, five, next_five)] == [MONDAY]
    assert [day for day, _ in occurrences(DAILY, OFFSET, five + 1, next_five + 1)] == [MONDAY + DAY]
    assert list(occurrences(DAILY, OFFSET, five, five)) == []
    assert list(occurrences(DAILY, OFFSET, next_five, five)) == []


def test_it_begins_at_each_of_its_minutes_in_the_order_of_time() -> None:
    rule = replace(DAILY, minutes=(1_050, 0, 300, 1_439), last=MONDAY)
    starts = [start_ms for _, start_ms in occurrences(rule, OFFSET, 0, at("2027-01-01 00:00"))]
    assert starts == [at(f"2026-01-05 {clock}") for clock in ("00:00", "05:00", "17:30", "23:59")]


@pytest.mark.parametrize(
    ("rule", "begin", "end", "expected"),
    [
        (replace(DAILY, every=Every.ONCE), "2025-01-01", "2030-01-01", "05/01"),
        (replace(DAILY, interval=3), "2026-01-10", "2026-01-18", "11/01 14/01 17/01"),
        (WEEKLY, "2026-01-01", "2026-01-14", "05/01 07/01 12/01 14/01"),
        (replace(WEEKLY, first=date(2026, 1, 7), interval=2), "2026-01-01", "2026-02-02", "07/01 19/01 21/01 02/02"),
        (replace(MONTHLY, monthdays=(31,)), "2026-01-01", "2026-08-01", "31/01 31/03 31/05 31/07"),
        (replace(MONTHLY, monthdays=(15, -1)), "2028-02-01", "2028-03-15", "15/02 29/02 15/03"),
        (replace(MONTHLY, weekdays=(1,), nth=1), "2026-01-01", "2026-04-01", "05/01 02/02 02/03"),
        (replace(MONTHLY, weekdays=(5,), nth=-1), "2026-01-01", "2026-04-01", "30/01 27/02 27/03"),
        (replace(MONTHLY, weekdays=(6,), nth=5), "2026-01-01", "2026-08-31", "31/01 30/05 29/08"),
        (replace(MONTHLY, weekdays=(1, 2, 3, 4, 5), nth=-1), "2026-01-01", "2026-06-01", "30/01 27/02 31/03 30/04 29/05"),
        (replace(MONTHLY, monthdays=(5,), interval=3), "2029-01-01", "2029-12-31", "05/01 05/04 05/07 05/10"),
        (replace(YEARLY, first=date(2024, 2, 29)), "2024-01-01", "2033-01-01", "29/02 29/02 29/02"),
        (replace(YEARLY, first=date(2096, 2, 29)), "2096-01-01", "2105-01-01", "29/02 29/02"),
        (replace(YEARLY, interval=2), "2026-01-01", "2031-01-01", "05/01 05/01 05/01"),
        (replace(DAILY, last=date(2026, 1, 7)), "2026-01-01", "2026-02-01", "05/01 06/01 07/01"),
        (replace(DAILY, skips=frozenset({date(2026, 1, 6)})), "2026-01-01", "2026-01-08", "05/01 07/01 08/01"),
        (replace(DAILY, pauses=((date(2026, 1, 6), date(2026, 1, 7)),)), "2026-01-01", "2026-01-08", "05/01 08/01"),
    ],
)
def test_it_occurs_on_the_days_it_says(rule: Rule, begin: str, end: str, expected: str) -> None:
    assert seen(rule, begin, end) == expected


def test_every_third_week_keeps_its_weeks_for_years() -> None:
    rule = replace(WEEKLY, interval=3, weekdays=(1,))
    assert all((day - MONDAY).days % 21 == 0 for day in days(rule, date(2031, 1, 1), date(2031, 12, 31)))
    assert len(list(days(rule, date(2031, 1, 1), date(2031, 12, 31)))) in (17, 18)


def test_a_public_holiday_is_kept_left_out_or_the_only_day() -> None:
    around_tet = ("2026-02-14", "2026-02-22")
    assert seen(DAILY, *around_tet) == "14/02 15/02 16/02 17/02 18/02 19/02 20/02 21/02 22/02"
    assert seen(replace(DAILY, holidays=Holidays.SKIP), *around_tet) == "14/02 15/02 21/02 22/02"
    assert seen(replace(DAILY, holidays=Holidays.ONLY), *around_tet) == "16/02 17/02 18/02 19/02 20/02"


@given(randoms, st.floats(0, 1))
def test_two_windows_side_by_side_see_what_one_sees(rng: Random, share: float) -> None:
    rule, begin, end = a_case(rng)
    between = begin + int((end - begin) * share)
    whole = list(occurrences(rule, OFFSET, begin, end))
    assert [*occurrences(rule, OFFSET, begin, between), *occurrences(rule, OFFSET, between, end)] == whole


@given(randoms)
def test_occurrences_are_within_the_window_in_order_and_each_once(rng: Random) -> None:
    rule, begin, end = a_case(rng)
    starts = [start_ms for _, start_ms in occurrences(rule, OFFSET, begin, end)]
    assert starts == sorted(set(starts))
    assert all(begin <= start_ms < end for start_ms in starts)
    assert all(midnight(day) <= start_ms < midnight(day) + DAY_MS for day, start_ms in occurrences(rule, OFFSET, begin, end))


@given(randoms)
def test_skips_and_pauses_take_away_their_days_and_nothing_else(rng: Random) -> None:
    rule, begin, end = a_case(rng)
    whole = list(occurrences(rule, OFFSET, begin, end))
    some = sorted(rng.choices([rule.first, *(day for day, _ in whole)], k=4))
    skips, pause = frozenset({some[0], some[3]}), (some[1], some[2])
    lessened = replace(rule, skips=skips, pauses=(pause,))
    left = [each for each in whole if each.day not in skips and not pause[0] <= each.day <= pause[1]]
    assert list(occurrences(lessened, OFFSET, begin, end)) == left


@given(randoms)
def test_without_holidays_and_on_holidays_only_make_up_the_whole(rng: Random) -> None:
    rule, begin, end = a_case(rng)
    without = list(occurrences(replace(rule, holidays=Holidays.SKIP), OFFSET, begin, end))
    only = list(occurrences(replace(rule, holidays=Holidays.ONLY), OFFSET, begin, end))
    assert sorted(without + only) == list(occurrences(rule, OFFSET, begin, end))
    assert all(day in public_holidays(day.year) for day, _ in only)


@given(randoms)
def test_a_clock_set_back_or_a_year_of_absence_is_just_another_window(rng: Random) -> None:
    rule, begin, end = a_case(rng)
    before = list(occurrences(rule, OFFSET, begin, end))
    list(occurrences(rule, OFFSET, begin + 365 * DAY_MS, end + 365 * DAY_MS))
    an_hour_back = begin - 3_600_000
    again = [each for each in occurrences(rule, OFFSET, an_hour_back, end) if each.start_ms >= begin]
    assert again == before


@pytest.mark.parametrize("offset", [-720, 0, 345, 420, 840])
def test_another_offset_moves_the_moments_and_not_the_days(offset: int) -> None:
    there = occurrences(WEEKLY, offset, at("2026-01-01 00:00"), at("2026-03-01 00:00"))
    here = dict(occurrences(WEEKLY, OFFSET, 0, at("2027-01-01 00:00")))
    assert all(start_ms - here[day] == (OFFSET - offset) * 60_000 for day, start_ms in there)


@pytest.mark.parametrize(
    "rule",
    [
        replace(DAILY, interval=2),
        replace(WEEKLY, interval=3),
        replace(MONTHLY, monthdays=(31, -1), interval=5),
        replace(MONTHLY, weekdays=(1, 2, 3, 4, 5), nth=-1),
        YEARLY,
    ],
    ids=to_rrule,
)
@pytest.mark.parametrize("years", [3, 300])
def test_the_age_of_a_rule_costs_nothing(rule: Rule, years: int) -> None:
    """Counted in executed lines, dateutil's among them, so that no busy machine can deceive."""
    fresh, old = lines_run(rule), lines_run(replace(rule, first=date(MONDAY.year - years, 1, 5)))
    assert old < fresh * 1.5


def test_a_window_may_reach_beyond_the_calendar() -> None:
    assert len(list(occurrences(YEARLY, OFFSET, -(10**18), 10**18))) == 9_998 - 2_026 + 1
    assert next(occurrences(replace(DAILY, first=date.min), OFFSET, -(10**18), 0)).day == date.min
    assert list(occurrences(DAILY, OFFSET, 10**18, 10**19)) == []
    assert max(days(replace(WEEKLY, first=date(9998, 1, 1), weekdays=(1, 7)), date.min, date.max)).year == 9_998


def a_case(rng: Random) -> tuple[Rule, int, int]:
    """A rule and a window in ms UTC, which rarely begins and ends on the hour."""
    rule = random_rule(rng)
    begin, end = random_window(rng, rule)
    return rule, midnight(begin) + rng.randrange(DAY_MS), midnight(end) + rng.randrange(DAY_MS)


def lines_run(rule: Rule) -> int:
    """How many lines of Python it takes to see a rule's year 2026 from March on."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        list(occurrences(rule, OFFSET, at("2026-03-01 00:00"), at("2026-12-31 00:00")))
    finally:
        sys.settrace(before)
    return count
