"""Loudspeakers lose their power before and in the middle of a sound: what was spent is never played twice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import Stack
from tests.system.conftest import Place, assert_heard_once, assert_nothing_twice, starts, until


def ends(stack: Stack, airing: str) -> dict[str, tuple[str, str]]:
    """(state, why) of each loudspeaker of the fleet."""
    report = stack.controller.call("GET", f"/airings/{airing}")
    rows: list[dict[str, Any]] = [row for village in report["villages"] for row in village["nodes"]]
    return {row["node"]: (row["state"], row["why"]) for row in rows if row["node"] in stack.fleet.nodes}


def sounding(stack: Stack) -> int:
    number: int = stack.fleet.ask(stats=True)["stats"]["sounding"]
    return number


@pytest.mark.wire(53, 70)
def test_power_that_goes_in_the_sound_cuts_it_for_good(place: Place, longer: Path) -> None:
    with place.stack() as stack:
        dark = stack.fleet.nodes[:5]
        airing = stack.say(stack.clip(longer), lead_ms=2_000)
        until(lambda: sounding(stack) == 40, "all sound")
        stack.fleet.ask(power_cut=dark, after_s=0.5)
        until(lambda: all(ends(stack, airing)[node] == ("cut", "power") for node in dark), "the dark ones say so")
        until(lambda: set(stack.ledger(airing).values()) == {"cut", "finished"}, "the others finish")
        assert starts(stack, airing) == dict.fromkeys(stack.fleet.nodes, 1)
        assert_nothing_twice(stack)


@pytest.mark.wire(70)
def test_power_that_comes_back_within_the_grace_costs_nothing(place: Place, short: Path) -> None:
    with place.stack() as stack:
        airing = stack.say(stack.clip(short), lead_ms=3_000)
        until(lambda: "published" not in stack.ledger(airing).values(), "all have it")
        stack.fleet.ask(power_cut=stack.fleet.nodes[:3], after_s=0.5)  # back before the start
        stack.fleet.ask(power_cut=stack.fleet.nodes[3:6], after_s=4.0)  # back after it
        assert_heard_once(stack, airing)


@pytest.mark.wire(54)
def test_a_node_without_power_till_the_grace_is_over_missed_it(place: Place, short: Path) -> None:
    with place.stack() as stack:
        dark = stack.fleet.nodes[:3]
        airing = stack.say(stack.clip(short), lead_ms=2_000, grace_ms=2_000)
        until(lambda: set(stack.ledger(airing).values()) == {"cached"}, "all have it")
        stack.fleet.ask(power_cut=dark, after_s=6.0)
        until(lambda: all(ends(stack, airing)[node] == ("missed", "off") for node in dark), "the dark ones say so")
        until(lambda: set(stack.ledger(airing).values()) == {"missed", "finished"}, "the others finish")
        assert starts(stack, airing) == dict.fromkeys(set(stack.fleet.nodes) - set(dark), 1)


@pytest.mark.wire(53, 70)
def test_the_whole_fleet_dies_in_the_sound_and_nothing_plays_again(place: Place, longer: Path) -> None:
    with place.stack() as stack:
        airing = stack.say(stack.clip(longer), lead_ms=2_000)
        until(lambda: sounding(stack) == 40, "all sound")
        stack.fleet.kill()
        stack.fleet.start()
        until(lambda: set(ends(stack, airing).values()) == {("cut", "power")}, "all say so")
        time.sleep(1)
        assert starts(stack, airing) == dict.fromkeys(stack.fleet.nodes, 1)
        assert_nothing_twice(stack)


@pytest.mark.wire(70)
def test_the_whole_fleet_dies_before_the_sound_and_plays_it_once_it_is_back(place: Place, short: Path) -> None:
    with place.stack() as stack:
        airing = stack.say(stack.clip(short), lead_ms=2_500)
        until(lambda: "published" not in stack.ledger(airing).values(), "all have it")
        stack.fleet.kill()
        assert starts(stack, airing) == {}
        stack.fleet.start()
        assert_heard_once(stack, airing)
