"""An airing: one bulletin, at one time, for one set of units. Its times decide when every delivery must be settled."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SETTLE_AFTER_MS = 120_000
"""A delivery is settled this long after its airing's last possible sound: a node's own last words need a few tries."""

MAX_DURATION_MS = 3_600_000
"""An hour: the longest sound that `audio.prepare` makes."""

DEFAULT_GRACE_MS = 60_000
"""A node that has the sound a minute late still plays it; later, neighbours would only hear an echo of old news."""

MIN_GRACE_MS = 1_000
"""With less, the downbeat (100 ms) and the error of an ordinary clock leave no moment at which a node may begin."""

DEFAULT_LEAD_MS = 5_000
"""Say now: long enough for nodes on 4G to fetch a short clip, so that neighbours begin together."""


class Klass(StrEnum):
    """The three legal classes (Circular 39/2020/TT-BTTTT)."""

    NORMAL = "normal"
    PRIORITY = "priority"
    EMERGENCY = "emergency"


class Mode(StrEnum):
    """How an airing reaches its nodes: a sealed order at once, or an item of each village's plan.

    A test is an order to one node, in its own inbox: nothing makes room for it, and it is no part of what was said.
    """

    NOW = "now"
    PLANNED = "planned"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Airing:
    """One airing as decided; times in whole ms UTC, gain in 0.1 dB. `cancelled_ms` is when we asked for silence.

    `wish` is what it fulfils: the segment of a programme's turn, or a request; of a test, the node that it is for. `repeats`: the
    airing that it says again, to those that missed it.
    """

    id: str
    bulletin: str
    mode: Mode
    rev: int
    units: tuple[str, ...]
    start_ms: int
    grace_ms: int
    duration_ms: int
    klass: Klass
    rank: int
    sha256: str
    size: int
    gain: int
    language: str
    created_ms: int
    cancelled_ms: int | None = None
    wish: str | None = None
    repeats: str | None = None

    @property
    def node(self) -> str | None:
        """The one node that a test is for."""
        return self.wish if self.mode is Mode.TEST else None

    @property
    def silent_ms(self) -> int:
        """When its sound ends if all goes well: its start where we asked for silence before."""
        end_ms = self.start_ms + self.duration_ms
        return end_ms if self.cancelled_ms is None else max(self.start_ms, min(end_ms, self.cancelled_ms))

    @property
    def ends_ms(self) -> int:
        """The last moment at which any node may still sound it."""
        return self.start_ms + self.grace_ms + self.duration_ms

    @property
    def settles_ms(self) -> int:
        """The deadline after which every delivery of it has an end."""
        return self.ends_ms + SETTLE_AFTER_MS
