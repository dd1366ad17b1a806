"""The real controller process is killed (SIGKILL) over receipts, and in its sweeper: every word comes home, all ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.conftest import Place, assert_heard_once, assert_nothing_twice, starts, until

KILLED = -9
DAY_MS = 86_400_000


@pytest.mark.wire(75, 76, 79)
@pytest.mark.parametrize(
    ("point", "passage"),
    [
        ("received", 1),
        ("received", 3),
        ("kept", 1),
        pytest.param("received", 2, marks=pytest.mark.soak),
        pytest.param("kept", 2, marks=pytest.mark.soak),
    ],
)
def test_killed_over_receipts_it_gets_them_again_and_counts_them_once(
    place: Place, short: Path, point: str, passage: int
) -> None:
    with place.stack(first=place.crashing(point, passage)) as stack:
        airing = stack.say(stack.clip(short), lead_ms=2_000)
        assert stack.controller.wait_dead(60) == KILLED
        stack.controller.start()
        assert_heard_once(stack, airing)
        assert stack.controller.call("GET", f"/airings/{airing}")["airing"]["good"] == 40


@pytest.mark.wire(90, 91)
def test_killed_in_the_sweep_it_sweeps_again_and_what_had_ended_stays_ended(place: Place, short: Path) -> None:
    clock = place.home / "clock"
    with place.stack(first=place.crashing("swept", clock=clock)) as stack:
        lost = stack.fleet.nodes[0]
        others = set(stack.fleet.nodes) - {lost}
        stack.fleet.ask(fault="offline", nodes=[lost])
        airing = stack.say(stack.clip(short), lead_ms=1_000, grace_ms=1_000)
        until(lambda: all(stack.ledger(airing)[node] == "finished" for node in others), "the others finish")
        clock.write_text(str(DAY_MS))
        assert stack.controller.wait_dead(60) == KILLED
        clock.write_text("0")
        stack.controller.start(place.crashing(clock=clock))
        assert stack.ledger(airing)[lost] == "published", "what was not committed never was"
        clock.write_text(str(DAY_MS))
        until(lambda: stack.ledger(airing)[lost] == "unknown", "the sweeper settles it")
        assert {state for node, state in stack.ledger(airing).items() if node != lost} == {"finished"}
        assert starts(stack, airing) == dict.fromkeys(others, 1)
        assert_nothing_twice(stack)
