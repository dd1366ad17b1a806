"""Alarms: what somebody must look at; and the server's clock, which nobody signs by while it is behind."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from pydantic import Field

from controller.service.alarms import AlarmView
from controller.service.timekeeping import ClockView
from controller.web.alarm_sentences import alarm_sentence
from controller.web.schemas import Id, Model, Moment
from controller.web.services import TheServices
from controller.web.session import Person
from scheduler.clock import moment

router = APIRouter(tags=["alarms"])

AlarmId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class AlarmOut(Model):
    """One alarm. `node` null: it is about the server. `number` is how often it was seen; `closed` null: it is open."""

    id: int = Field(examples=[7])
    code: str = Field(examples=["node.clone"])
    node: Id | None = Field(examples=["x01654-1-l1"])
    first: Moment
    last: Moment
    number: int = Field(examples=[3])
    detail: dict[str, Any] = Field(examples=[{"seq": 12}])
    closed: Moment | None
    message_vi: str = Field(examples=["Pác Rằng 1 (Pác Rằng): đồng hồ vừa bị chỉnh hơn một phút."])
    message_en: str = Field(examples=["Pác Rằng 1 (Pác Rằng): its clock was moved by more than a minute."])

    @classmethod
    def of(cls, view: AlarmView) -> AlarmOut:
        """The alarm as the API says it."""
        alarm = view.alarm
        return cls(
            id=alarm.id,
            code=alarm.code,
            node=alarm.node,
            first=moment(alarm.first_ms),
            last=moment(alarm.last_ms),
            number=alarm.number,
            detail=msgspec.json.decode(alarm.detail),
            closed=moment(alarm.closed_ms) if alarm.closed_ms is not None else None,
            message_vi=alarm_sentence(view, "vi"),
            message_en=alarm_sentence(view, "en"),
        )


class ClockOut(Model):
    """The server's clock, its last commit, and by how much it is behind that; 0 while it may sign."""

    now: Moment
    last_commit: Moment
    behind_ms: int = Field(examples=[0])

    @classmethod
    def of(cls, view: ClockView) -> ClockOut:
        """The clock as the API says it."""
        return cls(now=moment(view.now_ms), last_commit=moment(view.mark_ms), behind_ms=view.behind_ms)


@router.get("/alarms")
def alarms(services: TheServices, user: Person, closed: Annotated[bool, Query(alias="all")] = False) -> list[AlarmOut]:
    """The open alarms, at most 1,000, those that were raised last first; with `all` the closed ones too."""
    return [AlarmOut.of(view) for view in services.alarms.list(by=user, closed=closed)]


@router.post("/alarms/{alarm}/close")
def close(alarm: AlarmId, services: TheServices, user: Person) -> AlarmOut:
    """Somebody saw to it; twice is once."""
    return AlarmOut.of(services.alarms.close(alarm, by=user))


@router.get("/clock")
def clock(services: TheServices, _: Person) -> ClockOut:
    """How the server's clock stands."""
    return ClockOut.of(services.timekeeping.show())


@router.post("/clock/forgive")
def forgive(services: TheServices, user: Person) -> ClockOut:
    """Believe the clock again although it is behind: it is right now, and was ahead before."""
    return ClockOut.of(services.timekeeping.forgive(by=user))
