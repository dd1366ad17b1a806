"""The trail's chain: whatever is changed, taken out, put in or swapped is found at its line."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from controller.domain.trail import Chained, Line, Verdict, chain, verify

KEY = b"k" * 32


def line(number: int) -> Line:
    return Line(
        number=number, at_ms=1_000 * number, by="u1", name="canbo", deed="airing.say", units=("x1",), subject="a1", detail="{}"
    )


def whole(lines: int = 5, key: bytes = KEY) -> list[Chained]:
    found: list[Chained] = []
    for number in range(1, lines + 1):
        before = found[-1].mac if found else ""
        found.append(Chained(line=line(number), mac=chain(key, before, line(number))))
    return found


def test_a_whole_chain_holds_and_so_does_an_empty_one() -> None:
    lines = whole()
    assert verify(KEY, lines) == Verdict(lines=5, mac=lines[-1].mac, broken=None)
    assert verify(KEY, []) == Verdict(lines=0, mac="", broken=None)


@pytest.mark.parametrize(
    "change",
    [{"at_ms": 2_001}, {"by": "u2"}, {"name": "ai"}, {"deed": "see"}, {"units": ("x2",)}, {"subject": "a2"}, {"detail": "{ }"}],
)
def test_a_changed_line_is_found(change: dict[str, object]) -> None:
    lines = whole()
    lines[2] = replace(lines[2], line=replace(lines[2].line, **change))
    assert verify(KEY, lines).broken == 3


def test_a_line_taken_out_put_in_or_swapped_is_found() -> None:
    lines = whole()
    assert verify(KEY, lines[:1] + lines[2:]).broken == 2
    assert verify(KEY, lines[1:]).broken == 1
    assert verify(KEY, [lines[0], lines[0], *lines[1:]]).broken == 2
    assert verify(KEY, [lines[0], lines[2], lines[1], *lines[3:]]).broken == 2
    assert verify(KEY, [replace(lines[0], mac="é"), *lines[1:]]).broken == 1


def test_who_has_not_the_key_makes_no_chain_that_holds() -> None:
    assert verify(KEY, whole(key=b"another")).broken == 1
    lines = whole()
    lines[4] = Chained(line=line(5), mac=chain(b"another", lines[3].mac, line(5)))
    assert verify(KEY, lines).broken == 5


def test_a_tail_that_was_cut_off_is_found_by_whoever_noted_the_last_line() -> None:
    noted = whole()[-1]
    verdict = verify(KEY, whole()[:3])
    assert (verdict.broken, verdict.lines) == (None, 3)
    assert verdict.mac != noted.mac
