"""What became of it, for people: an airing's ladder by village, the answer first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.domain.airing import MAX_DURATION_MS, Airing
from controller.domain.delivery import ENDS, Evidence, State, is_good
from controller.domain.errors import NotFound
from controller.domain.rights import Actor, Deed, is_within
from controller.service.ports import Database, Delivery, Transaction
from controller.service.rights import require
from controller.service.units import unit_of

FARTHEST_BACK_MS = 2 * MAX_DURATION_MS
"""What started longer ago has ended: it may begin an hour late, and sound for an hour."""

Standing = tuple[State, Evidence | None]

_LOUD = frozenset({State.STARTED, State.CANCELLING})
"""A loudspeaker that sounds, as far as we know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many of an airing's loudspeakers stand where. `good` heard it; `open` have no end yet."""

    total: int
    good: int
    open: int
    counts: dict[Standing, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """One loudspeaker's delivery, with its name."""

    node: str
    name: str
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageReport:
    """One village's deliveries. `commune`: the name of what it stands in."""

    village: str
    name: str
    commune: str
    tally: Tally
    nodes: tuple[NodeReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """An airing in one line of a list."""

    airing: Airing
    title: str
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An airing whole: villages in the order of their names."""

    airing: Airing
    title: str
    tally: Tally
    villages: tuple[VillageReport, ...]


class Reports:
    """Reads the ledger, as far as whoever asks may look. Thread-safe."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    def recent(self, limit: int = 50, *, by: Actor) -> list[Summary]:
        """The newest airings, newest first."""
        with self._database.reading() as tx:
            return _summaries(tx, tx.airings.recent(limit, by.reach), by)

    def lately(self, limit: int, now_ms: int, *, by: Actor) -> list[Summary]:
        """What began last, and single bulletins that are to come: the latest start first."""
        with self._database.reading() as tx:
            return _summaries(tx, tx.airings.lately(limit, now_ms, by.reach), by)

    def on_air(self, now_ms: int, soon_ms: int, *, by: Actor) -> list[Summary]:
        """What may sound at this moment, or begins within `soon_ms`, by start."""
        with self._database.reading() as tx:
            around = tx.airings.around(now_ms - FARTHEST_BACK_MS, now_ms + soon_ms, by.reach)
            found = _summaries(tx, [each for each in around if now_ms < each.ends_ms], by)
        return [each for each in found if is_on_air(each, now_ms)]

    def summary(self, airing_id: str, *, by: Actor) -> Summary:
        """One airing in one line: cheap enough to read at every change."""
        with self._database.reading() as tx:
            airing = seen(tx, airing_id, by)
            counts = tx.deliveries.counts([airing_id], by.reach)
            titles = tx.bulletins.titles([airing.bulletin])
        return Summary(airing=airing, title=titles[airing.bulletin], tally=tally(counts[airing_id]))

    def repeats(self, airing_id: str, *, by: Actor) -> list[Airing]:
        """The airings that say it again within reach, oldest first."""
        with self._database.reading() as tx:
            seen(tx, airing_id, by)
            again = tx.airings.repeating(airing_id)
            return [each for each in again if any(by.is_near(unit_of(tx, unit)) for unit in each.units)]

    def report(self, airing_id: str, *, by: Actor) -> Report:
        """One airing with every delivery; NotFound("airing.unknown")."""
        with self._database.reading() as tx:
            airing = seen(tx, airing_id, by)
            places = tx.units.all()
            beyond = {unit.id for unit in places if not is_within(unit.path, by.reach)}
            deliveries = [each for each in tx.deliveries.of_airing(airing_id) if each.village not in beyond]
            titles = tx.bulletins.titles([airing.bulletin])
            units, above = {unit.id: unit.name for unit in places}, {unit.id: unit.parent or "" for unit in places}
            names = {node: row.name for node, (row, _) in tx.nodes.living([each.node for each in deliveries]).items()}
        by_village: dict[str, list[NodeReport]] = {}
        for each in deliveries:
            row = NodeReport(node=each.node, name=names.get(each.node, each.node), delivery=each)
            by_village.setdefault(each.village, []).append(row)
        villages = tuple(
            VillageReport(
                village=village,
                name=units.get(village, village),
                commune=units.get(above.get(village, ""), ""),
                tally=tally(standings(rows)),
                nodes=tuple(rows),
            )
            for village, rows in sorted(by_village.items(), key=lambda item: units.get(item[0], item[0]))
        )
        whole = tally(standings([row for village in villages for row in village.nodes]))
        return Report(airing=airing, title=titles[airing.bulletin], tally=whole, villages=villages)


def _summaries(tx: Transaction, airings: Sequence[Airing], by: Actor) -> list[Summary]:
    counts = tx.deliveries.counts([airing.id for airing in airings], by.reach)
    titles = tx.bulletins.titles({airing.bulletin for airing in airings})
    return [Summary(airing=each, title=titles[each.bulletin], tally=tally(counts[each.id])) for each in airings]


def seen(tx: Transaction, airing_id: str, by: Actor) -> Airing:
    """The airing, if some of it concerns whoever asks; NotFound("airing.unknown"), Refused("right.none")."""
    airing = tx.airings.get(airing_id)
    if airing is None:
        raise NotFound("airing.unknown", airing=airing_id)
    heard = [unit_of(tx, unit) for unit in airing.units]
    if not any(map(by.is_near, heard)):
        require(by, Deed.SEE, heard)
    return airing


def is_on_air(said: Summary, now_ms: int) -> bool:
    """Does it sound, may it sound still, or shall it sound soon? Once cancelled: while a loudspeaker may not know it."""
    if said.airing.cancelled_ms is None:
        return now_ms < said.airing.start_ms or said.tally.open > 0
    return any(state in _LOUD for state, _ in said.tally.counts)


def standings(rows: Sequence[NodeReport]) -> dict[Standing, int]:
    """How many rows stand where."""
    counts: dict[Standing, int] = {}
    for row in rows:
        standing = (row.delivery.state, row.delivery.evidence)
        counts[standing] = counts.get(standing, 0) + 1
    return counts


def tally(counts: dict[Standing, int]) -> Tally:
    """The sum of an airing, or of one village of it."""
    return Tally(
        total=sum(counts.values()),
        good=sum(number for (state, evidence), number in counts.items() if is_good(state, evidence)),
        open=sum(number for (state, _), number in counts.items() if state not in ENDS),
        counts=counts,
    )
