"""The log (sổ nhật ký): what was said in a span of time, where, by whom, and what it came to; line by line and summed up.

Whoever looks sees what sounded within their reach, and of each airing only the loudspeakers that stand there. A unit narrows it
further. What is summed up is what is over: an airing that still sounds, or waits, or was stopped, is told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.domain.airing import Airing, Klass
from controller.domain.errors import Refused
from controller.domain.rights import Actor, Path, Reach, is_within
from controller.domain.unit import Unit
from controller.places import fold
from controller.service.logged import Covered, Entry, Span, Sum
from controller.service.ports import Database, Transaction
from controller.service.reports import tally
from controller.service.rights import require_near
from controller.service.units import unit_of
from scheduler.clock import Clock

MAX_LINES = 20_000
"""Airings of one look: half a year of a commune that says a hundred things a day. A sheet of so many rows opens at once."""


class Stage(StrEnum):
    """How far an airing is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Result(StrEnum):
    """Which airings are looked for."""

    ALL = "all"
    SHORT = "short"  # over, and not everybody heard it
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for. `text`: words of the title, as people type them in a hurry; `unit` None: all within reach."""

    span: Span
    unit: str | None = None
    klass: Klass | None = None
    result: Result = Result.ALL
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One airing. `by_name` None: it was no account, or one that is no more. `where`: names of its units, as far as one sees."""

    airing: Airing
    title: str
    by: str
    by_name: str | None
    where: tuple[str, ...]
    stage: Stage
    sum: Sum

    @property
    def is_short(self) -> bool:
        """Is it over, and was it not heard everywhere?"""
        return self.stage is Stage.DONE and self.sum.good < self.sum.total

    @property
    def sound_ms(self) -> int:
        """How long it sounded, if all went well; nothing while it waits."""
        return 0 if self.stage is Stage.WAITING else self.airing.silent_ms - self.airing.start_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """How well a village was reached. `commune`: the name of what it stands in."""

    name: str
    commune: str
    covered: Covered


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Lines summed up: how many; of them stopped, waiting or sounding (`open`), not heard everywhere; deliveries of the rest."""

    airings: int
    cancelled: int
    open: int
    short: int
    sound_ms: int
    sum: Sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found: the newest first. `villages`: only where it was asked for."""

    lines: tuple[Line, ...]
    whole: Totals
    by_class: dict[Klass, Totals]
    villages: tuple[Village, ...] = ()


class Log:
    """Reads the log, as far as whoever asks may look. Thread-safe."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def look(self, wanted: Wanted, *, by: Actor, villages: bool = False) -> Look:
        """What is looked for. Refused("log.many") above MAX_LINES; NotFound("unit.unknown"); Refused("right.none")."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            within = _within(tx, wanted, by)
            entries = tx.logbook.entries(wanted.span, within, wanted.klass, MAX_LINES + 1)
            if len(entries) > MAX_LINES:
                raise Refused("log.many", limit=MAX_LINES)
            entries = [entry for entry in entries if _has_words(entry.title, wanted.text)]
            places = {unit.id: unit for unit in tx.units.all()}
            lines = [line for line in _lines(tx, entries, within, places, by, now_ms) if _is_wanted(line, wanted.result)]
            covered = _coverage(tx, entries, lines, within) if villages else {}
        return Look(
            lines=tuple(lines),
            whole=totals(lines),
            by_class={klass: totals([line for line in lines if line.airing.klass is klass]) for klass in Klass},
            villages=tuple(_village(places, name, each) for name, each in covered.items()),
        )


def totals(lines: Sequence[Line]) -> Totals:
    """The sum of lines."""
    done = [line for line in lines if line.stage is Stage.DONE]
    cancelled = sum(line.stage is Stage.CANCELLED for line in lines)
    return Totals(
        airings=len(lines),
        cancelled=cancelled,
        open=len(lines) - len(done) - cancelled,
        short=sum(line.is_short for line in lines),
        sound_ms=sum(line.sound_ms for line in lines),
        sum=Sum(total=sum(line.sum.total for line in done), good=sum(line.sum.good for line in done)),
    )


def narrowed(reach: Reach, path: Path) -> Reach:
    """What of a reach is at or below the unit of this path."""
    if is_within(path, reach):
        return (path,)
    return tuple(each for each in reach or () if each[: len(path)] == path)


def _within(tx: Transaction, wanted: Wanted, by: Actor) -> Reach:
    if wanted.unit is None:
        return by.reach
    unit = unit_of(tx, wanted.unit)
    require_near(by, unit)
    return narrowed(by.reach, unit.path)


def _has_words(title: str, text: str) -> bool:
    words = fold(text).split()
    return not words or all(word in fold(title) for word in words)


def _is_wanted(line: Line, result: Result) -> bool:
    return {Result.ALL: True, Result.SHORT: line.is_short, Result.CANCELLED: line.stage is Stage.CANCELLED}[result]


def _lines(
    tx: Transaction, entries: Sequence[Entry], within: Reach, places: dict[str, Unit], by: Actor, now_ms: int
) -> Iterable[Line]:
    sums = tx.logbook.sums([entry.airing.id for entry in entries if entry.settled], within)
    begun = [entry.airing.id for entry in entries if not entry.settled and entry.airing.start_ms <= now_ms]
    live = {name: tally(counts) for name, counts in tx.deliveries.counts(begun, within).items()}  # few: minutes of a day
    near = {unit.id for unit in places.values() if by.is_near(unit)}
    for entry in entries:
        airing, said = entry.airing, live.get(entry.airing.id)
        nothing = Sum(total=said.total, good=said.good) if said else Sum(total=0, good=0)
        yield Line(
            airing=airing,
            title=entry.title,
            by=entry.by,
            by_name=entry.by_name,
            where=tuple(places[unit].name for unit in airing.units if unit in near),
            stage=_stage(entry, said.open if said else 0, now_ms),
            sum=sums.get(airing.id, nothing),
        )


def _stage(entry: Entry, still_open: int, now_ms: int) -> Stage:
    if entry.airing.cancelled_ms is not None:
        return Stage.CANCELLED
    if entry.settled:
        return Stage.DONE
    if now_ms < entry.airing.start_ms:
        return Stage.WAITING
    return Stage.RUNNING if still_open else Stage.DONE


def _coverage(tx: Transaction, entries: Sequence[Entry], lines: Sequence[Line], within: Reach) -> dict[str, Covered]:
    """By village, of what is over."""
    done = {line.airing.id for line in lines if line.stage is Stage.DONE}
    settled = {entry.airing.id for entry in entries if entry.settled} & done
    return tx.logbook.coverage(sorted(settled), sorted(done - settled), within) if done else {}


def _village(places: dict[str, Unit], name: str, covered: Covered) -> Village:
    unit = places.get(name)
    above = places.get(unit.parent or "") if unit else None
    return Village(name=unit.name if unit else name, commune=above.name if above else "", covered=covered)
