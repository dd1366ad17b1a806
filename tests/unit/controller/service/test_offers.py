from __future__ import annotations

from typing import Any

import pytest

from controller.domain.node import Node
from controller.protocol import seal
from controller.protocol.messages import Answer, Config, Kind, Order, PlanHead, Versions
from controller.service.ports import Document
from controller.service.versions import FARTHEST_MS
from tests.support.people import admin
from tests.unit.controller.service.house import BASES, HOUR_MS, LIFE, NODES, NOW_MS, House, ask, receipt, receipts


def held(house: House, node: str) -> Versions:
    """What a node holds that was given everything."""
    floors = house.owed(ask(node))[0].floors
    return Versions(trust=floors.trust, config=floors.config, plan=floors.plan)


def names(messages: list[Any]) -> list[str]:
    return [type(message).__name__ for message in messages]


@pytest.mark.wire(85)
def test_a_node_with_an_empty_memory_is_owed_trust_its_config_its_plan_and_its_orders_in_that_order(house: House) -> None:
    airing = house.say("x1")
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    (owed,) = house.owed(ask("x1-1-l1"))
    assert owed.sealed[0] == house.keyring.trust
    config, plan, order = (house.opened(each) for each in owed.sealed[1:])
    assert (type(config), type(plan), type(order)) == (Config, PlanHead, Order)
    assert (config.aud, config.path, config.bases) == ("x1-1-l1", ("p04", "x1", "x1-1"), BASES)
    assert (order.aud, order.airing, order.kind) == ("x1", airing.id, Kind.PLAY)
    assert (owed.floors.trust, owed.floors.config, owed.floors.plan) == (
        house.keyring.trust_version,
        config.version,
        plan.version,
    )


def test_a_node_that_holds_all_is_owed_nothing_but_its_answer(house: House) -> None:
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    (owed,) = house.owed(ask("x1-1-l1", held(house, "x1-1-l1")))
    assert owed.sealed == ()
    ((topic, sealed),) = house.offers.answer(owed)
    answer = house.opened(sealed)
    assert (topic, type(answer), answer.aud, answer.life) == ("tl/1/node/x1-1-l1/inbox", Answer, "x1-1-l1", LIFE)
    assert (answer.nonce, answer.t2, answer.t3) == ("0123456789abcdef", NOW_MS, NOW_MS)


@pytest.mark.wire(85)
def test_the_answer_stands_behind_the_keys_and_before_the_orders(house: House) -> None:
    house.say("x1-1")
    (owed,) = house.owed(ask("x1-1-l1"))
    typs = [seal.typ_of(sealed) for _, sealed in house.offers.answer(owed)]
    assert typs == ["tl-trust", "tl-config", "tl-answer", "tl-order"]


def test_a_config_is_made_once_and_stays_the_same(house: House) -> None:
    first = held(house, "x1-1-l1")
    house.clock.advance(HOUR_MS)
    assert held(house, "x1-1-l1") == first


@pytest.mark.wire(83)
def test_orders_are_offered_until_they_were_taken_and_only_to_whom_they_are_for(house: House) -> None:
    airing = house.say("x1-1")
    versions = {node: held(house, node) for node in NODES}
    assert [names(house.owed_to(node, versions[node])) for node in NODES] == [["Order"], ["Order"], [], [], [], []]
    house.post()
    assert names(house.owed_to("x1-1-l1", versions["x1-1-l1"])) == ["Order"]
    house.hear(receipts("x1-1-l1", receipt(1, airing, "accepted")))
    assert house.owed_to("x1-1-l1", versions["x1-1-l1"]) == []
    assert names(house.owed_to("x1-1-l2", versions["x1-1-l2"])) == ["Order"]


@pytest.mark.wire(84)
def test_what_is_to_be_silent_is_offered_the_stop_and_never_the_order_again(house: House) -> None:
    airing = house.say("x1-1")
    house.post()
    versions = {node: held(house, node) for node in NODES[:2]}
    house.hear(receipts("x1-1-l1", receipt(1, airing, "started")))
    house.airings.cancel(airing.id, by=admin())
    for node in NODES[:2]:
        (order,) = house.owed_to(node, versions[node])
        assert (order.kind, order.airing, order.rev) == (Kind.STOP, airing.id, 2)
    house.hear(receipts("x1-1-l1", receipt(2, airing, "cut", rev=2)))
    assert house.owed_to("x1-1-l1", versions["x1-1-l1"]) == []


