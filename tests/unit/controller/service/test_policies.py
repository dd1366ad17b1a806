"""Policies: what binds a place, that nodes are told in the same commit, and that a node which was told keeps the night."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.airing import MAX_DURATION_MS, Klass
from controller.domain.errors import Conflict, NotFound, Refused
from controller.protocol import messages as m
from controller.service.binding import MAX_RULES, bindings, for_node, horizon_ms
from controller.service.kept import KeptPolicy, Ruling
from firmware_bridge.rules import allowed_gain, refusal
from scheduler.limits import Loudness, Policy, Window
from scheduler.special import SPECIAL
from tests.support.people import admin
from tests.unit.controller.service.house import DAY_MS, HOUR_MS, NOW_MS, VILLAGE_OF, House

MIDNIGHT_MS = NOW_MS - (NOW_MS + 7 * HOUR_MS) % DAY_MS
NIGHT = Ruling(policy=Policy(hours=(Window(from_minute=300, to_minute=1260),)))


def configs(house: House) -> dict[str, m.Config]:
    """The newest config of each node for which one was written."""
    with house.work.reading() as tx:
        found = tx.documents.get("config", VILLAGE_OF)
    return {node: house.opened(document.sealed) for node, document in found.items()}


def windows(number: int) -> tuple[Window, ...]:
    return tuple(Window(from_minute=20 * each, to_minute=20 * each + 10) for each in range(number))


def test_what_a_unit_decides_binds_all_below_it_and_nobody_else(house: House) -> None:
    kept = house.policies.set("x1", 0, NIGHT, by=admin("An"))
    assert kept == house.policies.get("x1", by=admin()) == house.policies.all(by=admin())[0]
    assert (kept.version, kept.changed_by, kept.changed_ms) == (1, "An", NOW_MS)
    said = configs(house)
    assert said.keys() == {node for node, village in VILLAGE_OF.items() if village.startswith("x1-")}
    assert {config.policy for config in said.values()} == {m.Policy(hours=(m.Hours(from_minute=300, to_minute=1260),))}
    assert sorted(letter.subject for letter in house.letters("config")) == sorted(said)
    assert (house.waiting(), house.planned, house.bus.filled) == (["x1"], ["policy"], 1)


def test_the_stricter_of_two_holds_and_special_places_bind_as_well(house: House) -> None:
    house.policies.set(
        "p04", 0, Ruling(policy=Policy(hours=(Window(from_minute=240, to_minute=1200),), item_ms=900_000)), by=admin("An")
    )
    house.policies.set("x1", 0, NIGHT, by=admin("An"))
    below = Ruling(
        policy=Policy(ceilings=(Loudness(from_minute=0, to_minute=360, gain=-30),), session_ms=60_000, languages=("nut",)),
        places=("school",),
        horizon_h=96,
    )
    house.policies.set("x1-1", 0, below, by=admin("An"))
    effective = house.policies.effective("x1-1", by=admin())
    assert [unit.id for unit in effective.by] == ["p04", "x1", "x1-1"]
    assert (effective.policy.session_ms, effective.policy.languages, effective.horizon_h) == (60_000, ("nut",), 96)
    assert house.policies.effective("x1", by=admin()).horizon_h == 48
    config = configs(house)["x1-1-l1"]
    assert config.policy == m.Policy(hours=(m.Hours(from_minute=300, to_minute=1200),), max_duration=900_000)
    assert [ceiling.gain for ceiling in config.ceilings] == [-150, -250, -30]
    assert configs(house)["x1-2-l1"].ceilings == ()
    assert config.version > 1


def test_a_node_that_was_told_is_silent_at_three_fifteen_and_quiet_beside_a_school(small: House) -> None:
    """The controller's own config and the loudspeaker's own judgement, with nothing between them."""
    small.policies.set("x1", 0, NIGHT, by=admin("An"))
    small.policies.set("x1-1", 0, Ruling(places=("school",)), by=admin("An"))
    config = configs(small)["x1-1-l1"]
    item = m.PlanItem(
        airing="a1", rev=1, start=0, grace=0, duration=60_000, klass=Klass.PRIORITY, rank=2, sha256="c" * 64, size=1, gain=0
    )
    assert refusal(config, item, MIDNIGHT_MS + 195 * 60_000) == "hours"
    assert refusal(config, item, MIDNIGHT_MS + 300 * 60_000) == ""
    assert refusal(config, item, MIDNIGHT_MS + 1260 * 60_000 - 30_000) == "hours"
    assert allowed_gain(config, item, MIDNIGHT_MS + 8 * HOUR_MS) == -150
    assert allowed_gain(config, item, MIDNIGHT_MS + 5 * HOUR_MS) == -250


def test_a_limit_that_no_node_keeps_by_itself_renews_no_config(small: House) -> None:
    small.policies.set("x1", 0, Ruling(policy=Policy(sessions=2, session_ms=900_000), horizon_h=168), by=admin("An"))
    assert (configs(small), small.waiting()) == ({}, ["x1"])


def test_what_is_taken_back_binds_nobody_and_nodes_are_told(house: House) -> None:
    house.policies.set("x1", 0, NIGHT, by=admin("An"))
    with pytest.raises(Conflict):
        house.policies.remove("x1", 0, by=admin("An"))
    house.policies.remove("x1", 1, by=admin("An"))
    house.policies.remove("x1", 0, by=admin("An"))
    assert (house.policies.all(by=admin()), house.policies.get("x1", by=admin()).version) == ([], 0)
    assert {config.policy for config in configs(house).values()} == {m.Policy()}


def test_the_second_of_two_is_told_and_the_same_again_changes_nothing(house: House) -> None:
    kept = house.policies.set("x1", 0, NIGHT, by=admin("An"))
    letters = len(house.letters())
    assert house.policies.set("x1", 0, NIGHT, by=admin("Bình")) == kept
    with pytest.raises(Conflict) as told:
        house.policies.set("x1", 0, Ruling(policy=Policy(sessions=2)), by=admin("Bình"))
    assert (told.value.code, told.value.fields["by"], told.value.fields["version"]) == ("policy.changed", "An", 1)
    assert told.value.fields["differences"]["policy.sessions"] == {"now": None, "yours": 2}  # type: ignore[index]
    assert (house.policies.get("x1", by=admin()), len(house.letters())) == (kept, letters)


@pytest.mark.parametrize(
    ("ruling", "code"),
    [
        (Ruling(policy=Policy(hours=(Window(from_minute=1440, to_minute=60),))), "policy.window"),
        (Ruling(policy=Policy(hours=(Window(from_minute=0, to_minute=1441),))), "policy.window"),
        (Ruling(policy=Policy(hours=(Window(from_minute=0, to_minute=60, days=(0,)),))), "policy.window"),
        (Ruling(policy=Policy(hours=(Window(from_minute=0, to_minute=60, days=()),))), "policy.window"),
        (Ruling(policy=Policy(ceilings=(Loudness(from_minute=0, to_minute=60, gain=121),))), "policy.ceiling"),
        (Ruling(policy=Policy(item_ms=MAX_DURATION_MS + 1)), "policy.limit"),
        (Ruling(policy=Policy(sessions=0)), "policy.limit"),
        (Ruling(policy=Policy(utc_offset=900)), "policy.limit"),
        (Ruling(horizon_h=47), "policy.limit"),
        (Ruling(horizon_h=169), "policy.limit"),
        (Ruling(places=("moon",)), "policy.place"),
        (Ruling(policy=Policy(hours=windows(51))), "policy.too-many"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(small: House, ruling: Ruling, code: str) -> None:
    with pytest.raises(Refused) as told:
        small.policies.set("x1", 0, ruling, by=admin("An"))
    assert told.value.code == code
    assert (small.policies.all(by=admin()), configs(small), small.waiting()) == ([], {}, [])
    with pytest.raises(NotFound):
        small.policies.set("nowhere", 0, ruling if code == "policy.too-many" else Ruling(), by=admin("An"))


def test_more_than_a_config_can_say_is_refused_where_it_adds_up_even_far_below(small: House) -> None:
    def louder(number: int, gain: int) -> Ruling:
        ceilings = tuple(Loudness(from_minute=each, to_minute=each + 1, gain=gain) for each in range(number))
        return Ruling(policy=Policy(ceilings=ceilings))

    small.policies.set("x1-1", 0, louder(30, -10), by=admin("An"))
    with pytest.raises(Refused) as told:
        small.policies.set("p04", 0, louder(21, -20), by=admin("An"))
    assert (told.value.code, told.value.fields["limit"]) == ("policy.too-many", MAX_RULES)
    assert small.policies.set("p04", 0, louder(20, -20), by=admin("An")).version == 1
    assert len(configs(small)["x1-1-l1"].ceilings) == 50


def test_the_farthest_horizon_on_a_path_holds_and_two_days_without_any() -> None:
    kept = {"x1": KeptPolicy(unit="x1", ruling=Ruling(horizon_h=96)), "x1-1": KeptPolicy(unit="x1-1")}
    assert [horizon_ms(path, kept) // HOUR_MS for path in (("p", "x1", "x1-1"), ("p", "x1"), ("p",))] == [96, 96, 48]


@given(st.dictionaries(st.sampled_from("pxv"), st.sampled_from([*SPECIAL]).map(lambda place: Ruling(places=(place,)))))
def test_places_that_share_their_rulers_share_one_policy(rulings: dict[str, Ruling]) -> None:
    kept = {unit: KeptPolicy(unit=unit, ruling=ruling) for unit, ruling in rulings.items()}
    found = bindings([("p", "x", "v"), ("p", "x", "w"), ("p", "x")], kept)
    assert found["p", "x", "w"] is found["p", "x"]
    assert all(len(for_node(policy)[1]) == len(policy.ceilings) for policy in found.values())
