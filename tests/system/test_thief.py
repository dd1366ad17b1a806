"""A thief with full access to the broker, while bulletins and plans air: each is heard once, and nothing else ever sounds."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from controller.db.tables import metadata
from tests.support.mosquitto import Mosquitto
from tests.support.stack import Stack
from tests.support.thief import LIFE, NAME, Thief
from tests.system.conftest import Place, assert_heard_once, assert_nothing_twice, overheard, starts

NODES = 20
A_SECOND = 2_000
"""Messages of the thief: some 5 a second on each topic, which keeps a loudspeaker's 20 seals a second busy."""

GROWN_MB = 80
"""What either process may grow by: its queues are full, its tables of headers and derived keys as well."""


def thief(stack: Stack, nodes: list[str]) -> Thief:
    """It knows every loudspeaker and every place."""
    return Thief(stack.broker_port, nodes, [unit["id"] for unit in stack.controller.call("GET", "/units")], seed=11)


def airs_under_attack(place: Place, sound: Path, seconds: float) -> None:
    with overheard(place, NODES, thief) as (stack, robber):
        bulletin = stack.clip(sound)
        aired = [stack.say(bulletin, lead_ms=2_000)]
        assert_heard_once(stack, aired[0])
        assert robber.heard > 5 * NODES
        before = memory_mb(stack)
        robber.begin(A_SECOND)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            planned = stack.say(bulletin, at=(datetime.now(UTC) + timedelta(seconds=12)).isoformat())
            now = stack.say(bulletin, lead_ms=4_000)
            assert_heard_once(stack, now)
            assert_heard_once(stack, planned)
            aired += [now, planned]
        robber.end()
        assert robber.said > 0.5 * A_SECOND * seconds, f"a lame thief: {robber.said}"
        after = memory_mb(stack)
        last = stack.say(bulletin, lead_ms=4_000)
        assert_heard_once(stack, last)
        assert_only_these_sounded(stack, [*aired, last])
        assert_no_trace(stack)
        assert all(grown <= GROWN_MB for grown in map(float.__sub__, after, before)), (before, after)
        assert "Traceback" not in stack.controller.log
        assert "Traceback" not in (stack.fleet.home / "fleet.log").read_text()


@pytest.mark.wire(1, 2, 11, 12, 15, 53)
def test_a_thief_on_every_topic_is_neither_heard_nor_remembered(place: Place, short: Path) -> None:
    airs_under_attack(place, short, 20)


@pytest.mark.wire(1, 2, 11, 12, 15, 53)
@pytest.mark.soak
def test_ten_minutes_of_a_thief_change_nothing(mosquitto: Mosquitto, tmp_path: Path, short: Path) -> None:
    airs_under_attack(Place(home=tmp_path, broker=mosquitto, database_url=None, broker_port=mosquitto.port), short, 600)


def memory_mb(stack: Stack) -> tuple[float, float]:
    """Of the controller and of the fleet."""
    fleet = stack.fleet.ask(stats=True)["stats"]["rss"]
    return psutil.Process(stack.controller.pid).memory_info().rss / 1e6, fleet / 1e6


def assert_only_these_sounded(stack: Stack, airings: list[str]) -> None:
    """Each of them once on each loudspeaker, as the ledger says too, and nothing beside them."""
    assert {sound["airing"] for sound in stack.fleet.sounds()} == set(airings)
    assert {sound["end"] for sound in stack.fleet.sounds()} == {None, "whole"}
    for airing in airings:
        assert starts(stack, airing) == dict.fromkeys(stack.fleet.nodes, 1)
        assert stack.ledger(airing) == dict.fromkeys(stack.fleet.nodes, "finished")
    assert_nothing_twice(stack)


def assert_no_trace(stack: Stack) -> None:
    """Nothing that the thief made up stands in any row."""
    with stack.database() as database:
        for table in metadata.sorted_tables:
            for row in database.execute(table.select()):
                words = repr(tuple(row))
                assert LIFE not in words, (table.name, words)
                assert NAME not in words, (table.name, words)
        lives = database.execute(text("SELECT node FROM custody")).scalars().all()
    assert sorted(lives) == sorted(stack.fleet.nodes), "one life a loudspeaker"
