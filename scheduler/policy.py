"""When a loudspeaker may sound, and how loud: local hours and ceilings. Pure; the controller warns by it, the node enforces it.

A local day is cut into minutes, [from, to). A window whose `to` is not after its `from` runs past midnight and belongs to
the day on which it begins: weekday and hour are always taken together, in local time. The offset from UTC is data (Viet Nam
has had no summer time since 1975), so no zone database can go stale on a pole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

_MINUTE = 60_000
_DAY = 86_400_000
_THURSDAY = 3
"""1970-01-01 was one; Monday counts as 0."""


class Hours(Protocol):
    """Local minutes of the day in which sound is allowed, on ISO weekdays (1 is Monday)."""

    @property
    def from_minute(self) -> int: ...
    @property
    def to_minute(self) -> int: ...
    @property
    def days(self) -> Sequence[int]: ...


class Ceiling(Protocol):
    """The loudest gain (0.1 dB) allowed in local minutes of every day."""

    @property
    def from_minute(self) -> int: ...
    @property
    def to_minute(self) -> int: ...
    @property
    def gain(self) -> int: ...


def is_allowed(hours: Sequence[Hours], utc_offset: int, begin_ms: int, end_ms: int) -> bool:
    """Is every moment from `begin_ms` to `end_ms` (UTC ms) within hours, window after window? Without hours all is allowed.

    `utc_offset` is in minutes. Sound that ends in the very moment in which its window closes is within.
    """
    if not hours:
        return True
    begin, end = begin_ms + utc_offset * _MINUTE, end_ms + utc_offset * _MINUTE
    open_until = begin
    for opens, closes in sorted(_windows(hours, begin, end)):
        if opens > open_until:
            return False
        open_until = max(open_until, closes)
        if open_until >= end and open_until > begin:
            return True
    return False


def loudest(ceilings: Sequence[Ceiling], utc_offset: int, begin_ms: int, end_ms: int) -> int | None:
    """The gain (0.1 dB) that no moment from `begin_ms` to `end_ms` may exceed: the quietest ceiling met. None: no ceiling."""
    if not ceilings:
        return None
    begin, end = begin_ms + utc_offset * _MINUTE, end_ms + utc_offset * _MINUTE
    met = [
        ceiling.gain
        for ceiling in ceilings
        for midnight in _midnights(begin, end)
        if _meets(midnight, ceiling.from_minute, ceiling.to_minute, begin, end)
    ]
    return min(met, default=None)


def _windows(hours: Sequence[Hours], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Every window of local time that touches [begin, end], as (opens, closes)."""
    for midnight in _midnights(begin, end):
        weekday = (midnight // _DAY + _THURSDAY) % 7 + 1
        for each in hours:
            opens, closes = _span(midnight, each.from_minute, each.to_minute)
            if weekday in each.days and closes > begin and opens <= end:
                yield opens, closes


def _midnights(begin: int, end: int) -> range:
    """The local days that matter: from the eve (its windows may run past midnight) to the day of the end."""
    return range(begin // _DAY * _DAY - _DAY, end + 1, _DAY)


def _meets(midnight: int, from_minute: int, to_minute: int, begin: int, end: int) -> bool:
    opens, closes = _span(midnight, from_minute, to_minute)
    return opens < max(end, begin + 1) and closes > begin


def _span(midnight: int, from_minute: int, to_minute: int) -> tuple[int, int]:
    over = _DAY if to_minute <= from_minute else 0
    return midnight + from_minute * _MINUTE, midnight + to_minute * _MINUTE + over
