"""The log as it is kept: what was said in a span of time, and what it came to, village by village.

What an airing came to is counted once, when the sweeper settles it, and again when a late true word moves one of its deliveries:
a month of a province is 3,000,000 deliveries, which nobody counts at each look.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct

from controller.domain.airing import Airing, Klass
from controller.domain.rights import Reach

Span = tuple[int, int]
"""From (within) and until (not within), whole ms UTC: when airings start."""


class Entry(Struct, frozen=True, kw_only=True):
    """An airing with its title, and who said it: an account's id and its name (None: it is no account, or one no more)."""

    airing: Airing
    title: str
    by: str
    by_name: str | None
    settled: bool


class Sum(Struct, frozen=True, kw_only=True):
    """Deliveries added up: `good` of `total` were heard, as far as anybody can tell."""

    total: int
    good: int


class Covered(Struct, frozen=True, kw_only=True):
    """A village: for how many airings it had a loudspeaker, in how many one at least was heard, and the deliveries' sum."""

    airings: int
    heard: int
    sum: Sum


class Logbook(Protocol):
    """Airings by their start, and their tallies."""

    def count(self, airings: Collection[str], *, settled: bool = False) -> None: ...
    def entries(self, span: Span, within: Reach, klass: Klass | None, limit: int) -> list[Entry]: ...
    def sums(self, airings: Collection[str], within: Reach) -> dict[str, Sum]: ...
    def coverage(self, airings: Collection[str], live: Collection[str], within: Reach) -> dict[str, Covered]: ...
