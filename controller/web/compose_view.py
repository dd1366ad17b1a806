"""What the page of composing needs to know beforehand: where this person may speak, in which languages, in which programmes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from controller.domain.rights import Actor, Deed
from controller.domain.unit import Level, Unit
from controller.service.kept import KeptProgramme
from controller.web.headline import name_order
from scheduler.limits import clock_of
from scheduler.wishes import Segment, Take

LANGUAGES: dict[str, tuple[str, str]] = {
    "vi": ("Tiếng Việt", "Vietnamese"),
    "tyz": ("Tiếng Tày", "Tày"),
    "nut": ("Tiếng Nùng", "Nùng"),
    "hmn": ("Tiếng Mông", "Hmong"),
    "ium": ("Tiếng Dao", "Dao"),
    "pac": ("Tiếng Pa Cô", "Pa Cô"),
    "mtq": ("Tiếng Mường", "Mường"),
    "blt": ("Tiếng Thái", "Thái"),
    "km": ("Tiếng Khmer", "Khmer"),
    "jra": ("Tiếng Gia Rai", "Jarai"),
    "rad": ("Tiếng Ê Đê", "Rade"),
}
"""By ISO 639 code: those in which commune stations of Viet Nam speak."""

ANY_KIND = "thong-bao"
"""What a notice is called for a programme that takes every kind."""


def communes(units: Sequence[Unit], counts: Mapping[str, int], user: Actor) -> list[dict[str, Any]]:
    """Communes with the villages for which this person speaks, and how many loudspeakers stand there, as the tree shows them.

    `whole`: they speak for all of it, not only for these villages. `path`: ids, root first.
    """
    units = sorted(units, key=lambda unit: name_order(unit.name))
    villages: dict[str, list[dict[str, Any]]] = {}
    for unit in units:
        if unit.level is Level.VILLAGE and user.may(Deed.AIRING_SAY, unit):
            row = {"id": unit.id, "name": unit.name, "nodes": counts.get(unit.id, 0)}
            villages.setdefault(unit.parent or "", []).append(row)
    return [
        {
            "id": unit.id,
            "name": unit.name,
            "path": " ".join(unit.path),
            "whole": user.may(Deed.AIRING_SAY, unit),
            "villages": villages[unit.id],
            "nodes": sum(row["nodes"] for row in villages[unit.id]),
        }
        for unit in units
        if unit.id in villages
    ]


def owners(units: Iterable[Unit], user: Actor) -> list[str]:
    """Above villages, the units in whose name this person may make a bulletin."""
    return [unit.id for unit in units if unit.level is not Level.VILLAGE and user.may(Deed.BULLETIN_RECEIVE, unit)]


def languages(own: Sequence[str]) -> list[dict[str, Any]]:
    """The languages to choose from: the unit's own first, then Vietnamese and the others."""
    names = [*dict.fromkeys((*own, *LANGUAGES))]
    return [{"code": code, "names": LANGUAGES.get(code, (code, code)), "own": code in own} for code in names]


def offers(programmes: Iterable[KeptProgramme], units: Iterable[Unit], user: Actor) -> list[dict[str, Any]]:
    """Places in programmes that this person can fill with a notice: whose notice it must be, of which kind, and when it is said.

    `owner` None: the villages' own notices, one for each village that is chosen.
    """
    known = {unit.id: unit for unit in units}
    return [
        {
            "programme": programme.id,
            "title": programme.title,
            "times": ", ".join(clock_of(minute) for minute in programme.rule.minutes),
            "kind": kind,
            "named": bool(segment.kinds),
            "owner": programme.owner if segment.take is Take.FRESH else None,
            "place": known[programme.owner].name if programme.owner in known else programme.owner,
            "units": list(programme.units),
        }
        for programme in (kept.programme for kept in programmes)
        for segment in programme.segments
        if segment.take is Take.OWN or _may(user, known.get(programme.owner), segment)
        for kind in _kinds(segment)
    ]


def _may(user: Actor, owner: Unit | None, segment: Segment) -> bool:
    return segment.take is Take.FRESH and owner is not None and user.may(Deed.BULLETIN_RECEIVE, owner)


def _kinds(segment: Segment) -> Iterator[str]:
    yield from segment.kinds or (ANY_KIND,)
