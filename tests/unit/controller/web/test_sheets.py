"""Tables as files: opened again as a spreadsheet would. What people wrote is text, whatever it begins with."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from controller.web.sheets import MAX_CELL, Column, Sheet, Table, csv_of, xlsx_of

NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
EVIL = ('=HYPERLINK("http://x";"y")', "+84 912", "-1+2", "@SUM(A1)", "\tx", "\r=1", "＝1")
AT = datetime(2026, 11, 23, 17, 5, tzinfo=UTC)  # five past midnight on the 24th here

Opened = dict[str, tuple[str, str]]
"""A sheet's cells by name: kind ("s" is text, "n" a number, "f" a formula) and value."""


def opened(book: bytes, number: int) -> Opened:
    """A sheet as a spreadsheet reads it."""
    with zipfile.ZipFile(io.BytesIO(book)) as files:
        root = ElementTree.fromstring(files.read(f"xl/worksheets/sheet{number}.xml"))
        shared = []
        if "xl/sharedStrings.xml" in files.namelist():
            strings = ElementTree.fromstring(files.read("xl/sharedStrings.xml"))
            shared = ["".join(text.text or "" for text in each.iter(f"{{{NAMES['m']}}}t")) for each in strings]
    found: Opened = {}
    for cell in root.iterfind(".//m:c", NAMES):
        value = cell.find("m:v", NAMES)
        kind = cell.get("t", "n")
        if cell.find("m:f", NAMES) is not None:
            kind = "f"
        if kind == "inlineStr":
            text = "".join(each.text or "" for each in cell.iter(f"{{{NAMES['m']}}}t"))
            found[cell.get("r", "")] = ("s", text)
        elif value is not None:
            text = value.text or ""
            found[cell.get("r", "")] = (kind, shared[int(text)] if kind == "s" else text)
    return found


def table(*rows: list[object]) -> Table:
    heads = ("Bắt đầu", "Tên", "Số", "Tỉ lệ")
    return Table(columns=[Column(head=head) for head in heads], rows=rows)  # type: ignore[arg-type]


def read(table: Table) -> list[list[str]]:
    text = b"".join(csv_of(table)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def test_a_csv_is_what_excel_here_opens_in_columns_and_in_vietnamese_letters() -> None:
    data = b"".join(csv_of(table([AT, "Họp; thôn", 1234, 0.975])))
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig") == 'Bắt đầu;Tên;Số;Tỉ lệ\r\n24/11/2026 00:05:00;"Họp; thôn";1234;97,5%\r\n'


def test_a_csv_of_many_lines_comes_in_pieces_and_has_one_header() -> None:
    many = table(*([AT, f"Tin {number}", number, None] for number in range(1_234)))
    assert len(list(csv_of(many))) == 3
    rows = read(many)
    assert (len(rows), rows[0][0], rows[-1][1:]) == (1_235, "Bắt đầu", ["Tin 1233", "1233", ""])
    assert read(table()) == [["Bắt đầu", "Tên", "Số", "Tỉ lệ"]]


@pytest.mark.parametrize("evil", EVIL)
def test_what_looks_like_a_formula_stays_text_in_both(evil: str) -> None:
    made = table([AT, evil, -5, None])
    [_, row] = read(made)
    assert row[1] == "'" + evil
    assert row[2] == "-5" or row[2] == "'-5"
    cells = opened(xlsx_of([Sheet(name="Tờ", tables=[made])]), 1)
    kind, text = cells["B2"]
    assert kind == "s"
    assert text.replace("_x000D_", "\r") == evil
    assert not [cell for cell in cells.values() if cell[0] == "f"]


def test_a_book_has_real_dates_in_local_time_and_real_numbers() -> None:
    first = Sheet(name="Lượt phát", tables=[table([AT, "Họp", 38, 0.95])])
    second = Sheet(
        name="Tổng hợp",
        tables=[
            Table(
                columns=[Column(head="Loại"), Column(head="Số")], rows=[["Ưu tiên", 2], ["Cộng", 2]], last_is_sum=True, title="T"
            ),
            Table(columns=[Column(head="Thôn")], rows=[["Khào A"]]),
        ],
    )
    book = xlsx_of([first, second])
    cells = opened(book, 1)
    assert cells["B2"] == ("s", "Họp")
    assert (cells["C2"], cells["D2"]) == (("n", "38"), ("n", "0.95"))
    kind, days = cells["A2"]
    assert kind == "n"
    assert float(days) == pytest.approx((datetime(2026, 11, 24, 0, 5) - datetime(1899, 12, 30)).total_seconds() / 86_400)  # noqa: DTZ001
    sums = opened(book, 2)
    assert [sums[name][1] for name in ("A1", "A2", "A3", "B4", "A6", "A7")] == ["T", "Loại", "Ưu tiên", "2", "Thôn", "Khào A"]
    with zipfile.ZipFile(io.BytesIO(book)) as files:
        assert re.findall(r'<sheet name="([^"]+)"', files.read("xl/workbook.xml").decode()) == ["Lượt phát", "Tổng hợp"]
        page = files.read("xl/worksheets/sheet1.xml").decode()
    assert 'state="frozen"' in page
    assert "<cols>" in page


def test_a_title_that_is_too_long_for_a_cell_is_cut() -> None:
    cells = opened(xlsx_of([Sheet(name="T", tables=[table([None, "a" * 40_000, None, None])])]), 1)
    assert len(cells["B2"][1]) == MAX_CELL
    assert "A2" not in cells
