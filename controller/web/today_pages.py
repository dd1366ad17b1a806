"""The first page: what is on air, what will sound, who can hear us, what is broken, what waits, what was said lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from controller.domain.rights import Actor, Deed
from controller.service.covering import SEEN_MS, TARGET, Coverage
from controller.service.days import Span
from controller.web import today_view, words
from controller.web.decision_sentences import decision_sentence
from controller.web.headline import name_order
from controller.web.ledger import AiringOut, airing_out
from controller.web.pages import SignedIn, ThePages, language_of, number
from controller.web.sentences import Language
from controller.web.services import Services, TheServices
from controller.web.today_live import SOON_MS
from controller.web.tonight import next_turn, picture
from scheduler.clock import moment

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

RECENT = 8
"""Airings listed on the first page: those of the last days."""

ALARMS = 20
"""Alarms shown on the first page; `tienglang alarms` has the rest."""

SILENT = 20
"""Silent loudspeakers shown, those that fell silent last: a whole commune without power is a number, not a list."""

ON_AIR = 6
"""Airings on air that are shown; a province may have one in each commune."""

TABS = 4
"""Places that are offered beside each other; more are a list to choose from."""

HOURS = 48
"""Today and tomorrow, looked at once."""

Asked = Annotated[str, Query(max_length=36)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Who looks, at which place's day, when and in which language."""

    user: Actor
    unit: str
    tomorrow: bool
    now_ms: int
    language: Language


@router.get("/")
def today(
    request: Request, services: TheServices, user: SignedIn, pages: ThePages, unit: Asked = "", day: Asked = ""
) -> Response:
    """What a person who comes in wants to know."""
    acting = services.acting()
    looking = _looking(request, services, user, unit, day)
    return pages.render(
        "today.html",
        request,
        user=user,
        acting=acting,
        acting_since=moment(acting.since_ms),
        script=words.for_script(looking.language),
        **_live(services, looking),
    )


@router.get("/fragments/today")
def fragment(
    request: Request, services: TheServices, user: SignedIn, pages: ThePages, unit: Asked = "", day: Asked = ""
) -> Response:
    """What of the page changes by itself, for a page that stays open."""
    return pages.render("today_live.html", request, **_live(services, _looking(request, services, user, unit, day)))


def _looking(request: Request, services: Services, user: Actor, unit: str, day: str) -> Looking:
    now_ms = services.clock.now_ms()
    return Looking(user=user, unit=unit, tomorrow=day == "tomorrow", now_ms=now_ms, language=language_of(request))


def _live(services: Services, looking: Looking) -> dict[str, Any]:
    coverage = services.coverage.of(by=looking.user)
    airings = services.reports.on_air(looking.now_ms, SOON_MS, by=looking.user)
    return {
        "todo": _todo(services, coverage, looking.user),
        "waiting": services.approvals.count(by=looking.user),
        "may_say": looking.user.may_anywhere(Deed.BULLETIN_RECEIVE),
        "faults_first": today_view.faults_first(looking.user),
        "on_air": today_view.on_air(airings, looking.now_ms, looking.language)[:ON_AIR],
        "on_air_more": max(len(airings) - ON_AIR, 0),
        "now_ms": looking.now_ms,
        "number": lambda value: number(value, looking.language),
        **_tonight(services, coverage, looking),
        **_coverage(coverage),
        **_faults(services, coverage, looking),
        **_recent(services, looking),
    }


def _todo(services: Services, coverage: Coverage, user: Actor) -> str:
    """What is to be done before there is anything to see: a word's beginning, or nothing."""
    if coverage.nodes:
        return ""
    if not user.may_anywhere(Deed.SEE):
        return "no-unit"
    return "no-nodes" if coverage.villages or services.units.tree(by=user) else "no-units"


def _tonight(services: Services, coverage: Coverage, looking: Looking) -> dict[str, Any]:
    """The chosen place's day: of one place only, for a whole province takes seconds."""
    offered = today_view.places(coverage, looking.user)
    place = today_view.chosen(offered, looking.unit)
    if place is None:
        return {"places": [], "place": None, "picture": None, "next": None}
    span = services.days.of(place.id, hours=HOURS, by=looking.user)
    policy = services.policies.effective(place.id, by=looking.user).policy
    return {
        "places": offered,
        "place": place,
        "tabs": len(offered) <= TABS,
        "tomorrow": looking.tomorrow,
        "picture": picture(span, policy, looking.now_ms, tomorrow=looking.tomorrow),
        "next": _next(span, looking),
        "why": lambda reason: decision_sentence(reason, span.utc_offset, looking.language),
        "by_name": lambda units: sorted(units, key=lambda unit: name_order(unit.name)),
        "moment": moment,
        "tomorrow_from": span.from_ms + HOURS // 2 * 3_600_000,
    }


def _next(span: Span, looking: Looking) -> dict[str, Any] | None:
    found = next_turn(span, looking.now_ms)
    if found is None:
        return None
    return {"start": moment(found.start_ms), "start_ms": found.start_ms, "title": found.title, "villages": found.villages}


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "coverage": coverage,
        "target": TARGET,
        "seen_minutes": SEEN_MS // 60_000,
        "without": today_view.without(coverage),
        "without_more": max(len(coverage.without) - today_view.NAMED, 0),
    }


def _faults(services: Services, coverage: Coverage, looking: Looking) -> dict[str, Any]:
    """How many alarms are open and loudspeakers silent, and the newest of each."""
    alarms = services.alarms.list(by=looking.user, limit=ALARMS)
    silent = services.coverage.silent(SILENT, by=looking.user) if coverage.silent else ()
    return {
        "alarms": services.alarms.count_open(by=looking.user) if len(alarms) == ALARMS else len(alarms),
        "alarm_faults": today_view.alarm_faults(alarms, looking.now_ms, looking.language),
        "silent": coverage.silent,
        "silent_faults": today_view.silent_faults(silent, looking.now_ms, looking.language),
        "sees_nodes": looking.user.may_anywhere(Deed.SEE),
    }


def _recent(services: Services, looking: Looking) -> dict[str, Any]:
    lines: list[tuple[AiringOut, str]] = []
    for each in services.reports.lately(RECENT, looking.now_ms, by=looking.user):
        line = airing_out(each)
        lines.append((line, _stage(line, each.airing.start_ms, looking.now_ms)))
    return {"recent": lines, "now": moment(looking.now_ms)}


def _stage(line: AiringOut, start_ms: int, now_ms: int) -> str:
    if line.cancelled is not None:
        return "cancelled"
    if line.ended:
        return "done"
    return "waiting" if now_ms < start_ms else "running"
