"""Links that flap, receipts that come twice and in the wrong order."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.outsider import Outsider
from tests.support.ports import wait_until_listening
from tests.support.stack import Json, Stack
from tests.system.conftest import Place, assert_heard_once, until

TIMES = 50


class Recorder(Outsider):
    """Hears what loudspeakers say, and can say it again."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack.broker_port, "tl/1/node/+/receipt")

    def replay(self, seed: int) -> None:
        """Say everything twice more, in any order."""
        again = self.heard * 2
        random.Random(seed).shuffle(again)
        for topic, payload in again:
            said = self.say(topic, payload)
        said.wait_for_publish(30)


def whole_ledger(stack: Stack, airing: str) -> tuple[Json, list[object]]:
    with stack.database() as database:
        rows = database.execute(text("SELECT * FROM custody ORDER BY node, life")).all()
    return stack.controller.call("GET", f"/airings/{airing}"), [tuple(row) for row in rows]


@pytest.mark.wire(8, 53)
def test_a_node_that_reconnects_fifty_times_in_a_minute_plays_it_once(place: Place, longer: Path) -> None:
    with place.stack() as stack:
        nervous = stack.fleet.nodes[:4]
        bulletin = stack.clip(longer)
        airing = ""
        begun = time.monotonic()
        for number in range(TIMES):
            stack.fleet.ask(fault="offline", nodes=nervous)
            time.sleep(0.1)
            stack.fleet.ask(fault="offline", nodes=nervous, on=False)
            if number == TIMES // 5:
                airing = stack.say(bulletin, lead_ms=4_000)
            time.sleep(0.3)
        assert time.monotonic() - begun < 60
        assert_heard_once(stack, airing)
        counts = stack.fleet.ask(stats=True)["stats"]["counts"]
        assert counts.get("alarm:memory.rolled-back", 0) == 0


@pytest.mark.wire(80)
def test_receipts_twice_and_in_any_order_give_the_same_ledger(place: Place, short: Path) -> None:
    with place.stack() as stack, Recorder(stack) as recorder:
        airing = stack.say(stack.clip(short), lead_ms=2_000)
        assert_heard_once(stack, airing)
        before = whole_ledger(stack, airing)
        recorder.replay(seed=6)
        other = stack.say(stack.clip(short), lead_ms=1_000)  # whatever was said before it has been heard
        recorder.replay(seed=7)
        assert_heard_once(stack, other)
        report, custody = before
        assert whole_ledger(stack, airing)[0] == report
        assert len(whole_ledger(stack, airing)[1]) == len(custody)


@pytest.mark.wire(80)
def test_all_receipts_first_come_shuffled_and_twice_to_a_controller_that_was_away(place: Place, short: Path) -> None:
    if place.broker is None:
        pytest.skip("the embedded broker goes with its controller: nobody can record what nodes say meanwhile")
    with place.stack() as stack:
        airing = stack.say(stack.clip(short), lead_ms=2_000)
        until(lambda: set(stack.ledger(airing).values()) == {"cached"}, "all have it")
        with Recorder(stack) as recorder:
            stack.controller.kill()
            until(lambda: len(stack.fleet.sounds()) == 80, "all have played")
            time.sleep(0.5)
            assert len(recorder.heard) >= 80
            links = stack.controller.log.count("link is up")
            stack.controller.start()
            wait_until_listening(stack.controller.port, lambda: True)
            until(lambda: stack.controller.log.count("link is up") > links, "its link is up")
            recorder.replay(seed=8)
            assert_heard_once(stack, airing)
