"""Tables as files that an office opens: CSV and XLSX. The only importer of `xlsxwriter`.

What people wrote may begin with a sign that a spreadsheet takes for a formula: it stays text in both. In CSV an apostrophe goes
before it, for a CSV has no types (OWASP, "CSV injection"); in XLSX each cell is written as what it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

SEPARATOR = ";"
"""With Vietnamese settings the decimal sign is a comma, and Excel then splits a CSV at semicolons, whatever the list separator is
(of two equal signs it turns the second into a semicolon). A comma would put the whole line into the first column."""

BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the machine: "Lũng Vài" becomes "LÅ©ng VÃ i"."""

MAX_CELL = 32_767
"""Characters that a cell of a sheet holds."""

_HERE = ZoneInfo("Asia/Ho_Chi_Minh")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_PIECE = 500
"""Lines of a CSV that are sent at once."""

Cell = str | int | float | datetime | None
"""Text, a whole number, a share of 1, an aware moment, nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its header, and its width in characters."""

    head: str
    width: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns and rows. `title`: a line above; `last_is_sum`: the last row adds the others up."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    last_is_sum: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of a book: tables below one another."""

    name: str
    tables: Sequence[Table]


def csv_of(table: Table) -> Iterator[bytes]:
    """The table as CSV, in pieces: UTF-8 with a mark, semicolons, CRLF; moments in local time, shares in per cent."""
    for begin in range(0, max(1, len(table.rows)), _PIECE):
        text = io.StringIO()
        writer = csv.writer(text, delimiter=SEPARATOR, lineterminator="\r\n")
        if begin == 0:
            text.write(BOM)
            writer.writerow([_plain(column.head) for column in table.columns])
        writer.writerows([_plain(cell) for cell in row] for row in table.rows[begin : begin + _PIECE])
        yield text.getvalue().encode()


def xlsx_of(sheets: Sequence[Sheet]) -> bytes:
    """The sheets as a book: real numbers, and real dates in local time. It is written row by row, in a thread of its caller."""
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"constant_memory": True, "remove_timezone": True})
    looks = _Looks(book)
    for sheet in sheets:
        _write(book.add_worksheet(sheet.name[:31]), sheet, looks)
    book.close()
    return memory.getvalue()


class _Looks:
    """How cells look."""

    def __init__(self, book: Any) -> None:
        self.head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E3EFEB", "text_wrap": True, "valign": "top"})
        self.title = book.add_format({"bold": True, "font_size": 13})
        self.moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss", "align": "left"})
        self.whole = book.add_format({"num_format": "#,##0"})
        self.share = book.add_format({"num_format": "0.0%"})
        self.sums = {
            name: book.add_format({"bold": True, "top": 1, "num_format": form})
            for name, form in (("whole", "#,##0"), ("share", "0.0%"), ("text", "@"))
        }


def _write(page: Any, sheet: Sheet, looks: _Looks) -> None:
    widths: dict[int, int] = {}
    for table in sheet.tables:
        for at, column in enumerate(table.columns):
            widths[at] = max(widths.get(at, 0), column.width)
    for at, width in widths.items():
        page.set_column(at, at, width)
    first = sheet.tables[0]
    page.freeze_panes(2 if first.title else 1, 0)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    line = 0
    for table in sheet.tables:
        line = _write_table(page, table, line, looks) + 1


def _write_table(page: Any, table: Table, line: int, looks: _Looks) -> int:
    if table.title:
        page.write_string(line, 0, table.title[:MAX_CELL], looks.title)
        line += 1
    for at, column in enumerate(table.columns):
        page.write_string(line, at, column.head, looks.head)
    for number, row in enumerate(table.rows, 1):
        line += 1
        is_sum = table.last_is_sum and number == len(table.rows)
        for at, cell in enumerate(row):
            _write_cell(page, line, at, cell, looks, is_sum=is_sum)
    return line + 1


def _write_cell(page: Any, line: int, at: int, cell: Cell, looks: _Looks, *, is_sum: bool) -> None:
    if isinstance(cell, datetime):
        page.write_datetime(line, at, cell.astimezone(_HERE), looks.moment)
    elif isinstance(cell, int):
        page.write_number(line, at, cell, looks.sums["whole"] if is_sum else looks.whole)
    elif isinstance(cell, float):
        page.write_number(line, at, cell, looks.sums["share"] if is_sum else looks.share)
    elif cell:
        page.write_string(line, at, cell[:MAX_CELL], looks.sums["text"] if is_sum else None)


def _plain(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(_HERE):%d/%m/%Y %H:%M:%S}"
    if isinstance(cell, float):
        return f"{cell:.1%}".replace(".", ",")
    text = "" if cell is None else str(cell)
    return "'" + text if text.startswith(_FORMULA) else text
