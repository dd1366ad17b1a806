"""Days, months, quarters and half-years as people here count them: midnight is at the edge of Viet Nam's day, not of UTC's."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from controller.web.period import Kind, latest, local_day, period_of
from scheduler.clock import moment

DAY_MS = 86_400_000


def test_a_day_is_from_local_midnight_to_local_midnight() -> None:
    from_ms, until_ms = period_of(Kind.DAY, date(2026, 11, 24)).span
    assert moment(from_ms) == datetime(2026, 11, 23, 17, tzinfo=UTC)
    assert until_ms - from_ms == DAY_MS
    assert local_day(moment(from_ms)) == date(2026, 11, 24)
    assert local_day(moment(from_ms - 1)) == date(2026, 11, 23)
    assert local_day(moment(until_ms - 1)) == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("kind", "on", "first", "last", "vi", "en"),
    [
        (Kind.DAY, date(2026, 11, 24), date(2026, 11, 24), date(2026, 11, 24), "Thứ ba, 24/11/2026", "Tuesday, 24/11/2026"),
        (Kind.MONTH, date(2026, 2, 28), date(2026, 2, 1), date(2026, 2, 28), "Tháng 2/2026", "Month 2/2026"),
        (Kind.MONTH, date(2028, 2, 1), date(2028, 2, 1), date(2028, 2, 29), "Tháng 2/2028", "Month 2/2028"),
        (Kind.QUARTER, date(2026, 12, 31), date(2026, 10, 1), date(2026, 12, 31), "Quý IV/2026", "Quarter IV/2026"),
        (Kind.QUARTER, date(2026, 3, 31), date(2026, 1, 1), date(2026, 3, 31), "Quý I/2026", "Quarter I/2026"),
        (Kind.HALF, date(2026, 6, 30), date(2026, 1, 1), date(2026, 6, 30), "6 tháng đầu năm 2026", "First half of 2026"),
        (Kind.HALF, date(2026, 7, 1), date(2026, 7, 1), date(2026, 12, 31), "6 tháng cuối năm 2026", "Second half of 2026"),
    ],
)
def test_a_period_holds_its_whole_days(kind: Kind, on: date, first: date, last: date, vi: str, en: str) -> None:
    period = period_of(kind, on)
    assert (period.first, period.last) == (first, last)
    assert (period.name("vi"), period.name("en")) == (vi, en)
    assert period_of(kind, period.after).first > period.last
    assert period_of(kind, period.before).last < period.first
    assert period_of(kind, period.after).before == period.last


def test_the_latest_periods_follow_one_another() -> None:
    found = latest(Kind.QUARTER, date(2026, 2, 3), 5)
    assert [each.first for each in found] == [date(2026, 1, 1), *(date(2025, month, 1) for month in (10, 7, 4, 1))]
