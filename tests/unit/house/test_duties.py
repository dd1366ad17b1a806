"""Every duty of docs/wire.md is numbered once, said in Vietnamese too, and held by a test."""

from __future__ import annotations

from tests import duties

TEXT = duties.WIRE.read_text()
NUMBERS = duties.numbers(TEXT)


def test_duties_are_numbered_in_the_order_of_the_document() -> None:
    assert list(range(1, len(NUMBERS) + 1)) == NUMBERS
    assert len(NUMBERS) > 80


def test_every_duty_is_held_by_a_test() -> None:
    held = duties.tested()
    assert [number for number in NUMBERS if number not in held] == []


def test_no_test_or_check_names_a_duty_that_is_not_there() -> None:
    named = set(duties.tested()) | duties.checked()
    assert named <= set(NUMBERS)


def test_the_vietnamese_text_has_the_same_duties() -> None:
    assert duties.numbers(duties.VIETNAMESE.read_text()) == NUMBERS


def test_the_table_of_the_document_is_the_one_of_today() -> None:
    assert duties.with_table(TEXT) == TEXT, "run: python -m tests.duties"
