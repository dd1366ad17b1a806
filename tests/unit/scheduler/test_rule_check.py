"""A rule that makes no sense is refused with a code, and every code has its sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import CODES, ScheduleError
from scheduler.recurrence import days
from scheduler.rule import Every, Holidays, Rule
from scheduler.rule_check import EXCEPTIONS_AT_MOST, INTERVAL_AT_MOST, STARTS_A_DAY_AT_MOST, check
from scheduler.sentences import SENTENCES
from tests.unit.scheduler.rules import random_rule

FIRST = date(2026, 1, 5)
DAILY = Rule(first=FIRST, minutes=(300, 1_020), every=Every.DAY)
ONCE = replace(DAILY, every=Every.ONCE)
WEEKLY = replace(DAILY, every=Every.WEEK, weekdays=(1, 2, 3, 4, 5, 6))
MONTHLY = replace(DAILY, every=Every.MONTH, monthdays=(1, -1))
LAST_WORKING_DAY = replace(DAILY, every=Every.MONTH, weekdays=(1, 2, 3, 4, 5), nth=-1)
YEARLY = replace(DAILY, every=Every.YEAR)
FOR_EVER = (FIRST, date.max)


@pytest.mark.parametrize(
    "rule",
    [
        *(ONCE, DAILY, WEEKLY, MONTHLY, LAST_WORKING_DAY, YEARLY),
        replace(DAILY, minutes=(0, 1_439)),
        replace(DAILY, minutes=tuple(range(0, 1_440, 60)), interval=INTERVAL_AT_MOST),
        replace(ONCE, last=FIRST),
        replace(YEARLY, first=date(2024, 2, 29)),
        replace(LAST_WORKING_DAY, first=date(2073, 2, 1), weekdays=(1,), nth=5, interval=12),  # 29 February 2112
        replace(DAILY, first=date(1726, 1, 1)),
        replace(DAILY, pauses=((FIRST, date(2027, 1, 1)),), skips=frozenset({date(2027, 1, 2)})),
        replace(DAILY, holidays=Holidays.ONLY),
    ],
)
def test_what_makes_sense_passes(rule: Rule) -> None:
    check(rule)


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("rule.empty", replace(DAILY, minutes=())),
        ("rule.empty", replace(WEEKLY, weekdays=())),
        ("rule.empty", replace(MONTHLY, monthdays=())),
        ("rule.empty", replace(LAST_WORKING_DAY, nth=None)),
        ("rule.empty", replace(LAST_WORKING_DAY, weekdays=())),
        ("rule.minute", replace(DAILY, minutes=(300, 1_440))),
        ("rule.minute", replace(DAILY, minutes=(-1,))),
        ("rule.interval", replace(DAILY, interval=0)),
        ("rule.interval", replace(DAILY, interval=-1)),
        ("rule.interval", replace(DAILY, interval=INTERVAL_AT_MOST + 1)),
        ("rule.weekday", replace(WEEKLY, weekdays=(0,))),
        ("rule.weekday", replace(WEEKLY, weekdays=(8,))),
        ("rule.monthday", replace(MONTHLY, monthdays=(0,))),
        ("rule.monthday", replace(MONTHLY, monthdays=(32,))),
        ("rule.monthday", replace(MONTHLY, monthdays=(-2,))),
        ("rule.nth", replace(LAST_WORKING_DAY, nth=0)),
        ("rule.nth", replace(LAST_WORKING_DAY, nth=6)),
        ("rule.nth", replace(LAST_WORKING_DAY, nth=-2)),
        ("rule.stray", replace(ONCE, interval=2)),
        ("rule.stray", replace(DAILY, weekdays=(1,))),
        ("rule.stray", replace(WEEKLY, monthdays=(1,))),
        ("rule.stray", replace(WEEKLY, nth=1)),
        ("rule.stray", replace(YEARLY, monthdays=(1,))),
        ("rule.stray", replace(MONTHLY, weekdays=(1,))),
        ("rule.stray", replace(MONTHLY, nth=1)),
        ("rule.too-often", replace(DAILY, minutes=tuple(range(STARTS_A_DAY_AT_MOST + 1)))),
        ("rule.pause", replace(DAILY, pauses=((FIRST, FIRST - timedelta(days=1)),))),
        ("rule.exceptions", replace(DAILY, skips=frozenset(FIRST + timedelta(days=n) for n in range(EXCEPTIONS_AT_MOST + 1)))),
        ("rule.never", replace(MONTHLY, first=date(2026, 2, 1), interval=12, monthdays=(30,))),
        ("rule.never", replace(MONTHLY, first=date(2025, 2, 1), interval=48, monthdays=(29,))),
        ("rule.never", replace(DAILY, last=FIRST - timedelta(days=1))),
        ("rule.never", replace(WEEKLY, weekdays=(7,), last=FIRST + timedelta(days=5))),
        ("rule.never", replace(ONCE, skips=frozenset({FIRST}))),
        ("rule.never", replace(ONCE, holidays=Holidays.ONLY)),
        ("rule.never", replace(ONCE, first=date(2026, 2, 17), holidays=Holidays.SKIP)),
        ("rule.never", replace(YEARLY, last=FIRST + timedelta(days=900), pauses=(FOR_EVER,))),
        ("rule.never", replace(DAILY, pauses=(FOR_EVER,))),
        ("rule.never", replace(DAILY, first=date.max)),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_code(code: str, rule: Rule) -> None:
    with pytest.raises(ScheduleError) as refused:
        check(rule)
    assert refused.value.code == code
    for sentence in SENTENCES[code]:
        assert sentence.format(**refused.value.fields).endswith(".")


@given(st.randoms(use_true_random=False))
def test_what_passes_occurs_and_what_never_occurs_does_not_pass(rng: Random) -> None:
    rule = random_rule(rng)
    if next(days(rule, rule.first, rule.first + timedelta(days=40 * 365)), None):
        check(rule)
    else:
        with pytest.raises(ScheduleError, match=r"rule\.never"):
            check(rule)


def test_every_code_has_its_sentences_and_no_other() -> None:
    assert set(SENTENCES) == CODES


def test_an_unknown_code_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="unknown"):
        ScheduleError("rule.typo")


def test_an_error_reads_well_in_a_log() -> None:
    assert str(ScheduleError("rule.minute", minute=1_440)) == "rule.minute minute=1440"