@pytest.mark.wire(83)
def test_an_order_that_expired_is_never_offered(house: House) -> None:
    airing = house.say("x1-1")
    versions = held(house, "x1-1-l1")
    house.clock.advance(airing.start_ms + airing.grace_ms - NOW_MS)
    assert house.owed_to("x1-1-l1", versions) == []


def test_a_plan_that_expired_is_never_offered(house: House) -> None:
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    house.clock.advance(49 * HOUR_MS)
    assert names(house.owed_to("x1-1-l1")) == ["Config"]


def test_a_retired_node_is_owed_nothing_not_even_an_answer(house: House) -> None:
    with house.work.writing() as tx:
        tx.nodes.add([Node(id="x1-1-l1", village="x1-1", name="l1", generation=1, since_ms=0, retired_ms=NOW_MS)])
    assert house.owed(ask("x1-1-l1"), ask("nobody")) == []


def test_the_answer_covers_what_is_committed_or_was_covered_before(house: House) -> None:
    assert house.owed(ask("x1-1-l1", first=41))[0].upto == 40
    house.hear(receipts("x1-1-l1", receipt(1, "a", "accepted"), receipt(2, "a", "cached")))
    assert house.owed(ask("x1-1-l1"))[0].upto == 2
    ((topic, sealed),) = house.offers.covers({("x1-1-l1", LIFE): 2})
    answer = house.opened(sealed)
    assert (topic, answer.life, answer.upto, answer.nonce) == ("tl/1/node/x1-1-l1/inbox", LIFE, 2, None)


# ── a restored database ──────────────────────────────────────────────────────────────────────────────────────────────


def plan(house: House, village: str) -> Document | None:
    with house.work.reading() as tx:
        return tx.documents.get("plan", [village]).get(village)


@pytest.mark.wire(87)
def test_a_node_that_holds_a_newer_config_is_given_a_newer_one_still(house: House) -> None:
    newer = NOW_MS + 1_000_000
    (config,) = house.owed_to("x1-1-l1", Versions(trust=house.keyring.trust_version, config=newer))
    assert config.version == newer + 1
    assert house.owed(ask("x1-1-l1", Versions(config=newer + 1)))[0].floors.config == newer + 1


@pytest.mark.wire(87)
def test_a_node_that_holds_a_newer_plan_has_its_villages_plan_written_above_it(house: House) -> None:
    airing = house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    newer = NOW_MS + 1_000_000
    found = house.owed_to("x1-1-l1", Versions(plan=newer))
    assert names(found) == ["Config", "PlanHead"]
    assert found[1].version == newer + 1
    body = house.plan("x1-1")
    assert body is not None
    assert (body.version, [item.airing for item in body.items]) == (newer + 1, [airing.id])
    assert [house.opened(letter.sealed).version for letter in house.letters("plan")] == [newer + 1]
    assert house.owed_to("x1-1-l2", Versions(plan=newer))[1].version == newer + 1


def test_a_plan_that_the_database_knows_nothing_of_is_replaced_by_an_empty_one(house: House) -> None:
    house.owed(ask("x1-1-l1", Versions(plan=NOW_MS - 5)))
    body = house.plan("x1-1")
    assert body is not None
    assert (body.items, body.version) == ((), NOW_MS)


def test_a_stolen_node_can_not_drive_versions_to_their_end(house: House) -> None:
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    before = plan(house, "x1-1")
    floors = held(house, "x1-1-l1")
    far = NOW_MS + FARTHEST_MS + 1
    house.owed(ask("x1-1-l1", Versions(config=far, plan=far)))
    assert plan(house, "x1-1") == before
    assert held(house, "x1-1-l1") == floors


def test_nodes_that_hold_what_we_hold_cause_no_writing(house: House) -> None:
    house.say("p04", at_ms=NOW_MS + HOUR_MS)
    before = plan(house, "x1-1")
    assert before is not None
    house.clock.advance(5)
    house.owed(*(ask(node, Versions(plan=before.version)) for node in NODES[:2]))
    assert plan(house, "x1-1") == before
