"""One heap serves all moments in their order, never early and never within the call that asked."""

from __future__ import annotations

from scheduler.clock import VirtualClock
from simulator.timers import Timers
from tests.unit.simulator.fakes import ManualLoop


def street() -> tuple[ManualLoop, Timers]:
    loop = ManualLoop(VirtualClock(monotonic_ms=100))
    return loop, Timers(loop.clock, loop)  # type: ignore[arg-type]


def test_moments_come_in_order_whenever_they_were_asked_for() -> None:
    loop, timers = street()
    seen: list[tuple[str, int]] = []
    for name, at in (("late", 300), ("early", 150), ("middle", 200), ("with middle", 200)):
        timers.at(at, lambda name=name: seen.append((name, loop.clock.monotonic_ms())))  # type: ignore[misc]
    loop.pass_ms(99)
    assert seen == [("early", 150)]
    loop.pass_ms(500)
    assert seen == [("early", 150), ("middle", 200), ("with middle", 200), ("late", 300)]
    assert len(timers) == 0


def test_a_moment_that_has_passed_comes_soon_but_not_at_once() -> None:
    loop, timers = street()
    seen: list[int] = []
    timers.at(50, lambda: seen.append(1))
    assert seen == []
    loop.pass_ms(0)
    assert seen == [1]


def test_a_timer_that_fires_early_is_armed_again() -> None:
    loop, timers = street()
    seen: list[int] = []
    timers.at(150, lambda: seen.append(loop.clock.monotonic_ms()))
    loop.handles.pop().call()  # at 100: as uvloop, whose time is that of the turn's begin
    assert seen == []
    loop.pass_ms(60)
    assert seen == [150]


def test_thousands_due_at_once_come_in_one_turn_and_what_they_ask_for_later_in_the_next() -> None:
    loop, timers = street()
    seen: list[int] = []
    for number in range(9_000):
        timers.at(100, lambda number=number: seen.append(number))  # type: ignore[misc]
    timers.at(100, lambda: timers.at(100, lambda: seen.append(-1)))
    loop.handles.pop().call()
    assert seen == list(range(9_000))
    loop.pass_ms(0)
    assert seen[-1] == -1


def test_after_stop_nothing_comes() -> None:
    loop, timers = street()
    timers.at(150, lambda: pytest_fail())
    timers.stop()
    loop.pass_ms(100)


def pytest_fail() -> None:
    raise AssertionError("a moment came after stop")
