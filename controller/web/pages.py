"""The pages: signing in, and the one screen on which a bulletin is composed, said and watched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from controller.domain.errors import TiengLangError
from controller.domain.rights import Actor, Deed
from controller.domain.unit import Level, Unit
from controller.web import words
from controller.web.alarm_sentences import alarm_sentence
from controller.web.assets import Assets
from controller.web.errors import status_of
from controller.web.headline import name_order
from controller.web.ledger import AiringOut, airing_out
from controller.web.sentences import Language, sentence
from controller.web.services import Services, TheServices
from controller.web.session import COOKIE, CountedTry, caller_of, give_cookie, take_cookie, who
from scheduler.clock import moment

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LANGUAGE_COOKIE = "tienglang_lang"
LANGUAGE_S = 365 * 86_400
HERE = ZoneInfo("Asia/Ho_Chi_Minh")
RECENT = 20
"""Airings listed on the first page: about a fortnight of a commune's own bulletins."""

ALARMS = 20
"""Alarms shown on the first page; `tienglang alarms` has the rest."""

_AIRING = re.compile(r"/airings/[a-z0-9-]{1,36}", re.ASCII)


class Pages:
    """The templates, made once by `web.app`."""

    def __init__(self, assets: Assets) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["asset"] = assets.url
        self._templates.filters["local"] = local
        self._templates.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}

    def render(self, template: str, request: Request, /, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page in the language that this person reads."""
        language = language_of(request)

        def say(key: str) -> str:
            return words.say(key, language)

        page = self._templates.get_template(template).render(lang=language, t=say, **values)
        response = HTMLResponse(page, status_code=status)
        if request.query_params.get("lang") == language:
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=LANGUAGE_S, httponly=True, samesite="lax")
        return response


def language_of(request: Request) -> Language:
    """?lang=, then the cookie; Vietnamese unless one of them says English."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return "en" if asked == "en" else "vi"


def local(when: datetime, now: datetime) -> str:
    """A moment as people here say it: "17:30", "17:30 ngày 22/11"."""
    here, today = when.astimezone(HERE), now.astimezone(HERE)
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return f"{here:%H:%M · %d/%m}" if here.year == today.year else f"{here:%H:%M · %d/%m/%Y}"


Visitor = Annotated[Actor | None, Depends(who)]


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


ThePages = Annotated[Pages, Depends(_pages)]


@router.get("/")
def home(request: Request, services: TheServices, user: Visitor, pages: ThePages) -> Response:
    """Compose, and what was said lately."""
    return _screen(request, services, user, pages, "")


@router.get("/airings/{airing}")
def airing_page(airing: str, request: Request, services: TheServices, user: Visitor, pages: ThePages) -> Response:
    """The same screen, watching one airing."""
    if user is not None:
        services.reports.summary(airing, by=user)
    return _screen(request, services, user, pages, airing)


@router.get("/fragments/recent")
def recent(request: Request, services: TheServices, user: Visitor, pages: ThePages) -> Response:
    """The list of recent airings alone, for a page that stays open."""
    if user is None:
        return Response(status_code=401)
    return pages.render("recent.html", request, **_recent(services, user))


@router.get("/login")
def login_page(request: Request, user: Visitor, pages: ThePages) -> Response:
    """Where one signs in."""
    if user is not None:
        return RedirectResponse("/", status_code=303)
    return pages.render(
        "login.html", request, error="", name="", after=_after(request.query_params.get("after")), asks_code=False
    )


@router.post("/login", dependencies=[CountedTry])
def login(
    request: Request,
    services: TheServices,
    pages: ThePages,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    after: Annotated[str, Form(max_length=100)] = "/",
) -> Response:
    """Sign in; a wrong word keeps the name that was typed. A code is asked for when the account has a second step."""
    try:
        session = services.sessions.sign_in(name, password, code, caller_of(request))
    except TiengLangError as error:
        told = sentence(error.code, error.fields, language_of(request))
        asks = error.code.startswith("login.code")
        values = {"error": told, "name": name, "after": _after(after), "asks_code": asks}
        return pages.render("login.html", request, status=status_of(error), **values)
    response = RedirectResponse(_after(after), status_code=303)
    give_cookie(request, response, session)
    return response


@router.post("/logout")
def logout(request: Request, services: TheServices) -> Response:
    """Sign out."""
    services.sessions.sign_out(request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/login", status_code=303)
    take_cookie(response)
    return response


@router.get("/invite")
def invite_page(request: Request, pages: ThePages) -> Response:
    """Where whoever was invited chooses a password. The token stays behind the #, in the browser."""
    return pages.render("invite.html", request, script=words.for_script(language_of(request)))


@router.get("/password")
def password_page(request: Request, user: Visitor, pages: ThePages) -> Response:
    """Where one changes the own password."""
    if user is None:
        return to_door()
    return pages.render("password.html", request, user=user, error="", done=False)


@router.post("/password", dependencies=[CountedTry])
def change_password(
    request: Request,
    services: TheServices,
    user: Visitor,
    pages: ThePages,
    old: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Change it; the other sessions end."""
    if user is None:
        return to_door()
    error = ""
    try:
        services.sessions.change_password(by=user, old=old, new=new, token=request.cookies.get(COOKIE))
    except TiengLangError as refused:
        error = sentence(refused.code, refused.fields, language_of(request))
    return pages.render("password.html", request, user=user, error=error, done=not error)


def to_door() -> Response:
    """Who is not signed in is led to where one signs in."""
    return RedirectResponse("/login", status_code=303)


def _screen(request: Request, services: Services, user: Actor | None, pages: Pages, airing: str) -> Response:
    if user is None:
        return RedirectResponse(f"/login?after={request.url.path}" if airing else "/login", status_code=303)
    units = services.units.tree(by=user)
    counts: dict[str, int] = {}
    for view in services.nodes.list(by=user):
        counts[view.node.village] = counts.get(view.node.village, 0) + 1
    acting = services.acting()
    return pages.render(
        "home.html",
        request,
        acting=acting,
        acting_since=moment(acting.since_ms),
        user=user,
        may_say=user.may_anywhere(Deed.AIRING_SAY),
        may_stop=user.may_anywhere(Deed.AIRING_CANCEL),
        airing=airing,
        communes=_communes(units, counts, user),
        has_units=bool(units),
        nodes=sum(counts.values()),
        script=words.for_script(language_of(request)),
        **_alarms(services, user, language_of(request)),
        **_recent(services, user),
    )


def _communes(units: Sequence[Unit], counts: dict[str, int], user: Actor) -> list[dict[str, Any]]:
    """Communes with their villages and how many loudspeakers stand there, as the tree shows them.

    `whole`: this person speaks for all of it, not only for the villages that they see.
    """
    units = sorted(units, key=lambda unit: name_order(unit.name))
    villages: dict[str, list[dict[str, Any]]] = {}
    for unit in units:
        if unit.level is Level.VILLAGE:
            row = {"id": unit.id, "name": unit.name, "nodes": counts.get(unit.id, 0)}
            villages.setdefault(unit.parent or "", []).append(row)
    return [
        {
            "id": unit.id,
            "name": unit.name,
            "whole": user.may(Deed.AIRING_SAY, unit),
            "villages": villages.get(unit.id, []),
            "nodes": sum(row["nodes"] for row in villages.get(unit.id, [])),
        }
        for unit in units
        if unit.level is Level.COMMUNE
    ]


def _alarms(services: Services, user: Actor, language: Language) -> dict[str, Any]:
    """How many alarms are open, and the newest ones as sentences."""
    newest = services.alarms.list(by=user, limit=ALARMS)
    number = services.alarms.count_open(by=user) if len(newest) == ALARMS else len(newest)
    lines = [(moment(view.alarm.last_ms), alarm_sentence(view, language)) for view in newest]
    return {"alarms": number, "alarm_lines": lines}


def _recent(services: Services, user: Actor) -> dict[str, Any]:
    now_ms = services.clock.now_ms()
    lines: list[tuple[AiringOut, str]] = []
    for each in services.reports.recent(RECENT, by=user):
        line = airing_out(each)
        lines.append((line, _stage(line, each.airing.start_ms, now_ms)))
    return {"recent": lines, "now": moment(now_ms)}


def _stage(line: AiringOut, start_ms: int, now_ms: int) -> str:
    if line.cancelled is not None:
        return "cancelled"
    if line.ended:
        return "done"
    return "waiting" if now_ms < start_ms else "running"


def _after(path: str | None) -> str:
    """Where to go after signing in: one of our own pages, nothing a stranger wrote into a link."""
    return path if path and _AIRING.fullmatch(path) else "/"
