"""What is known of loudspeakers from afar: who is there, who is silent since when, and what became of the last sounds.

Silent is whoever said good-bye (a will), or said nothing for SILENT_MS: a broker may forget to tell of a will (law 8).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from controller.domain.airing import Airing
from controller.domain.delivery import Evidence, State
from controller.domain.rights import Path, Reach

SILENT_MS = 300_000
"""Five times the usual period of health: a lost packet or two is no silence, five minutes are."""


class Presence(StrEnum):
    """Does it speak?"""

    THERE = "there"
    SILENT = "silent"
    NEVER = "never"


class Sighting(Struct, frozen=True, kw_only=True, gc=False):
    """A loudspeaker as it was last seen. `seen_ms` 0: it never called."""

    node: str
    name: str
    village: str
    online: bool
    seen_ms: int

    def presence(self, now_ms: int) -> Presence:
        """Does it speak, as far as we hear?"""
        if not self.seen_ms:
            return Presence.NEVER
        return Presence.THERE if self.online and now_ms - self.seen_ms < SILENT_MS else Presence.SILENT


class Past(Struct, frozen=True, kw_only=True, gc=False):
    """What became of one airing on one loudspeaker."""

    airing: str
    title: str
    start_ms: int
    is_test: bool
    state: State
    why: str
    evidence: Evidence | None
    at_ms: int


class Sightings(Protocol):
    """Reads what is known of loudspeakers, many at once."""

    def within(self, reach: Reach, under: Path = ()) -> list[Sighting]: ...
    def health(self, nodes: Collection[str]) -> dict[str, str]: ...
    def past(self, node: str, until_ms: int, limit: int) -> list[Past]: ...
    def newest_test(self, node: str) -> Airing | None: ...
