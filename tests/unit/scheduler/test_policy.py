from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.policy import is_allowed, loudest
from tests.unit.scheduler.rules import OFFSET, VN, at

MINUTE = 60_000
WEEK = tuple(range(1, 8))


class H(NamedTuple):
    """Hours, in minutes of the local day."""

    from_minute: int
    to_minute: int
    days: tuple[int, ...] = WEEK


class C(NamedTuple):
    """A ceiling, in minutes of the local day."""

    from_minute: int
    to_minute: int
    gain: int


DAY = H(5 * 60, 21 * 60)


@pytest.mark.parametrize(
    ("begin", "minutes", "allowed"),
    [
        ("2026-01-05 05:00", 15, True),
        ("2026-01-05 04:59", 15, False),
        ("2026-01-05 20:45", 15, True),  # ends as the window closes
        ("2026-01-05 20:46", 15, False),  # the end counts, not only the start
        ("2026-01-05 03:15", 1, False),  # Trung Lộc, December 2025
        ("2026-01-05 20:59", 9 * 60, False),  # from one open day over the closed night into the next
    ],
)
def test_the_whole_of_the_sound_must_be_within_hours(begin: str, minutes: int, allowed: bool) -> None:
    assert is_allowed([DAY], OFFSET, at(begin), at(begin) + minutes * MINUTE) is allowed


def test_without_hours_everything_is_allowed() -> None:
    assert is_allowed([], OFFSET, at("2026-01-05 03:15"), at("2026-01-05 03:16"))


def test_weekday_and_hour_are_taken_together_in_local_time() -> None:
    """05:00 on Monday here is still Sunday in UTC: the trap that woke a commune."""
    monday = H(5 * 60, 6 * 60, days=(1,))
    assert is_allowed([monday], OFFSET, at("2026-01-05 05:00"), at("2026-01-05 05:30"))
    assert not is_allowed([monday], OFFSET, at("2026-01-06 05:00"), at("2026-01-06 05:30"))
    assert not is_allowed([monday], OFFSET, at("2026-01-04 05:00"), at("2026-01-04 05:30"))


@pytest.mark.parametrize("night", [[H(22 * 60, 2 * 60)], [H(22 * 60, 24 * 60), H(0, 2 * 60)]])
def test_a_sound_may_cross_midnight_where_the_hours_do(night: list[H]) -> None:
    """Written as one window or as two that touch."""
    assert is_allowed(night, OFFSET, at("2026-01-05 23:50"), at("2026-01-06 00:20"))
    assert not is_allowed(night, OFFSET, at("2026-01-05 23:50"), at("2026-01-06 02:01"))


def test_a_window_past_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    new_year = [H(22 * 60, 2 * 60, days=(3,))]
    assert is_allowed(new_year, OFFSET, at("2026-01-08 01:00"), at("2026-01-08 01:30"))  # Thursday, from Wednesday's window
    assert not is_allowed(new_year, OFFSET, at("2026-01-07 01:00"), at("2026-01-07 01:30"))


@given(
    start=st.integers(at("2026-01-01 00:00"), at("2026-01-20 00:00")),
    length=st.integers(1, 3 * 60),
    hours=st.lists(
        st.builds(H, st.integers(0, 1440), st.integers(0, 1440), st.sets(st.sampled_from(WEEK)).map(tuple)),
        min_size=1,
        max_size=4,
    ),
)
def test_it_agrees_with_a_walk_minute_by_minute(start: int, length: int, hours: list[H]) -> None:
    start -= start % MINUTE
    minutes = [datetime.fromtimestamp(start / 1000, VN) + timedelta(minutes=n) for n in range(length)]
    slow = all(any(_covers(one, minute) for one in hours) for minute in minutes)
    assert is_allowed(hours, OFFSET, start, start + length * MINUTE) is slow


def _covers(hours: H, when: datetime) -> bool:
    minute, day = when.hour * 60 + when.minute, when.isoweekday()
    if hours.from_minute < hours.to_minute:
        return day in hours.days and hours.from_minute <= minute < hours.to_minute
    eve = day - 1 or 7
    return (day in hours.days and minute >= hours.from_minute) or (eve in hours.days and minute < hours.to_minute)


def test_the_quietest_ceiling_that_is_met_holds_for_the_whole() -> None:
    ceilings = [C(0, 6 * 60, -200), C(6 * 60, 21 * 60, 0), C(21 * 60, 24 * 60, -120)]
    assert loudest(ceilings, OFFSET, at("2026-01-05 10:00"), at("2026-01-05 10:10")) == 0
    assert loudest(ceilings, OFFSET, at("2026-01-05 20:55"), at("2026-01-05 21:05")) == -120
    assert loudest(ceilings, OFFSET, at("2026-01-05 05:50"), at("2026-01-05 06:00")) == -200
    assert loudest(ceilings, OFFSET, at("2026-01-05 23:55"), at("2026-01-06 00:05")) == -200


def test_no_ceiling_met_is_no_ceiling() -> None:
    assert loudest([], OFFSET, at("2026-01-05 10:00"), at("2026-01-05 10:10")) is None
    assert loudest([C(60, 120, -600)], OFFSET, at("2026-01-05 10:00"), at("2026-01-05 10:10")) is None
