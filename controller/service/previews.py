"""What a change would change, before anybody saves it: timelines before and after, where they differ. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from controller.domain.errors import NotFound, Refused
from controller.domain.ids import new_id
from controller.domain.unit import Unit
from controller.service.binding import binding, horizon_ms
from controller.service.composing import composed
from controller.service.kept import KeptPolicy
from controller.service.names import names_of
from controller.service.ports import Database, Transaction
from controller.service.reasons import Reason
from controller.service.telling import Line, Teller, Told
from controller.service.timetable import Gathered, Instead, gather
from controller.service.units import speaking, unit_of
from scheduler.clock import Clock
from scheduler.programme import Programme


class Decided(Struct, frozen=True, kw_only=True):
    """What becomes of one wish, before and after; None: it is not wished."""

    before: Reason | None
    after: Reason | None


class Differing(Struct, frozen=True, kw_only=True):
    """Villages, by name, in which the same differs: all that sounds before and after, and the decisions that differ."""

    villages: tuple[Unit, ...]
    before: tuple[Line, ...]
    after: tuple[Line, ...]
    decisions: tuple[Decided, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would differ in [from, until), the largest group first; `villages` were looked at. `utc_offset`: the owner's."""

    from_ms: int
    until_ms: int
    utc_offset: int
    villages: int
    groups: tuple[Differing, ...]


class Previews:
    """Looks ahead. Thread-safe."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def created(self, wanted: Programme) -> Preview:
        """What a new programme would change. What could not be saved is refused as if it were: `Programmes.create`."""
        return self._preview(wanted, None)

    def changed(self, programme: str, wanted: Programme | None) -> Preview:
        """What would change if this programme were `wanted`, or (None) ended; refused as `Programmes.change` does."""
        return self._preview(wanted, programme)

    def _preview(self, wanted: Programme | None, programme: str | None) -> Preview:
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            name = programme or new_id(now_ms)
            before = _living(tx, programme) if programme is not None else None
            after = composed(tx, replace(wanted, id=name)) if wanted is not None else None
            both = [each for each in (before, after) if each is not None]
            villages = speaking(tx, [unit_of(tx, unit) for unit in dict.fromkeys(unit for each in both for unit in each.units)])
            kept = tx.policies.all()
            offset = binding(unit_of(tx, both[-1].owner).path, kept).utc_offset
            until_ms = now_ms + max((horizon_ms(village.path, kept) for village in villages), default=0)
            as_is = gather(tx, villages, now_ms, until_ms)
            as_wished = gather(tx, villages, now_ms, until_ms, instead={name: after})
        told = self._tell(as_is, {}, kept), self._tell(as_wished, {name: after}, kept)
        return Preview(
            from_ms=as_is.from_ms,
            until_ms=until_ms,
            utc_offset=offset,
            villages=len(villages),
            groups=_differing(villages, *told),
        )

    def _tell(self, gathered: Gathered, instead: Instead, kept: Mapping[str, KeptPolicy]) -> dict[str, Told]:
        with self._database.reading() as tx:
            names = names_of(tx, gathered, instead=instead)
        teller, timelines = Teller(gathered, names, kept), gathered.resolve()
        return {name: teller.tell(gathered.villages[name], timeline) for name, timeline in timelines.items()}


def _living(tx: Transaction, programme: str) -> Programme:
    kept = tx.programmes.get(programme)
    if kept is None:
        raise NotFound("programme.unknown", programme=programme)
    if kept.ended_ms is not None:
        raise Refused("programme.ended", programme=programme, title=kept.programme.title)
    return kept.programme


def _differing(villages: list[Unit], before: Mapping[str, Told], after: Mapping[str, Told]) -> tuple[Differing, ...]:
    pairs: dict[tuple[Told, Told], list[Unit]] = {}
    known: dict[tuple[int, int], list[Unit]] = {}  # the very same need not be compared
    for village in villages:
        pair = before[village.id], after[village.id]
        key = (id(pair[0]), id(pair[1]))
        if key not in known:
            known[key] = pairs.setdefault(pair, [])
        known[key].append(village)
    found = [_group(here, *pair) for pair, here in pairs.items() if pair[0] != pair[1]]
    return tuple(sorted(found, key=lambda group: (-len(group.villages), group.villages[0].name)))


def _group(villages: list[Unit], before: Told, after: Told) -> Differing:
    was, is_now = ({reason.wish: reason for reason in told.reasons} for told in (before, after))
    wishes = sorted({*was, *is_now}, key=lambda wish: _order(was.get(wish) or is_now[wish]))
    return Differing(
        villages=tuple(sorted(villages, key=lambda unit: (unit.name, unit.id))),
        before=before.lines,
        after=after.lines,
        decisions=tuple(
            Decided(before=was.get(wish), after=is_now.get(wish)) for wish in wishes if was.get(wish) != is_now.get(wish)
        ),
    )


def _order(reason: Reason) -> tuple[int, str]:
    return (reason.at_ms, reason.wish)
