"""Why something is not said as it was wished, with all that a sentence needs: whose limit it is, what was in the way. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from controller.service.binding import binding
from controller.service.kept import KeptPolicy
from controller.service.names import Names, turn_of
from scheduler.laying import Decision
from scheduler.limits import Policy
from scheduler.room import Room
from scheduler.wishes import Notice, Occurrence, Piece, Segment

_LIMITS: dict[str, Callable[[Policy], int | None]] = {
    "session": attrgetter("session_ms"),
    "sessions": attrgetter("sessions"),
    "length": attrgetter("item_ms"),
}
"""Which limit of a policy is the reason."""

_OF_POLICY = {*_LIMITS, "hours", "language"}
"""Reasons that are somebody's policy."""


class Reason(Struct, frozen=True, kw_only=True):
    """A decision (`scheduler.laying`), told by names. `title` is the programme's or bulletin's, `names` are its segment's sounds.

    `by`: what is in its way. `unit`: whose policy binds, or who has no say here. `limit`: of a session, sound, segment or
    programme in ms; of sessions their number. `languages`: those that are not spoken here. `start_ms`: when its turn begins;
    `wished_ms`: how long its segment would be, as far as that is known.
    """

    wish: str
    code: str
    at_ms: int
    title: str
    start_ms: int | None = None
    take: str = ""
    names: tuple[str, ...] = ()
    by: str = ""
    unit: str = ""
    limit: int | None = None
    languages: tuple[str, ...] = ()
    wished_ms: int = 0


class Reasons:
    """Makes decisions reasons."""

    def __init__(
        self, occurrences: Collection[Occurrence], notices: Collection[Notice], names: Names, kept: Mapping[str, KeptPolicy]
    ) -> None:
        self._occurrences = {each.id: each for each in occurrences}
        self._notices = {each.piece.source: each for each in notices}
        self._names = names
        self._kept = kept

    def of(self, decision: Decision, path: Sequence[str]) -> Reason:
        """What was decided in the village at the end of `path`."""
        turn, _, index = decision.wish.partition("#")
        occurrence = self._occurrences.get(turn)
        if occurrence is None or not index:
            return self._of_notice(decision, path)
        segment = occurrence.segments[int(index)]
        named = Reason(
            wish=decision.wish,
            code=decision.code,
            at_ms=decision.at_ms,
            title=self._names.of(decision.wish).title,
            start_ms=occurrence.start_ms,
            take=segment.take,
            names=tuple(map(self._names.sound, dict.fromkeys(piece.source for piece in segment.pieces))),
            by=self._by(decision),
            wished_ms=_wished(segment),
        )
        why = decision.code.partition(".")[2]
        if why == "reach":
            return replace(named, unit=self._names.unit(occurrence.owner))
        if why == "segment":
            return replace(named, limit=segment.length_ms)
        if why == "programme":
            return replace(named, limit=occurrence.length_ms)
        return self._bound(named, why, path, segment.pieces)

    def _of_notice(self, decision: Decision, path: Sequence[str]) -> Reason:
        notice = self._notices.get(decision.wish)
        title = self._names.sound(decision.wish)
        named = Reason(wish=decision.wish, code=decision.code, at_ms=decision.at_ms, title=title, by=self._by(decision))
        why = decision.code.partition(".")[2]
        return self._bound(named, why, path, (notice.piece,) if notice else ())

    def _by(self, decision: Decision) -> str:
        """What is in its way; nothing is in its own."""
        if not decision.by or turn_of(decision.by) == turn_of(decision.wish):
            return ""
        return self._names.of(decision.by).title

    def _bound(self, named: Reason, why: str, path: Sequence[str], pieces: Sequence[Piece]) -> Reason:
        """With whose policy binds: the uppermost unit below which nothing is stricter."""
        if why not in _OF_POLICY:
            return named
        policies = [(unit, binding(path[:depth], self._kept)) for depth, unit in enumerate(path, 1)]
        here = policies[-1][1]
        if limit_of := _LIMITS.get(why):
            return replace(named, unit=self._first(policies, lambda each: limit_of(each) == limit_of(here)), limit=limit_of(here))
        if why == "hours":
            closes_ms = _closes(here, here, named.at_ms)
            return replace(named, unit=self._first(policies, lambda each: _closes(each, here, named.at_ms) == closes_ms))
        foreign = {piece.language for piece in pieces} - {*here.languages}
        unit = self._first(policies, lambda each: bool(each.languages) and foreign.isdisjoint(each.languages))
        return replace(named, unit=unit, languages=tuple(sorted(foreign)))

    def _first(self, policies: Sequence[tuple[str, Policy]], binds: Callable[[Policy], bool]) -> str:
        return self._names.unit(next((unit for unit, policy in policies if binds(policy)), policies[-1][0]))


def _wished(segment: Segment) -> int:
    """What its named pieces take, at most its length; how long the notices are that it would take, nobody knows: 0."""
    length_ms = sum(piece.duration_ms for piece in segment.pieces)
    return length_ms if segment.length_ms is None else min(length_ms, segment.length_ms)


def _closes(policy: Policy, here: Policy, at_ms: int) -> int:
    """When the hours close that are open then; `at_ms` itself if none are."""
    return Room(Policy(hours=policy.hours, utc_offset=here.utc_offset)).end_from(at_ms).ms
