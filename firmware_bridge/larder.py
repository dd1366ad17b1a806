"""Which sounds are on the disk, which are wanted, and when to try again for one that would not come. Pure.

Downloads go one at a time, soonest first, so that a thin line serves the next airing and not all of them a little; an
emergency's sound does not queue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Literal

from firmware_bridge.events import DropClip, Effect, Fetch

RETRY_MS = (2_000, 5_000, 10_000, 20_000)
"""After a failed download; the last one repeats."""

HOUR_MS = 3_600_000
TRIES_AN_HOUR = 8
"""Then the server or the file is at fault, and every try costs the SIM card's data: we say so instead."""

MAX_IDLE_CLIPS = 64
"""Clips that nothing needs now, kept because tomorrow may: a jingle, a notice that is repeated."""

Want = tuple[str, int, bool, Literal["clip", "plan"]]
"""(sha256, size, may it pass what is being fetched: an emergency's sound, a plan's small body; what it is)"""


class Larder:
    """One node's clips. `held` are whole and on disk; `fetching` have been asked for."""

    __slots__ = ("_troubles", "fetching", "held")

    def __init__(self, clips: Collection[str]) -> None:
        self.held = set(clips)
        self.fetching: set[str] = set()
        self._troubles: dict[str, tuple[int, int, int]] = {}  # sha256 -> (tries, since, not before), monotonic ms

    def ask(self, out: list[Effect], wanted: Iterable[Want], bases: tuple[str, ...], now_ms: int) -> None:
        """Start what may be started now of what is wanted, given in the order of need."""
        if not bases:
            return
        for sha256, size, urgent, what in self._missing(wanted, now_ms):
            if urgent or not self.fetching:
                self.fetching.add(sha256)
                out.append(Fetch(sha256=sha256, size=size, bases=bases, what=what))
            elif self.fetching:
                return

    def arrived(self, sha256: str) -> None:
        """It is whole and on disk."""
        self.fetching.discard(sha256)
        self._troubles.pop(sha256, None)
        self.held.add(sha256)

    def read(self, sha256: str) -> None:
        """A plan's body came: it was read, not stored."""
        self.fetching.discard(sha256)
        self._troubles.pop(sha256, None)

    def failed(self, sha256: str, now_ms: int, jitter: int) -> bool:
        """A download came to nothing; False when it was one too many for this hour. `jitter` is 0..255."""
        self.fetching.discard(sha256)
        tries, since, _ = self._troubles.get(sha256, (0, now_ms, 0))
        if now_ms - since >= HOUR_MS:
            tries, since = 0, now_ms
        wait = RETRY_MS[min(tries, len(RETRY_MS) - 1)]
        self._troubles[sha256] = (tries + 1, since, now_ms + wait + wait * jitter // 1024)
        return tries + 1 < TRIES_AN_HOUR

    def resume_ms(self, sha256: str, now_ms: int) -> int:
        """When something that failed too often may be tried again."""
        trouble = self._troubles.get(sha256)
        return trouble[1] + HOUR_MS if trouble else now_ms

    def retry_ms(self, now_ms: int) -> int | None:
        """The next moment at which something that failed may be tried again."""
        moments = (since + HOUR_MS if tries >= TRIES_AN_HOUR else later for tries, since, later in self._troubles.values())
        return min((moment for moment in moments if moment > now_ms), default=None)

    def tidy(self, out: list[Effect], needed: set[str], keep_idle: int = MAX_IDLE_CLIPS) -> bool:
        """Drop clips that nothing needs, beyond `keep_idle` of them; says whether any was."""
        self._troubles = {sha256: trouble for sha256, trouble in self._troubles.items() if sha256 in needed}
        idle = sorted(self.held - needed)
        for sha256 in idle[: max(0, len(idle) - keep_idle)]:
            self.held.discard(sha256)
            out.append(DropClip(sha256=sha256))
        return len(idle) > keep_idle

    def _missing(self, wanted: Iterable[Want], now_ms: int) -> Iterator[Want]:
        for want in wanted:
            trouble = self._troubles.get(want[0])
            ready = trouble is None or (now_ms >= trouble[2] and (trouble[0] < TRIES_AN_HOUR or now_ms - trouble[1] >= HOUR_MS))
            if want[0] not in self.held and want[0] not in self.fetching and ready:
                yield want
