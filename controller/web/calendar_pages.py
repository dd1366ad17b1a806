"""The calendar: the week and the month of a commune or a village, as they will really sound. Its modules draw and change it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from controller.domain.rights import Actor, Deed
from controller.domain.unit import Level, Unit
from controller.service.days import day_of
from controller.web import calendar_words, words
from controller.web.headline import name_order
from controller.web.pages import SignedIn, ThePages, language_of
from controller.web.services import TheServices

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

VIEWS = ("week", "month")


@router.get("/calendar")
def calendar(
    request: Request,
    services: TheServices,
    user: SignedIn,
    pages: ThePages,
    unit: Annotated[str, Query(max_length=36)] = "",
    view: Annotated[str, Query(max_length=10)] = "week",
    day: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The page; what sounds is fetched by its modules. A unit or a day that is none is the first one, and today."""
    tree = services.units.tree(by=user)
    places = sorted(
        (each for each in tree if each.level is not Level.PROVINCE and user.may(Deed.SEE, each)),
        key=lambda each: name_order(each.name),
    )
    here = _chosen(places, unit)
    return pages.render(
        "calendar.html",
        request,
        user=user,
        place=here,
        communes=_by_commune(places, tree),
        data=_data(services, user, here, places, view, day) if here else {},
        weekdays=words.say("weekdays-short", language_of(request)).split("|"),
        weekday_names=words.say("weekdays", language_of(request)).split("|"),
        edits=here is not None and any(user.may(Deed.PROGRAMME_EDIT, each) for each in places),
        script=words.for_script(language_of(request), calendar_words.SCRIPT),
    )


def _chosen(places: Sequence[Unit], wanted: str) -> Unit | None:
    """The one that was asked for, else the first commune, else the first village."""
    first = sorted(places, key=lambda each: each.level is not Level.COMMUNE)
    return next((each for each in places if each.id == wanted), next(iter(first), None))


def _by_commune(places: Sequence[Unit], tree: Sequence[Unit]) -> list[dict[str, Any]]:
    """What can be chosen, commune by commune; one that is not within reach itself only heads its villages."""
    names = {each.id: each for each in tree}
    heads = {each.id if each.level is Level.COMMUNE else each.parent or "" for each in places}
    return [
        {
            "name": names[head].name,
            "itself": names[head] if names[head] in places else None,
            "villages": [each for each in places if each.parent == head and each.level is Level.VILLAGE],
        }
        for head in sorted(heads & names.keys(), key=lambda each: name_order(names[each].name))
    ]


def _data(services: TheServices, user: Actor, here: Unit, places: Sequence[Unit], view: str, day: str) -> dict[str, Any]:
    """What the modules begin with. `hours`: when something may sound here; `edits`: whose programmes this person may change."""
    policy = services.policies.effective(here.id, by=user).policy
    today = day_of(services.clock.now_ms(), policy.utc_offset)
    return {
        "unit": here.id,
        "name": here.name,
        "view": view if view in VIEWS else "week",
        "day": _day(day, today).isoformat(),
        "today": today.isoformat(),
        "now": services.clock.now_ms(),
        "hours": [{"from": each.from_minute, "to": each.to_minute, "days": each.days} for each in policy.hours],
        "edits": [each.id for each in places if user.may(Deed.PROGRAMME_EDIT, each)],
        "bulletins": [
            {"id": each.id, "title": each.title, "length_ms": length_ms}
            for each, length_ms in services.bulletins.sayable(by=user)
        ],
        "units": [{"id": each.id, "name": each.name, "parent": each.parent} for each in places],
    }


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return today
