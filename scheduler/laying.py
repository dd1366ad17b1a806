"""One segment while it is laid into one village's time: where its pieces come to lie, and why not as wished."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from scheduler.room import Room, Slot
from scheduler.turns import FOREVER, End, Part
from scheduler.wishes import Over, Piece, Take

LEAST_MS = 3_000
"""Nothing shorter is worth beginning: before anybody listens it is over."""

GOES_ON = frozenset({"taken", "length"})
"""Ends of one piece that are not the end of its segment."""


class Decision(Struct, frozen=True, kw_only=True, gc=False):
    """What becomes of one wish in one village: `code`, and what its sentence needs.

    plays            as wished                             later.<why>    as a whole, but later than wished
    cut.<why>        begun, and ended early                part.<why>     some pieces whole, others not (or not now)
    moved.<why>      all of it to the next turn            dropped.<why>  none of it
    empty            there was nothing to say

    `why`: taken, late, past, segment, programme, next, hours, session, sessions, length, language. `at_ms`: when it begins, or
    when what is in its way does; `by`: the wish in its way.
    """

    wish: str
    code: str
    at_ms: int
    by: str = ""


class Spot(Struct, frozen=True, kw_only=True, gc=False):
    """Where a piece could begin, and what ends it there. `is_whole`: it ends by itself."""

    start_ms: int
    end: End
    is_whole: bool


class Laying:
    """Lays the pieces of one segment, one after the other, from `ready_ms` on. `missed_ms` of it are past: no station waits."""

    __slots__ = ("_begun_ms", "_by", "_cut", "_missed_ms", "_part", "_ready_ms", "_room", "_trouble", "left")

    def __init__(self, part: Part, room: Room, ready_ms: int, *, missed_ms: int = 0) -> None:
        self._part = part
        self._room = room
        self._ready_ms = ready_ms
        self._missed_ms = missed_ms
        self._begun_ms: int | None = None
        self._by = ""
        self._trouble: End | None = None
        self._cut: End | None = None
        self.left: list[Piece] = []

    def lay(self, pieces: Sequence[Piece], latest_ms: int) -> int:
        """Lay them; gives the moment from which on the next segment may be laid. What had no room is in `left`."""
        if self._part.segment.take is Take.RELAY:
            return self._lay_relay(pieces)
        now_ms = self._ready_ms
        for index, piece in enumerate(pieces):
            spot = self._find(piece, now_ms, latest_ms if self._begun_ms is None else FOREVER)
            if spot.is_whole:
                self._put(piece, spot.start_ms, spot.start_ms + piece.duration_ms)
                now_ms = spot.start_ms + piece.duration_ms
                continue
            self._trouble = self._trouble or spot.end
            if self._part.segment.over is Over.MOVE or spot.end.ms - spot.start_ms < LEAST_MS:
                self.left.append(piece)
            else:
                self._put(piece, spot.start_ms, spot.end.ms)
                self._cut = self._cut or spot.end
                now_ms = spot.end.ms
            if self._part.segment.over is Over.MOVE or spot.end.why not in GOES_ON:
                self.left += pieces[index + 1 :]
                break
        return now_ms

    def decision(self, untold: int, wished_ms: int) -> Decision:
        """What became of it. `untold`: pieces in a language that is not spoken here; `wished_ms`: when it should have begun."""
        if self._begun_ms is None:
            return self._none_of_it(untold, wished_ms)
        if self._cut is not None:
            return self._decide(f"cut.{self._cut.why}", self._cut.ms, self._cut.by)
        trouble = self._trouble
        if self.left and trouble is not None:
            return self._decide(f"part.{trouble.why}", trouble.ms, trouble.by)
        if untold:
            return self._decide("part.language", self._begun_ms)
        if self._begun_ms > wished_ms:
            return self._decide("later.taken", self._begun_ms, self._by)
        return self._decide("plays", self._begun_ms)

    def _none_of_it(self, untold: int, wished_ms: int) -> Decision:
        if self._trouble is None:
            return self._decide("dropped.language" if untold else "empty", wished_ms)
        is_kept = self._part.segment.over is Over.MOVE or self._part.takes_notices
        return self._decide(f"{'moved' if is_kept else 'dropped'}.{self._trouble.why}", wished_ms, self._trouble.by)

    def _decide(self, code: str, at_ms: int, by: str = "") -> Decision:
        return Decision(wish=self._part.wish, code=code, at_ms=at_ms, by=by)

    def _find(self, piece: Piece, from_ms: int, latest_ms: int) -> Spot:
        """The first place where the piece fits as a whole; else the first where it could begin at all."""
        first: Spot | None = None
        while True:
            start_ms, by = self._room.free_from(from_ms)
            self._by = by or self._by
            if start_ms > latest_ms:
                why = "past" if latest_ms < self._ready_ms and not by else "taken" if latest_ms <= self._ready_ms else "late"
                return first or Spot(start_ms=start_ms, end=End(start_ms, why, self._by), is_whole=False)
            end = self._end(start_ms)
            if start_ms + piece.duration_ms <= end.ms:
                return Spot(start_ms=start_ms, end=end, is_whole=True)
            first = first or Spot(start_ms=start_ms, end=end, is_whole=False)
            if end.why != "taken":
                return first
            from_ms = end.ms

    def _end(self, start_ms: int) -> End:
        """How far a piece may go that begins here: to its segment's or programme's end, or to what is not ours to pass."""
        begun_ms = start_ms if self._begun_ms is None else self._begun_ms
        end = self._room.end_from(start_ms)
        if self._part.end.ms < end.ms:
            end = self._part.end
        limit_ms = begun_ms + self._part.limit_ms
        return end if end.ms <= limit_ms else End(limit_ms, "segment")

    def _put(self, piece: Piece, start_ms: int, end_ms: int) -> None:
        if self._begun_ms is None:
            self._begun_ms = start_ms
        self._room.put(Slot(start_ms=start_ms, end_ms=end_ms, part=self._part, piece=piece))

    def _lay_relay(self, pieces: Sequence[Piece]) -> int:
        """A station does not wait: it is joined behind what is in its way, and left at its time."""
        now_ms = self._ready_ms
        for piece in pieces:
            until = min(self._part.end, End(now_ms + piece.duration_ms - self._missed_ms, ""), key=end_ms)
            if until.ms <= now_ms and self._missed_ms:
                self._trouble = End(now_ms, "past")
            while now_ms < until.ms:
                start_ms, by = self._room.free_from(now_ms)
                end = min(self._room.end_from(start_ms), until, key=end_ms)
                if by or end.why:
                    self._trouble = self._cut = self._trouble or (End(now_ms, "taken", by) if by else end)
                if end.ms - start_ms >= LEAST_MS:
                    self._put(piece, start_ms, end.ms)
                now_ms = max(end.ms, start_ms)
                if end.why and end.why != "taken":
                    break
        return now_ms


def end_ms(end: End) -> int:
    """For `min`."""
    return end.ms
