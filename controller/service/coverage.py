"""Who can hear us, which loudspeakers are silent, and whether any of it changed: for whoever looks, as far as they may."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from controller.domain.rights import Actor
from controller.service.covering import Coverage, Pulse, Silent, seen_since
from controller.service.ports import Database
from scheduler.clock import Clock


class Coverages:
    """Reads. Thread-safe; one query each, whatever the size of the province."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def of(self, *, by: Actor) -> Coverage:
        """Every village within reach, by path, with its loudspeakers; none for who sees nothing."""
        with self._database.reading() as tx:
            return Coverage(villages=tuple(tx.covering.villages(self._since(), by.reach)))

    def silent(self, limit: int, *, by: Actor) -> Sequence[Silent]:
        """Loudspeakers that are not there: those that fell silent last first, those that never called behind them."""
        with self._database.reading() as tx:
            return tx.covering.silent(self._since(), limit, by.reach)

    def pulse(self, *, by: Actor) -> Pulse:
        """To be compared with an earlier one: did coverage or faults change?"""
        with self._database.reading() as tx:
            return tx.covering.pulse(self._since(), by.reach)

    def concerns(self, airings: Collection[str], *, by: Actor) -> bool:
        """Is one of these airings for a place where they may look?"""
        with self._database.reading() as tx:
            return tx.covering.concerns(airings, by.reach)

    def _since(self) -> int:
        return seen_since(self._clock.now_ms())
