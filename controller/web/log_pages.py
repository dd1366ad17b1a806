"""The log's page: what was said in a day, a month, a quarter, half a year; the answer first. It works without a script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from controller.domain.airing import Klass
from controller.domain.rights import is_within
from controller.domain.unit import Level, Unit
from controller.service.logbook import Line, Look, Result, Village
from controller.web.headline import name_order
from controller.web.log_query import Asked, LogQuery
from controller.web.log_sheets import sums_table
from controller.web.log_words import KLASSES, STAGES, WORDS, klass, who
from controller.web.pages import HERE, SignedIn, ThePages, language_of
from controller.web.period import Kind, Period, latest, local_day, period_of
from controller.web.sentences import LANGUAGES, Language
from controller.web.services import TheServices
from scheduler.clock import moment

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PAGE = 50
"""Lines of one page: a week of a commune; more scrolls for ever on a phone."""

OFFERED = 400
"""Units in the list to choose from: of more, villages are left out, and one chooses their commune."""

NAMES = 3
"""Names of units in one line."""

WORST = 12
"""Villages of the picture that are seen at once, those that heard least first."""

_PERIODS = {Kind.MONTH: 24, Kind.QUARTER: 12, Kind.HALF: 8}
"""How many periods are offered: airings are kept for two years, and reports are asked for a little later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line as the page shows it."""

    line: Line
    time: str
    klass: str
    who: str
    where: str
    length: str
    stage: str
    says: str


@router.get("/log")
def log(
    asked: Asked,
    request: Request,
    services: TheServices,
    user: SignedIn,
    pages: ThePages,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """What was said, newest first, as far as this person sees."""
    now, language = services.clock.now(), language_of(request)
    period, today = asked.period(now), local_day(now)
    reports = asked.kind is not Kind.DAY
    look = services.log.look(asked.wanted(now), by=user, villages=reports)
    number = max(1, -(-len(look.lines) // PAGE))
    page = min(page, number)
    shown = look.lines[(page - 1) * PAGE : page * PAGE]
    units = [unit for unit in services.units.tree(by=user) if is_within(unit.path, user.reach)]
    return pages.render(
        "log.html",
        request,
        user=user,
        asked=asked,
        period=period,
        today=today,
        title=period.name(language),
        answer=_answer(look, period, asked, language),
        days=[(period_of(Kind.DAY, day).name(language), list(rows)) for day, rows in _by_day(shown, language)],
        kinds=list(Kind),
        klasses=_choices(KLASSES, language),
        results=list(Result),
        units=_places(units),
        periods=_offered(asked.kind, period, today, language),
        page=page,
        number=number,
        **_sums(look, language, reports=reports),
        villages=_villages(look.villages),
        communes=len({village.commune for village in look.villages}),
        reached=_reached(look.villages, language),
        worst=WORST,
        share=lambda part, whole: share(part, whole, language),
    )


def share(part: int, whole: int, language: Language) -> str:
    """The share of a whole, "97,5 %"; a dash for a share of nothing."""
    if not whole:
        return "–"
    text = f"{int(1000 * part / whole) / 10:g}"  # rounded down: 99,97 % is not everybody
    return f"{text.replace('.', ',') if language == 'vi' else text} %"


def _say(key: str, language: Language, **fields: object) -> str:
    return WORDS[key][LANGUAGES.index(language)].format(**fields)


def _answer(look: Look, period: Period, asked: LogQuery, language: Language) -> str:
    """The sentence that comes first."""
    whole = look.whole
    if not whole.airings:
        return _say("log-none", language, period=period.name(language))
    said = _say("log-one" if whole.airings == 1 else "log-number", language, number=whole.airings)
    parts = [
        _say(key, language, number=number)
        for key, number in (("log-short", whole.short), ("log-cancelled", whole.cancelled), ("log-open", whole.open))
        if number
    ]
    if not whole.short and whole.sum.total and asked.result is Result.ALL:
        parts.insert(0, _say("log-all-heard", language))
    return f"{said}: {'; '.join(parts)}." if parts else f"{said}."


def _sums(look: Look, language: Language, *, reports: bool) -> dict[str, Any]:
    """The table of sums: the classes that were said at all, and the sum of all."""
    table = sums_table(look, "", language)
    rows = [row for row in table.rows[:-1] if row[1]] + [table.rows[-1]] if reports and look.lines else []
    return {"columns": table.columns, "sums": rows}


def _by_day(lines: Sequence[Line], language: Language) -> Iterable[tuple[Any, Iterable[Row]]]:
    for day, here in groupby(lines, key=lambda line: local_day(moment(line.airing.start_ms))):
        yield day, [_row(line, language) for line in here]


def _row(line: Line, language: Language) -> Row:
    names = ", ".join(line.where[:NAMES])
    if len(line.where) > NAMES:
        names += " " + _say("log-more", language, number=len(line.where) - NAMES)
    seconds = round(line.airing.duration_ms / 1000)
    stage = "short" if line.is_short else line.stage.value
    return Row(
        line=line,
        time=f"{moment(line.airing.start_ms).astimezone(HERE):%H:%M}",
        klass="" if line.airing.klass is Klass.NORMAL else klass(line.airing.klass, language),
        who=_say("log-by", language, name=who(line.by, line.by_name, language)),
        where=_say("log-where", language, names=names) if names else "",
        length=f"{seconds // 60}:{seconds % 60:02}",
        stage=stage,
        says=STAGES[stage][LANGUAGES.index(language)],
    )


def _choices(table: dict[str, tuple[str, str]], language: Language) -> list[tuple[str, str]]:
    return [(str(key), pair[LANGUAGES.index(language)]) for key, pair in table.items()]


def _places(units: Sequence[Unit]) -> list[tuple[str, str, int]]:
    """Units to choose from, each below what it stands in, with its depth."""
    if len(units) > OFFERED:
        units = [unit for unit in units if unit.level is not Level.VILLAGE]
    least = min((len(unit.path) for unit in units), default=0)
    names = {unit.id: name_order(unit.name) for unit in units}
    ordered = sorted(units, key=lambda unit: [names.get(each, []) for each in unit.path])
    return [(unit.id, unit.name, len(unit.path) - least) for unit in ordered]


def _offered(kind: Kind, period: Period, today: Any, language: Language) -> list[tuple[str, str]]:
    """The periods to choose from, with the one that is shown."""
    found = latest(kind, today, _PERIODS[kind]) if kind in _PERIODS else []
    if found and period not in found:
        found = sorted({*found, period}, key=lambda each: each.first, reverse=True)
    return [(each.first.isoformat(), each.name(language)) for each in found]


def _villages(villages: Sequence[Village]) -> list[Village]:
    """Those that heard least first."""

    def order(village: Village) -> tuple[float, Any]:
        added = village.covered.sum
        return (added.good / added.total if added.total else 0.0, name_order(village.name))

    return sorted(villages, key=order)


def _reached(villages: Sequence[Village], language: Language) -> str:
    reached = sum(village.covered.heard > 0 for village in villages)
    if not villages:
        return ""
    told = share(reached, len(villages), language)
    return _say("log-reached", language, reached=reached, total=len(villages), share=told)
