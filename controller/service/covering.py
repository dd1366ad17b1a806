"""Who can hear us, as values: villages with a loudspeaker that is there, and the loudspeakers that are not. Pure; and the store.

A loudspeaker is *there* while its link is up and its last word is no older than SEEN_MS. A village is *covered* while one of its
loudspeakers is there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from controller.domain.rights import Reach

SEEN_MS = 300_000
"""Five minutes: a loudspeaker tells its health once in sixty seconds (docs/wire.md, `health_s`), and a word may be lost on 4G."""

TARGET = 80
"""Per cent: "over 80 % of villages have a loudspeaker" (plan 712/KH-UBND of Cao Bằng, 2021)."""


class VillageCover(Struct, frozen=True, kw_only=True, gc=False):
    """A village, the name of what it stands in, how many loudspeakers it has and how many of them are there."""

    village: str
    name: str
    path: tuple[str, ...]
    above: str
    nodes: int
    there: int


class Silent(Struct, frozen=True, kw_only=True, gc=False):
    """A loudspeaker that is not there. `seen_ms` None: it never called."""

    node: str
    name: str
    village: str
    seen_ms: int | None


class Pulse(Struct, frozen=True, kw_only=True, gc=False):
    """Differs from an earlier one when a loudspeaker came, went or was added, or an alarm was raised or closed."""

    nodes: int
    there: int
    alarms: int
    alarmed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The villages that somebody may see."""

    villages: tuple[VillageCover, ...]

    @property
    def covered(self) -> int:
        """How many have a loudspeaker that is there."""
        return sum(map(is_covered, self.villages))

    @property
    def share(self) -> int:
        """Of them all, in whole per cent, never rounded up; 0 where there is no village."""
        return self.covered * 100 // len(self.villages) if self.villages else 0

    @property
    def meets_target(self) -> bool:
        """Is it *over* the target, as the plan says?"""
        return self.covered * 100 > TARGET * len(self.villages)

    @property
    def short(self) -> int:
        """How many villages more would meet it."""
        return max(TARGET * len(self.villages) // 100 + 1 - self.covered, 0)

    @property
    def without(self) -> tuple[VillageCover, ...]:
        """Those that can't hear us now."""
        return tuple(each for each in self.villages if not is_covered(each))

    @property
    def nodes(self) -> int:
        """Loudspeakers, all of them."""
        return sum(each.nodes for each in self.villages)

    @property
    def silent(self) -> int:
        """Loudspeakers that are not there."""
        return sum(each.nodes - each.there for each in self.villages)


def seen_since(now_ms: int) -> int:
    """A loudspeaker whose last word is older is not there."""
    return now_ms - SEEN_MS


def is_there(*, online: bool, seen_ms: int, now_ms: int) -> bool:
    """Is the loudspeaker there? The database asks just this (`db.covering`)."""
    return online and seen_ms >= seen_since(now_ms)


def is_covered(village: VillageCover) -> bool:
    """Can this village hear us?"""
    return village.there > 0


class Covering(Protocol):
    """Counted in the database: a province has thousands of loudspeakers. `since_ms`: `seen_since` of now."""

    def villages(self, since_ms: int, within: Reach) -> list[VillageCover]: ...
    def silent(self, since_ms: int, limit: int, within: Reach) -> Sequence[Silent]: ...
    def pulse(self, since_ms: int, within: Reach) -> Pulse: ...
    def concerns(self, airings: Collection[str], within: Reach) -> bool: ...
