"""How turns that meet share a village's time: whoever has precedence is laid first, and what follows flows around it.

A segment's pieces are laid one after the other. A piece that meets something of higher precedence waits until that is over, if
its segment may begin later; a relay goes on behind it (its station did not wait). What reaches its end (the segment's, the
programme's, the hours', the session's) is cut, runs over by a sentence, or moves to the next turn, by its segment's own rule.
Every segment ends with one `Decision`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from scheduler.laying import Decision, Laying
from scheduler.limits import Policy
from scheduler.room import Room, Slot
from scheduler.stock import Stock, wanted
from scheduler.turns import FOREVER, Part, Turn
from scheduler.wishes import Begin, Notice, Occurrence, Over, Piece, Segment, Take, Village

LATE_MS = 600_000
"""A turn that is planned this long after its moment is not begun any more: a programme that is saved at 16:00 for 05:00 each day
begins tomorrow, and what a dead controller left out is not news when it comes back."""


class Laid(Struct, frozen=True, kw_only=True):
    """What was laid: slots in time's order, a decision for each segment, the notices that were taken, and the stock left."""

    slots: tuple[Slot, ...]
    decisions: tuple[Decision, ...]
    stock: Stock


class Place(Struct, frozen=True, kw_only=True):
    """Where turns are laid. Nothing new begins before `from_ms`; `begun`: (wish, source) of what has, which is not laid again."""

    village: Village
    policy: Policy
    from_ms: int = 0
    begun: frozenset[tuple[str, str]] = frozenset()


def lay(turns: Collection[Turn], place: Place, stock: Stock) -> Laid:
    """Share a village's time among these turns. The order in which they are given makes no difference."""
    room = _begun(turns, place.policy)
    past = {turn.time for turn in turns if turn.end_ms is None and _is_past(turn, place, room)}
    decisions = [_past(part, turn) for turn in turns if turn.time in past for part in turn.parts]
    open_ = [turn for turn in turns if turn.end_ms is None and turn.time not in past]
    taken, stock = _assign(open_, place, stock)
    for turn in sorted(open_, key=_precedence):
        stand = _Stand(turn.occurrence, place, room)
        for part in turn.parts:
            notices = taken.get(part.wish, [])
            if part.takes_notices and stock.notices:  # what others had no room for
                has_ms = sum(notice.piece.duration_ms for notice in notices)
                more = wanted(part, turn.occurrence, place.village, stock, place.policy.languages, has_ms)
                notices, stock = [*notices, *more], stock.without(more)
            moved = stock.moved_to(turn.occurrence.series, part.index) if stock.moved else ()
            own = part.segment.pieces if not part.takes_notices else tuple(notice.piece for notice in notices)
            left = stand.lay(part, (*moved, *own) if moved else own, decisions)
            if moved or left:
                stock = _put_back(turn.occurrence, part, left, notices, stock)
    if taken:
        decisions += _of_notices(room.slots, {notice.piece.source for notices in taken.values() for notice in notices})
    slots = tuple(slot for slot in room.slots if not slot.part.is_begun)
    return Laid(slots=slots, decisions=tuple(decisions), stock=stock)


def _begun(turns: Collection[Turn], policy: Policy) -> Room:
    """The room that is left beside what has begun. What was cancelled before its sound took no time, and was no session."""
    room = Room(policy)
    for turn in turns:
        if turn.end_ms is not None and turn.end_ms > turn.occurrence.start_ms:
            room.put(Slot(start_ms=turn.occurrence.start_ms, end_ms=turn.end_ms, part=turn.parts[0], piece=_piece(turn)))
    return room


def _is_past(turn: Turn, place: Place, room: Room) -> bool:
    """Is it too late to begin it? Nothing of it has begun, although nothing that has begun was in its way for LATE_MS.

    What a station says is not kept: it has begun if it should have.
    """
    relayed_ms = sum(part.wished_ms for part in turn.parts if part.segment.take is Take.RELAY)
    free_ms, _ = room.free_from(turn.occurrence.start_ms + relayed_ms)
    if free_ms + LATE_MS >= place.from_ms:
        return False
    begun = {wish for wish, _ in place.begun}
    return not any(part.wish in begun for part in turn.parts)


