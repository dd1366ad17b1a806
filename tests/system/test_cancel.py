"""Cancelled before the sound, in the middle of it, and to loudspeakers out of reach: the states are the table's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.stack import Stack
from tests.system.conftest import Place, assert_nothing_twice, starts, until

DAY_MS = 86_400_000


def cancel(stack: Stack, airing: str) -> None:
    stack.controller.call("POST", f"/airings/{airing}/cancel")


def states(stack: Stack, airing: str) -> set[str]:
    return set(stack.ledger(airing).values())


def become(stack: Stack, airing: str, *wanted: str) -> None:
    until(lambda: states(stack, airing) == set(wanted), f"all are {wanted}")


@pytest.mark.wire(64)
def test_before_the_sound_nobody_plays(place: Place, short: Path) -> None:
    with place.stack() as stack:
        airing = stack.say(stack.clip(short), lead_ms=5_000)
        become(stack, airing, "cached")
        cancel(stack, airing)
        become(stack, airing, "cancelled")
        cancel(stack, airing)  # asking twice is asking once
        told = stack.controller.call("GET", f"/airings/{airing}")["airing"]
        assert told["ended"]
        until(lambda: datetime.now(UTC) > datetime.fromisoformat(told["start"]) + timedelta(seconds=1), "its time has passed")
        assert states(stack, airing) == {"cancelled"}
        assert starts(stack, airing) == {}


@pytest.mark.wire(64)
def test_in_the_middle_all_are_cut(place: Place, longer: Path) -> None:
    with place.stack() as stack:
        airing = stack.say(stack.clip(longer), lead_ms=1_500)
        become(stack, airing, "started")
        cancel(stack, airing)
        become(stack, airing, "cut")
        assert starts(stack, airing) == dict.fromkeys(stack.fleet.nodes, 1)
        assert {sound["end"] for sound in stack.fleet.sounds() if sound["end"]} == {"silenced"}


@pytest.mark.wire(64)
def test_a_plans_item_is_cancelled_too(place: Place, short: Path) -> None:
    with place.stack() as stack:
        bulletin = stack.clip(short)
        at = datetime.now(UTC) + timedelta(seconds=5)
        airing = stack.say(bulletin, at=at.isoformat())
        become(stack, airing, "cached")
        cancel(stack, airing)
        become(stack, airing, "cancelled")
        until(lambda: datetime.now(UTC) > at + timedelta(seconds=1), "its time has passed")
        assert starts(stack, airing) == {}
        assert states(stack, airing) == {"cancelled"}


@pytest.mark.wire(64, 90)
def test_out_of_reach_it_stays_cancelling_until_the_node_is_back_in_time(place: Place, short: Path) -> None:
    with place.stack() as stack:
        lost = stack.fleet.nodes[:3]
        airing = stack.say(stack.clip(short), lead_ms=12_000)
        become(stack, airing, "cached")
        stack.fleet.ask(fault="offline", nodes=lost)
        cancel(stack, airing)
        become(stack, airing, "cancelled", "cancelling")
        assert [node for node, state in stack.ledger(airing).items() if state == "cancelling"] == sorted(lost)
        stack.fleet.ask(fault="offline", nodes=lost, on=False)
        become(stack, airing, "cancelled")
        assert starts(stack, airing) == {}


@pytest.mark.wire(75, 90, 91)
def test_past_the_deadline_it_is_unknown_until_a_late_true_word(place: Place, short: Path) -> None:
    clock = place.home / "clock"
    with place.stack(first=place.crashing(clock=clock)) as stack:
        played, never = stack.fleet.nodes[:2]
        stack.fleet.ask(fault="offline", nodes=[never])  # it never hears of it
        airing = stack.say(stack.clip(short), lead_ms=3_000, grace_ms=2_000)
        until(lambda: stack.ledger(airing)[played] == "cached", "it has it")
        stack.fleet.ask(fault="offline", nodes=[played])  # it will not hear of the end of it
        cancel(stack, airing)
        become(stack, airing, "cancelled", "cancelling")
        until(lambda: len(stack.fleet.sounds()) == 2, "the one out of reach plays it to its end")
        clock.write_text(str(DAY_MS))
        become(stack, airing, "cancelled", "unknown")
        assert stack.controller.call("GET", f"/airings/{airing}")["airing"]["ended"]
        stack.fleet.ask(fault="offline", nodes=[played, never], on=False)
        until(lambda: stack.ledger(airing)[played] == "finished", "its true word replaces unknown")
        assert stack.ledger(airing)[never] == "unknown"
        assert starts(stack, airing) == {played: 1}
        assert_nothing_twice(stack)
