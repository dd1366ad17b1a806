"""A programme as the API takes and gives it: the same shape both ways. Times of day are local, "05:00"; lengths whole ms."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from controller.service.kept import KeptProgramme
from controller.web.schemas import Id, Model, Moment, Text
from scheduler.clock import moment
from scheduler.limits import clock_of
from scheduler.programme import MAX_CHANGES, MAX_LENGTH_MS, DayChange, Programme, Resume
from scheduler.rule import Every, Holidays, Rule
from scheduler.rule_check import EXCEPTIONS_AT_MOST
from scheduler.wishes import NORMAL, Begin, Over, Piece, Segment, Take

MAX_LISTED = 100
"""Of what the use cases allow fewer: they say which is too much."""

Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["05:00"])]
Kind = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$", examples=["hop-thon"])]
Ms = Annotated[int, Field(ge=0, le=MAX_LENGTH_MS)]


def minute_of(clock: str) -> int:
    """The minute of the day that "05:00" is; "24:00" is its end."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


class Pause(Model):
    """Local days, both included, on which it is silent."""

    first: date = Field(validation_alias="from", serialization_alias="from", examples=["2027-02-05"])
    last: date = Field(validation_alias="to", serialization_alias="to", examples=["2027-02-11"])


class RuleBody(Model):
    """When it begins. A `week` takes `weekdays` (1 is Monday), a `month` takes `monthdays`, or the `nth` of its `weekdays`."""

    first: date = Field(examples=["2026-11-23"])
    at: list[Clock] = Field(max_length=MAX_LISTED, examples=[["05:00", "17:00"]])
    every: Every = Field(examples=["week"])
    interval: int = 1
    weekdays: list[int] = Field(default=[], max_length=MAX_LISTED, examples=[[1, 2, 3, 4, 5, 6]])
    nth: int | None = Field(default=None, description="1 to 5, or -1: the last", examples=[None])
    monthdays: list[int] = Field(default=[], max_length=MAX_LISTED, description="1 to 31, or -1: the last", examples=[[]])
    last: date | None = Field(default=None, examples=[None])
    skips: list[date] = Field(default=[], max_length=2 * EXCEPTIONS_AT_MOST, examples=[["2026-12-24"]])
    pauses: list[Pause] = Field(default=[], max_length=2 * EXCEPTIONS_AT_MOST)
    holidays: Holidays = Field(default=Holidays.KEEP, description="what a public holiday of Viet Nam does to it")

    @classmethod
    def of(cls, rule: Rule) -> RuleBody:
        """The rule as the API says it."""
        return cls(
            first=rule.first,
            at=[clock_of(minute) for minute in rule.minutes],
            every=rule.every,
            interval=rule.interval,
            weekdays=list(rule.weekdays),
            nth=rule.nth,
            monthdays=list(rule.monthdays),
            last=rule.last,
            skips=sorted(rule.skips),
            pauses=[Pause(first=begin, last=end) for begin, end in rule.pauses],
            holidays=rule.holidays,
        )

    def rule(self) -> Rule:
        """The rule as the scheduler has it."""
        return Rule(
            first=self.first,
            minutes=tuple(map(minute_of, self.at)),
            every=self.every,
            interval=self.interval,
            weekdays=tuple(self.weekdays),
            nth=self.nth,
            monthdays=tuple(self.monthdays),
            last=self.last,
            skips=frozenset(self.skips),
            pauses=tuple((pause.first, pause.last) for pause in self.pauses),
            holidays=self.holidays,
        )


class SegmentBody(Model):
    """One part. `take`: `pieces` are `bulletins` by id (a jingle, a fixed phrase), `relay` needs `source` and `length_ms`;
    `fresh` and `own` are notices of these `kinds` that wait, the programme's owner's or the village's.
    """

    take: Take = Field(examples=["relay"])
    bulletins: list[Id] = Field(default=[], max_length=MAX_LISTED, examples=[[]])
    source: str | None = Field(default=None, max_length=MAX_LISTED * 2, examples=["VOV1"])
    kinds: list[Kind] = Field(default=[], max_length=MAX_LISTED, examples=[[]])
    begin: Begin = Field(default=Begin.NEXT, description="exact: `offset_ms` after the start, or not at all")
    offset_ms: Ms = 0
    wait_ms: Ms = 0
    over: Over = Field(default=Over.CUT, description="what is longer than its room: cut, `finish_ms` more, or the next time")
    finish_ms: Ms = 0
    length_ms: Ms | None = Field(default=None, examples=[1_800_000])

    @classmethod
    def of(cls, segment: Segment) -> SegmentBody:
        """The segment as the API says it."""
        names = [piece.source for piece in segment.pieces]
        return cls(
            take=segment.take,
            bulletins=names if segment.take is Take.PIECES else [],
            source=next(iter(names), None) if segment.take is Take.RELAY else None,
            kinds=list(segment.kinds),
            begin=segment.begin,
            offset_ms=segment.offset_ms,
            wait_ms=segment.wait_ms,
            over=segment.over,
            finish_ms=segment.finish_ms,
            length_ms=segment.length_ms,
        )

    def segment(self) -> Segment:
        """The segment as the use case takes it: its pieces by name."""
        relayed = [self.source] if self.take is Take.RELAY and self.source is not None else []
        names = relayed if self.take is Take.RELAY else self.bulletins
        return Segment(
            take=self.take,
            pieces=tuple(Piece(source=name, sound=None, duration_ms=0) for name in names),
            kinds=tuple(self.kinds),
            begin=self.begin,
            offset_ms=self.offset_ms,
            wait_ms=self.wait_ms,
            over=self.over,
            finish_ms=self.finish_ms,
            length_ms=self.length_ms,
        )


