"""One heap of moments."""

from __future__ import annotations

from simulator.world.loop import Loop


def test_everything_happens_in_its_order_and_at_its_moment() -> None:
    loop, seen = Loop(100), []
    for moment, name in ((130, "c"), (110, "a"), (130, "d"), (120, "b")):
        loop.at(moment, lambda name: seen.append((loop.now_ms, name)), name)
    loop.run_until(200)
    assert seen == [(110, "a"), (120, "b"), (130, "c"), (130, "d")]
    assert loop.now_ms == 200


def test_what_is_due_at_the_end_is_of_the_next_run() -> None:
    loop, seen = Loop(0), []
    loop.at(10, seen.append, "x")
    loop.run_until(10)
    assert seen == []
    loop.run_until(11)
    assert seen == ["x"]


def test_the_past_is_now_and_behind_what_is_due() -> None:
    loop, seen = Loop(0), []
    loop.at(5, lambda _: loop.at(1, lambda _: seen.append(loop.now_ms)))
    loop.at(5, lambda _: seen.append("second"))
    loop.run_until(6)
    assert seen == ["second", 5]
