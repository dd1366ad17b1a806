"""Faults are put on and taken off by name, and nodes are chosen by id, share or lot, the same for the same seed."""

from __future__ import annotations

import pytest

from simulator.faults import DEFAULTS, HEALTHY, Faults, chosen, parse

NODES = [f"n-{number:02}" for number in range(40)]


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_fault_goes_on_and_off_and_a_healthy_node_is_the_shared_value(name: str) -> None:
    sick = HEALTHY.with_fault(name, on=True)
    assert getattr(sick, name) == DEFAULTS[name]
    assert sick.with_fault(name, on=False) is HEALTHY


def test_a_value_says_how_bad_it_is() -> None:
    assert HEALTHY.with_fault("wrong_clock", on=True, value=-5) == Faults(wrong_clock=-5)
    assert HEALTHY.with_fault("wrong_clock", on=True, value=0) == Faults(wrong_clock=0)
    assert HEALTHY.with_fault("offline", on=True, value=7) == Faults(offline=True)


def test_a_strange_fault_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="thief"):
        HEALTHY.with_fault("thief", on=True)


def test_who_may_be_all_a_share_or_ids() -> None:
    assert chosen("all", NODES, 1) == tuple(NODES)
    assert chosen("n-03, n-01", NODES, 1) == ("n-03", "n-01")
    assert len(chosen("10%", NODES, 1)) == 4
    assert len(chosen("0.1%", NODES, 1)) == 1
    assert chosen("0%", NODES, 1) == ()
    assert chosen("", NODES, 1) == ()


def test_lots_depend_on_the_seed_alone() -> None:
    assert chosen("50%", NODES, "1/offline") == chosen("50%", list(reversed(NODES)), "1/offline")
    assert chosen("50%", NODES, "1/offline") != chosen("50%", NODES, "2/offline")


@pytest.mark.parametrize("who", ["n-99", "101%", "-1%", "x%"])
def test_who_is_nobody_is_refused(who: str) -> None:
    with pytest.raises(ValueError):
        chosen(who, NODES, 1)


def test_a_spec_may_carry_a_value() -> None:
    assert parse("10%") == ("10%", None)
    assert parse("a,b=-300") == ("a,b", -300)
    with pytest.raises(ValueError):
        parse("a=x")
