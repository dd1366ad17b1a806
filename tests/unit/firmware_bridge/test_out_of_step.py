"""A clock that is too unsure for the downbeat goes on asking, ever more rarely; a sure one rests."""

from __future__ import annotations

from firmware_bridge.timekeeper import BETTER_TRIES, STEADY_MS, Timekeeper

SLOW_WAY_MS = 700
"""There and back: an error bound of 351 ms."""


def waits(way_ms: int, rounds: int) -> list[int]:
    """How long the clock waits after each of `rounds` answers."""
    clock, now_ms, found = Timekeeper(), 1_000, []
    clock.connected(now_ms)
    for number in range(rounds):
        clock.asked(f"{number:016x}", now_ms, 0)
        now_ms += way_ms
        clock.answered(f"{number:016x}", 5_000_000 + now_ms - way_ms // 2, 5_000_000 + now_ms - way_ms // 2, now_ms)
        clock.plan_next(now_ms, 0, content=True)
        assert clock.ask_ms is not None
        found.append(clock.ask_ms - now_ms)
        now_ms = clock.ask_ms
    return found


def test_out_of_step_it_asks_ever_more_rarely_but_does_not_rest() -> None:
    slow = waits(SLOW_WAY_MS, BETTER_TRIES + 4)
    assert slow[:BETTER_TRIES] == [2_000] * BETTER_TRIES
    assert slow[BETTER_TRIES:] == [30_000, 60_000, 120_000, 240_000]


def test_a_sure_clock_rests_at_once() -> None:
    assert waits(10, 1) == [STEADY_MS]
