"""Emergencies on real loudspeakers: two at once, and one that a broker kept for a loudspeaker that was away.

No page makes one yet, so the test itself seals them, with the controller's emergency key.
"""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from controller import keyfile
from controller.domain.airing import Klass
from controller.protocol import topics
from controller.protocol.messages import Kind, Order, Use
from tests.support.outsider import Outsider
from tests.support.stack import Stack
from tests.system.conftest import Place, assert_nothing_twice, starts, until

NODES = 8
HOUR_MS = 3_600_000
VALID_MS = 900_000
DEAD = (("refused", "expired"), ("missed", "clock"))
"""What it says of an order that came after it knew the time, and of one that waited until it did."""


def emergency(stack: Stack, bulletin: str, name: str, rank: int = 2, issued_ms: int | None = None) -> bytes:
    """A sealed order to the whole province to sound the bulletin's clip at once."""
    now_ms = issued_ms or int(time.time() * 1000)
    keyring = keyfile.open_existing(stack.controller.home, now_ms, "tienglang")
    assert keyring is not None
    clip: dict[str, Any] = clip_of(stack, bulletin)
    order = Order(
        iss=keyring.issuer,
        aud=province(stack),
        iat=now_ms,
        exp=now_ms + VALID_MS,
        id=f"order-{name}",
        airing=name,
        rev=1,
        kind=Kind.PLAY,
        start=now_ms,
        grace=VALID_MS - 1,
        klass=Klass.EMERGENCY,
        rank=rank,
        **clip,
    )
    return keyring.sign(Use.EMERGENCY, order)


def province(stack: Stack) -> str:
    unit: str = next(unit["id"] for unit in stack.controller.call("GET", "/units") if unit["parent"] is None)
    return unit


def clip_of(stack: Stack, bulletin: str) -> dict[str, Any]:
    with stack.database() as database:
        columns = "c.sha256, c.size, c.duration_ms AS duration"
        query = f"SELECT {columns} FROM clips c JOIN bulletins b ON b.clip = c.sha256 WHERE b.id = :it"
        return dict(database.execute(text(query), {"it": bulletin}).mappings().one())


def sounded(stack: Stack) -> dict[str, list[tuple[str, str | None]]]:
    """For each loudspeaker, (airing, end) in the order in which they were heard; the end is None where it begins."""
    heard: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for sound in stack.fleet.sounds():
        heard[sound["node"]].append((sound["airing"], sound["end"]))
    return heard


def words(stack: Stack, airing: str) -> set[tuple[str, str, str]]:
    """(node, word, why) that are in custody about an airing."""
    with stack.database() as database:
        rows = database.execute(text("SELECT node, state, why FROM receipts WHERE airing = :it"), {"it": airing})
        return {(row.node, row.state, row.why) for row in rows}


@pytest.mark.wire(60, 61, 82)
def test_two_at_once_are_heard_one_after_the_other_and_only_a_higher_rank_cuts(place: Place, longer: Path) -> None:
    with place.stack(nodes=NODES) as stack, Outsider(stack.broker_port) as voice:
        bulletin = stack.clip(longer)
        topic = topics.unit_order(province(stack))
        usual = stack.say(bulletin, lead_ms=1_500)
        until(lambda: set(starts(stack, usual)) == set(stack.fleet.nodes), "all sound what is usual")
        one, two = emergency(stack, bulletin, "flood-1"), emergency(stack, bulletin, "flood-2")
        for order in (one, two, one, two):
            voice.say(topic, order)
        until(lambda: set(starts(stack, "flood-2")) == set(stack.fleet.nodes), "the second is heard")
        voice.say(topic, emergency(stack, bulletin, "dam", rank=3))
        whole = {(node, "finished", "") for node in stack.fleet.nodes}
        until(lambda: whole <= words(stack, "dam"), "the highest is heard to its end")
        story = [(usual, None), (usual, "silenced"), ("flood-1", None), ("flood-1", "whole")]
        story += [("flood-2", None), ("flood-2", "silenced"), ("dam", None), ("dam", "whole")]
        assert sounded(stack) == dict.fromkeys(stack.fleet.nodes, story)
        assert {(node, "cut", "emergency") for node in stack.fleet.nodes} <= words(stack, usual) & words(stack, "flood-2")
        assert whole <= words(stack, "flood-1")


@pytest.mark.wire(20, 67)
def test_one_that_was_kept_for_a_loudspeaker_which_comes_back_an_hour_later_is_dead(place: Place, short: Path) -> None:
    clock = place.home / "clock"
    with place.stack(nodes=NODES, first=place.crashing(clock=clock)) as stack, Outsider(stack.broker_port) as broker:
        away, *others = stack.fleet.nodes
        stack.fleet.ask(fault="offline", nodes=[away])
        order = emergency(stack, stack.clip(short), "storm")
        broker.say(topics.unit_order(province(stack)), order)
        until(lambda: {(node, "finished", "") for node in others} <= words(stack, "storm"), "the others say it")
        clock.write_text(str(HOUR_MS))
        stack.fleet.ask(power_cut=[away], after_s=0)  # an hour is too much to be believed against a trusted clock
        stack.fleet.ask(fault="offline", nodes=[away], on=False)
        until(lambda: stack.fleet.ask(stats=True)["stats"]["connected"] == NODES, "it is back")

        def is_dead() -> bool:
            broker.say(topics.inbox(away), order)
            broker.say(topics.unit_order(province(stack)), order)
            time.sleep(0.5)
            return any((away, *end) in words(stack, "storm") for end in DEAD)

        until(is_dead, "it says that the order is dead")
        assert starts(stack, "storm") == dict.fromkeys(others, 1)
        assert_nothing_twice(stack)