class OneDay(Model):
    """What is different on one day: another beginning, other parts, silence. Null is as on any day; nothing: the change goes."""

    at: Clock | None = Field(default=None, examples=["06:00"])
    segments: list[SegmentBody] | None = Field(default=None, max_length=MAX_LISTED, examples=[None])
    turn: Clock | None = Field(
        default=None, description="only what begins then by the rule; null: the whole day", examples=[None]
    )
    onto: date | None = Field(default=None, description="the day on which it sounds instead, with `at`", examples=[None])
    silent: bool = Field(default=False, description="it does not sound")

    def change(self, day: date) -> DayChange:
        """The change as the scheduler has it."""
        segments = None if self.segments is None else tuple(each.segment() for each in self.segments)
        return DayChange(
            day=day,
            minute=None if self.at is None else minute_of(self.at),
            segments=segments,
            turn=None if self.turn is None else minute_of(self.turn),
            onto=self.onto,
            is_silent=self.silent,
        )


class DayBody(OneDay):
    """A day that differs."""

    day: date = Field(examples=["2027-01-01"])

    @classmethod
    def of(cls, change: DayChange) -> DayBody:
        """The change as the API says it."""
        segments = None if change.segments is None else [SegmentBody.of(each) for each in change.segments]
        return cls(
            day=change.day,
            at=None if change.minute is None else clock_of(change.minute),
            segments=segments,
            turn=None if change.turn is None else clock_of(change.turn),
            onto=change.onto,
            silent=change.is_silent,
        )


class ProgrammeBody(Model):
    """A recurring slot of `owner` for `units`. `order`: where two priority items meet, the lower goes first."""

    owner: Id = Field(examples=["x01654"])
    units: list[Id] = Field(max_length=2 * MAX_LISTED + 1, examples=[["x01654"]])
    title: Text = Field(examples=["Chương trình buổi sáng"])
    rule: RuleBody
    segments: list[SegmentBody] = Field(max_length=MAX_LISTED)
    klass: Literal["normal", "priority"] = Field(default="normal", validation_alias="class", serialization_alias="class")
    order: int = Field(default=0, ge=-1000, le=1000)
    length_ms: int | None = Field(default=None, description="the most that it may take in all", examples=[2_700_000])
    resume: Resume = Field(default=Resume.RESUME, description="what becomes of a sound that an emergency cut")
    changes: list[DayBody] = Field(default=[], max_length=2 * MAX_CHANGES, examples=[[]])

    @classmethod
    def of(cls, programme: Programme) -> ProgrammeBody:
        """The programme as the API says it."""
        return cls(
            owner=programme.owner,
            units=list(programme.units),
            title=programme.title,
            rule=RuleBody.of(programme.rule),
            segments=[SegmentBody.of(each) for each in programme.segments],
            klass="normal" if programme.klass == NORMAL else "priority",
            order=programme.order,
            length_ms=programme.length_ms,
            resume=programme.resume,
            changes=[DayBody.of(each) for each in programme.changes],
        )

    def programme(self) -> Programme:
        """The programme as the use case takes it."""
        return Programme(
            id="",
            owner=self.owner,
            units=tuple(self.units),
            title=self.title,
            rule=self.rule.rule(),
            segments=tuple(each.segment() for each in self.segments),
            klass=self.klass,
            order=self.order,
            length_ms=self.length_ms,
            resume=self.resume,
            changes=tuple(each.change(each.day) for each in self.changes),
        )


class ProgrammeChangeIn(Model):
    """What it shall be, in place of the version that was looked at. Another version there: 409, and `fields.differences`."""

    version: int = Field(ge=1, examples=[3])
    programme: ProgrammeBody


class ReopenIn(Model):
    """The version with which it ended. Another one there: 409."""

    version: int = Field(ge=1, examples=[3])


class OrderIn(Model):
    """What the commune decided where two priority items meet: the lower goes first."""

    order: int = Field(ge=-1000, le=1000, examples=[-1])


class ProgrammeOut(Model):
    """A programme, and who made it what it is. `level`: its owner's rank; `ended` null: it is living."""

    id: Id
    version: int = Field(examples=[3])
    level: int = Field(examples=[2])
    created: Moment
    created_by: str = Field(examples=["canbo"])
    changed: Moment
    changed_by: str = Field(examples=["canbo"])
    ended: Moment | None = Field(examples=[None])
    programme: ProgrammeBody

    @classmethod
    def of(cls, kept: KeptProgramme) -> ProgrammeOut:
        """The programme as the API says it."""
        return cls(
            id=kept.programme.id,
            version=kept.version,
            level=kept.programme.level,
            created=moment(kept.created_ms),
            created_by=kept.created_by,
            changed=moment(kept.changed_ms),
            changed_by=kept.changed_by,
            ended=None if kept.ended_ms is None else moment(kept.ended_ms),
            programme=ProgrammeBody.of(kept.programme),
        )
