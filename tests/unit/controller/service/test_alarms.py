"""What somebody must look at: raised with its cause, counted, capped, closed."""

from __future__ import annotations

from random import Random

import pytest

from controller.domain.errors import NotFound
from controller.domain.node import Node
from controller.protocol.messages import NodeState, Receipts
from controller.service import alarms as module
from controller.service import presence
from controller.service.alarms import Raised, raise_alarms
from controller.service.ports import Alarm
from tests.support.people import admin
from tests.unit.controller.service.house import LIFE, NOW_MS, House, receipt, receipts, state

NODE = "x1-1-l1"
CLONE = ("node.clone", NODE)


def raise_(house: House, *codes: str, node: str | None = NODE, at_ms: int = NOW_MS) -> None:
    with house.work.writing() as tx:
        raise_alarms(tx, [Raised(code=code, node=node, at_ms=at_ms) for code in codes])


def say(house: House, *said: NodeState) -> None:
    with house.work.writing() as tx:
        presence.states(tx, [(each, NOW_MS + number) for number, each in enumerate(said)])


def only(house: House) -> Alarm:
    (view,) = house.alarms.list(by=admin())
    return view.alarm


# ── the book ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_repetition_raises_number_and_moment_and_makes_no_second_row(house: House) -> None:
    raise_(house, "node.clone")
    raise_(house, "node.clone", "node.clone", at_ms=NOW_MS + 60_000)
    raise_(house, "node.clone", at_ms=NOW_MS + 5)
    found = only(house)
    assert (found.number, found.first_ms, found.last_ms) == (4, NOW_MS, NOW_MS + 60_000)


def test_each_node_and_the_controller_have_alarms_of_their_own(house: House) -> None:
    raise_(house, "node.clone", "node.plan.body")
    raise_(house, "node.clone", node="x1-1-l2")
    raise_(house, "controller.clock", "controller.clock", node=None)
    assert house.alarm_codes() == {
        CLONE: 1,
        ("node.plan.body", NODE): 1,
        ("node.clone", "x1-1-l2"): 1,
        ("controller.clock", None): 2,
    }
    assert house.alarms.count_open(by=admin()) == 4


def test_a_list_begins_with_what_was_raised_last_and_names_the_place(house: House) -> None:
    raise_(house, "node.clone")
    raise_(house, "controller.clock", node=None, at_ms=NOW_MS + 1)
    assert [(view.alarm.code, view.name, view.village) for view in house.alarms.list(by=admin())] == [
        ("controller.clock", "", ""),
        ("node.clone", NODE, "Pác Rằng"),
    ]
    assert len(house.alarms.list(limit=1, by=admin())) == 1
    house.nodes.retire(NODE, by=admin())
    assert house.alarms.list(by=admin())[1].name == ""


def test_a_closed_alarm_is_kept_and_its_cause_raises_a_new_one(house: House) -> None:
    raise_(house, "node.clone")
    house.clock.advance(7)
    first = house.alarms.close(only(house).id, by=admin()).alarm
    assert first.closed_ms == NOW_MS + 7
    assert house.alarms.list(by=admin()) == []
    house.clock.advance(7)
    assert house.alarms.close(first.id, by=admin()).alarm == first
    raise_(house, "node.clone", at_ms=NOW_MS + 20)
    assert only(house).id != first.id
    assert {view.alarm.id for view in house.alarms.list(closed=True, by=admin())} == {first.id, only(house).id}


def test_closing_what_is_not_there_says_so(small: House) -> None:
    with pytest.raises(NotFound) as unknown:
        small.alarms.close(77, by=admin())
    assert unknown.value.code == "alarm.unknown"


def test_a_flood_fills_the_book_and_is_counted_in_one_row_from_then_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OPEN", 5)
    for number in range(8):
        raise_(house, "node.clone", node=f"n{number}")
    found = house.alarm_codes()
    assert {node for code, node in found if code == "node.clone"} == {f"n{number}" for number in range(5)}
    assert found["alarms.full", None] == 3
    raise_(house, "node.clone", node="n0")  # one that is known is still counted
    assert house.alarm_codes()["node.clone", "n0"] == 2
    house.alarms.close(house.alarms.list(by=admin())[0].alarm.id, by=admin())
    house.alarms.close(house.alarms.list(by=admin())[0].alarm.id, by=admin())
    raise_(house, "node.clone", node="n9")
    assert ("node.clone", "n9") in house.alarm_codes()


