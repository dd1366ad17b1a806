"""What a change would change, before anybody saves it: timelines before and after, where they differ. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as replace_wish

from msgspec import Struct
from msgspec.structs import replace

from controller.domain.bulletin import Bulletin
from controller.domain.errors import NotFound, Refused
from controller.domain.ids import new_id
from controller.domain.rights import Actor, Deed
from controller.domain.unit import Unit
from controller.service.approvals import where_of, wish_of
from controller.service.asking import Wish, roots_of, sayable, sounding, window, wished
from controller.service.binding import binding, horizon_ms
from controller.service.composing import composed
from controller.service.days import DAY_MS, WIDEST
from controller.service.kept import KeptPolicy, Ruling
from controller.service.names import names_of
from controller.service.policies import proposed
from controller.service.ports import ClipRow, Database, Transaction
from controller.service.reasons import Reason
from controller.service.rights import require
from controller.service.telling import Line, Teller, Told
from controller.service.timetable import FREEZE_MS, Asked, Gathered, Instead, gather, piece_of
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


class _Change(Struct, frozen=True, kw_only=True):
    """What is proposed, from which moment and until when that is looked at, and whose local time tells it.

    `least_ms`: looked at ahead in any case.
    As in `timetable.gather`: `instead` of programmes, requests that are `asked`, all `policies` as they would be.
    """

    roots: tuple[Unit, ...]
    owner: Unit
    span: tuple[int, int] | None = None
    freeze_ms: int = FREEZE_MS
    least_ms: int = 0
    instead: Instead = {}
    asked: tuple[Asked, ...] = ()
    policies: dict[str, KeptPolicy] | None = None


class Previews:
    """Looks ahead. Thread-safe. Who may not do it, may not look what it would do: Refused("right.none")."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def created(self, wanted: Programme, *, by: Actor, days: int = 0) -> Preview:
        """What a new programme would change. What could not be saved is refused as if it were: `Programmes.create`.

        `days`: looked at ahead, if that is further than is planned; a small place only, else Refused("day.wide").
        """
        return self._of_programme(new_id(self._clock.now_ms()), None, wanted, by, days)

    def changed(self, programme: str, wanted: Programme | None, *, by: Actor, days: int = 0) -> Preview:
        """What would change if this programme were `wanted`, or (None) ended; refused as `Programmes.change` does."""
        with self._database.reading() as tx:
            before = _living(tx, programme)
        return self._of_programme(programme, before, wanted, by, days)

    def ruled(self, unit: str, ruling: Ruling | None, *, by: Actor) -> Preview:
        """What would change if a unit's policy were `ruling`, or (None) none; refused as `Policies.set` does."""
        with self._database.reading() as tx:
            place = unit_of(tx, unit)
            require(by, Deed.POLICY_SET, [place])
            change = _Change(roots=(place,), owner=place, policies=proposed(tx, unit, ruling))
        return self._preview(change)

    def asked(self, bulletin: str, wish: Wish, *, by: Actor) -> Preview:
        """What would change if this bulletin were said: refused as `Airings.say` does, but not for want of room."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            said, clip = sayable(tx, bulletin)
            require(by, Deed.AIRING_SAY, roots_of(tx, wish.to))
            change = _saying(tx, said, clip, wish, now_ms)
        return self._preview(change)

    def approved(self, bulletin: str, *, now: bool = False, by: Actor) -> Preview | None:
        """What would change if this bulletin were approved, or (`now`) said at once. None: programmes take it when they may."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            draft, clip = sounding(tx, bulletin)
            require(by, Deed.BULLETIN_APPROVE, where_of(tx, draft))
            wish, said = wish_of(draft), draft.bulletin
            if wish is None:
                return None
            wish = replace_wish(wish, at_ms=None, latest_ms=None) if now else wish
            change = _saying(tx, said, clip, wish, now_ms)
        return self._preview(change)

    def _of_programme(self, name: str, before: Programme | None, wanted: Programme | None, by: Actor, days: int) -> Preview:
        with self._database.reading() as tx:
            require(by, Deed.PROGRAMME_EDIT, [unit_of(tx, each.owner) for each in (before, wanted) if each is not None])
            after = composed(tx, replace(wanted, id=name)) if wanted is not None else None
            both = [each for each in (before, after) if each is not None]
            units = dict.fromkeys(unit for each in both for unit in each.units)
            roots, owner = tuple(unit_of(tx, unit) for unit in units), unit_of(tx, both[-1].owner)
        return self._preview(_Change(roots=roots, owner=owner, instead={name: after}, least_ms=days * DAY_MS))

    def _preview(self, change: _Change) -> Preview:
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            villages, kept = speaking(tx, change.roots), tx.policies.all()
            offset = binding(change.owner.path, kept).utc_offset
            farthest_ms = max((horizon_ms(village.path, kept) for village in villages), default=0)
            if change.least_ms > farthest_ms and len(villages) > WIDEST:
                raise Refused("day.wide")
            from_ms, until_ms = change.span or (now_ms, now_ms + max(farthest_ms, change.least_ms))
            as_is = gather(tx, villages, from_ms, until_ms, freeze_ms=change.freeze_ms)
            as_wished = gather(
                tx,
                villages,
                from_ms,
                until_ms,
                freeze_ms=change.freeze_ms,
                instead=change.instead,
                proposed=change.asked,
                policies=change.policies,
            )
        before = self._tell(as_is, {}, kept)
        after = self._tell(as_wished, change.instead, kept if change.policies is None else change.policies)
        return Preview(
            from_ms=as_is.from_ms,
            until_ms=until_ms,
            utc_offset=offset,
            villages=len(villages),
            groups=_differing(villages, before, after),
        )

    def _tell(self, gathered: Gathered, instead: Instead, kept: Mapping[str, KeptPolicy]) -> dict[str, Told]:
        with self._database.reading() as tx:
            names = names_of(tx, gathered, instead=instead)
        teller, timelines = Teller(gathered, names, kept), gathered.resolve()
        return {name: teller.tell(gathered.villages[name], timeline) for name, timeline in timelines.items()}


def _saying(tx: Transaction, said: Bulletin, clip: ClipRow, wish: Wish, now_ms: int) -> _Change:
    request, roots = wished(tx, said, wish, now_ms, said.created_by)
    asked, owner = Asked(request=request, piece=piece_of(said, clip)), unit_of(tx, said.owner)
    return _Change(roots=tuple(roots), owner=owner, span=window(asked, now_ms), freeze_ms=0, asked=(asked,))


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
