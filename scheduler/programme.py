"""A programme: a recurring slot made of segments, with what is different on single days. It becomes occurrences. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from scheduler.errors import ScheduleError
from scheduler.recurrence import occurrences
from scheduler.rule import Rule
from scheduler.rule_check import check as check_rule
from scheduler.wishes import NORMAL, PRIORITY, Begin, Occurrence, Over, Segment, Take

MAX_SEGMENTS = 20
"""An hour of the shortest items that anybody listens to."""

MAX_CHANGES = 400
"""Single days that differ: more than a year of them is another programme."""

MAX_SHIFT_D = 31
"""Days to which a single turn may be put off, or brought forward: further away it is another programme."""

MAX_LENGTH_MS = 3 * 3_600_000
"""Three hours: the longest relay of a national ceremony."""

_MINUTE = 60_000


class Resume(StrEnum):
    """What becomes of a sound that an emergency cut."""

    RESUME = "resume"  # goes on where it was
    RESTART = "restart"  # begins anew
    DROP = "drop"  # is not heard again


class DayChange(Struct, frozen=True, kw_only=True):
    """One day only: another beginning (local minute), other segments. What is None is as on any day.

    `turn`: only the turn that by its rule begins at this local minute; None: the day, which then begins once. `onto`: the day
    on which it sounds instead, with a `minute`; `is_silent`: it does not sound.
    """

    day: date
    minute: int | None = None
    segments: tuple[Segment, ...] | None = None
    turn: int | None = None
    onto: date | None = None
    is_silent: bool = False

    @property
    def says_something(self) -> bool:
        """Is anything otherwise?"""
        return self.minute is not None or self.segments is not None or self.is_silent


class Programme(Struct, frozen=True, kw_only=True):
    """A recurring slot of `owner` for the villages of `units`. `length_ms`: the most it may take in all."""

    id: str
    owner: str
    units: tuple[str, ...]
    title: str
    rule: Rule
    segments: tuple[Segment, ...]
    klass: str = NORMAL
    level: int = 2
    order: int = 0
    length_ms: int | None = None
    resume: Resume = Resume.RESUME
    changes: tuple[DayChange, ...] = ()


def occurrences_of(programme: Programme, utc_offset: int, from_ms: int, until_ms: int) -> Iterator[Occurrence]:
    """Its turns that begin within [from, until), in their rule's order; a day's change may bring one in or take one out."""
    changed = {(change.day, change.turn): change for change in programme.changes}
    margin_ms = (1 + max(map(_shift, programme.changes))) * 24 * 60 * _MINUTE if changed else 0  # it may begin earlier or later
    told: set[date] = set()
    for day, ruled_ms in occurrences(programme.rule, utc_offset, from_ms - margin_ms, until_ms + margin_ms):
        minute = (ruled_ms // _MINUTE + utc_offset) % 1440
        change, start_ms = changed.get((day, minute), changed.get((day, None))), ruled_ms
        if change is not None and change.is_silent:
            continue
        if change is not None and change.minute is not None:
            if change.turn is None:
                if day in told:
                    continue  # a day that begins otherwise begins once
                told.add(day)
            start_ms = _moment(change.onto or day, change.minute, utc_offset)
        if from_ms <= start_ms < until_ms:
            yield _turn(programme, change, f"{programme.id}/{day.isoformat()}/{minute}", start_ms)


def check(programme: Programme) -> None:
    """ScheduleError where it makes no sense; its rule's errors are `scheduler.rule_check`'s."""
    check_rule(programme.rule)
    if programme.klass not in (NORMAL, PRIORITY):
        raise ScheduleError("programme.class", klass=programme.klass)
    if programme.length_ms is not None and not 0 < programme.length_ms <= MAX_LENGTH_MS:
        raise ScheduleError("programme.length", limit_ms=MAX_LENGTH_MS)
    if len(programme.changes) > MAX_CHANGES:
        raise ScheduleError("programme.changes", limit=MAX_CHANGES)
    for segments in (programme.segments, *(change.segments for change in programme.changes if change.segments is not None)):
        _check_segments(segments)
    for change in programme.changes:
        for minute in (change.minute, change.turn):
            if minute is not None and not 0 <= minute < 1440:
                raise ScheduleError("rule.minute", minute=minute)
        if _shift(change) > MAX_SHIFT_D or (change.onto is not None and change.minute is None):
            raise ScheduleError("programme.onto", limit=MAX_SHIFT_D)


def without_day(programme: Programme, day: date) -> Programme:
    """The programme, silent on one day."""
    return replace(programme, rule=dataclasses.replace(programme.rule, skips=programme.rule.skips | {day}))


def _check_segments(segments: tuple[Segment, ...]) -> None:
    if not 0 < len(segments) <= MAX_SEGMENTS:
        raise ScheduleError("programme.segments", number=len(segments), limit=MAX_SEGMENTS)
    exact_ms = -1
    for index, segment in enumerate(segments, 1):
        if segment.take in (Take.PIECES, Take.RELAY) and not segment.pieces:
            raise ScheduleError("segment.empty", segment=index)
        numbers = (segment.offset_ms, segment.wait_ms, segment.finish_ms, segment.length_ms or 1)
        if not all(0 <= number <= MAX_LENGTH_MS for number in numbers) or segment.length_ms == 0:
            raise ScheduleError("segment.length", segment=index, limit_ms=MAX_LENGTH_MS)
        if segment.take is Take.RELAY and segment.over is Over.MOVE:
            raise ScheduleError("segment.relay-moves", segment=index)
        if segment.begin is Begin.EXACT:
            if segment.offset_ms <= exact_ms:
                raise ScheduleError("segment.backwards", segment=index)
            exact_ms = segment.offset_ms


def _turn(programme: Programme, change: DayChange | None, name: str, start_ms: int) -> Occurrence:
    segments = programme.segments if change is None or change.segments is None else change.segments
    return Occurrence(
        id=name,
        series=programme.id,
        owner=programme.owner,
        units=programme.units,
        start_ms=start_ms,
        segments=segments,
        klass=programme.klass,
        level=programme.level,
        order=programme.order,
        length_ms=programme.length_ms,
    )


def _shift(change: DayChange) -> int:
    """Days between the day that it changes and the one on which it sounds."""
    return abs((change.onto - change.day).days) if change.onto is not None else 0


def _moment(day: date, minute: int, utc_offset: int) -> int:
    return ((day - date(1970, 1, 1)).days * 1440 + minute - utc_offset) * _MINUTE
