"""Local time at the edge: what people type and read is Viet Nam's time, what we keep is UTC ms."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from controller.domain.errors import Refused
from scheduler.clock import moment, to_ms

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

_CLOCK = re.compile(r"(\d{1,2})(?:[:hH](\d{2})|[hH])(?::(\d{2}))?")
_SPAN = re.compile(r"([0-9]{1,6})([smhd])")
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(.+))?")
_VIETNAMESE_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: +(.+))?")


def parse_time(text: str, now_ms: int) -> int:
    """UTC ms of "17:30" or "17h30" (the next one), "2026-11-23 17:30", "23/11/2026 17:30" or RFC 3339 with an offset.

    A time without an offset is Viet Nam's. Refused("usage.time") for anything else, such as 24:00 or the 31st of April.
    """
    text = text.strip()
    try:
        return _with_offset(text) or _on_a_day(text) or _next(text, now_ms)
    except (ValueError, OverflowError):
        raise Refused("usage.time", text=text[:60]) from None


def parse_day(text: str) -> date:
    """The day that "24/12/2026" or "2026-12-24" is; Refused("usage.day") for anything else."""
    try:
        day, clock = _split(text.strip())
    except ValueError:
        raise Refused("usage.day", text=text[:60]) from None
    if clock is not None:
        raise Refused("usage.day", text=text[:60])
    return day


def show_day(day: date) -> str:
    """A day as people write it, "24/12/2026"."""
    return day.strftime("%d/%m/%Y")


def parse_span(text: str) -> int:
    """Whole ms of a length of time: "90s", "30m", "2h", "1d". Refused("usage.span") for anything else."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise Refused("usage.span", text=text[:60])
    return int(match[1]) * _UNIT_MS[match[2]]


def show_time(utc_ms: int) -> str:
    """A moment in local time, "23/11/2026 17:30:00"."""
    return moment(utc_ms).astimezone(ZONE).strftime("%d/%m/%Y %H:%M:%S")


def show_clock(utc_ms: int) -> str:
    """The local time of day of a moment, "17:30:05"."""
    return moment(utc_ms).astimezone(ZONE).strftime("%H:%M:%S")


def show_iso(utc_ms: int) -> str:
    """A moment for machines: RFC 3339 in UTC."""
    return moment(utc_ms).astimezone(UTC).isoformat().replace("+00:00", "Z")


def _with_offset(text: str) -> int | None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return to_ms(when) if when.tzinfo is not None else None


def _on_a_day(text: str) -> int | None:
    if "-" not in text and "/" not in text:
        return None
    day, clock = _split(text)
    hour, minute, second = _clock(clock or "")
    return to_ms(datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZONE))


def _split(text: str) -> tuple[date, str | None]:
    """A day, and the time of day behind it; ValueError if it is none."""
    iso, vietnamese = _ISO_DAY.fullmatch(text), _VIETNAMESE_DAY.fullmatch(text)
    if iso:
        return date(int(iso[1]), int(iso[2]), int(iso[3])), iso[4]
    if vietnamese:
        return date(int(vietnamese[3]), int(vietnamese[2]), int(vietnamese[1])), vietnamese[4]
    raise ValueError(text)


def _next(text: str, now_ms: int) -> int:
    hour, minute, second = _clock(text)
    now = moment(now_ms).astimezone(ZONE)
    when = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
    return to_ms(when if when > now else when + timedelta(days=1))


def _clock(text: str) -> tuple[int, int, int]:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    hour, minute, second = (int(part or 0) for part in match.groups())
    return hour, minute, second
