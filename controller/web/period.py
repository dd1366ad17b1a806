"""The spans of time by which people look back: a day, a month, a quarter, half a year; whole local days. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from controller.service.logged import Span
from controller.web.sentences import Language
from scheduler.clock import to_ms

_HERE = ZoneInfo("Asia/Ho_Chi_Minh")

_WEEKDAYS = {
    "vi": ("Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_ROMAN = ("I", "II", "III", "IV")


class Kind(StrEnum):
    """How much is looked at: what the reports of a station are made for."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"


_MONTHS = {Kind.MONTH: 1, Kind.QUARTER: 3, Kind.HALF: 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From the first local day to the last one, both within."""

    kind: Kind
    first: date
    last: date

    @property
    def span(self) -> Span:
        """In whole ms UTC, from local midnight to local midnight."""
        return _midnight_ms(self.first), _midnight_ms(self.last + timedelta(days=1))

    @property
    def before(self) -> date:
        """A day of the period before."""
        return self.first - timedelta(days=1)

    @property
    def after(self) -> date:
        """A day of the period after."""
        return self.last + timedelta(days=1)

    def name(self, language: Language) -> str:
        """As people call it: "Thứ ba, 24/11/2026", "Tháng 11/2026", "Quý IV/2026", "6 tháng cuối năm 2026"."""
        year, month = self.first.year, self.first.month
        if self.kind is Kind.DAY:
            return f"{_WEEKDAYS[language][self.first.weekday()]}, {self.first:%d/%m/%Y}"
        if self.kind is Kind.MONTH:
            return f"{'Tháng' if language == 'vi' else 'Month'} {month}/{year}"
        if self.kind is Kind.QUARTER:
            return f"{'Quý' if language == 'vi' else 'Quarter'} {_ROMAN[(month - 1) // 3]}/{year}"
        if language == "vi":
            return f"6 tháng {'đầu' if month == 1 else 'cuối'} năm {year}"
        return f"{'First' if month == 1 else 'Second'} half of {year}"


def period_of(kind: Kind, on: date) -> Period:
    """The period of that kind in which a day lies."""
    if kind is Kind.DAY:
        return Period(kind=kind, first=on, last=on)
    months = _MONTHS[kind]
    first = on.replace(month=(on.month - 1) // months * months + 1, day=1)
    return Period(kind=kind, first=first, last=_plus(first, months) - timedelta(days=1))


def latest(kind: Kind, today: date, number: int) -> list[Period]:
    """The periods of a kind up to today's, the newest first."""
    found = [period_of(kind, today)]
    while len(found) < number:
        found.append(period_of(kind, found[-1].before))
    return found


def local_day(when: datetime) -> date:
    """The day that people here call it."""
    return when.astimezone(_HERE).date()


def _plus(first: date, months: int) -> date:
    month = first.month - 1 + months
    return date(first.year + month // 12, month % 12 + 1, 1)


def _midnight_ms(day: date) -> int:
    return to_ms(datetime.combine(day, time(0), _HERE).astimezone(UTC))