def test_one_node_that_invents_reasons_fills_its_own_share_only(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OPEN_OF_NODE", 3)
    raise_(house, *(f"node.r{number}" for number in range(10)))
    raise_(house, "node.clone", node="x1-1-l2")
    assert house.alarm_codes() == {
        ("node.r0", NODE): 1,
        ("node.r1", NODE): 1,
        ("node.r2", NODE): 1,
        ("node.alarms-full", NODE): 7,
        ("node.clone", "x1-1-l2"): 1,
    }


def test_a_commit_that_fails_raises_nothing(house: House) -> None:
    def doomed() -> None:
        with house.work.writing() as tx:
            raise_alarms(tx, [Raised(code="node.clone", node=NODE, at_ms=NOW_MS)])
            raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        doomed()
    assert house.alarms.list(closed=True, by=admin()) == []


# ── two devices with one memory ──────────────────────────────────────────────────────────────────────────────────────


def word(seq: int, said: str, *, life: str = LIFE, at: int = NOW_MS) -> Receipts:
    return receipts(NODE, receipt(seq, "a", said, at=at), first=1, life=life)


def test_the_same_number_with_other_bytes_is_an_alarm_that_names_it(house: House) -> None:
    house.hear(word(1, "accepted"))
    house.hear(word(1, "accepted", at=NOW_MS + 1))
    assert house.alarm_codes() == {CLONE: 1}
    assert only(house).detail == f'{{"life":"{LIFE}","seq":1,"airing":"a"}}'


def test_also_within_one_commit_and_across_a_gap(house: House) -> None:
    house.hear(word(1, "accepted"), word(1, "missed"))
    assert house.alarm_codes() == {CLONE: 1}
    house.hear(word(9, "accepted"))
    house.hear(word(9, "missed"))
    house.hear(word(5, "missed"))
    assert house.alarm_codes() == {CLONE: 2}


def test_what_each_of_the_two_says_again_is_no_further_alarm(house: House) -> None:
    for _ in range(3):
        house.hear(word(1, "accepted"), word(1, "missed"), word(1, "missed"))
    assert house.alarm_codes() == {CLONE: 1}


def test_the_same_number_in_another_life_or_of_another_node_is_nothing(house: House) -> None:
    house.hear(word(1, "accepted"), word(1, "missed", life="00000000000000bb"))
    house.hear(receipts("x1-1-l2", receipt(1, "a", "started")))
    assert house.alarm_codes() == {}


def test_many_nodes_that_repeat_themselves_in_any_order_raise_no_alarm(house: House) -> None:
    """As after a broker's restart: what was said is said again, some of it for the first time here."""
    lot = Random(5)
    said = [
        receipts(f"n{node}", *(receipt(seq, "a", "accepted", at=node + seq) for seq in range(first, first + 3)), first=1)
        for node in range(40)
        for first in range(1, 20, 2)
    ]
    for _ in range(3):
        lot.shuffle(said)
        house.hear(*said[: len(said) // 2])
        house.hear(*said[len(said) // 2 :])
    assert house.alarm_codes() == {}


# ── what a node gives as its reason ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reason", ["clock.moved", "memory.damaged", "never-heard-of.9"])
def test_a_reason_that_is_no_standing_one_is_an_alarm(house: House, reason: str) -> None:
    say(house, state(NODE, reason=reason))
    assert house.alarm_codes() == {(f"node.{reason}", NODE): 1}


@pytest.mark.parametrize("reason", ["", "clock", "floors"])
def test_a_standing_reason_is_none(small: House, reason: str) -> None:
    say(small, state(NODE, reason=reason))
    assert small.alarm_codes() == {}


def test_a_state_that_is_not_believed_to_be_newer_raises_nothing(small: House) -> None:
    """A replay by whoever owns the broker, or a will."""
    say(small, state(NODE, boot=2))
    say(small, state(NODE, boot=1, reason="clock.moved"), state(NODE, boot=2, counter=9, online=False, reason="clock.moved"))
    assert small.alarm_codes() == {}


def test_said_anew_in_a_newer_state_it_is_counted(small: House) -> None:
    say(small, *(state(NODE, counter=counter, reason="plan.body") for counter in (1, 2, 2, 3)))
    assert small.alarm_codes() == {("node.plan.body", NODE): 3}


def test_an_empty_memory_is_expected_of_a_new_board_and_an_alarm_later(small: House) -> None:
    say(small, state(NODE, reason="memory.new"))
    assert small.alarm_codes() == {}
    say(small, state(NODE, reason="memory.new", life="00000000000000bb"))
    assert small.alarm_codes() == {("node.memory.new", NODE): 1}
    small.nodes.renew(NODE, by=admin())
    say(small, state(NODE, reason="memory.new", life="00000000000000cc", generation=2))
    assert small.alarm_codes() == {("node.memory.new", NODE): 1}


def test_a_village_that_was_moved_from_is_not_named_any_more(small: House) -> None:
    raise_(small, "node.clone")
    with small.work.writing() as tx:
        tx.nodes.add([Node(id=NODE, village="x1-2", name="Cột mới", generation=1, since_ms=0)])
    (view,) = small.alarms.list(by=admin())
    assert (view.name, view.village) == ("Cột mới", "Phia Chang")
