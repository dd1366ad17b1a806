"""Today's official provinces and communes of Viet Nam, as units to import. The only importer of `vietnam_provinces`.

Since July 2025 there are two tiers: 34 provinces and 3,321 communes. Ids are made of the codes of the General Statistics
Office and so are stable: province 04 is "p04", commune 01480 is "x01480". Villages are not in the official list; each
commune adds its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from vietnam_provinces import Province, Ward

from controller.domain.errors import NotFound

FOUND_AT_MOST = 50
"""What `find` returns at most: more than this nobody reads, and one letter matches nearly all of 3,355 places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A province or commune. `kind` is the official word ("tỉnh", "xã", "phường" ...), `parent` a province's code."""

    code: str
    name: str
    kind: str
    parent: str | None

    @property
    def unit_id(self) -> str:
        """The id of the unit that stands for this place."""
        return ("p" if self.parent is None else "x") + self.code

    @property
    def parent_id(self) -> str | None:
        """The id of the unit above; None for a province."""
        return self.parent and "p" + self.parent


@cache
def provinces() -> tuple[Place, ...]:
    """All 34 provinces and centrally run cities, by code."""
    found = (Place(code=f"{p.code.value:02}", name=p.name, kind=p.division_type.value, parent=None) for p in Province.iter_all())
    return tuple(sorted(found, key=lambda place: place.code))


def communes(province_code: str) -> tuple[Place, ...]:
    """All communes, wards and special zones of a province ("04"), by code; NotFound if there is no such province."""
    try:
        return _communes_by_province()[province_code]
    except KeyError:
        raise NotFound("place.unknown", place=province_code[:8]) from None


def find(text: str) -> tuple[Place, ...]:
    """Places whose name holds every word of `text`, capitals and accents not counting, the closest first.

    A name that begins with `text`, or does after its kind ("dam thuy" for "Xã Đàm Thuỷ"), comes before one that only holds
    its words; provinces come before communes. At most FOUND_AT_MOST; none for an empty text.
    """
    wanted = fold(text)
    words = wanted.split()
    if not words:
        return ()
    hits = [(_distance(name, wanted), place) for name, place in _folded_names() if all(word in name for word in words)]
    hits.sort(key=lambda hit: (hit[0], hit[1].parent is not None, hit[1].code))
    return tuple(place for _, place in hits[:FOUND_AT_MOST])


def fold(text: str) -> str:
    """`text` as people type it in a hurry: lower case, no accents, single spaces ("Đàm  Thuỷ" -> "dam thuy")."""
    # Đ is a letter of its own in Unicode, not a D with an accent, so decomposing leaves it.
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def _distance(name: str, wanted: str) -> int:
    if name == wanted:
        return 0
    if name.startswith(wanted):
        return 1
    return 2 if f" {wanted}" in name else 3


@cache
def _communes_by_province() -> dict[str, tuple[Place, ...]]:
    grouped: dict[str, list[Place]] = {province.code: [] for province in provinces()}
    for ward in sorted(Ward.iter_all(), key=lambda ward: ward.code.value):
        parent = f"{ward.province_code.value:02}"
        grouped[parent].append(Place(code=f"{ward.code.value:05}", name=ward.name, kind=ward.division_type.value, parent=parent))
    return {code: tuple(places) for code, places in grouped.items()}


@cache
def _folded_names() -> tuple[tuple[str, Place], ...]:
    def all_places() -> Iterator[Place]:
        yield from provinces()
        for group in _communes_by_province().values():
            yield from group

    return tuple((fold(place.name), place) for place in all_places())
