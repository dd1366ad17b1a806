"""Wishes + policies + villages -> one timeline for each village, and for every wish a decision. Pure, and the same for any order.

How a province fits into seconds: turns that can't touch each other (a pause and their longest lengths apart) are *islands*, laid
one after the other in time's order. What an island gives depends on its turns, the policy, and the village's stock of notices;
so villages that are alike in these share the work and the result, and one with a notice of its own is apart only until that has
been aired. The rest is looked up: one step an island.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Generic, TypeVar

from msgspec import Struct

from scheduler.laying import Decision
from scheduler.layout import Laid, Place, lay
from scheduler.limits import Policy
from scheduler.room import PAUSE_MS, Slot
from scheduler.stock import Stock, stock_of
from scheduler.turns import Turn, begun, turn_of
from scheduler.wishes import Begun, Notice, Occurrence, Village

T = TypeVar("T", bound=Hashable)

_DAY = 86_400_000
_MINUTE = 60_000


class Timeline(Struct, frozen=True, kw_only=True):
    """What will sound in one village, and what became of every wish for it. Islands are shared between villages."""

    village: str
    islands: tuple[Laid, ...]
    rest: tuple[Decision, ...]

    @property
    def slots(self) -> Iterator[Slot]:
        """The sounds, in time's order, without overlap."""
        return chain.from_iterable(island.slots for island in self.islands)

    @property
    def decisions(self) -> Iterator[Decision]:
        """One for each segment of each turn, and one for each notice."""
        return chain(chain.from_iterable(island.decisions for island in self.islands), self.rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """All that is wished in some horizon, and by village what has begun there: it stands fast, and is not said again.

    Nothing new begins before `from_ms`. `aired`: notices, by village, that were heard there before.
    """

    occurrences: Collection[Occurrence]
    notices: Collection[Notice] = ()
    begun: Mapping[str, tuple[Begun, ...]] = field(default_factory=dict)
    aired: Mapping[str, frozenset[str]] = field(default_factory=dict)
    from_ms: int = 0


def resolve(wishes: Wishes, villages: Iterable[Village], policies: Mapping[str, Policy]) -> dict[str, Timeline]:
    """A timeline for each village. `policies`: what each village inherits (`limits.inherited`); none is no limit."""
    resolver = _Resolver(wishes)
    return {village.id: resolver.resolve(village, policies.get(village.id, Policy())) for village in villages}


class _Resolver:
    """Resolves villages one by one and remembers what they have in common.

    A stock, a policy and an island are known by their number: what an island gives is looked up by three of them.
    """

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._for_unit: dict[str, list[Turn]] = {}
        for turn in sorted(map(turn_of, wishes.occurrences), key=_time):
            for unit in dict.fromkeys(turn.occurrence.units):
                self._for_unit.setdefault(unit, []).append(turn)
        self._singular = {name for turn in wishes.occurrences for name in (turn.owner, *turn.units)}
        self._of_owner: dict[str, list[Notice]] = {}
        for notice in wishes.notices:
            self._of_owner.setdefault(notice.owner, []).append(notice)
        self._above: dict[tuple[tuple[str, ...], int, int], list[_Island]] = {}
        self._stocks = _Numbers[Stock]()
        self._policies = _Numbers[Policy]()
        self._begun = _Numbers[tuple[Begun, ...]]()
        self._turns = _Numbers[tuple[tuple[int, str], ...]]()
        self._laid: dict[tuple[int, int, int, int], tuple[Laid, int]] = {}
        self._waiting: dict[tuple[int, int], tuple[Decision, ...]] = {}

    def resolve(self, village: Village, policy: Policy) -> Timeline:
        """One village."""
        at, before = self._policies.of(policy), self._wishes.begun.get(village.id, ())
        begun, stock = self._begun.of(before), self._stocks.of(self._first_stock(village))
        names = frozenset((each.wish, each.piece.source) for each in before)
        place = Place(village=village, policy=policy, from_ms=self._wishes.from_ms, begun=names)
        laid: list[Laid] = []
        for island in self._islands(village, at, begun):
            step = (at, begun, stock, island.number)
            if step not in self._laid:
                result = lay(island.turns, place, self._stocks[stock])
                self._laid[step] = (result, self._stocks.of(result.stock))
            result, stock = self._laid[step]
            laid.append(result)
        return Timeline(village=village.id, islands=tuple(laid), rest=self._rest(village, at, stock))

    def _first_stock(self, village: Village) -> Stock:
        aired = self._wishes.aired.get(village.id, frozenset())
        aired |= {each.piece.source for each in self._wishes.begun.get(village.id, ())}
        notices = chain.from_iterable(self._of_owner.get(unit, ()) for unit in village.path)
        return stock_of(village, (notice for notice in notices if notice.piece.source not in aired))

    def _islands(self, village: Village, policy: int, before: int) -> list[_Island]:
        """The village's islands: those of its commune, unless there are turns for it or by it alone."""
        path = village.path if village.id in self._singular else village.path[:-1]
        key = (path, policy, before)
        if key not in self._above:
            turns = [turn for turn in self._turns_for(path) if turn.occurrence.owner in path]
            turns += [begun(each.wish, each.piece, each.start_ms, each.end_ms) for each in self._begun[before]]
            groups = _apart(sorted(turns, key=_time), self._policies[policy], self._wishes.from_ms)
            self._above[key] = [_Island(self._turns.of(tuple(turn.time for turn in group)), group) for group in groups]
        return self._above[key]

    def _turns_for(self, path: Sequence[str]) -> Collection[Turn]:
        """Each turn once that is for one of these units."""
        return {turn.time: turn for unit in path for turn in self._for_unit.get(unit, ())}.values()

    def _rest(self, village: Village, at: int, stock: int) -> tuple[Decision, ...]:
        """What became of those that no island holds: notices that still wait, and wishes of whoever has no say here."""
        waiting = self._waiting.get((at, stock))
        if waiting is None:
            spoken = self._policies[at].languages
            waiting = self._waiting[at, stock] = tuple(
                Decision(
                    wish=notice.piece.source,
                    code="waits.language" if spoken and notice.piece.language not in spoken else "waits",
                    at_ms=notice.since_ms,
                )
                for notice in self._stocks[stock].notices
            )
        beyond = [
            Decision(wish=part.wish, code="dropped.reach", at_ms=turn.occurrence.start_ms)
            for turn in self._turns_for(village.path)
            if turn.occurrence.owner not in village.path
            for part in turn.parts
        ]
        return (*waiting, *beyond) if beyond else waiting


class _Island(Struct, frozen=True):
    """Turns that may touch each other, and no others."""

    number: int
    turns: tuple[Turn, ...]


class _Numbers(Generic[T]):
    """Numbers for values: equal ones have the same."""

    def __init__(self) -> None:
        self._number: dict[T, int] = {}
        self._value: list[T] = []

    def of(self, value: T) -> int:
        """Its number, now or anew."""
        number = self._number.setdefault(value, len(self._value))
        if number == len(self._value):
            self._value.append(value)
        return number

    def __getitem__(self, number: int) -> T:
        return self._value[number]


def _apart(turns: Iterable[Turn], policy: Policy, from_ms: int) -> Iterator[tuple[Turn, ...]]:
    """Turns in time's order, in groups that can't touch: whatever waits for whatever, there is a pause between two groups.

    No sound of a group ends later than its last moment plus all its lengths. Where the number of sessions a day is limited,
    the turns of a local day belong together. Those whose moment is past, but which have not begun, all wait for `from_ms`.
    """
    group: list[Turn] = []
    last_ms = lengths_ms = 0
    for turn in turns:
        soonest_ms = 0 if turn.end_ms is not None else from_ms
        start_ms, end_ms = max(turn.occurrence.start_ms, soonest_ms), last_ms + lengths_ms
        is_apart = start_ms >= end_ms + PAUSE_MS
        if policy.sessions is not None:
            is_apart = is_apart and _day(start_ms, policy) > _day(end_ms, policy)
        if group and is_apart:
            yield tuple(group)
            group, last_ms, lengths_ms = [], 0, 0
        group.append(turn)
        last_ms = max(last_ms, turn.last_ms, soonest_ms)
        lengths_ms += turn.lengths_ms
    if group:
        yield tuple(group)


def _day(at_ms: int, policy: Policy) -> int:
    return (at_ms + policy.utc_offset * _MINUTE) // _DAY


def _time(turn: Turn) -> tuple[int, str]:
    return turn.time
