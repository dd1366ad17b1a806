"""What will sound in a day, and what has sounded of it: for an officer, a technician, a calendar. It changes nothing.

What has begun, and what begins too soon to be changed, is read from the airings; the rest is resolved from the wishes, as the
planner would now.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from msgspec import Struct

from controller.domain.airing import Airing
from controller.domain.errors import Refused
from controller.domain.rights import Actor, Deed
from controller.domain.unit import Unit
from controller.service.binding import binding, horizon_ms
from controller.service.names import Names, names_of
from controller.service.ports import Database, Transaction
from controller.service.reasons import Reason
from controller.service.rights import require
from controller.service.telling import Line, Teller, Told, begun_line
from controller.service.timetable import FREEZE_MS, gather
from controller.service.units import speaking, unit_of
from scheduler.clock import Clock

FARTHEST_D = 31
"""Days ahead, or back: further ahead everything may still change, and a province takes its time to be resolved."""

MOST_D = 42
"""Days told at once: a month with the weeks in which it begins and ends."""

FARTHEST_OF_MONTHS_D = 75
"""Where several days are told at once, which only small places are: the month after the next one, whole."""

WIDEST = 400
"""Villages for which several days are told at once: the largest commune has a tenth of it."""

PLAIN = frozenset({"plays", "in", "empty"})
"""Decisions that need no word: it is in the list, or there is nothing of it."""

CANCELLED = "cancelled"
"""What a person did to an airing: beside the codes of `scheduler.laying`, because no resolver decides it."""

NOTHING = Told(lines=(), reasons=())

DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000
_EPOCH = date(1970, 1, 1)


class Alike(Struct, frozen=True, kw_only=True):
    """Villages in which the same sounds at the same times, for the same reasons; by name."""

    villages: tuple[Unit, ...]
    lines: tuple[Line, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What sounds under `unit` in [from, until), local time `utc_offset` minutes from UTC. The largest group comes first."""

    unit: Unit
    utc_offset: int
    from_ms: int
    until_ms: int
    groups: tuple[Alike, ...]

    @property
    def day(self) -> date:
        """The local day in which it begins."""
        return day_of(self.from_ms, self.utc_offset)


