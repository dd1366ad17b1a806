"""Timelines told to people: each sound with its name and whose wish it is, each decision with its reason. Pure.

Villages that sound alike share islands (`scheduler.resolve`): what is the same is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct

from controller.domain.airing import Airing
from controller.domain.unit import Unit
from controller.service.kept import KeptPolicy
from controller.service.names import Names
from controller.service.reasons import Reason, Reasons
from controller.service.timetable import Gathered
from scheduler.layout import Laid
from scheduler.resolve import Timeline
from scheduler.room import Slot


class Line(Struct, frozen=True, kw_only=True):
    """One sound, [start, end) in UTC ms. `programme` is empty for a single bulletin, `airing` for what is not begun."""

    start_ms: int
    end_ms: int
    title: str
    programme: str
    owner: str
    klass: str
    is_relay: bool
    is_whole: bool
    wish: str
    source: str
    airing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What sounds in a village, in time's order, and every decision."""

    lines: tuple[Line, ...]
    reasons: tuple[Reason, ...]


class Teller:
    """Tells the timelines of one gathering."""

    def __init__(self, gathered: Gathered, names: Names, kept: Mapping[str, KeptPolicy]) -> None:
        self._reasons = Reasons(gathered.wishes.occurrences, gathered.wishes.notices, names, kept)
        self._names = names
        self._kept = kept
        self._told: dict[object, Told] = {}
        self._islands: dict[object, Told] = {}

    def tell(self, village: Unit, timeline: Timeline) -> Told:
        """One village's. The very same object for villages whose timelines are the same for the same reasons."""
        binding = tuple(unit for unit in village.path if unit in self._kept)
        key = (tuple(map(id, timeline.islands)), timeline.rest, binding)
        if key not in self._told:
            islands = [self._island(island, village, binding) for island in timeline.islands]
            rest = (self._reasons.of(decision, village.path) for decision in timeline.rest)
            self._told[key] = Told(
                lines=tuple(line for island in islands for line in island.lines),
                reasons=(*(reason for island in islands for reason in island.reasons), *rest),
            )
        return self._told[key]

    def _island(self, island: Laid, village: Unit, binding: tuple[str, ...]) -> Told:
        key = (id(island), binding)
        if key not in self._islands:
            self._islands[key] = Told(
                lines=tuple(map(self._line, island.slots)),
                reasons=tuple(self._reasons.of(decision, village.path) for decision in island.decisions),
            )
        return self._islands[key]

    def _line(self, slot: Slot) -> Line:
        wished = self._names.of(slot.wish)
        return Line(
            start_ms=slot.start_ms,
            end_ms=slot.end_ms,
            title=self._names.sound(slot.piece.source),
            programme=wished.title if wished.is_programme else "",
            owner=self._names.unit(wished.owner),
            klass=slot.part.klass,
            is_relay=slot.piece.sound is None,
            is_whole=slot.is_whole,
            wish=slot.wish,
            source=slot.piece.source,
        )


def begun_line(airing: Airing, end_ms: int, names: Names, whole_ms: int | None) -> Line | None:
    """What has begun, or stands fast; it ends at `end_ms`. `whole_ms`: how long its sound is, None: not known any more.

    None: it never sounded.
    """
    wish = airing.wish or airing.id
    wished = names.of(wish)
    if end_ms == airing.start_ms:
        return None
    return Line(
        start_ms=airing.start_ms,
        end_ms=end_ms,
        title=names.sound(airing.bulletin),
        programme=wished.title if wished.is_programme else "",
        owner=names.unit(wished.owner),
        klass=airing.klass,
        is_relay=False,
        is_whole=end_ms - airing.start_ms >= (whole_ms or airing.duration_ms),
        wish=wish,
        source=airing.bulletin,
        airing=airing.id,
    )
