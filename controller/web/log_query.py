"""What is asked of the log, as the address says it: of the page and of the files alike."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, Field

from controller.domain.airing import Klass
from controller.service.logbook import Result, Wanted
from controller.web.period import Kind, Period, local_day, period_of
from controller.web.schemas import Id


def _or_none(value: Any) -> Any:
    """A field that a form sent empty was not filled in."""
    return value or None


FIRST, LAST = date(2000, 1, 1), date(2199, 12, 31)
"""Days that a log may have: a slip of the finger is told as one."""


Day = Annotated[date, Field(ge=FIRST, le=LAST)]


class LogQuery(BaseModel):
    """Which airings: the period of that kind in which the day `on` lies (today, if none is said), and what else."""

    kind: Annotated[Kind, Field(description="how much: the day, or its month, quarter or half-year")] = Kind.DAY
    on: Annotated[Day | None, BeforeValidator(_or_none), Field(examples=["2026-11-24"])] = None
    unit: Annotated[Id | None, BeforeValidator(_or_none), Field(description="within it")] = None
    klass: Annotated[Klass | None, BeforeValidator(_or_none), Field(alias="class")] = None
    result: Annotated[Result, BeforeValidator(lambda value: value or Result.ALL)] = Result.ALL
    text: Annotated[str, Field(max_length=200, description="words of the title; accents and capitals do not count")] = ""

    def period(self, now: datetime) -> Period:
        """The period that is meant."""
        return period_of(self.kind, self.on or local_day(now))

    def wanted(self, now: datetime) -> Wanted:
        """As the use case takes it."""
        return Wanted(span=self.period(now).span, unit=self.unit, klass=self.klass, result=self.result, text=self.text)

    @property
    def is_filtered(self) -> bool:
        """Is there any condition beside the time?"""
        return bool(self.unit or self.klass or self.text.strip() or self.result is not Result.ALL)

    def link(self, path: str, **changes: object) -> str:
        """The address of the same, but for these."""
        said = {
            "kind": self.kind.value,
            "on": self.on.isoformat() if self.on else "",
            "unit": self.unit or "",
            "class": self.klass.value if self.klass else "",
            "result": self.result.value if self.result is not Result.ALL else "",
            "text": self.text,
        }
        said |= {name: "" if value is None else str(value) for name, value in changes.items()}
        return f"{path}?{urlencode({name: value for name, value in said.items() if value})}"


Asked = Annotated[LogQuery, Query()]
