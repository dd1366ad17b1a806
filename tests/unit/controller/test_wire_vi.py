"""docs/wire.vi.md says every duty of docs/wire.md: same numbers, same places, same strength, same names and figures."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.duties import VIETNAMESE, WIRE, numbers

STRENGTHS = {"MUST": "PHẢI|KHÔNG ĐƯỢC|CHỈ ĐƯỢC", "SHOULD": "NÊN", "MAY": "CÓ THỂ"}
"""*MUST follow no* is KHÔNG ĐƯỢC and *MUST ... only* is CHỈ ĐƯỢC: what is natural differs, how much it binds does not."""
ENGLISH_TEXT, VIETNAMESE_TEXT = WIRE.read_text(), VIETNAMESE.read_text()


def duties(text: str) -> dict[int, str]:
    """Each duty's own words, in one line."""
    found = re.findall(r"^- \[WIRE-(\d+)\] (.*\n(?:  .*\n)*)", text, re.MULTILINE)
    return {int(number): " ".join(words.split()) for number, words in found}


def places(text: str) -> dict[int, tuple[str, str]]:
    """Under which section's number and which message's name each duty stands."""
    found: dict[int, tuple[str, str]] = {}
    section = name = ""
    for line in text.splitlines():
        if line.startswith("## "):
            section, name = line.split()[1], ""
        elif message := re.fullmatch(r"### .*: `([a-z-]+)`", line):
            name = message[1]
        elif duty := re.match(r"- \[WIRE-(\d+)\]", line):
            found[int(duty[1])] = (section, name)
    return found


def strengths(words: str, of: Iterable[str]) -> list[int]:
    """How often each of these stands there."""
    return [len(re.findall(rf"\b(?:{word})\b", words)) for word in of]


def names(words: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", words))


def figures(words: str) -> list[str]:
    """Every number outside names, `4 000` as 4000."""
    return sorted(re.findall(r"\d+", re.sub(r"(?<=\d) (?=\d{3}\b)", "", re.sub(r"`[^`]+`|\([a-z.]*#[^)]*\)", "", words))))


ENGLISH, TRANSLATED = duties(ENGLISH_TEXT), duties(VIETNAMESE_TEXT)


def test_the_same_duties_stand_in_the_same_order_in_the_same_places() -> None:
    assert numbers(VIETNAMESE_TEXT) == numbers(ENGLISH_TEXT)
    assert places(VIETNAMESE_TEXT) == places(ENGLISH_TEXT)


def test_every_duty_is_as_strong_as_in_english() -> None:
    wanted = {number: strengths(words, STRENGTHS) for number, words in ENGLISH.items()}
    assert {number: strengths(words, STRENGTHS.values()) for number, words in TRANSLATED.items()} == wanted


def test_every_duty_names_the_same_members_and_codes() -> None:
    assert {number: names(words) for number, words in TRANSLATED.items()} == {
        number: names(words) for number, words in ENGLISH.items()
    }


def test_every_duty_has_the_same_figures() -> None:
    assert {number: figures(words) for number, words in TRANSLATED.items()} == {
        number: figures(words) for number, words in ENGLISH.items()
    }


def test_the_vietnamese_text_says_that_the_english_one_binds() -> None:
    assert "Bản tiếng Anh là bản có giá trị" in VIETNAMESE_TEXT
