"""The log and one airing's ledger as sheets: what an office keeps, sends on, adds up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from controller.domain.airing import Klass
from controller.domain.delivery import is_good
from controller.places import fold
from controller.service.logbook import Line, Look, Stage, Totals, Village
from controller.service.logged import Sum
from controller.service.reports import Report
from controller.web.headline import by_name, name_order
from controller.web.log_words import STAGES, head, klass, who
from controller.web.period import Period
from controller.web.sentences import LANGUAGES, WHY, Language
from controller.web.sheets import Cell, Column, Sheet, Table
from controller.web.words import STATES
from scheduler.clock import moment

_MINUTE_MS = 60_000


def book_of_log(look: Look, period: Period, language: Language) -> list[Sheet]:
    """The log's two sheets: line by line, and summed up."""
    sums = [sums_table(look, period.name(language), language), villages_table(look.villages, language)]
    return [
        Sheet(name=head("airings", language), tables=[lines_table(look.lines, language)]),
        Sheet(name=head("sums", language), tables=sums),
    ]


def lines_table(lines: Sequence[Line], language: Language) -> Table:
    """One airing a row."""
    widths = {"start": 20, "title": 44, "class": 13, "by": 18, "where": 40, "length": 11, "good": 11, "total": 11, "share": 9}
    return Table(
        columns=_columns({**widths, "state": 20, "id": 24}, language), rows=[_line_row(each, language) for each in lines]
    )


def sums_table(look: Look, title: str, language: Language) -> Table:
    """By class, with the sum of all."""
    widths = {"class": 16, "number": 10, "cancelled": 10, "open": 10, "short": 12, "minutes": 10, "good": 12, "total": 12}
    rows = [_sums_row(klass(each, language), look.by_class[each]) for each in Klass]
    rows.append(_sums_row({"vi": "Cộng", "en": "Sum"}[language], look.whole))
    title = f"{title} · {head('by-class', language)}"
    return Table(columns=_columns({**widths, "share": 10}, language), rows=rows, title=title, last_is_sum=True)


def villages_table(villages: Iterable[Village], language: Language) -> Table:
    """By village, in the order in which people read names."""
    widths = {"commune": 22, "village": 22, "expected": 12, "heard": 12, "good": 12, "total": 12, "share": 10}
    ordered = sorted(villages, key=lambda each: (name_order(each.commune), name_order(each.name)))
    rows: list[list[Cell]] = [
        [each.commune, each.name, each.covered.airings, each.covered.heard, *_shares(each.covered.sum)] for each in ordered
    ]
    return Table(columns=_columns(widths, language), rows=rows, title=head("by-unit", language))


def ledger_table(report: Report, language: Language) -> Table:
    """One loudspeaker a row, village by village."""
    at = LANGUAGES.index(language)
    widths = {"commune": 22, "village": 22, "node": 24, "node-id": 22, "heard-it": 9, "state": 30, "why": 44, "at": 20}
    rows: list[list[Cell]] = []
    for village in by_name(report.villages):
        for row in sorted(village.nodes, key=lambda each: name_order(each.name)):
            said = row.delivery
            step = said.evidence if said.evidence in STATES else said.state
            good = head("yes" if is_good(said.state, said.evidence) else "no", language)
            why = WHY[said.why][at] if said.why in WHY else said.why
            told = STATES[step or said.state][at]
            rows.append([village.commune, village.name, row.name, row.node, good, told, why, moment(said.at_ms)])
    return Table(columns=_columns(widths, language), rows=rows)


def file_name(*parts: str) -> str:
    """A name that every system takes: "nhat-ky-2026-11-24"."""
    return re.sub(r"[^a-z0-9]+", "-", fold(" ".join(parts))).strip("-")[:80]


def _columns(widths: dict[str, int], language: Language) -> list[Column]:
    return [Column(head=head(key, language), width=width) for key, width in widths.items()]


def _line_row(line: Line, language: Language) -> list[Cell]:
    airing = line.airing
    stage = "short" if line.is_short else line.stage
    told = line.stage is not Stage.WAITING
    return [
        moment(airing.start_ms),
        line.title,
        klass(airing.klass, language),
        who(line.by, line.by_name, language),
        ", ".join(line.where),
        round(airing.duration_ms / 1000),
        *(_shares(line.sum) if told else [None, None, None]),
        STAGES[stage][LANGUAGES.index(language)],
        airing.id,
    ]


def _sums_row(name: str, totals: Totals) -> list[Cell]:
    numbers = [totals.airings, totals.cancelled, totals.open, totals.short, round(totals.sound_ms / _MINUTE_MS)]
    return [name, *numbers, *_shares(totals.sum)]


def _shares(added: Sum) -> list[Cell]:
    return [added.good, added.total, added.good / added.total if added.total else None]
