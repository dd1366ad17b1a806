"""A day in short, as a month shows it: how long it sounds, and what is in it by title."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from controller.service.days import Span
from controller.service.names import turn_of
from controller.service.telling import Line
from controller.web.schemas import Model, Moment
from scheduler.clock import moment

BROKEN = frozenset({"cut", "part", "moved", "dropped"})
"""Decisions after which something is not heard as it was wished."""


def _is_broken(code: str) -> bool:
    """One that was past when it was wished has not been missed."""
    return code.partition(".")[0] in BROKEN and code != "dropped.past"


class ShortTurnOut(Model):
    """A programme's turn, or a single bulletin. `villages`: in how many it sounds."""

    start: Moment
    title: str = Field(examples=["Chương trình buổi chiều"])
    klass: str = Field(serialization_alias="class", examples=["normal"])
    villages: int = Field(examples=[34])


class ShortDayOut(Model):
    """`longest_ms`: what the village hears in which most sounds; `broken`: turns of which somewhere something is not heard."""

    day: date = Field(examples=["2026-11-24"])
    longest_ms: int = Field(examples=[2_700_000])
    turns: list[ShortTurnOut]
    broken: int = Field(examples=[0])

    @classmethod
    def of(cls, span: Span) -> ShortDayOut:
        """The day as a month shows it."""
        heard: dict[str, tuple[Line, int]] = {}
        for group in span.groups:
            first: dict[str, Line] = {}
            for line in group.lines:
                first.setdefault(turn_of(line.wish), line)
            for turn, line in first.items():
                known, villages = heard.get(turn, (line, 0))
                heard[turn] = (known, villages + len(group.villages))
        every = sorted(heard.values(), key=lambda each: (each[0].start_ms, each[0].title))
        reasons = (reason for group in span.groups for reason in group.reasons)
        return cls(
            day=span.day,
            longest_ms=max((sum(each.end_ms - each.start_ms for each in group.lines) for group in span.groups), default=0),
            turns=[
                ShortTurnOut(start=moment(line.start_ms), title=line.programme or line.title, klass=line.klass, villages=villages)
                for line, villages in every
            ],
            broken=len({turn_of(reason.wish) for reason in reasons if _is_broken(reason.code)}),
        )
