"""What will sound, as the API says it: lists of sounds and decisions, for villages that sound alike. Moments are RFC 3339."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from controller.domain.unit import Unit
from controller.service.days import Alike, Span
from controller.service.previews import Decided, Differing, Preview
from controller.service.reasons import Reason
from controller.service.telling import Line
from controller.web.decision_sentences import decision_sentence
from controller.web.ledger import Sentence
from controller.web.policy_schemas import RulingBody
from controller.web.programme_schemas import ProgrammeBody
from controller.web.schemas import Id, Model, Moment
from scheduler.clock import moment


class PlaceOut(Model):
    """A village."""

    id: Id = Field(examples=["x01654-1"])
    name: str = Field(examples=["Pác Rằng"])

    @classmethod
    def of(cls, unit: Unit) -> PlaceOut:
        """The village as the API says it."""
        return cls(id=unit.id, name=unit.name)


class LineOut(Model):
    """One sound. `programme` null: a single bulletin; `whole` false: it is cut; `airing` null: it has not begun."""

    start: Moment
    length_ms: int = Field(examples=[90_000])
    title: str = Field(examples=["Họp thôn"])
    programme: str | None = Field(examples=["Chương trình buổi chiều"])
    owner: str = Field(description="whose wish it is", examples=["Xã Phúc Sen"])
    klass: str = Field(serialization_alias="class", examples=["normal"])
    relay: bool = Field(description="a station's stream: `title` is the station", examples=[False])
    whole: bool = Field(examples=[True])
    wish: str = Field(examples=["019a5c3e7d0-5b1f2a9c44/2026-11-24/1020#1"])
    airing: Id | None = Field(examples=[None])

    @classmethod
    def of(cls, line: Line) -> LineOut:
        """The sound as the API says it."""
        return cls(
            start=moment(line.start_ms),
            length_ms=line.end_ms - line.start_ms,
            title=line.title,
            programme=line.programme or None,
            owner=line.owner,
            klass=line.klass,
            relay=line.is_relay,
            whole=line.is_whole,
            wish=line.wish,
            airing=line.airing or None,
        )


class ReasonOut(Model):
    """What becomes of a wish, and why. `title` is the programme's or the bulletin's, `sounds` are what its segment says."""

    wish: str = Field(examples=["019a5c3e7d0-5b1f2a9c44/2026-11-24/1020#1"])
    title: str = Field(examples=["Chương trình buổi chiều"])
    sounds: list[str] = Field(examples=[["Tin thời tiết"]])
    take: str | None = Field(description="where its segment's sounds come from", examples=["pieces"])
    code: str = Field(examples=["cut.session"])
    at: Moment
    by: str | None = Field(description="what is in its way", examples=[None])
    turn: Moment | None = Field(default=None, description="when its turn begins")
    wished_ms: int = Field(default=0, description="how long it would be, as far as that is known", examples=[1_800_000])
    text: Sentence = Field(
        examples=[
            {
                "vi": "Bị cắt lúc 17:45: giới hạn một buổi 45 phút của Xã Phúc Sen.",
                "en": "Cut at 17:45: session limit of 45 minutes of Xã Phúc Sen.",
            }
        ]
    )

    @classmethod
    def of(cls, reason: Reason, utc_offset: int) -> ReasonOut:
        """The decision as the API says it."""
        return cls(
            wish=reason.wish,
            title=reason.title,
            sounds=list(reason.names),
            take=reason.take or None,
            code=reason.code,
            at=moment(reason.at_ms),
            by=reason.by or None,
            turn=None if reason.start_ms is None else moment(reason.start_ms),
            wished_ms=reason.wished_ms,
            text=Sentence(vi=decision_sentence(reason, utc_offset, "vi"), en=decision_sentence(reason, utc_offset, "en")),
        )


class AlikeOut(Model):
    """Villages in which the same sounds for the same reasons. `reasons`: every decision but "as wished"."""

    villages: list[PlaceOut]
    lines: list[LineOut]
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, group: Alike, utc_offset: int) -> AlikeOut:
        """The group as the API says it."""
        return cls(
            villages=[PlaceOut.of(village) for village in group.villages],
            lines=[LineOut.of(line) for line in group.lines],
            reasons=[ReasonOut.of(reason, utc_offset) for reason in group.reasons],
        )


class DayOut(Model):
    """A local day under a unit, the largest group of villages first. A village without a loudspeaker is in none."""

    unit: Id = Field(examples=["x01654"])
    name: str = Field(examples=["Xã Phúc Sen"])
    day: date = Field(examples=["2026-11-24"])
    begin: Moment = Field(serialization_alias="from")
    end: Moment = Field(serialization_alias="to")
    groups: list[AlikeOut]

    @classmethod
    def of(cls, span: Span) -> DayOut:
        """The day as the API says it."""
        return cls(
            unit=span.unit.id,
            name=span.unit.name,
            day=span.day,
            begin=moment(span.from_ms),
            end=moment(span.until_ms),
            groups=[AlikeOut.of(group, span.utc_offset) for group in span.groups],
        )


class CalendarOut(Model):
    """Where a calendar app reads the feed: whoever has the address may read it, and nothing else. Keep it to yourself."""

    url: str = Field(examples=["http://may-chu:8080/api/v1/units/x01654/calendar.ics?token=019a5c3e7d0-5b1f2a9c44.0a1b"])


class PreviewIn(Model):
    """What a programme shall be; null: ended."""

    programme: ProgrammeBody | None


class PolicyPreviewIn(Model):
    """What a unit's policy shall be; null: none."""

    policy: RulingBody | None


class DecidedOut(Model):
    """What becomes of one wish before and after; null: it is not wished."""

    before: ReasonOut | None
    after: ReasonOut | None

    @classmethod
    def of(cls, decided: Decided, utc_offset: int) -> DecidedOut:
        """The pair as the API says it."""
        before, after = (None if each is None else ReasonOut.of(each, utc_offset) for each in (decided.before, decided.after))
        return cls(before=before, after=after)


class DifferingOut(Model):
    """Villages in which the same differs: all that sounds before and after, and every decision that differs."""

    villages: list[PlaceOut]
    before: list[LineOut]
    after: list[LineOut]
    decisions: list[DecidedOut]

    @classmethod
    def of(cls, group: Differing, utc_offset: int) -> DifferingOut:
        """The group as the API says it."""
        return cls(
            villages=[PlaceOut.of(village) for village in group.villages],
            before=[LineOut.of(line) for line in group.before],
            after=[LineOut.of(line) for line in group.after],
            decisions=[DecidedOut.of(decided, utc_offset) for decided in group.decisions],
        )


class PreviewOut(Model):
    """What would differ in [from, to) if it were saved; nothing is. `villages`: how many were looked at."""

    begin: Moment = Field(serialization_alias="from")
    end: Moment = Field(serialization_alias="to")
    villages: int = Field(examples=[34])
    groups: list[DifferingOut]

    @classmethod
    def of(cls, preview: Preview) -> PreviewOut:
        """The preview as the API says it."""
        return cls(
            begin=moment(preview.from_ms),
            end=moment(preview.until_ms),
            villages=preview.villages,
            groups=[DifferingOut.of(group, preview.utc_offset) for group in preview.groups],
        )
