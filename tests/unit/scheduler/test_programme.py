"""A programme's turns, and what is different on single days."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scheduler.errors import ScheduleError
from scheduler.programme import DayChange, Programme, check, occurrences_of
from scheduler.rule import Every, Rule
from scheduler.wishes import Segment, Take

MONDAY = date(2026, 11, 23)
DAY_MS = 86_400_000
FROM_MS = (MONDAY - date(1970, 1, 1)).days * DAY_MS - 420 * 60_000
RULE = Rule(first=MONDAY, minutes=(300, 1020), every=Every.DAY)


def turns(*changes: DayChange, days: int = 3) -> list[tuple[str, int, str]]:
    """(id, day from Monday, local time) of its turns."""
    programme = made(*changes)
    found = []
    for turn in occurrences_of(programme, 420, FROM_MS, FROM_MS + days * DAY_MS):
        day, minute = divmod((turn.start_ms - FROM_MS) // 60_000, 1440)
        found.append((turn.id.partition("/")[2], day, f"{minute // 60:02}:{minute % 60:02}"))
    return found


def made(*changes: DayChange) -> Programme:
    return Programme(
        id="p1", owner="x1", units=("x1",), title="A", rule=RULE, segments=(Segment(take=Take.FRESH),), changes=changes
    )


def change(day: int, **what: Any) -> DayChange:
    return DayChange(day=MONDAY.replace(day=day), **what)


def test_a_day_that_begins_otherwise_begins_once() -> None:
    assert turns(change(23, minute=360), days=1) == [("2026-11-23/300", 0, "06:00")]


def test_one_turn_of_a_day_begins_otherwise_and_the_other_stays() -> None:
    assert turns(change(23, turn=1020, minute=1050), days=1) == [
        ("2026-11-23/300", 0, "05:00"),
        ("2026-11-23/1020", 0, "17:30"),
    ]


def test_one_turn_of_a_day_is_silent() -> None:
    assert turns(change(23, turn=1020, is_silent=True), days=1) == [("2026-11-23/300", 0, "05:00")]
    assert turns(change(23, is_silent=True), days=1) == []


def test_a_turn_sounds_on_another_day_and_keeps_its_name() -> None:
    moved = turns(change(23, turn=1020, minute=600, onto=date(2026, 11, 25)))
    assert ("2026-11-23/1020", 2, "10:00") in moved
    assert len(moved) == 6
    assert turns(change(23, turn=1020, minute=600, onto=date(2026, 11, 26)))[-1] == ("2026-11-25/1020", 2, "17:00")
    assert len(turns(change(23, turn=1020, minute=600, onto=date(2026, 11, 26)))) == 5
    back = turns(change(29, turn=300, minute=600, onto=MONDAY), days=1)
    assert ("2026-11-29/300", 0, "10:00") in back


def test_a_change_of_a_turn_goes_before_that_of_its_day() -> None:
    both = turns(change(23, minute=360), change(23, turn=300, is_silent=True), days=1)
    assert both == [("2026-11-23/1020", 0, "06:00")]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({"turn": 1440}, "rule.minute"),
        ({"onto": date(2026, 12, 25), "minute": 300}, "programme.onto"),
        ({"onto": date(2026, 11, 24)}, "programme.onto"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(what: dict[str, Any], code: str) -> None:
    with pytest.raises(ScheduleError) as error:
        check(made(change(23, **what)))
    assert error.value.code == code
