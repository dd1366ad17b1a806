"""The first page: what is on air, what was said lately, what somebody must look at."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from controller.domain.rights import Actor, Deed
from controller.web.alarm_sentences import alarm_sentence
from controller.web.ledger import AiringOut, airing_out
from controller.web.pages import SignedIn, ThePages, language_of
from controller.web.sentences import Language
from controller.web.services import Services, TheServices
from scheduler.clock import moment

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

RECENT = 20
"""Airings listed on the first page: about a fortnight of a commune's own bulletins."""

ALARMS = 20
"""Alarms shown on the first page; `tienglang alarms` has the rest."""


@router.get("/")
def today(request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """What a person who comes in wants to know."""
    acting = services.acting()
    return pages.render(
        "today.html",
        request,
        user=user,
        acting=acting,
        acting_since=moment(acting.since_ms),
        may_say=user.may_anywhere(Deed.BULLETIN_RECEIVE),
        **_alarms(services, user, language_of(request)),
        **_recent(services, user),
    )


@router.get("/fragments/recent")
def recent(request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """The list of recent airings alone, for a page that stays open."""
    return pages.render("recent.html", request, **_recent(services, user))


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