class Days:
    """Tells. Thread-safe; a province takes seconds."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def of(self, unit: str, day: date | None = None, *, hours: int = 24, by: Actor) -> Span:
        """A local day, today if None, for each village under `unit` that has a loudspeaker. Refused("day.far").

        `hours` above 24 tell what follows the day, too: the night and the next morning.
        """
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            place = unit_of(tx, unit)
            require(by, Deed.SEE, [place])
            offset = binding(place.path, tx.policies.all()).utc_offset
        today = day_of(now_ms, offset)
        if abs((day or today) - today) > timedelta(days=FARTHEST_D):
            raise Refused("day.far", limit=FARTHEST_D)
        from_ms, _ = _bounds(day or today, offset)
        return self._tell(place, offset, now_ms, [(from_ms, from_ms + hours * _HOUR_MS)])[0]

    def between(self, unit: str, first: date, last: date, *, by: Actor) -> tuple[Span, ...]:
        """Each local day from `first` to `last`, resolved as one. Refused("day.order", "day.range", "day.far", "day.wide")."""
        now_ms, number = self._clock.now_ms(), (last - first).days + 1
        if number < 1:
            raise Refused("day.order")
        if number > MOST_D:
            raise Refused("day.range", limit=MOST_D)
        with self._database.reading() as tx:
            place = unit_of(tx, unit)
            require(by, Deed.SEE, [place])
            offset = binding(place.path, tx.policies.all()).utc_offset
            if len(speaking(tx, [place])) > WIDEST:
                raise Refused("day.wide")
        if max(abs(day - day_of(now_ms, offset)) for day in (first, last)) > timedelta(days=FARTHEST_OF_MONTHS_D):
            raise Refused("day.far", limit=FARTHEST_OF_MONTHS_D)
        return self._tell(place, offset, now_ms, [_bounds(first + timedelta(days=each), offset) for each in range(number)])

    def ahead(self, unit: str, *, by: Actor) -> Span:
        """Today, and all that is planned ahead."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            place, kept = unit_of(tx, unit), tx.policies.all()
            require(by, Deed.SEE, [place])
            farthest_ms = max((horizon_ms(village.path, kept) for village in speaking(tx, [place])), default=0)
        offset = binding(place.path, kept).utc_offset
        from_ms, _ = _bounds(day_of(now_ms, offset), offset)
        return self._tell(place, offset, now_ms, [(from_ms, now_ms + farthest_ms)])[0]

    def _tell(self, place: Unit, offset: int, now_ms: int, bounds: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
        """Adjoining stretches of time, each by itself."""
        soon_ms, from_ms, until_ms = now_ms + FREEZE_MS, bounds[0][0], bounds[-1][1]
        with self._database.reading() as tx:
            villages = speaking(tx, [place])
            here = [village.id for village in villages]
            begun = tx.planned.standing(here, from_ms, min(soon_ms, until_ms), until_ms)
            gathered = gather(tx, villages if until_ms > soon_ms else [], now_ms, max(until_ms, soon_ms))
        timelines = gathered.resolve()
        with self._database.reading() as tx:
            airings = {airing.id: airing for airing, *_ in begun}
            names, lengths, kept = names_of(tx, gathered, airings.values()), _lengths(tx, airings.values()), tx.policies.all()
        teller, past, plain = Teller(gathered, names, kept), _Past(begun, names, lengths), _Plain()
        told = {
            village.id: (past.of(village.id), plain.of(teller.tell(village, timelines[village.id])) if timelines else NOTHING)
            for village in villages
        }
        found, waits = [], True
        for begin_ms, end_ms in bounds:
            cut = _Cut(begin_ms, end_ms, waits=waits and (end_ms > now_ms or end_ms == until_ms))
            groups = alike(villages, {name: cut.of(*both) for name, both in told.items()})
            found.append(Span(unit=place, utc_offset=offset, from_ms=begin_ms, until_ms=end_ms, groups=groups))
            waits = waits and end_ms <= now_ms
        return tuple(found)


def _bounds(day: date, utc_offset: int) -> tuple[int, int]:
    """A local day as [from, until) in UTC ms."""
    from_ms = (day - _EPOCH).days * DAY_MS - utc_offset * _MINUTE_MS
    return from_ms, from_ms + DAY_MS


def day_of(at_ms: int, utc_offset: int) -> date:
    """The local day of a moment."""
    return _EPOCH + timedelta(days=(at_ms + utc_offset * _MINUTE_MS) // DAY_MS)


def alike(villages: Iterable[Unit], told: Mapping[str, Told]) -> tuple[Alike, ...]:
    """Villages by what they are told: the largest group first, within it by name."""
    one: dict[int, Told] = {}
    groups: dict[Told, list[Unit]] = {}
    known: dict[int, list[Unit]] = {}  # the very same need not be compared
    for village in villages:
        each = told[village.id]
        if id(each) not in known:
            one[id(each)] = each
            known[id(each)] = groups.setdefault(each, [])
        known[id(each)].append(village)
    found = [
        Alike(villages=tuple(sorted(here, key=_name)), lines=each.lines, reasons=each.reasons) for each, here in groups.items()
    ]
    return tuple(sorted(found, key=lambda group: (-len(group.villages), _name(group.villages[0]))))


class _Past:
    """What has begun, stands fast, or was cancelled, village by village."""

    def __init__(self, begun: Iterable[tuple[Airing, str, int]], names: Names, lengths: Mapping[str, int]) -> None:
        self._here: dict[str, list[tuple[Airing, int]]] = {}
        for airing, village, end_ms in begun:
            self._here.setdefault(village, []).append((airing, end_ms))
        self._names = names
        self._lengths = lengths
        self._told: dict[tuple[tuple[str, int], ...], Told] = {}

    def of(self, village: str) -> Told:
        """One village's; the very same object for those where the same has begun."""
        begun = sorted(self._here.get(village, ()), key=lambda each: (each[0].start_ms, each[0].id))
        key = tuple((airing.id, end_ms) for airing, end_ms in begun)
        if key not in self._told:
            lines = [begun_line(airing, end_ms, self._names, self._lengths.get(airing.sha256)) for airing, end_ms in begun]
            reasons = [self._reason(airing, end_ms) for airing, end_ms in begun if end_ms < airing.start_ms + airing.duration_ms]
            self._told[key] = Told(lines=tuple(line for line in lines if line is not None), reasons=tuple(reasons))
        return self._told[key]

    def _reason(self, airing: Airing, end_ms: int) -> Reason:
        """Why it ended early: an emergency went before it there, or somebody stopped it everywhere."""
        wish, never = airing.wish or airing.id, end_ms == airing.start_ms
        if end_ms < airing.silent_ms:
            code = "dropped.emergency" if never else "cut.emergency"
        else:
            code = CANCELLED if never else f"cut.{CANCELLED}"
        return Reason(
            wish=wish,
            code=code,
            at_ms=end_ms,
            title=self._names.of(wish).title,
            start_ms=airing.start_ms,
            names=(self._names.sound(airing.bulletin),),
        )


class _Plain:
    """Takes out the decisions that need no word, once for all days."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Told, Told]] = {}

    def of(self, told: Told) -> Told:
        """What is left; the very same object for the very same."""
        if id(told) not in self._known:
            left = Told(lines=told.lines, reasons=tuple(each for each in told.reasons if each.code not in PLAIN))
            self._known[id(told)] = told, left
        return self._known[id(told)][1]


class _Cut:
    """Takes out what belongs to [from, until). `waits`: what waits for some turn to come is told here, too."""

    def __init__(self, from_ms: int, until_ms: int, *, waits: bool) -> None:
        self._from_ms = from_ms
        self._until_ms = until_ms
        self._waits = waits
        self._known: dict[tuple[int, int], Told] = {}

    def of(self, past: Told, coming: Told) -> Told:
        """What has begun and what comes, as one; the very same object for the very same."""
        key = (id(past), id(coming))
        if key not in self._known:
            lines = (*self._lines(past), *self._lines(coming))
            shown = {line.wish for line in lines}
            reasons = [each for each in past.reasons if self._is_within(_moment(each))]
            reasons += [each for each in coming.reasons if self._concerns(each, shown)]
            self._known[key] = Told(lines=tuple(sorted(lines, key=_start)), reasons=tuple(sorted(reasons, key=_moment)))
        return self._known[key]

    def _concerns(self, reason: Reason, shown: Collection[str]) -> bool:
        if reason.code.startswith("waits"):
            return self._waits
        return reason.wish in shown or self._is_within(_moment(reason))

    def _lines(self, told: Told) -> Sequence[Line]:
        """They are in time's order: most of a month is not looked at for one of its days."""
        begin = bisect_left(told.lines, self._from_ms, key=_begins)
        return told.lines[begin : bisect_left(told.lines, self._until_ms, lo=begin, key=_begins)]

    def _is_within(self, at_ms: int) -> bool:
        return self._from_ms <= at_ms < self._until_ms


def _lengths(tx: Transaction, airings: Iterable[Airing]) -> dict[str, int]:
    """How long these airings' sounds are as a whole, where that is still known."""
    clips = {sound: tx.bulletins.clip(sound) for sound in {airing.sha256 for airing in airings}}
    return {sound: clip.duration_ms for sound, clip in clips.items() if clip is not None}


def _name(unit: Unit) -> tuple[str, str]:
    return (unit.name, unit.id)


def _begins(line: Line) -> int:
    return line.start_ms


def _start(line: Line) -> tuple[int, str]:
    return (line.start_ms, line.wish)


def _moment(reason: Reason) -> int:
    return reason.at_ms if reason.start_ms is None else reason.start_ms
