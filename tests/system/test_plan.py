"""At a time: the village's plan is on every loudspeaker, so that neither controller nor broker need live for it to be said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware_bridge.playlist import LEAD_IN_MS
from tests.support.stack import Json, Stack
from tests.system.conftest import Place, assert_heard_once, starts, until

EARLY_MS = LEAD_IN_MS
"""As wrong as its clock may be: start + LEAD_IN is begun at, so that even this is not before the start."""

LATE_MS = 250
"""A busy test machine wakes a process late; a real node does not share its processor."""


def in_s(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def start_ms(stack: Stack, airing: str) -> float:
    told = stack.controller.call("GET", f"/airings/{airing}")["airing"]
    return datetime.fromisoformat(told["start"]).timestamp() * 1000


@pytest.mark.wire(54, 55)
def test_said_at_a_time_all_play_together_then(place: Place, short: Path) -> None:
    with place.stack() as stack:
        airing = stack.say(stack.clip(short), at=in_s(8))
        until(lambda: set(stack.ledger(airing).values()) == {"cached"}, "all hold plan and clip")
        assert starts(stack, airing) == {}
        assert_heard_once(stack, airing)
        moment_ms = start_ms(stack, airing) + LEAD_IN_MS
        began = [sound["at_ms"] - moment_ms for sound in stack.fleet.sounds() if sound["end"] is None]
        assert all(-EARLY_MS <= late <= LATE_MS for late in began), sorted(began)


@pytest.mark.wire(54, 75)
def test_without_controller_and_broker_they_play_on_time_and_tell_it_afterwards(place: Place, short: Path) -> None:
    with place.stack() as stack:
        airing = stack.say(stack.clip(short), at=in_s(8))
        until(lambda: set(stack.ledger(airing).values()) == {"cached"}, "all hold plan and clip")
        moment_ms = start_ms(stack, airing) + LEAD_IN_MS
        if place.broker:
            place.kill_broker(stack)
        stack.controller.kill()
        until(lambda: len(stack.fleet.sounds()) == 80, "all have played")
        began = [sound["at_ms"] - moment_ms for sound in stack.fleet.sounds() if sound["end"] is None]
        assert all(-EARLY_MS <= late <= LATE_MS for late in began), sorted(began)
        place.revive_broker()
        stack.controller.start()
        assert_heard_once(stack, airing)


def test_a_second_start_keeps_all_there_was(place: Place, short: Path) -> None:
    def what_is_there(stack: Stack) -> list[Json]:
        call = stack.controller.call
        airings = [airing["id"] for airing in call("GET", "/airings")]
        ledgers = [call("GET", f"/airings/{airing}") for airing in airings]
        names = [(node["id"], node["name"], node["village"]) for node in call("GET", "/nodes")]
        return [call("GET", "/units"), names, call("POST", "/nodes/provision", json={}), ledgers]

    with place.stack() as stack:
        bulletin = stack.clip(short)
        past = stack.say(bulletin, lead_ms=1_000)
        assert_heard_once(stack, past)
        coming = stack.say(bulletin, at=in_s(15))
        until(lambda: set(stack.ledger(coming).values()) == {"accepted"}, "all hold it, and held the clip before")
        before = what_is_there(stack)
        assert stack.controller.stop() == 0
        stack.controller.start()
        assert what_is_there(stack) == before
        assert stack.controller.call("POST", "/demo")["nodes"] == 40
        assert len(stack.controller.call("GET", "/nodes")) == 40
        assert_heard_once(stack, coming)
        again = stack.say(bulletin, lead_ms=1_000)
        assert_heard_once(stack, again)
