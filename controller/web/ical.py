"""What is planned as an iCalendar feed (RFC 5545): one event a turn, for villages in which it sounds alike. Pure.

A programme's turn, a single bulletin and an order are one event each, however many sounds they have; the sounds are in its
description. Where villages differ, the turn is several events: the one of most villages keeps the turn's own UID. Times are
UTC; those in the text are local.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from unicodedata import category

from controller.service.days import Span
from controller.service.names import turn_of
from controller.service.telling import Line
from scheduler.clock import moment

LINE_BYTES = 75
"""RFC 5545, 3.1: no line is longer, the rest is folded."""

REFRESH = "PT1H"
"""Plans change by the day; who looks in the morning sees last night's."""

MAX_NAMES = 20
"""Villages named in one event: calendars show a line or two of a place."""


def calendar(span: Span, now_ms: int) -> bytes:
    """The feed of what sounds in `span`, made at `now_ms`."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tieng Lang//Ke hoach phat//VI",
        f"NAME:{_text(span.unit.name)}",
        f"X-WR-CALNAME:{_text(span.unit.name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
    ]
    for uid, sounds, villages in _turns(span):
        lines += _event(uid, sounds, villages, span.utc_offset, now_ms)
    return "".join(map(_folded, (*lines, "END:VCALENDAR"))).encode()


def _turns(span: Span) -> Iterator[tuple[str, tuple[Line, ...], list[str]]]:
    """(UID, sounds, villages' names) of each event, by time."""
    found: dict[str, dict[tuple[Line, ...], list[tuple[str, str]]]] = {}
    for group in span.groups:
        here: dict[str, list[Line]] = {}
        for line in group.lines:
            here.setdefault(turn_of(line.wish), []).append(line)
        for turn, lines in here.items():
            villages = found.setdefault(turn, {}).setdefault(tuple(lines), [])
            villages += [(village.id, village.name) for village in group.villages]
    events = []
    for turn, ways in found.items():
        ordered = sorted(ways.items(), key=lambda way: (-len(way[1]), min(way[1])))
        for number, (sounds, villages) in enumerate(ordered):
            uid = f"{turn}/{min(villages)[0]}" if number else turn
            events.append((uid, sounds, sorted(name for _, name in villages)))
    return iter(sorted(events, key=lambda event: (event[1][0].start_ms, event[0])))


def _event(uid: str, sounds: Sequence[Line], villages: Sequence[str], utc_offset: int, now_ms: int) -> list[str]:
    first = sounds[0]
    told = "\n".join(f"{_clock(line.start_ms, utc_offset)} {line.title}" + ("" if line.is_whole else " …") for line in sounds)
    named = ", ".join(villages[:MAX_NAMES]) + ("" if len(villages) <= MAX_NAMES else f" … ({len(villages)})")
    return [
        "BEGIN:VEVENT",
        f"UID:{_text(uid)}@tienglang",
        f"DTSTAMP:{_utc(now_ms)}",
        f"DTSTART:{_utc(first.start_ms)}",
        f"DTEND:{_utc(max(line.end_ms for line in sounds))}",
        f"SUMMARY:{_text(first.programme or first.title)}",
        f"DESCRIPTION:{_text(told)}",
        f"LOCATION:{_text(named)}",
        f"CATEGORIES:{_text(first.klass)}",
        "END:VEVENT",
    ]


def _utc(at_ms: int) -> str:
    return moment(at_ms).strftime("%Y%m%dT%H%M%SZ")


def _clock(at_ms: int, utc_offset: int) -> str:
    return (moment(at_ms) + timedelta(minutes=utc_offset)).strftime("%H:%M")


def _text(words: str) -> str:
    """RFC 5545, 3.3.11: what has a meaning of its own is escaped; a control character has none, and goes."""
    plain = "".join(each for each in words if each == "\n" or category(each) != "Cc")
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    """The line with its end, in pieces of at most LINE_BYTES bytes, none cut within a letter."""
    pieces, size = [""], 0
    for letter in line:
        length = len(letter.encode())
        if size + length > LINE_BYTES:
            pieces.append(" ")
            size = 1
        pieces[-1] += letter
        size += length
    return "\r\n".join(pieces) + "\r\n"
