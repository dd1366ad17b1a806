"""What wants to sound: occurrences of programmes and single bulletins, made of segments, made of pieces. Pure values.

    Occurrence   a programme's turn at one moment, or one bulletin at one moment; for the villages of its units
      Segment    one part of it: fixed pieces, a relay, or "what is new" taken from the notices that wait
        Piece    one sound of one length

A `Notice` is an approved bulletin that waits for a segment that takes its kind. Moments and lengths are whole ms, moments UTC.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

NORMAL, PRIORITY = "normal", "priority"
"""The classes that can be planned. An emergency never waits for its turn, so it is never a wish."""


class Begin(StrEnum):
    """When a segment may begin."""

    EXACT = "exact"  # at its moment (`offset_ms` after the occurrence's start), or not at all
    NEXT = "next"  # when what is before it ends, however late
    WAIT = "wait"  # the same, but no later than `wait_ms` behind the moment at which nothing would have been in its way


class Over(StrEnum):
    """What happens to a segment that is longer than its room."""

    CUT = "cut"  # it is cut at the end
    FINISH = "finish"  # it may run over by `finish_ms`: as long as a sentence takes
    MOVE = "move"  # what does not fit as a whole goes to the next occurrence


class Take(StrEnum):
    """Where a segment's pieces come from."""

    PIECES = "pieces"  # those named
    FRESH = "fresh"  # notices of the programme's own unit that have not been aired
    OWN = "own"  # notices of the village in which it sounds
    RELAY = "relay"  # a station's stream, as long as `length_ms`


class Piece(Struct, frozen=True, kw_only=True, gc=False):
    """One sound. `source` is the bulletin (or the relay's station); `sound` its clip's SHA-256, none for what is live."""

    source: str
    sound: str | None
    duration_ms: int
    language: str = "vi"


class Segment(Struct, frozen=True, kw_only=True, gc=False):
    """One part of an occurrence. `length_ms` is the most it may take, none: as long as its pieces are.

    `kinds`: which notices FRESH and OWN take, empty is all.
    """

    take: Take
    pieces: tuple[Piece, ...] = ()
    kinds: tuple[str, ...] = ()
    begin: Begin = Begin.NEXT
    offset_ms: int = 0
    wait_ms: int = 0
    over: Over = Over.CUT
    finish_ms: int = 0
    length_ms: int | None = None


class Occurrence(Struct, frozen=True, kw_only=True):
    """One turn. `id` is unique and lasts ("p7/2026-11-24/300"); `series` is what it is a turn of, for what moves to the next.

    `owner`: whose it is; `units`: for whom; `level`: the owner's rank; `order`: what the commune decided where two meet (the
    lower goes first). `length_ms`: the most that all its segments together may take, none: no limit of its own.
    """

    id: str
    series: str
    owner: str
    units: tuple[str, ...]
    start_ms: int
    segments: tuple[Segment, ...]
    klass: str = NORMAL
    level: int = 2
    order: int = 0
    length_ms: int | None = None


class Notice(Struct, frozen=True, kw_only=True, gc=False):
    """An approved bulletin that waits to be taken. `until_ms`: it is old news after that."""

    piece: Piece
    owner: str
    kind: str
    klass: str
    since_ms: int
    until_ms: int


class Village(Struct, frozen=True, kw_only=True, gc=False):
    """Where things sound. `path`: the units above it, root first, itself last."""

    id: str
    path: tuple[str, ...]


class Begun(Struct, frozen=True, kw_only=True, gc=False):
    """A sound that has begun in a village, or whose moment is too near to be changed: [start, end), and whose wish it was."""

    wish: str
    piece: Piece
    start_ms: int
    end_ms: int
