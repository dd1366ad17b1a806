"""The broker dies and comes back empty: the contract needs no memory of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.stack import Stack
from tests.system.conftest import Place, assert_heard_once, excerpt, until


def forgets_all(place: Place, stack: Stack, away_s: float = 1.0) -> None:
    place.kill_broker(stack)
    time.sleep(away_s)
    place.revive_broker()


def is_sounding(stack: Stack) -> bool:
    return bool(stack.fleet.ask(stats=True)["stats"]["sounding"] == len(stack.fleet.nodes))


@pytest.mark.wire(8, 76)
def test_before_the_sound_what_was_accepted_still_plays(place: Place, short: Path) -> None:
    with place.stack() as stack:
        airing = stack.say(stack.clip(short), lead_ms=4_000)
        until(lambda: "published" not in stack.ledger(airing).values(), "all have it")
        forgets_all(place, stack)
        assert_heard_once(stack, airing)


@pytest.mark.wire(8)
def test_before_the_order_came_through_it_is_offered_again(place: Place, short: Path) -> None:
    with place.stack() as stack:
        bulletin = stack.clip(short)
        place.kill_broker(stack)
        airing = stack.say(bulletin, lead_ms=1_000)
        assert set(stack.ledger(airing).values()) == {"planned"}
        time.sleep(0.5)
        place.revive_broker()
        assert_heard_once(stack, airing)


@pytest.mark.wire(8, 53, 76)
def test_while_it_sounds_nobody_falls_silent_or_begins_again(place: Place, tmp_path: Path) -> None:
    longest = excerpt(tmp_path / "longest.wav", 12_000)  # a RabbitMQ takes six seconds to come back
    with place.stack() as stack:
        airing = stack.say(stack.clip(longest), lead_ms=2_000)
        until(lambda: is_sounding(stack), "all sound")
        forgets_all(place, stack)
        assert is_sounding(stack)
        assert_heard_once(stack, airing)


@pytest.mark.wire(8, 53, 76)
@pytest.mark.soak
def test_twice_in_a_row_between_order_and_end(place: Place, longer: Path) -> None:
    with place.stack() as stack:
        airing = stack.say(stack.clip(longer), lead_ms=3_000)
        for _ in range(2):
            forgets_all(place, stack, away_s=0.5)
            time.sleep(2)
        assert_heard_once(stack, airing)
