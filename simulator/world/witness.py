"""What the horns did, judged by itself: it sees each sound begin and end, and knows what was approved and which hours hold.

It shares nothing with the engines (no table, no policy module, no clock of theirs): it would tell on an engine that forgot
what it has played, or what the hours are. Times are true UTC ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Asia/Ho_Chi_Minh")

END_SLACK_MS = 2_000
"""A sound may begin with its window's last allowed start and end a downbeat behind the hours: within 2 s is on time."""

MAX_KEPT = 20
"""Faults of each kind that are kept with their names; all are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A law that was broken: what, by which node, of which airing, when."""

    kind: str
    node: int
    airing: str
    at_ms: int


class Witness:
    """Sees every sound. `hours` are local ("HH:MM", "HH:MM") in which nodes may sound; none: always."""

    def __init__(self, hours: Sequence[Sequence[str]]) -> None:
        self._hours = tuple((opens, closes) for opens, closes in hours)
        self._windows: dict[str, tuple[int, int]] = {}
        self._quiet: dict[tuple[int, int], bool] = {}
        self._sounding: dict[int, tuple[str, int]] = {}
        self.begun: dict[str, dict[int, int]] = {}
        self.counts: Counter[str] = Counter()
        self.faults: list[Fault] = []

    def approved(self, airing: str, start_ms: int, grace_ms: int) -> None:
        """That may begin within [start, start + grace]."""
        self._windows[airing] = (start_ms, start_ms + grace_ms)
        self.begun[airing] = {}

    def begins(self, node: int, airing: str, at_ms: int) -> None:
        """The first sample of this airing left this node's horn."""
        self._sounding[node] = airing, at_ms
        begun = self.begun.setdefault(airing, {})
        if node in begun:
            self._tell("double", node, airing, at_ms)
        begun.setdefault(node, at_ms)
        opens, closes = self._windows.get(airing, (1, 0))
        if not opens <= at_ms <= closes:
            self._tell("late", node, airing, at_ms)

    def ends(self, node: int, at_ms: int) -> None:
        """This node's horn is silent again, for whatever reason."""
        airing, since_ms = self._sounding.pop(node)
        if self._is_quiet(since_ms // 1000, max(since_ms, at_ms - END_SLACK_MS) // 1000):
            self._tell("breach", node, airing, since_ms)

    def close(self, at_ms: int) -> None:
        """The world ends: what still sounds, ends."""
        for node in list(self._sounding):
            self.ends(node, at_ms)

    def is_forbidden(self, from_ms: int, to_ms: int) -> bool:
        """Do the hours forbid a sound from then to then?"""
        return self._is_quiet(from_ms // 1000, to_ms // 1000)

    def _tell(self, kind: str, node: int, airing: str, at_ms: int) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= MAX_KEPT:
            self.faults.append(Fault(kind=kind, node=node, airing=airing, at_ms=at_ms))

    def _is_quiet(self, from_s: int, to_s: int) -> bool:
        """Is any moment of it outside the hours? Neighbours sound together, so the answer is kept."""
        known = self._quiet.get((from_s, to_s))
        if known is None:
            known = self._quiet[from_s, to_s] = bool(self._hours) and not self._is_within(from_s, to_s)
        return known

    def _is_within(self, from_s: int, to_s: int) -> bool:
        begin, end = (datetime.fromtimestamp(at_s, UTC).astimezone(HERE) for at_s in (from_s, to_s))
        first, last = begin.strftime("%H:%M:%S"), end.strftime("%H:%M:%S")
        return begin.date() == end.date() and any(
            f"{opens}:00" <= first and last <= f"{closes}:00" for opens, closes in self._hours
        )
