"""The technician's pages: all loudspeakers, silent ones first; and one of them, with what can be done about it. Plain forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from audio.errors import AudioError
from controller.domain.errors import Refused, TiengLangError
from controller.domain.rights import Actor, Deed
from controller.domain.unit import Level, Unit
from controller.service.inspection import Inspected
from controller.service.sightings import Presence
from controller.web import node_words, words
from controller.web.errors import status_of
from controller.web.headline import name_order
from controller.web.node_list import SHOWS, List
from controller.web.node_sheet import sheet
from controller.web.pages import Pages, SignedIn, ThePages, language_of
from controller.web.people_pages import OFFERED, find, label
from controller.web.schemas import Id
from controller.web.sentences import sentence
from controller.web.services import Services, TheServices

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Number = Annotated[int, Path(ge=1, le=(1 << 31) - 1)]
"""Of an alarm, as databases number them."""

MAX_ADDED = 50
"""Loudspeakers added by one form: more than any commune has in a village."""

Asked = Annotated[str, Query(max_length=200)]
Text = Annotated[str, Form(max_length=200)]
Typed = dict[str, str]


@router.get("/nodes")
def nodes(
    request: Request,
    services: TheServices,
    user: SignedIn,
    pages: ThePages,
    show: Asked = "",
    q: Asked = "",
    unit: Asked = "",
    added: Asked = "",
) -> Response:
    """The answer, then whoever is silent, then whoever has an alarm, then the rest by place."""
    return _list(request, services, user, pages, show=show, q=q, unit=unit, added=added)


@router.get("/fragments/nodes")
def nodes_now(
    request: Request, services: TheServices, user: SignedIn, pages: ThePages, show: Asked = "", q: Asked = "", unit: Asked = ""
) -> Response:
    """The list alone, for a page that stays open."""
    return pages.render("nodes_list.html", request, user=user, **_listed(services, user, request, show, q, unit))


@router.post("/nodes")
def add(
    request: Request,
    services: TheServices,
    user: SignedIn,
    pages: ThePages,
    unit: Text = "",
    name: Text = "",
    number: Text = "",
) -> Response:
    """Add loudspeakers to a village; a name that stands there already is that one, so that sending twice adds nothing."""
    try:
        village = find([each for each in services.units.tree(by=user) if each.level is Level.VILLAGE], unit)
        services.nodes.add(village.id, numbered(name, number), by=user)
    except TiengLangError as error:
        return _list(request, services, user, pages, error=error, typed={"unit": unit, "name": name, "number": number})
    return RedirectResponse(f"/nodes?unit={village.id}&added={village.id}", status_code=303)


@router.get("/nodes/{node}")
def node_page(node: Id, request: Request, services: TheServices, user: SignedIn, pages: ThePages, done: Asked = "") -> Response:
    """One loudspeaker."""
    return _one(node, request, services, user, pages, done=done)


@router.get("/fragments/nodes/{node}")
def node_now(node: Id, request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """What changes on its page, for one that stays open."""
    return pages.render("node_live.html", request, user=user, **_living(services, user, request, node))


@router.post("/nodes/{node}/test")
def test(node: Id, request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """Let it play the test phrase."""
    return _done(node, request, services, user, pages, "test", lambda: services.node_tests.play(node, by=user))


@router.post("/nodes/{node}/alarms/{alarm}/close")
def close(node: Id, alarm: Number, request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """Somebody saw to it."""
    return _done(node, request, services, user, pages, "alarms", lambda: services.alarms.close(alarm, by=user))


@router.post("/nodes/{node}/move")
def move(node: Id, request: Request, services: TheServices, user: SignedIn, pages: ThePages, unit: Text = "") -> Response:
    """It stands in another village from now on."""

    def moved() -> None:
        village = find([each for each in services.units.tree(by=user) if each.level is Level.VILLAGE], unit)
        services.nodes.move(node, village.id, by=user)

    return _done(node, request, services, user, pages, "move", moved, typed={"unit": unit}, done="moved")


@router.post("/nodes/{node}/retire")
def retire(node: Id, request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """It is no longer ours."""
    return _done(node, request, services, user, pages, "retire", lambda: services.nodes.retire(node, by=user))


def numbered(name: str, number: str) -> list[str]:
    """ "Lũng Vài" and "1-3": Lũng Vài 1, 2 and 3. Refused("node.names", "node.number")."""
    name = " ".join(name.split())
    if not name:
        raise Refused("node.names", limit=MAX_ADDED)
    if not number.strip():
        return [name]
    said = re.fullmatch(r"\s*(\d{1,3})\s*(?:[-–]\s*(\d{1,3})\s*)?", number, re.ASCII)
    first, last = (int(said[1]), int(said[2] or said[1])) if said else (1, 0)
    if not 1 <= first <= last or last - first >= MAX_ADDED:
        raise Refused("node.number", limit=MAX_ADDED)
    return [f"{name} {each}" for each in range(first, last + 1)]


def _done(
    node: str,
    request: Request,
    services: Services,
    user: Actor,
    pages: Pages,
    where: str,
    deed: Callable[[], object],
    *,
    typed: Typed | None = None,
    done: str = "",
) -> Response:
    """Do it and lead back, so that a reload sends nothing again; what can't be done is told where it was asked for."""
    try:
        deed()
    except (TiengLangError, AudioError) as error:
        return _one(node, request, services, user, pages, error=error, where=where, typed=typed)
    return RedirectResponse(f"/nodes/{node}{'?done=' + done if done else ''}#{where}", status_code=303)


