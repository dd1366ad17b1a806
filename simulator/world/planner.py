"""What shall sound in a world: the planner that a desk asks, and an almanac that draws wishes. Pure.

`Planner` is all that a world needs of the resolver. `simulator.world.office` gives the almanac's wishes to the real one.
"""

from __future__ import annotations

import random
from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from controller.domain.airing import SETTLE_AFTER_MS, Klass
from controller.protocol.messages import PlanBody, PlanItem
from simulator.world import scenario as sc
from simulator.world.places import Places

HORIZON_MS = 48 * sc.HOUR_MS
"""What begins within two days is on the nodes."""

RENEW_MS = 12 * sc.HOUR_MS
"""A commune's plans are written anew at least so often, and reach so much further: at any moment nodes hold two whole days."""

QUARTER_MIN = 15
"""Bulletins begin at quarters of an hour, one in each: none runs into the next."""


SITTING = 2
"""Bulletins that an officer approves at a time, if that suits both."""


class Planner(Protocol):
    """Decides what each village shall hear. Asked at moments that never go back."""

    def next_ms(self) -> int | None:
        """The next moment (UTC ms) at which `plans` has something new; None: never again."""
        ...

    def plans(self, now_ms: int) -> Mapping[str, PlanBody]:
        """The villages whose plan has changed by now, each with its newest; versions rise."""
        ...

    def approved_ms(self, airing: str) -> int:
        """When (UTC ms) it was decided that this airing shall be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An airing and when it was approved: 0, before all time."""

    approved_ms: int
    item: PlanItem


class Almanac:
    """A planner without rules: each day's slots to everybody, and bulletins of each commune approved hours before."""

    def __init__(self, scenario: sc.Scenario, places: Places) -> None:
        self._places = places
        self._scenario = scenario
        self._approved: dict[str, int] = {}
        everybody = self._slots()
        self._wishes = {commune: sorted(everybody, key=_start) for commune in places.communes}
        self._changes: list[tuple[int, int, str, Wish | None]] = []
        self._order = count()
        self._versions: dict[str, int] = {}
        for commune in places.communes:
            for wish in self._bulletins(commune):
                self._change(wish.approved_ms, commune, wish)
        for number, villages in enumerate(places.communes.values()):
            first_ms = scenario.begin_ms + RENEW_MS * (number + 1) // len(places.communes)
            for village in villages:
                self._change(scenario.begin_ms, village, None)
                self._change(first_ms, village, None)

    def next_ms(self) -> int | None:
        """When somebody approves something, or a plan grows old."""
        return self._changes[0][0] if self._changes and self._changes[0][0] < self._scenario.end_ms else None

    def plans(self, now_ms: int) -> Mapping[str, PlanBody]:
        """The villages of what was approved, and those whose plan grew old."""
        changed: dict[str, None] = {}
        while self._changes and self._changes[0][0] <= now_ms:
            _, _, place, wish = heappop(self._changes)
            if wish is not None:
                insort(self._wishes[place], wish, key=_start)
                changed.update(dict.fromkeys(self._places.communes[place]))
            else:
                changed[place] = None
                if now_ms > self._scenario.begin_ms:
                    self._change(now_ms + RENEW_MS, place, None)
        return {village: self._body(village, now_ms) for village in changed}

    def approved_ms(self, airing: str) -> int:
        """As drawn; 0 for a slot of the programme."""
        return self._approved[airing]

    def _change(self, at_ms: int, place: str, wish: Wish | None) -> None:
        """At that moment a commune approves a wish, or a village's plan is written anew."""
        heappush(self._changes, (at_ms, next(self._order), place, wish))

    def _body(self, village: str, now_ms: int) -> PlanBody:
        until_ms = now_ms + HORIZON_MS + RENEW_MS
        wishes = self._wishes[self._places.villages[village].commune]
        while wishes and _over_ms(wishes[0].item) < now_ms:
            del wishes[0]
        version = self._versions[village] = max(self._versions.get(village, 0) + 1, now_ms)
        return PlanBody(village=village, version=version, valid_until=until_ms, items=self._items(village, wishes, now_ms))

    def _items(self, village: str, wishes: Sequence[Wish], now_ms: int) -> tuple[PlanItem, ...]:
        """What a village shall hear of these wishes, which are in time's order: here, all of them."""
        return tuple(wish.item for wish in wishes if wish.item.start < now_ms + HORIZON_MS + RENEW_MS)

    def _slots(self) -> list[Wish]:
        scenario = self._scenario
        lot = random.Random(f"{scenario.seed}/slots")
        wishes = []
        for day in range(scenario.days):
            for slot in scenario.programme.slots:
                start_ms = scenario.begin_ms + day * sc.DAY_MS + sc.minute_of(slot) * sc.MINUTE_MS
                wishes += self._wish(f"slot-{day}-{slot.replace(':', '')}", start_ms, 0, lot)
        return wishes

    def _bulletins(self, commune: str) -> list[Wish]:
        scenario = self._scenario
        lot = random.Random(f"{scenario.seed}/bulletins/{commune}")
        quarters = _free_quarters(scenario)
        low, high = (1000 * lead_s for lead_s in scenario.programme.approved_s)
        wishes: list[Wish] = []
        approved_ms = 0
        for day in range(scenario.days):
            for number, minute in enumerate(sorted(lot.sample(quarters, min(len(quarters), scenario.programme.bulletins_a_day)))):
                start_ms = scenario.begin_ms + day * sc.DAY_MS + minute * sc.MINUTE_MS
                if number % SITTING == 0 or not low <= start_ms - approved_ms <= high:
                    approved_ms = start_ms - lot.randint(low, high)
                wishes += self._wish(f"{commune}-{day}-{minute}", start_ms, max(approved_ms, scenario.begin_ms), lot)
        return wishes

    def _wish(self, airing: str, start_ms: int, approved_ms: int, lot: random.Random) -> list[Wish]:
        """One wish; none if the world would end before its deliveries must have."""
        programme = self._scenario.programme
        duration_s = lot.randint(*programme.duration_s)
        item = PlanItem(
            airing=airing,
            rev=1,
            start=start_ms,
            grace=programme.grace_s * 1000,
            duration=duration_s * 1000,
            klass=Klass.NORMAL,
            rank=2,
            sha256=sha256(airing.encode()).hexdigest(),
            size=duration_s * programme.kbit_s * 1000 // 8,
        )
        if _over_ms(item) + SETTLE_AFTER_MS >= self._scenario.end_ms:
            return []
        self._approved[airing] = approved_ms
        return [Wish(approved_ms=approved_ms, item=item)]


def _free_quarters(scenario: sc.Scenario) -> list[int]:
    """The local minutes at which a bulletin may begin: its quarter of an hour is within hours, and no slot is in it."""
    taken = {sc.minute_of(slot) // QUARTER_MIN for slot in scenario.programme.slots}
    hours = scenario.policy.hours or (("00:00", "23:59"),)
    windows = [(sc.minute_of(opens), sc.minute_of(closes)) for opens, closes in hours]
    return [
        quarter * QUARTER_MIN
        for quarter in range(24 * 60 // QUARTER_MIN)
        if quarter not in taken
        and any(opens <= quarter * QUARTER_MIN and (quarter + 1) * QUARTER_MIN <= closes for opens, closes in windows)
    ]


def _start(wish: Wish) -> int:
    return wish.item.start


def _over_ms(item: PlanItem) -> int:
    return item.start + item.grace + item.duration
