"""What wishes, sounds and places are called, for whoever is told of them: ids in, people's words out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from controller.domain.airing import Airing
from controller.service.ports import Transaction
from controller.service.timetable import Gathered, Instead
from scheduler.programme import Programme


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """A programme, a request or an order: what it is called, and the unit whose wish it is (empty: not known)."""

    title: str
    owner: str = ""
    is_programme: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """By id. What is not known any more is called by its id."""

    units: Mapping[str, str]
    sounds: Mapping[str, str]
    wished: Mapping[str, Wished]

    def unit(self, unit: str) -> str:
        """A place."""
        return self.units.get(unit, unit)

    def sound(self, source: str) -> str:
        """A bulletin by its title; a station is called as it is."""
        return self.sounds.get(source, source)

    def of(self, wish: str) -> Wished:
        """Whose turn or request a wish belongs to."""
        series = series_of(wish)
        return self.wished.get(series) or Wished(title=self.sound(series))


def series_of(wish: str) -> str:
    """The programme, request or airing of a wish: "p7" of "p7/2026-11-24/300#0"."""
    return turn_of(wish).partition("/")[0]


def turn_of(wish: str) -> str:
    """The turn of a wish: "p7/2026-11-24/300" of "p7/2026-11-24/300#0"."""
    return wish.partition("#")[0]


def names_of(
    tx: Transaction, gathered: Gathered, airings: Collection[Airing] = (), instead: Instead = MappingProxyType({})
) -> Names:
    """What all that was gathered is called, and these airings. A programme that is only proposed is called as in `instead`."""
    wishes, begun = gathered.wishes, {each for here in gathered.wishes.begun.values() for each in here}
    sources = {piece.source for turn in wishes.occurrences for segment in turn.segments for piece in segment.pieces}
    sources |= {notice.piece.source for notice in wishes.notices} | {each.piece.source for each in begun}
    sources |= {airing.bulletin for airing in airings}
    wished = {name: _of_programme(each) for name, each in instead.items() if each is not None}
    for kept in tx.programmes.living():
        wished.setdefault(kept.programme.id, _of_programme(kept.programme))
    requests = dict(gathered.requests)
    said = {each.wish: each.piece.source for each in begun} | {airing.wish or airing.id: airing.bulletin for airing in airings}
    titles = dict(tx.bulletins.titles({*sources, *(request.bulletin for request in requests.values())}))
    for wish, source in said.items():
        series = series_of(wish)
        if series not in wished and series not in requests:
            wished[series] = _of_the_past(tx, series, source, titles)
    for name, request in requests.items():
        wished[name] = Wished(title=titles.get(request.bulletin, request.bulletin), owner=request.owner)
    return Names(units={unit.id: unit.name for unit in tx.units.all()}, sounds=titles, wished=wished)


def _of_programme(programme: Programme) -> Wished:
    return Wished(title=programme.title, owner=programme.owner, is_programme=True)


def _of_the_past(tx: Transaction, series: str, source: str, titles: Mapping[str, str]) -> Wished:
    """What is not wished any more, or never was, but said: an ended programme, a request that is over, an order."""
    if kept := tx.programmes.get(series):
        return _of_programme(kept.programme)
    request, draft = tx.requests.get(series), tx.bulletins.get(source)
    owner = request.owner if request else draft.bulletin.owner if draft else ""
    return Wished(title=titles.get(source, source), owner=owner)
