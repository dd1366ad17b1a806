"""What a technician should know reaches the controller: an alarm is told in a state, once a connection."""

from __future__ import annotations

import pytest

from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import ALL_KEYS, Harness, ready, trust_key


def reasons(node: Harness) -> list[str]:
    """The reasons of all states said so far."""
    return [state.reason for state in node.heard(m.NodeState)]


@pytest.mark.wire(37)
def test_a_new_memory_is_told_at_birth_and_then_how_it_stands() -> None:
    node = Harness()
    node.connect()
    node.advance(2_000)
    assert reasons(node) == ["memory.new", "clock"]


def test_an_alarm_is_told_once_in_a_connection_however_often_it_is_raised() -> None:
    node = ready()
    node.advance(2_000)
    told = len(reasons(node))
    for number in range(5):
        node.say(kid="k-village", airing=f"b{number}")
        node.advance(2_000)
    assert reasons(node)[told:] == ["order.trust", ""]


def test_two_alarms_are_told_in_two_states() -> None:
    node = ready()
    node.power_cut()
    node.kept["airing/broken"] = b"?"
    node.kept["order/broken"] = b"?"
    node.power_cut()
    node.connect()
    node.answer()
    node.advance(3_000)
    assert reasons(node)[-3:] == ["memory.damaged", "memory.lost", ""]


def test_an_alarm_that_no_link_could_carry_waits_for_one() -> None:
    node = ready()
    node.advance(2_000)
    node.do(ev.Disconnected())
    node.send(node.trust(keys=(*ALL_KEYS, trust_key("k-village", m.Use.ORDER, units=("elsewhere",)))))
    node.say(kid="k-village", airing="b")
    node.advance(60_000)
    told = len(reasons(node))
    node.connect()
    assert reasons(node)[told:] == ["order.trust"]
