"""Builders for wishes: what a test does not care about has a default. Times are minutes of one Monday, local time."""

from __future__ import annotations

from datetime import UTC, datetime

from scheduler.clock import to_ms
from scheduler.limits import Policy, Window
from scheduler.resolve import Timeline, Wishes, resolve
from scheduler.wishes import Notice, Occurrence, Piece, Segment, Take, Village

MONDAY = to_ms(datetime(2026, 11, 22, 17, tzinfo=UTC))
"""Monday 23 November 2026, 00:00 in Viet Nam."""

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
KHAO_A = Village(id="x1-1", path=("p1", "x1", "x1-1"))
LUNG_VAI = Village(id="x1-2", path=("p1", "x1", "x1-2"))
ANYTHING = Policy()
BY_DAY = Policy(hours=(Window(from_minute=5 * 60, to_minute=21 * 60),))


def at(hhmm: str, day: int = 0) -> int:
    """UTC ms of a local "17:30" on Monday, or `day` days later."""
    hour, minute = hhmm.split(":")
    return MONDAY + day * DAY + int(hour) * HOUR + int(minute) * MINUTE


def piece(source: str = "news", minutes: float = 5, language: str = "vi") -> Piece:
    return Piece(source=source, sound=f"clip of {source}", duration_ms=int(minutes * MINUTE), language=language)


def said(*pieces: Piece, **rest: object) -> Segment:
    return Segment(take=Take.PIECES, pieces=pieces or (piece(),), **rest)


def notices(take: Take = Take.FRESH, **rest: object) -> Segment:
    return Segment(take=take, **rest)


def turn(name: str, start: str, *segments: Segment, owner: str = "x1", day: int = 0, **rest: object) -> Occurrence:
    levels = {"p1": 3, "x1": 2}
    given = {"level": levels.get(owner, 1), "series": name, "units": (owner,)} | rest
    return Occurrence(id=f"{name}/{day}", owner=owner, start_ms=at(start, day), segments=segments or (said(),), **given)


def notice(source: str, minutes: float = 1, owner: str = "x1", kind: str = "", **rest: object) -> Notice:
    given = {"klass": "normal", "since_ms": 0, "until_ms": 2**60} | rest
    language = given.pop("language", "vi")
    return Notice(piece=piece(source, minutes, language), owner=owner, kind=kind, **given)


def timeline(*occurrences: Occurrence, policy: Policy = ANYTHING, village: Village = KHAO_A, **rest: object) -> Timeline:
    return resolve(Wishes(occurrences=occurrences, **rest), [village], {village.id: policy})[village.id]


def told(result: Timeline) -> list[tuple[str, str, str]]:
    """What sounds: ("17:00", "17:05", source), local time; seconds are told where there are some."""
    return [(_clock(slot.start_ms), _clock(slot.end_ms), slot.piece.source) for slot in result.slots]


def codes(result: Timeline) -> dict[str, str]:
    return {decision.wish: decision.code for decision in result.decisions}


def _clock(ms: int) -> str:
    day, rest = divmod(ms - MONDAY, DAY)
    hour, rest = divmod(rest, HOUR)
    minute, rest = divmod(rest, MINUTE)
    text = f"{hour:02}:{minute:02}" + (f":{rest // SECOND:02}" if rest else "")
    return text if day == 0 else f"{text}+{day}"