def _past(part: Part, turn: Turn) -> Decision:
    return Decision(wish=part.wish, code="dropped.past", at_ms=turn.occurrence.start_ms)


def _assign(turns: Collection[Turn], place: Place, stock: Stock) -> tuple[dict[str, list[Notice]], Stock]:
    """The notices that each segment takes: each goes to the earliest turn that asks for it."""
    taken: dict[str, list[Notice]] = {}
    if not stock.notices:
        return taken, stock
    for turn in sorted(turns, key=_time):
        for part in turn.parts:
            if part.takes_notices:
                taken[part.wish] = wanted(part, turn.occurrence, place.village, stock, place.policy.languages)
                stock = stock.without(taken[part.wish])
    return taken, stock


def _put_back(occurrence: Occurrence, part: Part, left: list[Piece], notices: list[Notice], stock: Stock) -> Stock:
    """The stock with what a segment had no room for: notices wait again; pieces move to the next turn, if that is its rule."""
    if part.takes_notices:
        return stock.with_back([notice for notice in notices if notice.piece in left])
    return stock.keeping(occurrence.series, part.index, tuple(left) if part.segment.over is Over.MOVE else ())


class _Stand:
    """How far a turn is laid: where its next segment stands, and where it would if nothing were in its way."""

    __slots__ = ("_ideal_ms", "_now_ms", "_occurrence", "_place", "_room")

    def __init__(self, occurrence: Occurrence, place: Place, room: Room) -> None:
        self._occurrence = occurrence
        self._place = place
        self._room = room
        self._now_ms = max(occurrence.start_ms, place.from_ms)
        self._ideal_ms = occurrence.start_ms

    def lay(self, part: Part, pieces: tuple[Piece, ...], decisions: list[Decision]) -> list[Piece]:
        """Lay one segment and decide about it; gives back the pieces for which there was no room."""
        segment = part.segment
        if segment.begin is Begin.EXACT:
            self._ideal_ms = self._occurrence.start_ms + segment.offset_ms
            self._now_ms = max(self._now_ms, self._ideal_ms)
        if self._place.begun:
            pieces = tuple(piece for piece in pieces if (part.wish, piece.source) not in self._place.begun)
        spoken, languages = pieces, self._place.policy.languages
        if languages:
            spoken = tuple(piece for piece in pieces if piece.language in languages)
        wished_ms, latest_ms = self._ideal_ms, self._latest(segment)
        laying = Laying(part, self._room, self._now_ms, missed_ms=max(0, self._place.from_ms - wished_ms))
        self._now_ms = laying.lay(spoken, latest_ms)
        self._ideal_ms += part.wished_ms if spoken is segment.pieces else _length(part, spoken)
        decisions.append(laying.decision(len(pieces) - len(spoken), wished_ms))
        return laying.left

    def _latest(self, segment: Segment) -> int:
        """The last moment at which it may begin."""
        if segment.begin is Begin.NEXT:
            return FOREVER
        if segment.begin is Begin.WAIT:
            return self._ideal_ms + segment.wait_ms
        if self._ideal_ms < self._place.from_ms:
            return self._ideal_ms
        return self._now_ms  # what came before may have run over by a sentence: its own rule allows that


def _of_notices(slots: Collection[Slot], notices: Collection[str]) -> Iterator[Decision]:
    """What became of the notices that found a place: one decision each."""
    for slot in slots:
        if slot.piece.source in notices:
            code = "in" if slot.is_whole else "in.cut"
            yield Decision(wish=slot.piece.source, code=code, at_ms=slot.start_ms, by=slot.wish)


def _length(part: Part, pieces: Collection[Piece]) -> int:
    return min(sum(piece.duration_ms for piece in pieces), part.longest_ms)


def _piece(turn: Turn) -> Piece:
    return turn.parts[0].segment.pieces[0]


def _precedence(turn: Turn) -> tuple[int, int, int, int, str]:
    return turn.precedence


def _time(turn: Turn) -> tuple[int, str]:
    return turn.time
