from __future__ import annotations

import itertools

import pytest

from controller.domain.node import Node
from controller.protocol.messages import Health, NodeState, Versions
from controller.service import presence
from controller.service.ports import Status
from tests.unit.controller.service.house import LIFE, NOW_MS, House, ask, state

OTHER = "00000000000000bb"


def say(house: House, *said: NodeState) -> Status | None:
    with house.work.writing() as tx:
        presence.states(tx, [(each, NOW_MS + number) for number, each in enumerate(said)])
    return status(house)


def status(house: House) -> Status | None:
    with house.work.reading() as tx:
        return tx.nodes.statuses(["x1-1-l1"]).get("x1-1-l1")


def test_a_birth_is_remembered_with_all_it_says(house: House) -> None:
    found = say(house, state("x1-1-l1", boot=3, connection=2, versions=Versions(trust=1, config=2, plan=3)))
    assert found == Status(
        node="x1-1-l1",
        life=LIFE,
        boot=3,
        connection=2,
        counter=1,
        online=True,
        seen_ms=NOW_MS,
        clock_u_ms=10,
        trust=1,
        config=2,
        plan=3,
    )


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
@pytest.mark.wire(36)
def test_of_one_lifes_words_in_any_order_the_newest_holds(small: House, order: tuple[int, ...]) -> None:
    words = [
        state("x1-1-l1", boot=1, connection=9, counter=9, online=False),
        state("x1-1-l1", boot=2, connection=1, counter=9, online=False),
        state("x1-1-l1", boot=2, connection=2, counter=1),
        state("x1-1-l1", boot=2, connection=2, counter=2),
    ]
    found = say(small, *(words[number] for number in order))
    assert found is not None
    assert (found.boot, found.connection, found.counter, found.online) == (2, 2, 2, True)


@pytest.mark.wire(36)
def test_a_new_life_replaces_an_old_one_whatever_its_numbers_and_an_old_lifes_will_does_not(house: House) -> None:
    say(house, state("x1-1-l1", boot=9))
    found = say(house, state("x1-1-l1", boot=1, life=OTHER))
    assert found is not None
    assert (found.life, found.boot) == (OTHER, 1)
    assert say(house, state("x1-1-l1", boot=9, connection=9, online=False)) == found


def test_an_ask_tells_what_a_born_node_holds_and_that_it_is_there(house: House) -> None:
    say(house, state("x1-1-l1", online=False))
    with house.work.writing() as tx:
        presence.asks(tx, [(ask("x1-1-l1", Versions(config=7)), NOW_MS + 9), (ask("x1-1-l2"), NOW_MS)])
    found = status(house)
    assert found is not None
    assert (found.online, found.config, found.clock_u_ms, found.seen_ms) == (True, 7, -1, NOW_MS + 9)
    with house.work.reading() as tx:
        assert tx.nodes.statuses(["x1-1-l2"]) == {}


def test_an_ask_of_another_life_changes_nothing(house: House) -> None:
    before = say(house, state("x1-1-l1"))
    with house.work.writing() as tx:
        presence.asks(tx, [(ask("x1-1-l1", Versions(config=7), life=OTHER), NOW_MS + 9)])
    assert status(house) == before


def test_telemetry_of_a_born_node_moves_when_it_was_seen_and_that_of_others_makes_nothing(house: House) -> None:
    say(house, state("x1-1-l1"))
    words = [Health(node=node, generation=1, life=LIFE, t=NOW_MS, u=1, uptime_s=5) for node in ("x1-1-l1", "x1-1-l2")]
    with house.work.writing() as tx:
        presence.health(tx, [(each, NOW_MS + 500) for each in words])
        presence.health(tx, [])
    found = status(house)
    assert found is not None
    assert found.seen_ms == NOW_MS + 500
    with house.work.reading() as tx:
        assert set(tx.nodes.statuses(None)) == {"x1-1-l1"}


@pytest.mark.wire(13, 24)
def test_only_the_keys_of_today_count(house: House) -> None:
    with house.work.writing() as tx:
        tx.nodes.add([Node(id="x1-1-l1", village="x1-1", name="l1", generation=3, since_ms=0)])
        tx.nodes.add([Node(id="x1-1-l2", village="x1-1", name="l2", generation=1, since_ms=0, retired_ms=NOW_MS)])
        assert tx.nodes.generations(["x1-1-l1", "x1-1-l2", "nobody"]) == {"x1-1-l1": 3}
