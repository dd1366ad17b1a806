"""An emergency takes its time from whatever is in its way: in its own commit, because it waits for nobody."""

from __future__ import annotations

from collections.abc import Collection

from controller.domain.airing import Airing, Klass
from controller.service.asking import refuse_overlap
from controller.service.kept import Cut
from controller.service.ports import Transaction


def take_time(tx: Transaction, emergency: Airing, villages: Collection[str], now_ms: int) -> None:
    """Cut what sounds there when this one, which is kept already, begins, and write it down.

    What can be moved the planner moves; of the others `resuming` decides. Conflict("airing.overlap") with another emergency of no
    lower rank, because loudspeakers would not let this one go before it.
    """
    here = sorted(villages)
    met = tx.airings.overlapping(here, emergency.start_ms, emergency.start_ms + emergency.duration_ms)
    others = [airing for airing in map(tx.airings.get, met) if airing is not None and airing.id != emergency.id]
    lower = [airing.id for airing in others if goes_before(emergency, airing)]
    refuse_overlap(tx, emergency, here, but=[emergency.id, *lower])
    for airing in others:
        tx.planned.cut(airing.id, here, emergency.start_ms)
        if airing.klass is not Klass.EMERGENCY:
            tx.cuts.add(Cut(emergency=emergency.id, airing=airing.id))
    tx.replans.mark(emergency.units, now_ms)


def goes_before(emergency: Airing, other: Airing) -> bool:
    """May it cut the other: all that is none, and an emergency of a strictly lower rank."""
    return other.klass is not Klass.EMERGENCY or other.rank < emergency.rank
