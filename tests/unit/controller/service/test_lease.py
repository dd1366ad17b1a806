"""Two controllers never act at once, whatever their clocks, the database and the scheduler of their machines do to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.domain.errors import Unavailable
from controller.service.lease import LEASE_MS, LOOK_MS, NOBODY, RENEW_MS, STOP_MS, Acting, Entry, Lease, Sole
from scheduler.clock import VirtualClock

PROMISED_MS = 15_000
CONNECT_MS = 2_000
"""For the link to come up once a controller acts."""

NOW_MS = 1_795_000_000_000

T = TypeVar("T")


class OwnClock(VirtualClock):
    """One machine's: its seconds are longer or shorter than others' by `rate` thousandths."""

    def __init__(self, world: World, rate: int = 0, since_ms: int = 0) -> None:
        super().__init__(NOW_MS)
        self._world, self._rate, self._since_ms = world, rate, since_ms

    def monotonic_ms(self) -> int:
        """What this machine has counted."""
        return self._since_ms + self._world.now_ms * (1000 + self._rate) // 1000


@dataclass
class World:
    """True time, and the row as the database has it; it is away when it is told to be."""

    now_ms: int = 0
    row: Entry | None = None
    is_away: bool = False
    on_passing: Callable[[], object] = lambda: None

    def advance(self, ms: int) -> None:
        """Let time pass, and everybody look at it."""
        for _ in range(ms // 100):
            self.now_ms += 100
            self.on_passing()


@dataclass
class FakeBook:
    """The row, over a line on which each way takes its time."""

    world: World
    there_ms: int = 0
    back_ms: int = 0
    closed: bool = False

    def look(self) -> Entry | None:
        return self._step(lambda: self.world.row)

    def take(self, seen: Entry | None, mine: Entry) -> bool:
        return self._step(lambda: self._put(mine) if self.world.row == seen else False)

    def renew(self, run: str) -> bool:
        return self._step(lambda: self._beat() if self._is(run) else False)

    def release(self, run: str) -> None:
        self._step(lambda: self._free() if self._is(run) else None)

    def close(self) -> None:
        self.closed = True

    def _is(self, run: str) -> bool:
        return self.world.row is not None and self.world.row.run == run

    def _put(self, row: Entry) -> bool:
        self.world.row = row
        return True

    def _beat(self) -> bool:
        row = self.world.row
        assert row is not None
        return self._put(replace(row, beat=row.beat + 1))

    def _free(self) -> None:
        self.world.row = None

    def _step(self, do: Callable[[], T]) -> T:
        self.world.advance(self.there_ms)
        if self.world.is_away:
            raise Unavailable("database.away")
        done = do()
        self.world.advance(self.back_ms)
        return done


def lease(world: World, name: str, *, run: str = "", clock: OwnClock | None = None, book: FakeBook | None = None) -> Lease:
    return Lease(
        book=book or FakeBook(world),
        holder=name,
        run=run or f"{name}-1",
        place=f"{name}:8080",
        clock=clock or OwnClock(world),
        learn=lambda: None,
    )


def live(world: World, ms: int, *leases: Lease) -> None:
    """Let everybody look as often as they would, for so long."""
    for _ in range(ms // LOOK_MS):
        for each in leases:
            each.look()
        world.advance(LOOK_MS)


def test_alone_it_acts_from_its_first_look() -> None:
    world = World()
    one = lease(world, "a")
    assert not one.acts()
    one.look()
    assert one.acts()
    assert one.acting() == Acting(here=True, place="a:8080", since_ms=NOW_MS)


def test_a_second_one_stands_by_and_knows_who_acts() -> None:
    world = World()
    one, two = lease(world, "a"), lease(world, "b")
    live(world, 60_000, one, two)
    assert (one.acts(), two.acts()) == (True, False)
    assert two.acting() == Acting(here=False, place="a:8080", since_ms=NOW_MS)


def test_after_a_kill_the_other_acts_within_what_is_promised() -> None:
    world = World()
    one, two = lease(world, "a"), lease(world, "b")
    live(world, 5_000, one, two)
    killed_ms = world.now_ms
    while not two.acts():
        live(world, LOOK_MS, two)
    assert LEASE_MS - RENEW_MS <= world.now_ms - killed_ms <= PROMISED_MS - CONNECT_MS


def test_after_a_stop_in_order_the_other_acts_at_its_next_look() -> None:
    world = World()
    book = FakeBook(world)
    one, two = lease(world, "a", book=book), lease(world, "b")
    live(world, 5_000, one, two)
    one.close()
    one.release()
    two.look()
    assert (one.acts(), two.acts(), book.closed) == (False, True, True)


def test_a_home_that_is_started_again_does_not_wait_for_its_own_lease() -> None:
    world = World()
    lease(world, "a", run="a-1").look()
    again = lease(world, "a", run="a-2")
    again.look()
    assert again.acts()


def test_cut_off_from_the_database_it_stops_before_another_may_follow() -> None:
    world = World()
    one, two = lease(world, "a"), lease(world, "b")
    live(world, 3_000, one, two)
    renewed_ms = world.now_ms - LOOK_MS
    world.is_away = True
    live(world, 5_000, one)
    assert one.acts(), "it need not stop at the first trouble"
    world.advance(renewed_ms + STOP_MS - world.now_ms)
    assert not one.acts()
    world.is_away = False
    one.look()
    assert one.acts(), "nobody took it meanwhile"


def test_with_the_database_away_nobody_is_said_to_act() -> None:
    world = World()
    one, two = lease(world, "a"), lease(world, "b")
    live(world, 3_000, one, two)
    world.is_away = True
    live(world, LEASE_MS + LOOK_MS, one, two)
    assert (one.acting(), two.acting()) == (NOBODY, NOBODY)


def test_one_that_stood_still_and_was_followed_does_not_act_when_it_wakes() -> None:
    world = World()
    one, two = lease(world, "a"), lease(world, "b")
    live(world, 3_000, one, two)
    live(world, 20_000, two)  # the first is stopped
    assert (one.acts(), two.acts()) == (False, True)
    live(world, 5_000, one, two)
    assert (one.acts(), two.acts()) == (False, True)


def test_it_learns_what_the_other_did_before_it_acts() -> None:
    world = World()
    acted: list[bool] = []
    two = lease(world, "b")
    two._learn = lambda: acted.append(two.acts())
    two.look()
    assert (acted, two.acts()) == ([False], True)


def test_what_it_can_not_learn_keeps_it_from_acting_and_it_tries_again() -> None:
    world = World()
    one = lease(world, "a")

    def fails() -> None:
        raise Unavailable("database.away")

    one._learn = fails
    one.look()
    assert not one.acts()
    one._learn = lambda: None
    one.look()
    assert one.acts()


def test_a_grant_that_comes_too_late_is_none() -> None:
    world = World()
    one = lease(world, "a", book=FakeBook(world, there_ms=STOP_MS))
    one.look()
    assert not one.acts()


def test_a_database_that_is_away_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    world = World(is_away=True)
    live(world, 5_000, lease(world, "a"))
    assert len(caplog.records) == 1


def test_on_a_file_there_is_nobody_else_and_it_acts_for_ever() -> None:
    clock = VirtualClock(NOW_MS)
    sole = Sole(place="a:8080", clock=clock)
    sole.look()
    clock.advance(10 * LEASE_MS)
    assert sole.acts()
    assert sole.acting() == Acting(here=True, place="a:8080", since_ms=NOW_MS)


# ── anything may happen ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Turn:
    """One look of a controller: how long each way takes, how long it stands still after, and what becomes of it then."""

    there_ms: int
    back_ms: int
    still_ms: int
    fate: str
    set_ms: int


WAYS_MS = st.sampled_from([0, 0, 0, 100, 3_000])
LONG_STILL = st.builds(
    Turn, there_ms=WAYS_MS, back_ms=WAYS_MS, still_ms=st.just(20_000), fate=st.just("goes on"), set_ms=st.just(0)
)
SCRIPTED = st.builds(
    Turn,
    there_ms=WAYS_MS,
    back_ms=WAYS_MS,
    still_ms=st.sampled_from([0, 500, LEASE_MS]),
    fate=st.sampled_from(["goes on"] * 4 + ["killed", "stopped"]),
    set_ms=st.sampled_from([0, -3_600_000, 86_400_000]),
)
QUIET = st.just(Turn(there_ms=0, back_ms=0, still_ms=0, fate="goes on", set_ms=0))
TURNS = st.lists(st.one_of(QUIET, QUIET, LONG_STILL, SCRIPTED), min_size=1, max_size=8)


class Machine:
    """A controller that looks as often as it would, except where its script says otherwise; which begins again at its end."""

    def __init__(self, world: World, name: str, clock: OwnClock, script: list[Turn]) -> None:
        self.world, self.name, self.clock, self.script = world, name, clock, script
        self.run, self.turns, self.due_ms, self.is_looking = 0, 0, 0, False
        self.start()

    def start(self) -> None:
        self.run += 1
        self.book = FakeBook(self.world)
        self.lease = lease(self.world, self.name, run=f"{self.name}-{self.run}", clock=self.clock, book=self.book)

    def pass_by(self) -> None:
        """Look, if it is time; one thread does, and not twice at once."""
        if self.is_looking or self.world.now_ms < self.due_ms:
            return
        turn = self.script[self.turns % len(self.script)]
        self.is_looking, self.turns = True, self.turns + 1
        self.book.there_ms, self.book.back_ms = turn.there_ms, turn.back_ms
        self.lease.look()
        self.clock.step(turn.set_ms)
        self.due_ms = self.world.now_ms + (RENEW_MS if self.lease.acts() else LOOK_MS) + turn.still_ms
        if turn.fate != "goes on":
            if turn.fate == "stopped":
                self.lease.release()
            self.start()
        self.is_looking = False


@settings(max_examples=400)
@given(
    scripts=st.tuples(TURNS, TURNS),
    rates=st.tuples(st.integers(-20, 20), st.integers(-20, 20)),
    since_ms=st.integers(0, 10**9),
    away=st.lists(st.tuples(st.integers(0, 600), st.integers(1, 150)), max_size=2),
)
def test_two_never_act_at_once(
    scripts: tuple[list[Turn], list[Turn]], rates: tuple[int, int], since_ms: int, away: list[tuple[int, int]]
) -> None:
    """Clocks with other beginnings and other rates (by 2 %!), set at will; slow lines, looks within looks, standstills, kills."""
    world = World()
    clocks = (OwnClock(world, rates[0]), OwnClock(world, rates[1], since_ms))
    pair = [Machine(world, name, clock, script) for name, clock, script in zip("ab", clocks, scripts, strict=True)]

    def all_pass_by() -> None:
        world.is_away = any(begin <= world.now_ms // 100 < begin + length for begin, length in away)
        assert not (pair[0].lease.acts() and pair[1].lease.acts())
        for each in pair:
            each.pass_by()

    world.on_passing = all_pass_by
    while world.now_ms < 60_000:
        world.advance(100)


def test_with_both_well_one_acts_all_the_time_however_their_clocks_are_set() -> None:
    world = World()
    slow = [Turn(there_ms=100, back_ms=100, still_ms=0, fate="goes on", set_ms=-3_600_000)]
    pair = [Machine(world, name, OwnClock(world), slow) for name in "ab"]
    world.on_passing = lambda: [each.pass_by() for each in pair]
    world.advance(1_000)
    (acting,) = [each for each in pair if each.lease.acts()]
    for _ in range(60):
        world.advance(1_000)
        assert [each for each in pair if each.lease.acts()] == [acting]
