"""The planner: whoever changed a wish marked its units; their villages are resolved anew, and what differs is made true.

A burst of edits is one plan: it waits until nobody has edited for QUIET_MS, at most PATIENCE_MS. What is resolved is read in one
moment and written in another, because a province takes seconds and no writer waits for that; an edit in between has marked its
units again, and is planned next. The marks are rows: a controller that dies in the middle finds them when it starts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from controller.domain.airing import DEFAULT_GRACE_MS, Airing, Klass, Mode
from controller.domain.delivery import State
from controller.domain.ids import new_id
from controller.domain.unit import Unit
from controller.service.airings import CANCEL
from controller.service.binding import horizon_ms
from controller.service.kept import Request
from controller.service.names import turn_of
from controller.service.plans import Plans
from controller.service.ports import Bus, Database, Planned, Transaction
from controller.service.replanning import Changes, Sound, changes, sounds_of
from controller.service.timetable import FREEZE_MS, Gathered, gather
from controller.service.units import speaking
from scheduler.clock import Clock

QUIET_MS = 500
"""An editor who clicks on clicks again within this time."""

PATIENCE_MS = 1_200
"""One who never stops is planned all the same: within 2 s of the first edit the village is told."""

AT_ONCE = 100
"""Villages written in one commit: a second of writing at most, and receipts wait for it."""

BY = "scheduler"
"""Who made an airing of a programme; that of a request is made by whoever asked."""


class Planner:
    """Makes wishes airings. One thread calls `step` and `extend`."""

    def __init__(self, *, database: Database, plans: Plans, clock: Clock, bus: Bus) -> None:
        self._database = database
        self._plans = plans
        self._clock = clock
        self._bus = bus
        self._seen: dict[str, int] = {}

    def step(self) -> int:
        """Plan the units that were marked, if their editors pause; says how many villages' plans changed."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            waiting = tx.replans.waiting()
        self._seen = {unit: self._seen.get(unit, now_ms) for unit, _ in waiting}
        ripe = [pair for pair in waiting if now_ms - pair[1] >= QUIET_MS or now_ms - self._seen[pair[0]] >= PATIENCE_MS]
        return self._plan(ripe, now_ms) if ripe else 0

    def extend(self) -> None:
        """Mark everybody: time has brought new turns into the horizon."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            tx.replans.mark([unit.id for unit in tx.units.all() if unit.parent is None], now_ms)

    def _plan(self, marks: Sequence[tuple[str, int]], now_ms: int) -> int:
        with self._database.reading() as tx:
            roots = [unit for unit in (tx.units.get(name) for name, _ in marks) if unit is not None]
            places = {unit.id: unit for unit in speaking(tx, roots)}  # nobody else needs a plan
            kept = tx.policies.all()
            farthest_ms = max((horizon_ms(place.path, kept) for place in places.values()), default=0)
            gathered = gather(tx, list(places.values()), now_ms, now_ms + farthest_ms)
        wanted = sounds_of(gathered.resolve())
        changed = 0
        names = sorted(places)
        for part in (names[index : index + AT_ONCE] for index in range(0, len(names), AT_ONCE)):
            here = {sound: found for sound, villages in wanted.items() if (found := villages.intersection(part))}
            changed += self._write({name: places[name] for name in part}, here, gathered)
        with self._database.writing() as tx:
            tx.replans.clear(marks)
        for unit, _ in marks:
            self._seen.pop(unit, None)
        return changed

    def _write(self, places: Mapping[str, Unit], wanted: Mapping[Sound, Collection[str]], gathered: Gathered) -> int:
        """One commit: the airings of these villages as they are wanted, their deliveries, and a new plan where one differs.

        A request beyond what was gathered keeps the airing that it has: its turn to be resolved has not come.
        """
        now_ms, wishes = self._clock.now_ms(), {sound.wish for sound in wanted}
        with self._database.writing() as tx:
            movable = tx.planned.movable(list(places), wishes, now_ms + FREEZE_MS)
            planned = [each for each in movable if each.airing.start_ms < gathered.until_ms or each.airing.wish in wishes]
            todo = changes(wanted, planned)
            villages = todo.villages(planned)
            if not villages:
                return 0
            touched = _Writing(tx, places, gathered.requests, now_ms).write(todo, planned)
            self._plans.replan(tx, villages, now_ms)
        self._bus.outbox_filled()
        self._bus.airing_changed(touched)
        return len(villages)


class _Writing:
    """Writes changes within one commit."""

    def __init__(self, tx: Transaction, places: Mapping[str, Unit], requests: Mapping[str, Request], now_ms: int) -> None:
        self._tx = tx
        self._places = places
        self._requests = requests
        self._now_ms = now_ms

    def write(self, todo: Changes, planned: Collection[Planned]) -> list[str]:
        """The ids of all airings that are not as they were."""
        airings = {each.airing.id: each.airing for each in planned}
        here = {each.airing.id: each.here for each in planned}
        sizes = self._tx.bulletins.sizes({sound.sha256 for sound in (*todo.added, *todo.moved.values())})
        for name, sound in todo.moved.items():
            airings[name] = _moved(airings[name], sound, sizes)
            self._tx.planned.move(airings[name])
        for name, villages in todo.left.items():
            self._leave(name, villages)
        for name, villages in todo.joined.items():
            self._tx.planned.join(airings[name], sorted(villages))
            self._tx.deliveries.plan(name, self._units(villages), self._now_ms)
        for name in todo.ended:
            self._leave(name, here[name])
            self._tx.planned.end(airings[name], self._now_ms)
        added = [self._add(sound, villages, sizes[sound.sha256]) for sound, villages in todo.added.items()]
        return [*todo.moved, *todo.left, *todo.joined, *todo.ended, *added]

    def _leave(self, airing: str, villages: Collection[str]) -> None:
        """It does not sound there any more: whoever was told of it must say that it is silent; nobody else is asked."""
        self._tx.planned.leave(airing, villages)
        self._tx.deliveries.withdraw_from(airing, villages, [State.PLANNED])
        self._tx.deliveries.move_in(airing, villages, CANCEL, self._now_ms)

    def _add(self, sound: Sound, villages: Collection[str], size: int) -> str:
        units, request = self._units(villages), self._requests.get(turn_of(sound.wish))
        airing = Airing(
            id=new_id(self._now_ms),
            bulletin=sound.source,
            mode=Mode.PLANNED,
            rev=1,
            units=tuple(unit.id for unit in units),
            start_ms=sound.start_ms,
            grace_ms=request.grace_ms if request else DEFAULT_GRACE_MS,
            duration_ms=sound.duration_ms,
            klass=Klass(sound.klass),
            rank=sound.level,
            sha256=sound.sha256,
            size=size,
            gain=request.gain if request else 0,
            language=sound.language,
            created_ms=self._now_ms,
            wish=sound.wish,
        )
        self._tx.airings.add(airing, sorted(villages), request.created_by if request else BY)
        self._tx.deliveries.plan(airing.id, units, self._now_ms)
        return airing.id

    def _units(self, villages: Iterable[str]) -> list[Unit]:
        return [self._places[name] for name in sorted(villages)]


def _moved(airing: Airing, sound: Sound, sizes: Mapping[str, int]) -> Airing:
    return replace(
        airing,
        rev=airing.rev + 1,
        start_ms=sound.start_ms,
        duration_ms=sound.duration_ms,
        klass=Klass(sound.klass),
        rank=sound.level,
        sha256=sound.sha256,
        size=sizes[sound.sha256],
        language=sound.language,
    )
