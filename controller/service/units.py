"""The tree of places: official provinces and communes are imported, villages are added by their commune."""

from __future__ import annotations

from collections.abc import Sequence

from controller import places
from controller.domain.errors import NotFound, Refused
from controller.domain.rights import Actor, Deed
from controller.domain.unit import Level, Unit
from controller.places import Place
from controller.service.ports import Database, Transaction
from controller.service.rights import record, require, require_near
from scheduler.clock import Clock

MAX_NAME = 200
"""Characters: the longest official name has 40."""

BELOW = {Level.PROVINCE: Level.COMMUNE, Level.COMMUNE: Level.VILLAGE}


class Units:
    """Reads and grows the tree. Thread-safe; each call is one commit."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def tree(self, *, by: Actor) -> list[Unit]:
        """Every unit that concerns whoever asks, parents before children: what they reach, and what stands above that."""
        with self._database.reading() as tx:
            return [unit for unit in tx.units.all() if by.is_near(unit)]

    def get(self, unit: str, *, by: Actor) -> Unit:
        """One; NotFound("unit.unknown")."""
        with self._database.reading() as tx:
            place = unit_of(tx, unit)
        require_near(by, place)
        return place

    def above(self, names: Sequence[str], *, by: Actor) -> Unit:
        """The lowest unit that is, or stands above, each of these; for none, the uppermost for which they make bulletins.

        NotFound("unit.unknown").
        """
        with self._database.reading() as tx:
            if not names:
                every = tx.units.all()
                own = (unit for unit in every if by.may(Deed.BULLETIN_RECEIVE, unit))
                return unit_of(tx, next((unit.id for unit in (*own, *every)), "-"))
            paths = [unit_of(tx, name).path for name in names]
            shared = [each[0] for each in zip(*paths, strict=False) if len({*each}) == 1]
            return unit_of(tx, shared[-1] if shared else paths[0][0])

    def import_commune(self, code: str, *, by: Actor) -> Unit:
        """Add an official commune by its code ("01480") and the province above it; importing twice changes nothing."""
        with self._database.writing() as tx:
            known = {unit.id for unit in tx.units.all()}
            unit = import_commune(tx, code)
            above = tx.units.get(unit.parent or "") if unit.parent in known else None  # a province is for who may do all
            require(by, Deed.UNIT_ADD, [above])
            if unit.id not in known:
                record(tx, by, Deed.UNIT_ADD, [above], subject=unit.id, at_ms=self._clock.now_ms(), name=unit.name)
            return unit

    def add(self, parent: str, name: str, *, by: Actor) -> Unit:
        """Add a unit under `parent`, of the level below it; the same name there again is the same unit."""
        with self._database.writing() as tx:
            above = unit_of(tx, parent)
            require(by, Deed.UNIT_ADD, [above])
            known = {unit.id for unit in tx.units.all()}
            unit = add_unit(tx, parent, name)
            if unit.id not in known:
                record(tx, by, Deed.UNIT_ADD, [above], subject=unit.id, at_ms=self._clock.now_ms(), name=unit.name)
            return unit


def speaking(tx: Transaction, roots: Sequence[Unit]) -> list[Unit]:
    """The villages under these units in which a loudspeaker stands."""
    names = set(tx.units.villages_with_nodes(roots)) if roots else set()
    return [unit for unit in tx.units.all() if unit.id in names]


def unit_of(tx: Transaction, name: str) -> Unit:
    """The unit; NotFound("unit.unknown")."""
    unit = tx.units.get(name)
    if unit is None:
        raise NotFound("unit.unknown", unit=name)
    return unit


def import_commune(tx: Transaction, code: str) -> Unit:
    """`Units.import_commune` within the caller's commit."""
    commune = _official(code)
    province = next(place for place in places.provinces() if place.unit_id == commune.parent_id)
    above = Unit(id=province.unit_id, parent=None, level=Level.PROVINCE, name=province.name, path=(province.unit_id,))
    unit = Unit(
        id=commune.unit_id,
        parent=above.id,
        level=Level.COMMUNE,
        name=commune.name,
        path=(above.id, commune.unit_id),
    )
    tx.units.add([above, unit])
    return unit


def add_unit(tx: Transaction, parent: str, name: str) -> Unit:
    """`Units.add` within the caller's commit."""
    above = unit_of(tx, parent)
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME:
        raise Refused("unit.name", limit=MAX_NAME)
    level = BELOW.get(above.level)
    if level is None:
        raise Refused("unit.below-village", unit=above.name)
    children = [unit for unit in tx.units.all() if unit.parent == parent]
    for child in children:
        if places.fold(child.name) == places.fold(name):
            return child
    taken = {child.id for child in children}
    number = next(number for number in range(len(children) + 1, len(children) + 1000) if f"{parent}-{number}" not in taken)
    unit = Unit(id=f"{parent}-{number}", parent=parent, level=level, name=name, path=(*above.path, f"{parent}-{number}"))
    tx.units.add([unit])
    return unit


def _official(code: str) -> Place:
    for province in places.provinces():
        for place in places.communes(province.code):
            if place.code == code:
                return place
    raise NotFound("place.unknown", place=code[:8])