def _list(
    request: Request,
    services: Services,
    user: Actor,
    pages: Pages,
    *,
    show: str = "",
    q: str = "",
    unit: str = "",
    added: str = "",
    error: TiengLangError | None = None,
    typed: Typed | None = None,
) -> Response:
    language = language_of(request)
    here = _listed(services, user, request, show, q, unit)
    return pages.render(
        "nodes.html",
        request,
        status=status_of(error) if error else 200,
        user=user,
        villages=_villages(services, user, Deed.NODE_ADD),
        added=added if any(each.id == added for each in services.units.tree(by=user)) else "",
        error=sentence(error.code, error.fields, language) if error else "",
        typed=typed or {"unit": "", "name": "", "number": ""},
        script=words.for_script(language, node_words.SCRIPT),
        **here,
    )


def _listed(services: Services, user: Actor, request: Request, show: str, q: str, unit: str) -> dict[str, Any]:
    show = show if show in SHOWS else ""
    seen = services.inspection.round(unit or None, by=user)
    told = List(seen, partial(services.inspection.last_words, by=user), language_of(request)).show(show, q)
    return {
        "listed": told,
        "show": show,
        "q": q,
        "unit": seen.unit,
        "may_add": user.may_anywhere(Deed.NODE_ADD),
        "query": request.url.query,
    }


def _one(
    node: str,
    request: Request,
    services: Services,
    user: Actor,
    pages: Pages,
    *,
    done: str = "",
    error: TiengLangError | AudioError | None = None,
    where: str = "",
    typed: Typed | None = None,
) -> Response:
    language = language_of(request)
    status = 200 if error is None else status_of(error) if isinstance(error, TiengLangError) else 503
    living = _living(services, user, request, node)
    if error is not None:
        living["said"] |= {where: sentence(error.code, dict(error.fields), language)}
    seen: Inspected = living["seen"]
    return pages.render(
        "node.html",
        request,
        status=status,
        villages=_villages(services, user, Deed.NODE_MOVE) if user.may(Deed.NODE_MOVE, seen.village) else [],
        may_retire=user.may(Deed.NODE_RETIRE, seen.village),
        may_set_up=user.may(Deed.NODE_SET_UP, seen.village),
        done=done,
        typed=typed or {"unit": ""},
        script=words.for_script(language, node_words.SCRIPT),
        user=user,
        **living,
    )


def _living(services: Services, user: Actor, request: Request, node: str) -> dict[str, Any]:
    """What changes while somebody looks. `said`: what could not be done, by the place at which it was asked for."""
    seen = services.inspection.node(node, by=user)
    return {
        "seen": seen,
        "sheet": sheet(seen, language_of(request)),
        "is_retired": seen.node.retired_ms is not None,
        "is_silent": seen.presence is not Presence.THERE,
        "may_test": user.may(Deed.NODE_TEST, seen.village),
        "may_close": user.may(Deed.ALARM_CLOSE, seen.village),
        "said": {"test": "", "alarms": "", "move": "", "retire": ""},
    }


def _villages(services: Services, user: Actor, deed: Deed) -> list[str]:
    """The villages at which they may do it, as a field offers them."""
    if not user.may_anywhere(deed):
        return []
    units: dict[str, Unit] = {unit.id: unit for unit in services.units.tree(by=user)}
    mine = [unit for unit in units.values() if unit.level is Level.VILLAGE and user.may(deed, unit)]
    return [label(unit, units) for unit in sorted(mine, key=lambda unit: name_order(unit.name))[:OFFERED]]
