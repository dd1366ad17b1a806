"""The planner of a world as a controller has it: the real recurrence, resolver and policy make its plans.

The slots are a programme of the province, daily, which takes the province's notices; a bulletin is what a commune asked to be
said at a time. The almanac draws both; what sounds when, and whether, is the resolver's word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from msgspec.structs import replace

from controller.protocol.messages import PlanItem
from scheduler.clock import moment
from scheduler.limits import Policy, Window
from scheduler.programme import Programme, occurrences_of
from scheduler.resolve import Wishes, resolve
from scheduler.rule import Every, Rule
from scheduler.wishes import Begun, Notice, Occurrence, Over, Piece, Segment, Take, Village
from simulator.world import scenario as sc
from simulator.world.places import PROVINCE, Places
from simulator.world.planner import HORIZON_MS, RENEW_MS, Almanac, Wish

FREEZE_MS = 20_000
"""What begins sooner is not planned otherwise: as in controller.service.timetable."""

UTC_OFFSET = 420
"""Minutes, of Viet Nam."""

KIND = "slot"


class Office(Almanac):
    """An almanac whose wishes go through the resolver, commune by commune."""

    def __init__(self, scenario: sc.Scenario, places: Places) -> None:
        self._policy = _policy(scenario)
        self._programme = _programme(scenario)
        self._said: dict[str, PlanItem] = {}
        self._made: dict[str, tuple[int, dict[str, tuple[PlanItem, ...]]]] = {}
        super().__init__(scenario, places)

    def _items(self, village: str, wishes: Sequence[Wish], now_ms: int) -> tuple[PlanItem, ...]:
        commune = self._places.villages[village].commune
        made = self._made.get(commune)
        if made is None or made[0] != now_ms:
            made = self._made[commune] = (now_ms, dict(self._resolved(commune, wishes, now_ms)))
        return made[1][village]

    def _resolved(self, commune: str, wishes: Sequence[Wish], now_ms: int) -> Iterator[tuple[str, tuple[PlanItem, ...]]]:
        """What each village of a commune shall hear: all that stands fast, and what the resolver makes of the rest."""
        items = {wish.item.airing: wish.item for wish in wishes}
        fast = [self._said[name] for name in items if name in self._said and self._said[name].start <= now_ms + FREEZE_MS]
        until_ms = now_ms + HORIZON_MS + RENEW_MS
        asked = {wish.item.airing for wish in wishes if wish.approved_ms > 0}
        begun = tuple(_begun(item, item.airing in asked) for item in sorted(fast, key=_start))
        villages = self._places.communes[commune]
        wished = Wishes(
            occurrences=[*self._turns(now_ms, until_ms), *_requests(commune, wishes, until_ms)],
            notices=[_notice(wish.item) for wish in wishes if wish.approved_ms == 0 and wish.item.start < until_ms],
            begun=dict.fromkeys(villages, begun),
            from_ms=now_ms + FREEZE_MS,
        )
        where = [Village(id=name, path=(PROVINCE, commune, name)) for name in villages]
        timelines = resolve(wished, where, dict.fromkeys(villages, self._policy))
        for name, timeline in timelines.items():
            coming = [
                self._revised(items[slot.piece.source], slot.start_ms, slot.end_ms - slot.start_ms) for slot in timeline.slots
            ]
            yield name, (*fast, *coming)

    def _turns(self, now_ms: int, until_ms: int) -> Iterator[Occurrence]:
        return occurrences_of(self._programme, UTC_OFFSET, now_ms - sc.HOUR_MS, until_ms)

    def _revised(self, item: PlanItem, start_ms: int, duration_ms: int) -> PlanItem:
        """The item at its time, by a higher revision if it had another one before."""
        before = self._said.get(item.airing)
        if before is None:
            before = self._said[item.airing] = replace(item, start=start_ms, duration=duration_ms)
        elif (before.start, before.duration) != (start_ms, duration_ms):
            before = self._said[item.airing] = replace(item, rev=before.rev + 1, start=start_ms, duration=duration_ms)
        return before


def _policy(scenario: sc.Scenario) -> Policy:
    windows = (Window(from_minute=sc.minute_of(opens), to_minute=sc.minute_of(closes)) for opens, closes in scenario.policy.hours)
    return Policy(utc_offset=UTC_OFFSET, hours=tuple(windows))


def _programme(scenario: sc.Scenario) -> Programme:
    minutes = tuple(sc.minute_of(slot) for slot in scenario.programme.slots)
    first = (moment(scenario.begin_ms) + timedelta(minutes=UTC_OFFSET)).date()
    return Programme(
        id="slots",
        owner=PROVINCE,
        units=(PROVINCE,),
        title="slots",
        rule=Rule(first=first, minutes=minutes, every=Every.DAY),
        segments=(Segment(take=Take.FRESH, kinds=(KIND,), over=Over.MOVE),),
        level=3,
    )


def _requests(commune: str, wishes: Iterable[Wish], until_ms: int) -> Iterator[Occurrence]:
    for wish in wishes:
        item = wish.item
        if wish.approved_ms > 0 and item.start < until_ms:
            segment = Segment(take=Take.PIECES, pieces=(_piece(item),))
            name = item.airing
            yield Occurrence(id=name, series=name, owner=commune, units=(commune,), start_ms=item.start, segments=(segment,))


def _notice(item: PlanItem) -> Notice:
    """The sound of one slot: news in its minute, and in no other."""
    until_ms = item.start + sc.MINUTE_MS
    return Notice(piece=_piece(item), owner=PROVINCE, kind=KIND, klass="normal", since_ms=item.start, until_ms=until_ms)


def _piece(item: PlanItem) -> Piece:
    return Piece(source=item.airing, sound=item.sha256, duration_ms=item.duration)


def _begun(item: PlanItem, is_asked: bool) -> Begun:
    """By the name of its wish: a request has one segment. The stock sees to it that a notice is not taken twice."""
    wish = f"{item.airing}#0" if is_asked else item.airing
    return Begun(wish=wish, piece=_piece(item), start_ms=item.start, end_ms=item.start + item.duration)


def _start(item: PlanItem) -> int:
    return item.start
