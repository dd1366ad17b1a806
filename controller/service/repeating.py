"""To repeat is a new airing (law 4): the same bulletin, now, for the villages in which a loudspeaker missed it.

An airing and all that repeat it are one family. Whoever was reached by any of them has heard it, so that a repeat is for those
that still have not; and while one repeat sounds, asking again for the same villages gives that one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from controller.domain.airing import Airing, Klass, Mode
from controller.domain.bulletin import Bulletin
from controller.domain.delivery import ENDS, is_good
from controller.domain.errors import NotFound, Refused
from controller.domain.rights import Actor, Deed, is_within
from controller.domain.unit import Unit, is_under
from controller.service.asking import Wish, sayable
from controller.service.ports import ClipRow, Delivery, Transaction
from controller.service.reports import seen
from controller.service.rights import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """What a repeat would be: of `first`, for these villages. `under_way`: the repeat that already sounds, if they have one."""

    first: Airing
    bulletin: Bulletin
    clip: ClipRow
    villages: tuple[Unit, ...]
    under_way: Airing | None

    @property
    def wish(self) -> Wish:
        """As the airing that is repeated was asked for, at once."""
        to = tuple(village.id for village in self.villages)
        return Wish(to=to, grace_ms=self.first.grace_ms, gain=self.first.gain)


def missed(tx: Transaction, airing_id: str, *, by: Actor) -> Missed:
    """Who missed it, within reach. Refused with its reason: "right.none", "airing.running", "airing.stopped",
    "airing.none-missed", "airing.sound-gone", "bulletin.emergency"; NotFound("airing.unknown").
    """
    asked = seen(tx, airing_id, by)
    if asked.mode is Mode.TEST:
        raise Refused("airing.none-missed")  # it was for one loudspeaker, whose page tries it again
    first = (tx.airings.get(asked.repeats) if asked.repeats else None) or asked
    family = [first, *tx.airings.repeating(first.id)]
    told = {each.id: _within(tx, each, by) for each in family}
    here = _units(tx, {row.village for row in told[asked.id]})
    missing = _missing(told.values())
    require(by, Deed.AIRING_SAY, [unit for unit in here if unit.id in missing] or here or _units(tx, asked.units))
    if first.klass is Klass.EMERGENCY:
        raise Refused("bulletin.emergency")
    if asked.cancelled_ms is not None:
        raise Refused("airing.stopped")
    under_way = [each for each in family[1:] if not _is_over(told[each.id]) and each.cancelled_ms is None]
    if not _is_over(told[asked.id]) and asked not in under_way:
        raise Refused("airing.running")
    bulletin, clip = _sound(tx, first)
    taken = {row.village for each in under_way for row in told[each.id]}
    villages = [unit for unit in _units(tx, missing - taken) if is_under(unit, bulletin.owner)]
    if not villages and not (under_way and missing):
        raise Refused("airing.none-missed")
    return Missed(
        first=first,
        bulletin=bulletin,
        clip=clip,
        villages=tuple(villages),
        under_way=under_way[-1] if under_way and not villages else None,
    )


def _missing(ledgers: Iterable[Sequence[Delivery]]) -> set[str]:
    """The villages of those loudspeakers that are in these ledgers and were heard in none of them."""
    rows = [row for ledger in ledgers for row in ledger]
    heard = {row.node for row in rows if is_good(row.state, row.evidence)}
    return {row.village for row in rows if row.node not in heard}


def _within(tx: Transaction, airing: Airing, by: Actor) -> list[Delivery]:
    rows = tx.deliveries.of_airing(airing.id)
    seen_here = {unit.id for unit in _units(tx, {row.village for row in rows}) if is_within(unit.path, by.reach)}
    return [row for row in rows if row.village in seen_here]


def _units(tx: Transaction, names: Collection[str]) -> list[Unit]:
    found = (tx.units.get(name) for name in sorted(names))
    return [unit for unit in found if unit is not None]


def _is_over(rows: Sequence[Delivery]) -> bool:
    return all(row.state in ENDS for row in rows)


def _sound(tx: Transaction, first: Airing) -> tuple[Bulletin, ClipRow]:
    try:
        return sayable(tx, first.bulletin)
    except (NotFound, Refused) as error:
        raise Refused("airing.sound-gone") from error
