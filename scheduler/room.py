"""One village's time, while it is given away: what is taken, and how far a sound that begins here may go. Mutable, of one layout.

A *session* is sound without a pause of PAUSE_MS: its length counts from its first sound to its last, its day is the local day in
which it begins. Whoever comes first keeps what it has: a later sound may neither touch it nor make its session too long.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from msgspec import Struct

from scheduler.limits import Policy, spans_of_week
from scheduler.turns import FOREVER, End, Part
from scheduler.wishes import Piece

PAUSE_MS = 600_000
"""Ten minutes of silence end a session: shorter ones lie between the parts of one programme."""

_MINUTE = 60_000
_DAY = 86_400_000
_WEEK = 7 * _DAY
_MONDAY = 3 * _DAY
"""1970-01-01 was a Thursday: three days after a Monday."""


class Slot(Struct, frozen=True, kw_only=True, gc=False):
    """One sound in a timeline, [start, end) in UTC ms: a piece from its beginning, to its end or to where it is cut."""

    start_ms: int
    end_ms: int
    part: Part
    piece: Piece

    @property
    def wish(self) -> str:
        """The segment that it belongs to."""
        return self.part.wish

    @property
    def is_whole(self) -> bool:
        """Is it as long as its piece?"""
        return self.end_ms - self.start_ms == self.piece.duration_ms


class Room:
    """What is taken in one village under one policy."""

    __slots__ = ("_policy", "_spans", "_starts", "slots")

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._spans = [(begin * _MINUTE, end * _MINUTE) for begin, end in spans_of_week(policy.hours)]
        self._starts: list[int] = []
        self.slots: list[Slot] = []

    def put(self, slot: Slot) -> None:
        """Take its time; the caller has looked that it is free."""
        at = bisect_left(self._starts, slot.start_ms)
        self._starts.insert(at, slot.start_ms)
        self.slots.insert(at, slot)

    def free_from(self, at_ms: int) -> tuple[int, str]:
        """The first moment from `at_ms` on that nothing takes, and the wish that takes the time before it, if it is later."""
        by = ""
        index = max(bisect_right(self._starts, at_ms) - 1, 0)
        while index < len(self.slots) and self.slots[index].start_ms <= at_ms:
            if self.slots[index].end_ms > at_ms:
                at_ms, by = self.slots[index].end_ms, self.slots[index].wish
            index += 1
        return at_ms, by

    def after(self, at_ms: int) -> Slot | None:
        """What is taken next, from `at_ms` on."""
        index = bisect_left(self._starts, at_ms)
        return self.slots[index] if index < len(self.slots) else None

    def end_from(self, at_ms: int) -> End:
        """How far a sound may go that begins at `at_ms`, a free moment: at most to what is taken next."""
        ends = [self._closes(at_ms), self._session_ends(at_ms)]
        if self._policy.item_ms is not None:
            ends.append(End(at_ms + self._policy.item_ms, "length"))
        following = self.after(at_ms)
        if following is not None:
            ends.append(End(following.start_ms, "taken", following.wish))
        return min(ends, key=_ms)

    def _closes(self, at_ms: int) -> End:
        """When the hours that are open at `at_ms` close."""
        if not self._policy.hours:
            return End(FOREVER, "")
        moment = (at_ms + self._policy.utc_offset * _MINUTE + _MONDAY) % _WEEK
        for begin, end in self._spans:
            if begin <= moment < end:
                if end == _WEEK and self._spans[0][0] == 0:  # open over Sunday's midnight
                    end += self._spans[0][1]
                return End(at_ms + end - moment, "hours")
        return End(at_ms, "hours")

    def _session_ends(self, at_ms: int) -> End:
        limit_ms, times = self._policy.session_ms, self._policy.sessions
        if limit_ms is None and times is None:
            return End(FOREVER, "")
        index = bisect_right(self._starts, at_ms)
        first = self._first_of_session(index, at_ms)
        joins = index < len(self.slots) and self.slots[index].start_ms - at_ms < PAUSE_MS
        if times is not None and first == at_ms and not joins and self._begun(at_ms) >= times:
            return End(at_ms, "sessions")
        if limit_ms is None:
            return End(FOREVER, "")
        end_ms = first + limit_ms
        if index < len(self.slots) and self._last_of_session(index) > end_ms:
            end_ms = min(end_ms, self.slots[index].start_ms - PAUSE_MS)  # it stays apart from that session
        return End(end_ms, "session")

    def _first_of_session(self, index: int, at_ms: int) -> int:
        """When the session began that a sound at `at_ms`, before slot `index`, continues; `at_ms` if it begins one."""
        while index > 0 and at_ms - self.slots[index - 1].end_ms < PAUSE_MS:
            index -= 1
            at_ms = self.slots[index].start_ms
        return at_ms

    def _last_of_session(self, index: int) -> int:
        """When the session ends that slot `index` belongs to."""
        while index + 1 < len(self.slots) and self.slots[index + 1].start_ms - self.slots[index].end_ms < PAUSE_MS:
            index += 1
        return self.slots[index].end_ms

    def _begun(self, at_ms: int) -> int:
        """How many sessions begin in the local day of `at_ms`."""
        offset = self._policy.utc_offset * _MINUTE
        day = (at_ms + offset) // _DAY
        begins = (
            slot.start_ms
            for before, slot in zip([None, *self.slots], self.slots, strict=False)
            if before is None or slot.start_ms - before.end_ms >= PAUSE_MS
        )
        return sum((begin + offset) // _DAY == day for begin in begins)


def _ms(end: End) -> int:
    return end.ms
