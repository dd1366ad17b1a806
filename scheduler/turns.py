"""Occurrences made ready to be laid: what is the same in every village is worked out once."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from scheduler.wishes import PRIORITY, Begin, Occurrence, Over, Piece, Segment, Take

OPEN_MS = 1_800_000
"""Half an hour: the most that a segment takes whose pieces come as they come, if it has no length of its own."""


FOREVER = 2**62

FIRST = (-1, 0, 0, 0, "")
"""Before every precedence."""


class End(Struct, frozen=True, gc=False):
    """How far a sound may go, and what ends it there; `by`: the wish in its way."""

    ms: int
    why: str
    by: str = ""


class Part(Struct, frozen=True, kw_only=True):
    """A segment and its place in the turn. `end`: where the programme itself ends it, with the sentence it may run over.

    `wish` is its lasting name, `longest_ms` the most sound that it may have, `limit_ms` how long after its beginning it must
    end, `wished_ms` how long its own pieces want to be.
    """

    wish: str
    index: int
    segment: Segment
    klass: str
    level: int
    takes_notices: bool
    is_begun: bool
    longest_ms: int
    limit_ms: int
    wished_ms: int
    end: End


class Turn(Struct, frozen=True, kw_only=True):
    """An occurrence. `last_ms`: the last moment that one of its parts asks for; `lengths_ms`: all its longest lengths.

    `end_ms` is there if it is not to be laid any more: it has begun, and sounds from its occurrence's start until then.
    """

    occurrence: Occurrence
    parts: tuple[Part, ...]
    precedence: tuple[int, int, int, int, str]
    time: tuple[int, str]
    last_ms: int
    lengths_ms: int
    end_ms: int | None = None


def turn_of(occurrence: Occurrence) -> Turn:
    """Make it ready."""
    parts = tuple(_part(occurrence, index) for index in range(len(occurrence.segments)))
    return Turn(
        occurrence=occurrence,
        parts=parts,
        precedence=precedence(occurrence),
        time=(occurrence.start_ms, occurrence.id),
        last_ms=occurrence.start_ms + max((segment.offset_ms for segment in occurrence.segments), default=0),
        lengths_ms=sum(part.longest_ms for part in parts),
    )


def begun(wish: str, piece: Piece, start_ms: int, end_ms: int) -> Turn:
    """What sounds already, or can't be called back: it has its time before everybody else."""
    segment = Segment(take=Take.PIECES, pieces=(piece,), begin=Begin.EXACT)
    turn = turn_of(Occurrence(id=wish, series="", owner="", units=(), start_ms=start_ms, segments=(segment,)))
    part = replace(turn.parts[0], wish=wish, is_begun=True)
    return replace(turn, parts=(part,), precedence=FIRST, lengths_ms=end_ms - start_ms, end_ms=end_ms)


def precedence(occurrence: Occurrence) -> tuple[int, int, int, int, str]:
    """Who has its room first: priority, then what the commune decided, then the higher level, then the earlier."""
    return (occurrence.klass != PRIORITY, occurrence.order, -occurrence.level, occurrence.start_ms, occurrence.id)


def wish_of(occurrence: Occurrence, index: int) -> str:
    """The lasting name of an occurrence's segment: what a decision is about."""
    return f"{occurrence.id}#{index}"


def _part(occurrence: Occurrence, index: int) -> Part:
    segment = occurrence.segments[index]
    return Part(
        wish=wish_of(occurrence, index),
        index=index,
        segment=segment,
        klass=occurrence.klass,
        level=occurrence.level,
        takes_notices=segment.take in (Take.FRESH, Take.OWN),
        is_begun=False,
        longest_ms=_longest(segment),
        limit_ms=_longest(segment) if segment.length_ms is not None or segment.over is Over.MOVE else FOREVER,
        wished_ms=_shortened(segment, sum(piece.duration_ms for piece in segment.pieces)),
        end=_end(occurrence, index),
    )


def _end(occurrence: Occurrence, index: int) -> End:
    """The programme's own end, or the next segment that begins exactly at its time."""
    segment = occurrence.segments[index]
    ends = [End(FOREVER, "")]
    if occurrence.length_ms is not None:
        ends.append(End(occurrence.start_ms + occurrence.length_ms, "programme"))
    for later, other in enumerate(occurrence.segments[index + 1 :], index + 1):
        if other.begin is Begin.EXACT:
            ends.append(End(occurrence.start_ms + other.offset_ms, "next", wish_of(occurrence, later)))
    first = min(ends, key=lambda end: end.ms)
    return End(first.ms + _sentence(segment), first.why, first.by)


def _longest(segment: Segment) -> int:
    wished_ms = sum(piece.duration_ms for piece in segment.pieces)
    is_open = segment.take in (Take.FRESH, Take.OWN) or segment.over is Over.MOVE
    limit_ms = max(OPEN_MS, wished_ms) if is_open else wished_ms
    if segment.length_ms is not None:
        limit_ms = segment.length_ms if is_open else min(limit_ms, segment.length_ms)
    return limit_ms + _sentence(segment)


def _shortened(segment: Segment, length_ms: int) -> int:
    return length_ms if segment.length_ms is None else min(length_ms, segment.length_ms)


def _sentence(segment: Segment) -> int:
    return segment.finish_ms if segment.over is Over.FINISH else 0
