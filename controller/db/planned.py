"""Airings that fulfil a wish, and the villages in which they do."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, func, or_, select, update

from controller.db.rows import among, chunks
from controller.db.sayings import airing_of
from controller.db.tables import airing_villages, airings
from controller.domain.airing import Airing, Mode
from controller.service.ports import Planned


class SqlPlanned:
    """What the planner makes, moves and ends. An airing's time in a village is in `airing_villages` as well."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def standing(self, villages: Collection[str], from_ms: int, soon_ms: int, until_ms: int) -> list[tuple[Airing, str, int]]:
        """(airing, village, when it ends there) of what is not to be planned otherwise and starts in [from, until).

        That is what starts before `soon`, what fulfils no wish of ours, and what was cancelled.
        """
        fast = or_(airings.c.start_ms <= soon_ms, airings.c.wish.is_(None), airings.c.cancelled_ms.is_not(None))
        here = (airings.c.start_ms >= from_ms) & (airings.c.start_ms < until_ms) & fast
        columns = (airing_villages.c.village, airing_villages.c.end_ms)
        query = select(airings, *columns).join(airing_villages, airing_villages.c.airing == airings.c.id)
        query = query.where(here, among(self._connection, airing_villages.c.village, villages)).order_by(airings.c.id)
        known: dict[str, Airing] = {}
        found: list[tuple[Airing, str, int]] = []
        for row in self._connection.execute(query):
            if row.id not in known:
                known[row.id] = airing_of(row)
            airing = known[row.id]
            found.append((airing, row.village, max(airing.start_ms, min(airing.silent_ms, row.end_ms))))
        return found

    def movable(self, villages: Collection[str], wishes: Collection[str], soon_ms: int) -> list[Planned]:
        """The airings after `soon` that fulfil a wish in one of these villages, or one of `wishes` elsewhere."""
        mine = (airings.c.mode == Mode.PLANNED) & airings.c.wish.is_not(None) & airings.c.cancelled_ms.is_(None)
        query = select(airings, airing_villages.c.village).join(airing_villages, airing_villages.c.airing == airings.c.id)
        query = query.where(mine, airings.c.start_ms > soon_ms, among(self._connection, airing_villages.c.village, villages))
        here: dict[str, set[str]] = {}
        known: dict[str, Airing] = {}
        for row in self._connection.execute(query.order_by(airings.c.start_ms, airings.c.id)):
            here.setdefault(row.id, set()).add(row.village)
            if row.id not in known:
                known[row.id] = airing_of(row)
        theirs = select(airings).where(mine, airings.c.start_ms > soon_ms, among(self._connection, airings.c.wish, wishes))
        for row in self._connection.execute(theirs.order_by(airings.c.start_ms, airings.c.id)):
            if row.id not in known:
                known[row.id], here[row.id] = airing_of(row), set()
        numbers = self._numbers(known)
        return [
            Planned(airing=airing, here=frozenset(here[name]), elsewhere=numbers.get(name, 0) > len(here[name]))
            for name, airing in known.items()
        ]

    def where_aired(self, bulletins: Collection[str], before_ms: int) -> dict[str, frozenset[str]]:
        """By village: those of `bulletins` that began there before, and were not cancelled."""
        said = among(self._connection, airings.c.bulletin, bulletins) & (airings.c.start_ms < before_ms)
        query = select(airing_villages.c.village, airings.c.bulletin).join(airings, airings.c.id == airing_villages.c.airing)
        found: dict[str, set[str]] = {}
        for row in self._connection.execute(query.where(said, airings.c.cancelled_ms.is_(None)).distinct()):
            found.setdefault(row.village, set()).add(row.bulletin)
        return {village: frozenset(names) for village, names in found.items()}

    def fulfilling(self, wish: str) -> list[Airing]:
        """The airings of a wish, by start."""
        query = select(airings).where(airings.c.wish == wish).order_by(airings.c.start_ms, airings.c.id)
        return [airing_of(row) for row in self._connection.execute(query)]

    def move(self, airing: Airing) -> None:
        """It takes another time, sound or length, by a higher revision, in all its villages."""
        row = {name: getattr(airing, name) for name in ("rev", "start_ms", "duration_ms", "klass", "rank", "sha256", "size")}
        row |= {"settles_ms": airing.settles_ms, "language": airing.language}
        self._connection.execute(update(airings).where(airings.c.id == airing.id).values(row))
        span = {"start_ms": airing.start_ms, "end_ms": airing.start_ms + airing.duration_ms}
        self._connection.execute(update(airing_villages).where(airing_villages.c.airing == airing.id).values(span))

    def join(self, airing: Airing, villages: Collection[str]) -> None:
        """It sounds in these villages too."""
        span = {"airing": airing.id, "start_ms": airing.start_ms, "end_ms": airing.start_ms + airing.duration_ms}
        self._connection.execute(airing_villages.insert(), [span | {"village": village} for village in villages])
        self._name_units(airing.id)

    def leave(self, airing: str, villages: Collection[str]) -> None:
        """It does not sound in these villages."""
        mine = (airing_villages.c.airing == airing) & among(self._connection, airing_villages.c.village, villages)
        self._connection.execute(delete(airing_villages).where(mine))
        self._name_units(airing)

    def end(self, airing: Airing, now_ms: int) -> None:
        """It fulfils no wish any more, and takes nobody's time."""
        gone = {"wish": None, "cancelled_ms": now_ms, "rev": airing.rev + 1}
        self._connection.execute(update(airings).where(airings.c.id == airing.id).values(gone))
        self._connection.execute(delete(airing_villages).where(airing_villages.c.airing == airing.id))

    def cut(self, airing: str, villages: Collection[str], at_ms: int) -> None:
        """Something goes before it in these villages from `at` on: it has no time there after that."""
        mine = (airing_villages.c.airing == airing) & among(self._connection, airing_villages.c.village, villages)
        self._connection.execute(update(airing_villages).where(mine, airing_villages.c.end_ms > at_ms).values(end_ms=at_ms))

    def uncut(self, airing: Airing, villages: Collection[str]) -> None:
        """Nothing went before it: it has its time in these villages, unless it was cancelled."""
        mine = (airing_villages.c.airing == airing.id) & among(self._connection, airing_villages.c.village, villages)
        self._connection.execute(update(airing_villages).where(mine).values(end_ms=airing.silent_ms))

    def _name_units(self, airing: str) -> None:
        """It is for the villages in which it sounds; one that sounds nowhere any more keeps its last name."""
        here = select(airing_villages.c.village).where(airing_villages.c.airing == airing).order_by(airing_villages.c.village)
        if villages := list(self._connection.scalars(here)):
            self._connection.execute(update(airings).where(airings.c.id == airing).values(units=" ".join(villages)))

    def _numbers(self, names: Collection[str]) -> dict[str, int]:
        """In how many villages each sounds."""
        found: dict[str, int] = {}
        for part in chunks(names):
            query = select(airing_villages.c.airing, func.count()).where(airing_villages.c.airing.in_(part))
            found.update((name, number) for name, number in self._connection.execute(query.group_by(airing_villages.c.airing)))
        return found
