"""What will sound: a unit's day, its calendar, and what a change would change before anybody saves it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from controller.domain.errors import Refused
from controller.domain.rights import Actor
from controller.service.days import FARTHEST_OF_MONTHS_D
from controller.web.day_schemas import CalendarOut, DayOut, PolicyPreviewIn, PreviewIn, PreviewOut
from controller.web.ical import calendar
from controller.web.month_schemas import ShortDayOut
from controller.web.programme_schemas import ProgrammeBody
from controller.web.schemas import AiringIn, Id
from controller.web.services import TheServices
from controller.web.session import Person, is_https, who

units = APIRouter(prefix="/units", tags=["units"])
programmes = APIRouter(prefix="/programmes", tags=["programmes"])
policies = APIRouter(prefix="/policies", tags=["policies"])
airings = APIRouter(prefix="/airings", tags=["airings"])

Ahead = Annotated[
    int, Query(ge=0, le=FARTHEST_OF_MONTHS_D, description="days to look ahead at, if more than are planned", examples=[7])
]

MEDIA_TYPE = "text/calendar; charset=utf-8"


@units.get("/{unit}/day")
def day(
    unit: Id, services: TheServices, user: Person, day: Annotated[date | None, Query(examples=["2026-11-24"])] = None
) -> DayOut:
    """A local day, today if none is said: what sounds in each village, what has sounded, and what does not, and why."""
    return DayOut.of(services.days.of(unit, day, by=user))


@units.get("/{unit}/days")
def days(
    unit: Id,
    services: TheServices,
    user: Person,
    first: Annotated[date, Query(examples=["2026-11-23"])],
    last: Annotated[date, Query(examples=["2026-11-29"])],
) -> list[DayOut]:
    """Some days in a row, at most 42, of a commune or a village: each as `day` tells it."""
    return [DayOut.of(span) for span in services.days.between(unit, first, last, by=user)]


@units.get("/{unit}/days/short")
def month(
    unit: Id,
    services: TheServices,
    user: Person,
    first: Annotated[date, Query(examples=["2026-11-01"])],
    last: Annotated[date, Query(examples=["2026-11-30"])],
) -> list[ShortDayOut]:
    """The same in short, for a month on one screen: how many minutes a day has, and what it has by title."""
    return [ShortDayOut.of(span) for span in services.days.between(unit, first, last, by=user)]


@units.post("/{unit}/calendar")
def calendar_address(unit: Id, request: Request, services: TheServices, user: Person) -> CalendarOut:
    """Where a calendar app reads what is planned for this unit. A new password makes your addresses worthless."""
    name = services.units.get(unit, by=user).id
    at = request.url_for("calendar_feed", unit=name).include_query_params(token=services.feeds.token(user, name))
    return CalendarOut(url=str(at.replace(scheme="https") if is_https(request) else at))


def _reader(unit: Id, request: Request, services: TheServices, token: Annotated[str, Query(max_length=200)] = "") -> Actor:
    """Whoever is signed in, or has the feed's own token: a calendar app can't sign in. Refused("session.none") else."""
    reader = services.feeds.who(token, unit) or who(request, services)
    if reader is None:
        raise Refused("session.none")
    return reader


@units.get(
    "/{unit}/calendar.ics",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"example": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"}}}},
)
def calendar_feed(unit: Id, services: TheServices, reader: Annotated[Actor, Depends(_reader)]) -> Response:
    """Today and all that is planned ahead, for calendar apps (iCalendar, RFC 5545)."""
    return Response(calendar(services.days.ahead(unit, by=reader), services.clock.now_ms()), media_type=MEDIA_TYPE)


@programmes.post("/preview")
def preview(said: ProgrammeBody, services: TheServices, user: Person, days: Ahead = 0) -> PreviewOut:
    """What a new programme would change, without saving it. What could not be saved is refused the same way."""
    return PreviewOut.of(services.previews.created(said.programme(), by=user, days=days))


@programmes.post("/{programme}/preview")
def preview_change(programme: Id, said: PreviewIn, services: TheServices, user: Person, days: Ahead = 0) -> PreviewOut:
    """What a change to a programme, or its end (null), would change, without saving it."""
    wanted = None if said.programme is None else said.programme.programme()
    return PreviewOut.of(services.previews.changed(programme, wanted, by=user, days=days))


@policies.post("/{unit}/preview")
def preview_policy(unit: Id, said: PolicyPreviewIn, services: TheServices, user: Person) -> PreviewOut:
    """What another policy of a unit, or none (null), would change in its villages, without saving it."""
    return PreviewOut.of(services.previews.ruled(unit, said.policy.ruling() if said.policy else None, by=user))


@airings.post("/preview")
def preview_airing(said: AiringIn, services: TheServices, user: Person) -> PreviewOut:
    """What saying a bulletin would change: when each village hears it, or why not, and what it pushes aside."""
    return PreviewOut.of(services.previews.asked(said.bulletin, said.wish(), by=user))
