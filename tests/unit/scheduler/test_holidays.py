from __future__ import annotations

from datetime import date, timedelta

import pytest

from scheduler.holidays import Holiday, public_holidays


@pytest.mark.parametrize(
    "tet",
    [
        date(1985, 1, 21),  # a month before the Chinese new year
        date(2007, 2, 17),  # a day before it
        date(2025, 1, 29),
        date(2026, 2, 17),
        date(2027, 2, 6),
        date(2028, 1, 26),
        date(2029, 2, 13),
        date(2030, 2, 2),  # a day before it
    ],
    ids=str,
)
def test_tet_is_the_vietnamese_one_with_its_eve_and_the_days_after(tet: date) -> None:
    year = public_holidays(tet.year)
    assert year[tet] == Holiday(vi="Tết Nguyên Đán", en="Lunar New Year")
    assert year[tet - timedelta(days=1)].vi == "Giao thừa Tết Nguyên Đán"
    assert tet + timedelta(days=2) in year


@pytest.mark.parametrize("day", [date(2025, 4, 7), date(2026, 4, 26), date(2027, 4, 16), date(2030, 4, 12)], ids=str)
def test_gio_to_is_the_tenth_of_the_third_lunar_month(day: date) -> None:
    assert public_holidays(day.year)[day] == Holiday(vi="Ngày Giỗ Tổ Hùng Vương", en="Hung Kings' Commemoration Day")


def test_the_days_by_the_sun_are_there_and_a_day_off_in_lieu_is_a_holiday() -> None:
    year = public_holidays(2026)
    assert {date(2026, 1, 1), date(2026, 4, 30), date(2026, 5, 1), date(2026, 9, 2)} <= set(year)
    assert year[date(2026, 4, 27)].vi == "Ngày Giỗ Tổ Hùng Vương (nghỉ bù)"
    assert list(year) == sorted(year)


def test_where_the_lunar_calendar_is_not_known_there_are_no_holidays() -> None:
    assert not public_holidays(1900)
    assert not public_holidays(2101)
    assert public_holidays(1901)
    assert public_holidays(2100)


def test_a_year_is_reckoned_once_and_nobody_can_change_it() -> None:
    assert public_holidays(2026) is public_holidays(2026)
    with pytest.raises(TypeError):
        public_holidays(2026)[date(2026, 7, 1)] = Holiday(vi="", en="")  # type: ignore[index]
