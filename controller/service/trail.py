"""The trail, read: who did what, where, when; and whether it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from controller.domain.rights import Actor, Deed
from controller.domain.trail import Line, Verdict, verify
from controller.domain.unit import Unit
from controller.service.ports import Database
from controller.service.rights import require
from controller.service.units import unit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A line as a person reads it: with the names of its units."""

    line: Line
    places: tuple[str, ...]


class Trail:
    """Reads. Thread-safe."""

    def __init__(self, *, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    def list(self, *, by: Actor, unit: str | None = None, before: int | None = None, limit: int = 100) -> list[LineView]:
        """The newest first: all, or what was done in a unit or below it. `before`: lines with a lower number only.

        Refused("right.none") for who may not read it there; without a unit it is what they may read.
        """
        with self._database.reading() as tx:
            units = {each.id: each for each in tx.units.all()}
            root = unit_of(tx, unit) if unit else None
            if root is not None or not by.may_anywhere(Deed.TRAIL_SEE):
                require(by, Deed.TRAIL_SEE, [root])
            found = (chained.line for chained in tx.trail.newest(before))
            mine = (line for line in found if _is_for(line, by, root, units))
            return [LineView(line=line, places=_places(line, units)) for line in islice(mine, limit)]

    def mac_of(self, number: int) -> str | None:
        """What chains the line of that number; None where there is none."""
        with self._database.reading() as tx:
            found = next(tx.trail.newest(number + 1), None)
        return found.mac if found is not None and found.line.number == number else None

    def verify(self) -> Verdict:
        """Look at the whole chain."""
        with self._database.reading() as tx:
            return verify(self._key, tx.trail.oldest())


def _is_for(line: Line, by: Actor, root: Unit | None, units: dict[str, Unit]) -> bool:
    places = [units[name] for name in line.units if name in units]
    if root is not None:
        return any(root.id in place.path for place in places)
    return by.may(Deed.TRAIL_SEE, None) or any(by.may(Deed.TRAIL_SEE, place) for place in places)


def _places(line: Line, units: dict[str, Unit]) -> tuple[str, ...]:
    return tuple(units[name].name if name in units else name for name in line.units)
