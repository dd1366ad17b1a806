"""The page of all loudspeakers, as its template takes it: the answer first, silent ones first, the rest by place. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.domain.unit import Level, Unit
from controller.places import fold
from controller.protocol.messages import Health
from controller.service.inspection import Round
from controller.service.ports import Alarm
from controller.service.sightings import Presence, Sighting
from controller.web.headline import name_order
from controller.web.node_alarms import alarm_line
from controller.web.node_telling import last_word, listed, since, tell
from controller.web.pages import number
from controller.web.sentences import Language

SHOWS = ("", "silent", "alarms", "all")

FIRST = 50
"""Rows of silent and of alarmed loudspeakers in the overview; the filter shows more."""

ROWS = 400
"""Rows of one list: about 150 kB. More are folded by commune, or named by the search."""

FOLD = 150
"""Up to so many loudspeakers the overview lists them all: a large commune with its villages."""

_NO_UNIT = Unit(id="", parent=None, level=Level.VILLAGE, name="", path=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One loudspeaker in a list."""

    id: str
    name: str
    where: str
    presence: str
    since: str = ""
    last: str = ""
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A place with its rows; without rows a link leads to them. `head`: the commune that begins with it."""

    id: str
    head: str = ""
    name: str
    told: str
    troubled: bool
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands below it. `more`: how many rows are not shown."""

    word: str
    number: int
    rows: tuple[Row, ...] = ()
    groups: tuple[Group, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The whole page. `bar`: there, silent, never called, in thousandths of the width."""

    headline: str
    bar: tuple[int, int, int]
    sections: tuple[Section, ...]
    empty: str
    total: int


Asks = Callable[[Sequence[str]], Mapping[str, Health]]
"""Reads the last telemetry of the few loudspeakers that are shown as silent."""


class List:
    """Makes the page of one look."""

    def __init__(self, seen: Round, health: Asks, language: Language) -> None:
        self._seen = seen
        self._health = health
        self._language: Language = language
        self._by: dict[Presence, list[Sighting]] = {each: [] for each in Presence}
        for sighting in seen.sightings:
            self._by[seen.presence(sighting)].append(sighting)
        self._by[Presence.SILENT].sort(key=lambda each: (-each.seen_ms, name_order(each.name)))
        self._alarmed = [each for each in seen.sightings if each.node in seen.alarms]
        self._alarmed.sort(key=lambda each: -seen.alarms[each.node][0].last_ms)

    def show(self, which: str, words: str = "") -> Listed:
        """The sections of a filter (one of SHOWS), or what a search found."""
        sections: tuple[Section, ...]
        if words.strip():
            sections = (self._found(words),)
        elif which in ("silent", "alarms"):
            sections = (self._silent(ROWS) if which == "silent" else self._alarms(ROWS, self._alarmed),)
        elif which == "all":
            sections = (self._places("nodes-all", self._seen.sightings),)
        else:
            quiet = {each.node for each in self._by[Presence.SILENT]}
            troubled = [each for each in self._alarmed if each.node not in quiet]
            told = quiet | {each.node for each in troubled}
            never, there = (
                [each for each in self._by[presence] if each.node not in told] for presence in (Presence.NEVER, Presence.THERE)
            )
            sections = (
                self._silent(FIRST),
                self._alarms(FIRST, troubled),
                self._places("nodes-never", never),
                self._places("nodes-rest", there),
            )
        shown = tuple(each for each in sections if each.number)
        empty = "" if shown else self._emptiness(which, words)
        return Listed(headline=self._headline(), bar=self._bar(), sections=shown, empty=empty, total=len(self._seen.sightings))

    def _emptiness(self, which: str, words: str) -> str:
        if words.strip():
            return "nodes-none-found"
        return {"silent": "nodes-none-silent", "alarms": "nodes-none-alarms"}.get(which, "nodes-empty")

    def _silent(self, limit: int) -> Section:
        silent = self._by[Presence.SILENT]
        return Section(word="nodes-silent", number=len(silent), rows=self._rows(silent[:limit]), more=max(0, len(silent) - limit))

    def _alarms(self, limit: int, alarmed: Sequence[Sighting]) -> Section:
        return Section(
            word="nodes-alarms", number=len(alarmed), rows=self._rows(alarmed[:limit]), more=max(0, len(alarmed) - limit)
        )

    def _found(self, words: str) -> Section:
        wanted = fold(words).split()
        places: dict[str, str] = {}
        found = []
        for each in self._seen.sightings:
            if each.village not in places:
                village = self._unit(each.village)
                places[each.village] = f"{fold(village.name)} {fold(self._unit(village.parent).name)}"
            text = f"{fold(each.name)} {places[each.village]} {each.node}"
            if all(word in text for word in wanted):
                found.append(each)
        found.sort(key=lambda each: (each.online, name_order(each.name)))
        return Section(word="nodes-found", number=len(found), rows=self._rows(found[:ROWS]), more=max(0, len(found) - ROWS))

    def _places(self, word: str, sightings: Sequence[Sighting]) -> Section:
        """By village where few are asked for, else by commune; a single place that has too many is cut."""
        by_commune = self._grouped(sightings, lambda each: self._unit(each.village).parent or "")
        few = len(sightings) <= FOLD if self._seen.unit is None else len(sightings) <= ROWS
        if few:
            groups = [
                self._group(
                    village, rows, whole_rows=True, head=self._unit(commune).name if first and len(by_commune) > 1 else ""
                )
                for commune, here in by_commune
                for first, (village, rows) in self._numbered(here)
            ]
        elif self._seen.unit is not None and len(by_commune) == 1:
            groups = [self._group(village, rows) for village, rows in self._grouped(sightings, lambda each: each.village)]
            if len(groups) == 1:
                rows = self._rows(sorted(sightings, key=lambda each: name_order(each.name))[:ROWS])
                return Section(word=word, number=len(sightings), rows=rows, more=len(sightings) - len(rows))
        else:
            groups = [self._group(commune, here) for commune, here in by_commune]
        return Section(word=word, number=len(sightings), groups=tuple(groups))

    def _grouped(self, sightings: Iterable[Sighting], place: Callable[[Sighting], str]) -> list[tuple[str, list[Sighting]]]:
        groups: dict[str, list[Sighting]] = {}
        for each in sightings:
            groups.setdefault(place(each), []).append(each)
        return sorted(groups.items(), key=lambda group: name_order(self._unit(group[0]).name))

    def _numbered(self, sightings: Iterable[Sighting]) -> list[tuple[bool, tuple[str, list[Sighting]]]]:
        """The villages of a commune, each told whether it is the first."""
        return [(at == 0, group) for at, group in enumerate(self._grouped(sightings, lambda each: each.village))]

    def _group(self, place: str, sightings: Sequence[Sighting], *, whole_rows: bool = False, head: str = "") -> Group:
        silent = sum(self._seen.presence(each) is not Presence.THERE for each in sightings)
        alarmed = sum(each.node in self._seen.alarms for each in sightings)
        told = [tell(self._language, "counted", total=number(len(sightings), self._language))]
        told += [tell(self._language, "counted-silent", number=silent)] if silent else []
        told += [tell(self._language, "counted-alarmed", number=alarmed)] if alarmed else []
        rows = sorted(sightings, key=lambda each: name_order(each.name)) if whole_rows else []
        return Group(
            id=place,
            head=head,
            name=self._unit(place).name,
            told=" · ".join(told),
            troubled=bool(silent or alarmed),
            rows=self._rows(rows, bare=True),
        )

    def _rows(self, sightings: Sequence[Sighting], *, bare: bool = False) -> tuple[Row, ...]:
        """`bare`: under the heading of its place, in which nobody needs to be told the place again."""
        silent = [each.node for each in sightings if self._seen.presence(each) is Presence.SILENT]
        health = self._health(silent) if silent else {}
        return tuple(self._row(each, health.get(each.node), bare) for each in sightings)

    def _row(self, each: Sighting, health: Health | None, bare: bool) -> Row:
        seen, language = self._seen, self._language
        presence = seen.presence(each)
        is_silent = presence is Presence.SILENT
        alarms: Sequence[Alarm] = seen.alarms.get(each.node, ())
        return Row(
            id=each.node,
            name=each.name,
            where="" if bare else self._where(each),
            presence=presence.value,
            since=since(each.seen_ms, seen.now_ms, language) if is_silent else "",
            last=last_word(health, each.online, language) if is_silent else "",
            alarms=tuple(alarm_line(alarm, language) for alarm in alarms[:3]),
        )

    def _where(self, each: Sighting) -> str:
        village = self._unit(each.village)
        return " · ".join(name for name in (village.name, self._unit(village.parent).name) if name)

    def _unit(self, unit: str | None) -> Unit:
        return self._seen.places.get(unit or "", _NO_UNIT)

    def _headline(self) -> str:
        language, total = self._language, len(self._seen.sightings)
        there = len(self._by[Presence.THERE])
        if not total:
            return ""
        if there == total:
            parts = [tell(language, "one-there" if total == 1 else "all-there", total=number(total, language))]
        else:
            parts = [tell(language, "there", there=number(there, language), total=number(total, language))]
        for presence in (Presence.SILENT, Presence.NEVER):
            names = [each.name for each in self._by[presence]]
            if names:
                parts.append(tell(language, presence.value, names=listed(names, language)))
        if self._alarmed:
            parts.append(tell(language, "alarmed", number=number(len(self._alarmed), language)))
        return "; ".join(parts) + "."

    def _bar(self) -> tuple[int, int, int]:
        total = len(self._seen.sightings) or 1
        silent = -(-1000 * len(self._by[Presence.SILENT]) // total)
        never = -(-1000 * len(self._by[Presence.NEVER]) // total)
        return max(0, 1000 - silent - never), silent, never
