"""A unit: a place in the tree. Province, commune and village today; the depth is data, not code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """What kind of place a unit is, as data for screens and ranks; the tree itself is `parent`."""

    PROVINCE = "province"
    COMMUNE = "commune"
    VILLAGE = "village"


RANK = {Level.VILLAGE: 1, Level.COMMUNE: 2, Level.PROVINCE: 3}
"""The sender's rank: whose emergency may cut whose (a strictly higher one only)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A place. `path` is the ids from the root to itself, so `path[0]` is its province and `path[-1]` is `id`."""

    id: str
    parent: str | None
    level: Level
    name: str
    path: tuple[str, ...]


def is_under(unit: Unit, ancestor: str) -> bool:
    """Is `unit` the ancestor itself or somewhere below it?"""
    return ancestor in unit.path
