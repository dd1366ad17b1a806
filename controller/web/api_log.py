"""The log and an airing's ledger as files: CSV for any program, XLSX for an office."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from controller.service.logbook import Look
from controller.service.reports import Report
from controller.web.log_query import Asked
from controller.web.log_sheets import book_of_log, file_name, ledger_table, lines_table
from controller.web.log_words import head
from controller.web.pages import HERE, language_of
from controller.web.schemas import Id
from controller.web.sentences import Language
from controller.web.services import TheServices
from controller.web.session import Person
from controller.web.sheets import CSV_TYPE, XLSX_TYPE, Sheet, Table, csv_of, xlsx_of
from scheduler.clock import moment

router = APIRouter(tags=["log"])

_BOOK: dict[int | str, dict[str, Any]] = {200: {"content": {XLSX_TYPE: {}}}}
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {CSV_TYPE: {"example": "Bắt đầu;Tên bản tin;Loại tin\r\n"}}}}


def _language(request: Request) -> Language:
    return language_of(request)


Spoken = Annotated[Language, Depends(_language)]


@router.get("/log.csv", response_class=Response, responses=_TEXT)
def log_csv(asked: Asked, services: TheServices, user: Person, language: Spoken) -> Response:
    """The airings that are asked for, one a line: UTF-8, semicolons, local time. `lang=en` for English headers."""
    look = services.log.look(asked.wanted(services.clock.now()), by=user)
    return _csv(lines_table(look.lines, language), file_name("nhat-ky", *_days(asked, services)))


@router.get("/log.xlsx", response_class=Response, responses=_BOOK)
def log_xlsx(asked: Asked, services: TheServices, user: Person, language: Spoken) -> Response:
    """The airings that are asked for in one sheet, summed up by class and by unit in another."""
    now = services.clock.now()
    look: Look = services.log.look(asked.wanted(now), by=user, villages=True)
    return _xlsx(book_of_log(look, asked.period(now), language), file_name("nhat-ky", *_days(asked, services)))


@router.get("/airings/{airing}/ledger.csv", response_class=Response, responses=_TEXT)
def ledger_csv(airing: Id, services: TheServices, user: Person, language: Spoken) -> Response:
    """One airing with every loudspeaker, one a line."""
    report = services.reports.report(airing, by=user)
    return _csv(ledger_table(report, language), _name_of(report))


@router.get("/airings/{airing}/ledger.xlsx", response_class=Response, responses=_BOOK)
def ledger_xlsx(airing: Id, services: TheServices, user: Person, language: Spoken) -> Response:
    """One airing with every loudspeaker, one a row."""
    report = services.reports.report(airing, by=user)
    table = ledger_table(report, language)
    return _xlsx([Sheet(name=head("ledger", language), tables=[table])], _name_of(report))


def _days(asked: Asked, services: TheServices) -> tuple[str, ...]:
    period = asked.period(services.clock.now())
    return tuple(dict.fromkeys((period.first.isoformat(), period.last.isoformat())))


def _name_of(report: Report) -> str:
    start = moment(report.airing.start_ms).astimezone(HERE)
    return file_name("ket-qua", f"{start:%Y-%m-%d %H%M}", report.title)


def _csv(table: Table, name: str) -> Response:
    return StreamingResponse(csv_of(table), media_type=CSV_TYPE, headers=_as_file(name, "csv"))


def _xlsx(sheets: Sequence[Sheet], name: str) -> Response:
    return Response(xlsx_of(sheets), media_type=XLSX_TYPE, headers=_as_file(name, "xlsx"))


def _as_file(name: str, kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{quote(name)}.{kind}"', "Cache-Control": "no-store"}
