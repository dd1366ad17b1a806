"""Programmes for tests, in a word; and any programme at all, for property tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from scheduler.programme import DayChange, Programme, Resume
from scheduler.rule import Every, Holidays, Rule
from scheduler.wishes import Begin, Over, Piece, Segment, Take

MONDAY = date(2026, 11, 23)
DAILY = Rule(first=MONDAY, minutes=(300,), every=Every.DAY)


def rule(*minutes: int, **said: Any) -> Rule:
    """Daily from a Monday on."""
    told: dict[str, Any] = {"first": MONDAY, "every": Every.DAY} | said
    return Rule(minutes=minutes or (300,), **told)


def relay(source: str = "VOV1", length_ms: int | None = 600_000, **how: Any) -> Segment:
    """A station's stream, as people ask for it."""
    return Segment(take=Take.RELAY, pieces=(Piece(source=source, sound=None, duration_ms=0),), length_ms=length_ms, **how)


def naming(*bulletins: str, **how: Any) -> Segment:
    """Bulletins by id, as people ask for them."""
    return Segment(take=Take.PIECES, pieces=tuple(Piece(source=each, sound=None, duration_ms=0) for each in bulletins), **how)


def programme(*segments: Segment, **told: Any) -> Programme:
    """Of a commune, for all its villages, at 05:00 each day."""
    usual: dict[str, Any] = {"id": "", "owner": "x1", "units": ("x1",), "title": "Buổi sáng", "rule": DAILY}
    return Programme(segments=segments or (relay(),), **usual | told)


_days = st.dates(date(2020, 1, 1), date(2090, 12, 31))
_names = st.text("abcdefghij-0123456789", min_size=1, max_size=32)
_ms = st.integers(0, 10_800_000)
_pieces = st.builds(
    Piece,
    source=_names,
    sound=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
    duration_ms=_ms,
    language=st.sampled_from(("vi", "nut", "mww")),
)
_segments = st.builds(
    Segment,
    take=st.sampled_from(Take),
    pieces=st.lists(_pieces, max_size=3).map(tuple),
    kinds=st.lists(_names, max_size=3).map(tuple),
    begin=st.sampled_from(Begin),
    offset_ms=_ms,
    wait_ms=_ms,
    over=st.sampled_from(Over),
    finish_ms=_ms,
    length_ms=st.none() | _ms,
)
_rules = st.builds(
    Rule,
    first=_days,
    minutes=st.lists(st.integers(0, 1439), max_size=5).map(tuple),
    every=st.sampled_from(Every),
    interval=st.integers(1, 366),
    weekdays=st.lists(st.integers(1, 7), max_size=7).map(tuple),
    nth=st.none() | st.integers(-1, 5),
    monthdays=st.lists(st.integers(-1, 31), max_size=5).map(tuple),
    last=st.none() | _days,
    skips=st.frozensets(_days, max_size=5),
    pauses=st.lists(st.tuples(_days, _days), max_size=3).map(tuple),
    holidays=st.sampled_from(Holidays),
)
programmes = st.builds(
    Programme,
    id=_names,
    owner=_names,
    units=st.lists(_names, max_size=3).map(tuple),
    title=st.text(max_size=50),
    rule=_rules,
    segments=st.lists(_segments, max_size=4).map(tuple),
    klass=st.sampled_from(("normal", "priority")),
    level=st.integers(1, 3),
    order=st.integers(-9, 9),
    length_ms=st.none() | _ms,
    resume=st.sampled_from(Resume),
    changes=st.lists(
        st.builds(
            DayChange,
            day=_days,
            minute=st.none() | st.integers(0, 1439),
            segments=st.none() | st.lists(_segments, max_size=2).map(tuple),
            turn=st.none() | st.integers(0, 1439),
            onto=st.none() | _days,
            is_silent=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
)
