"""When the inbox keeps what it hears and says nothing: our clock is behind; and when it raises an alarm beside."""

from __future__ import annotations

import msgspec

from controller.domain.delivery import State
from tests.integration.mqtt.test_inbox import Desk, desk
from tests.support.people import admin
from tests.unit.controller.service.house import ask, receipt, receipts, state

__all__ = ["desk"]


def test_while_our_clock_is_behind_receipts_are_kept_and_nobody_is_answered_until_it_is_right(desk: Desk) -> None:
    airing = desk.house.say("x1-1")
    desk.house.clock.step(-3_600_000)
    desk.put(receipts("x1-1-l1", receipt(1, airing, "started")), state("x1-1-l2"), ask("x1-1-l2"))
    desk.turn()
    desk.later()
    assert (desk.kept(), desk.link.sent) == (1, [])
    assert desk.house.states(airing)["x1-1-l1"] is State.STARTED
    desk.house.clock.step(3_600_000)
    desk.put(receipts("x1-1-l1", receipt(1, airing, "started")), msgspec.structs.replace(ask("x1-1-l2"), nonce="f" * 16))
    desk.turn()
    desk.later()
    assert {(answer.aud, answer.upto) for answer in desk.answers()} == {("x1-1-l1", 1), ("x1-1-l2", 0)}


def test_a_clock_that_falls_back_in_the_middle_of_a_commit_loses_no_receipt(desk: Desk) -> None:
    airing = desk.house.say("x1-1")
    steps = [-3_600_000]
    real = desk.house.offers.may_answer

    def may_answer() -> bool:
        allowed = real()
        if steps:
            desk.house.clock.step(steps.pop())
        return allowed

    desk.offers.may_answer = may_answer  # type: ignore[method-assign]
    desk.put(receipts("x1-1-l1", receipt(1, airing, "started")), ask("x1-1-l2"))
    desk.turn()
    assert (desk.kept(), desk.answers(), desk.database.tries) == (1, [], 2)


def test_a_copied_memory_raises_its_alarm_in_the_commit_that_keeps_both_words(desk: Desk) -> None:
    airing = desk.house.say("x1-1")
    desk.put(receipts("x1-1-l1", receipt(1, airing, "started")), receipts("x1-1-l1", receipt(1, airing, "missed")))
    desk.turn()
    assert desk.kept() == 2
    assert desk.house.alarm_codes() == {("node.clone", "x1-1-l1"): 1}


def test_a_retired_node_and_the_board_that_was_replaced_are_not_believed(desk: Desk) -> None:
    desk.house.nodes.retire("x1-1-l1", by=admin())
    desk.house.nodes.renew("x1-1-l2", by=admin())
    desk.put(state("x1-1-l1"), state("x1-1-l2"), ask("x1-1-l1"), state("x1-1-l2", generation=2, boot=7))
    desk.turn()
    assert desk.inbox.refused["node.not-ours"] == 3
    assert desk.link.sent == []
    with desk.house.work.reading() as tx:
        assert {name: status.boot for name, status in tx.nodes.statuses(None).items()} == {"x1-1-l2": 7}
