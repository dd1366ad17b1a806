"""The public holidays of Viet Nam, Tết and Giỗ Tổ by the lunar date, days off in lieu as decreed. The only `holidays` import.

The library counts by the Vietnamese lunar calendar (UTC+7), which is a day or a month off the Chinese one in some years:
Tết of 2007 was 17 February here and 18 February there. What the government decrees for a year comes with a newer library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from holidays import country_holidays

_YEARS_KEPT = 64
"""A year takes some milliseconds to reckon and a few kB to keep: more years than any page, plan or check looks at in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """What a holiday is called."""

    vi: str
    en: str


@lru_cache(maxsize=_YEARS_KEPT)
def public_holidays(year: int) -> Mapping[date, Holiday]:
    """The holidays of a year by day, in order. Empty outside 1901-2100, where the lunar calendar is not known."""
    vietnamese, english = (country_holidays("VN", years=year, language=language, expand=False) for language in ("vi", "en_US"))
    return MappingProxyType({day: Holiday(vi=vietnamese[day], en=english[day]) for day in sorted(vietnamese)})
