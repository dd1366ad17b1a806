"""A loudspeaker that was moved, and one whose memory was copied: silent for the old place, heard in the new; found out."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from controller.protocol import topics
from tests.integration.mqtt.helpers import client
from tests.support.stack import FleetProcess, Json, Stack
from tests.system.conftest import FLEET, Place, assert_nothing_twice, starts, until


def standing_in(stack: Stack, village: str) -> set[str]:
    return {node["id"] for node in stack.controller.call("GET", "/nodes", params={"unit": village})}


def node_of(stack: Stack, node: str) -> Json:
    [found] = [each for each in stack.controller.call("GET", "/nodes") if each["id"] == node]
    return found  # type: ignore[no-any-return]


def move(stack: Stack, node: str, village: str) -> None:
    stack.controller.call("POST", f"/nodes/{node}/move", json={"to": village})


def replay(place: Place, stack: Stack, airing: str, *said_on: str) -> None:
    """Say the order to play this airing once more, as whoever owns the broker may."""
    with stack.database() as database:
        query = text("SELECT sealed FROM outbox WHERE kind = 'play' AND subject = :it")
        (sealed,) = database.execute(query, {"it": airing}).scalars()
    port = place.broker.port if place.broker else place.broker_port
    with client(port, "thief") as (thief, _):
        for topic in said_on:
            thief.publish(topic, bytes(sealed), 1).wait_for_publish(10)


def test_a_moved_loudspeaker_is_silent_for_its_old_village_and_plays_for_its_new_one(place: Place, short: Path) -> None:
    with place.stack() as stack:
        villages = sorted({node["village"] for node in stack.controller.call("GET", "/nodes")})
        old, new = villages[:2]
        told, away, *stay = sorted(standing_in(stack, old))
        bulletin = stack.clip(short)
        stack.fleet.ask(fault="offline", nodes=[away])
        before = stack.say(bulletin, to=[old], lead_ms=12_000)
        until(lambda: {stack.ledger(before)[node] for node in (told, *stay)} == {"cached"}, "all in reach have it")
        move(stack, told, new)
        move(stack, away, new)
        until(lambda: stack.ledger(before)[told] == "cancelled", "the one that had it says that it moved")
        stack.fleet.ask(fault="offline", nodes=[away], on=False)
        until(lambda: node_of(stack, away)["plan"] > 0, "it holds the new village's plan")
        replay(place, stack, before, topics.inbox(away), topics.inbox(told), topics.unit_order(new))
        after = stack.say(bulletin, to=[new], lead_ms=4_000)
        until(lambda: set(stack.ledger(after).values()) == {"finished"}, "the new village has played")
        until(lambda: {stack.ledger(before)[node] for node in stay} == {"finished"}, "the old village has played")
        assert starts(stack, before) == dict.fromkeys(stay, 1)
        assert starts(stack, after) == dict.fromkeys(standing_in(stack, new), 1)
        assert {told, away} <= standing_in(stack, new)
        assert (stack.ledger(before)[told], stack.ledger(before)[away]) == ("cancelled", "published")
        assert_nothing_twice(stack)


def test_two_loudspeakers_with_one_copied_memory_are_found_out_and_both_their_words_are_kept(place: Place, short: Path) -> None:
    """Both hold the plan and play by it; the copy is out of reach until the other has told of it."""
    with place.stack(nodes=2) as stack:
        node = stack.fleet.nodes[0]
        airing = stack.say(stack.clip(short), at=(datetime.now(UTC) + timedelta(seconds=20)).isoformat())
        until(lambda: set(stack.ledger(airing).values()) == {"cached"}, "both hold plan and clip")
        stack.fleet.stop()
        given = [each for each in stack.controller.call("POST", "/nodes/provision", json={}) if each["node"] == node]
        # Both play in the same millisecond: what tells their words apart for sure is that the copy's board measures nothing.
        copy = FleetProcess(place.home / "copy", given, (*FLEET, "--heard", "none"))
        shutil.copytree(stack.fleet.home / "memory", copy.home / "memory")
        copy.start()
        try:
            until(
                lambda: copy.ask(stats=True)["stats"]["counts"].get("arrived", 0) > 0, "the copy was answered: it knows the time"
            )
            copy.ask(fault="offline", nodes=[node])
            stack.fleet.start()
            until(lambda: set(stack.ledger(airing).values()) == {"finished"} and len(copy.sounds()) == 2, "all three have played")
            assert alarms(stack) == []
            copy.ask(fault="offline", nodes=[node], on=False)
            until(lambda: bool(alarms(stack)), "the copy is found out")
        finally:
            copy.kill()
        assert {(alarm["code"], alarm["node"]) for alarm in alarms(stack)} == {("node.clone", node)}
        with stack.database() as database:
            twice = text("SELECT node FROM receipts GROUP BY node, life, seq HAVING count(*) > 1")
            assert set(database.execute(twice).scalars()) == {node}
        assert starts(stack, airing)[node] == 1
        assert f"tienglang nodes renew {node}" in stack.controller.cli("alarms").stdout


def alarms(stack: Stack) -> list[Json]:
    found: list[Json] = stack.controller.call("GET", "/alarms")
    return found
