"""It sees what no engine admits: a second sound, one outside its window, one in the night."""

from __future__ import annotations

from datetime import datetime

import pytest

from scheduler.clock import to_ms
from simulator.world.witness import MAX_KEPT, Witness

HOURS = (("05:00", "11:00"), ("13:30", "21:00"))


def at(clock: str) -> int:
    return to_ms(datetime.fromisoformat(f"2026-03-02T{clock}+07:00"))


def sound(witness: Witness, begin: str, end: str, node: int = 1, airing: str = "a") -> None:
    witness.begins(node, airing, at(begin))
    witness.ends(node, at(end))


@pytest.fixture
def witness() -> Witness:
    witness = Witness(HOURS)
    witness.approved("a", at("05:00:00"), 60_000)
    return witness


def test_what_sounds_once_within_its_window_and_hours_breaks_no_law(witness: Witness) -> None:
    sound(witness, "05:00:00.100", "05:01:00", node=1)
    sound(witness, "05:01:00", "05:02:00", node=2)
    assert not witness.counts
    assert witness.begun["a"] == {1: at("05:00:00.100"), 2: at("05:01:00")}


def test_a_second_sound_of_one_airing_on_one_node_is_a_double(witness: Witness) -> None:
    sound(witness, "05:00:00.100", "05:00:05")
    sound(witness, "05:00:30", "05:00:40")
    assert witness.counts == {"double": 1}
    assert witness.begun["a"] == {1: at("05:00:00.100")}


@pytest.mark.parametrize("begin", ["05:01:00.001", "17:00:00"])
def test_a_begin_outside_the_window_is_late(witness: Witness, begin: str) -> None:
    sound(witness, begin, begin)
    assert witness.counts == {"late": 1}


def test_too_early_is_late_as_well_and_in_the_night_a_breach(witness: Witness) -> None:
    sound(witness, "04:59:59.999", "05:00:10")
    assert witness.counts == {"late": 1, "breach": 1}


def test_what_nobody_approved_is_late(witness: Witness) -> None:
    sound(witness, "06:00:00", "06:00:01", airing="strange")
    assert witness.counts == {"late": 1}


@pytest.mark.parametrize(
    ("begin", "end", "quiet"),
    [
        ("03:15:00", "03:16:00", True),
        ("05:00:00", "11:00:00", False),
        ("10:59:00", "11:00:01.900", False),  # a downbeat's length beyond
        ("10:59:00", "11:00:10", True),
        ("10:59:00", "13:31:00", True),
        ("20:59:59", "21:30:00", True),
        ("23:59:00", "23:59:59", True),
    ],
)
def test_the_hours_are_those_of_viet_nam(begin: str, end: str, quiet: bool) -> None:
    witness = Witness(HOURS)
    witness.approved("a", at(begin), 1_000)
    sound(witness, begin, end)
    assert (witness.counts["breach"] == 1) is quiet


def test_without_hours_nothing_is_quiet() -> None:
    witness = Witness(())
    witness.approved("a", at("03:15:00"), 1_000)
    sound(witness, "03:15:00", "03:16:00")
    assert not witness.counts


def test_what_still_sounds_when_the_world_ends_is_judged() -> None:
    witness = Witness(HOURS)
    witness.approved("a", at("20:59:00"), 1_000)
    witness.begins(1, "a", at("20:59:00"))
    witness.close(at("21:10:00"))
    assert witness.counts == {"breach": 1}


def test_all_are_counted_and_a_few_are_named(witness: Witness) -> None:
    for node in range(30):
        sound(witness, "06:00:00", "06:00:01", node=node)
    assert witness.counts == {"late": 30}
    assert len(witness.faults) == MAX_KEPT
