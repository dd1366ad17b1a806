from __future__ import annotations

import pytest

from controller.domain.errors import NotFound, Refused
from controller.domain.rights import Actor
from controller.protocol.keys import to_text
from controller.protocol.messages import Config
from controller.service import nodes as module
from controller.service.demo import ACCOUNTS, make_demo
from controller.service.passwords import Passwords
from controller.service.users import Users
from tests.support.people import admin
from tests.unit.controller.service.house import BASES, NODES, NOW_MS, House, ask


def configs(house: House) -> dict[str, Config]:
    """Each node's config, as offered."""
    found = {}
    for node in NODES:
        for message in house.owed_to(node):
            if isinstance(message, Config):
                found[node] = message
    return found


# ── units ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_importing_a_commune_twice_changes_nothing(house: House) -> None:
    first = house.units.import_commune("01576", by=admin())
    tree = house.units.tree(by=admin())
    assert house.units.import_commune("01576", by=admin()) == first
    assert house.units.tree(by=admin()) == tree
    assert [unit.id for unit in tree if unit.id == first.parent] == ["p04"]


def test_a_village_is_added_once_however_its_name_is_spelt(house: House) -> None:
    first = house.units.add("x1", "Lũng Tao", by=admin())
    assert house.units.add("x1", "  lũng   TAO ", by=admin()) == first
    assert (first.path, first.parent) == (("p04", "x1", first.id), "x1")


@pytest.mark.parametrize(
    ("parent", "name", "code"),
    [("x77", "A", "unit.unknown"), ("x1", " ", "unit.name"), ("x1", "x" * 201, "unit.name"), ("x1-1", "A", "unit.below-village")],
)
def test_a_place_that_can_not_be_is_refused(small: House, parent: str, name: str, code: str) -> None:
    with pytest.raises((NotFound, Refused)) as refused:
        small.units.add(parent, name, by=admin())
    assert refused.value.code == code


def test_an_unknown_official_code_is_told(small: House) -> None:
    with pytest.raises(NotFound) as unknown:
        small.units.import_commune("99999", by=admin())
    assert unknown.value.code == "place.unknown"


# ── nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_adding_loudspeakers_twice_gives_the_same_ones(house: House) -> None:
    first = house.nodes.add("x1-9", ["Cột 1", "Cột 2", "Cột 1"], by=admin())
    assert [node.name for node in first] == ["Cột 1", "Cột 2", "Cột 1"]
    assert house.nodes.add("x1-9", ["Cột 2", "Cột 3"], by=admin())[0] == first[1]
    assert [view.node.name for view in house.nodes.list("x1-9", by=admin())] == ["Cột 1", "Cột 2", "Cột 3"]


@pytest.mark.parametrize(
    ("village", "names", "code"),
    [
        ("x77", ["a"], "unit.unknown"),
        ("x1", ["a"], "node.not-a-village"),
        ("x1-9", [], "node.names"),
        ("x1-9", [""], "node.names"),
    ],
)
def test_loudspeakers_stand_in_villages_and_have_names(small: House, village: str, names: list[str], code: str) -> None:
    with pytest.raises((NotFound, Refused)) as refused:
        small.nodes.add(village, names, by=admin())
    assert refused.value.code == code


def test_listing_a_unit_shows_what_stands_below_it_only(house: House) -> None:
    assert [view.node.id for view in house.nodes.list("x1", by=admin())] == list(NODES[:4])
    assert [view.node.id for view in house.nodes.list("x10", by=admin())] == list(NODES[4:])
    assert len(house.nodes.list(by=admin())) == 6
    assert {view.village for view in house.nodes.list("x1-1", by=admin())} == {"Pác Rằng"}


def test_provision_gives_each_its_key_whom_to_believe_and_where_to_call(small: House) -> None:
    (one, _two) = small.nodes.provision("x1-1", by=admin())
    assert (one.node, one.generation, one.broker, one.bases) == ("x1-1-l1", 1, "mqtt://broker:1883", BASES)
    assert (one.key, one.root) == (to_text(small.keyring.node_key("x1-1-l1", 1)), small.keyring.root_text)


def test_holding_a_clip_renews_the_configs_below_the_unit_and_no_others(house: House) -> None:
    before = configs(house)
    sha256 = house.clip()
    house.nodes.hold("x1", sha256, on=True, by=admin())
    after = configs(house)
    assert {node for node in NODES if after[node].hold} == set(NODES[:4])
    assert all(after[node].version > before[node].version for node in NODES[:4])
    assert all(after[node] == before[node] for node in NODES[4:])
    assert sorted(letter.subject for letter in house.letters("config")) == list(NODES[:4])
    assert house.bus.filled == 1


def test_holding_twice_writes_nothing_and_letting_go_writes_again(house: House) -> None:
    sha256 = house.clip()
    house.nodes.hold("x1-1", sha256, on=True, by=admin())
    letters = house.letters()
    house.nodes.hold("x1-1", sha256, on=True, by=admin())
    assert house.letters() == letters
    house.nodes.hold("x1-1", sha256, on=False, by=admin())
    assert configs(house)["x1-1-l1"].hold == ()
    assert len(house.letters("config")) == 2


def test_no_place_may_hold_more_clips_than_a_config_can_name(small: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_HELD", 2)
    first, second, third = (small.clip(letter) for letter in "abc")
    small.nodes.hold("x1", first, on=True, by=admin())
    small.nodes.hold("x1-1", second, on=True, by=admin())
    small.nodes.hold("x1-1", second, on=True, by=admin())
    before = configs(small)
    with pytest.raises(Refused) as full:
        small.nodes.hold("x1", third, on=True, by=admin())
    assert (full.value.code, full.value.fields["limit"]) == ("hold.full", 2)
    assert configs(small) == before
    small.nodes.hold("x1-2", third, on=True, by=admin())
    assert len(configs(small)["x1-2-l1"].hold) == 2


def test_only_a_clip_that_is_known_can_be_held(small: House) -> None:
    with pytest.raises(NotFound) as unknown:
        small.nodes.hold("x1", "e" * 64, on=True, by=admin())
    assert unknown.value.code == "clip.unknown"


def test_a_node_added_where_a_clip_is_held_holds_it_from_its_first_config(small: House) -> None:
    small.nodes.hold("x1", small.clip(), on=True, by=admin())
    (node,) = small.nodes.add("x1-9", ["mới"], by=admin())
    (owed,) = small.owed(ask(node.id))
    assert [held.sha256 for held in small.opened(owed.sealed[1]).hold] == ["c" * 64]


# ── the demo ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class NoUsers:
    """`Users` as far as the demo needs it."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def add(self, name: str, _password: str, _grants: object, *, by: Actor, demo: bool = False) -> None:
        self.names.append(name)
        assert demo


def test_the_demo_is_made_once_however_often_it_is_asked_for(house: House) -> None:
    users = NoUsers()
    first = make_demo(admin(), database=house.work, users=users, clock=house.clock, allowed=True)  # type: ignore[arg-type]
    tree, nodes = house.units.tree(by=admin()), house.nodes.list(by=admin())
    house.clock.advance(60_000)
    assert make_demo(admin(), database=house.work, users=users, clock=house.clock, allowed=True) == first  # type: ignore[arg-type]
    assert (house.units.tree(by=admin()), house.nodes.list(by=admin())) == (tree, nodes)
    assert (first.nodes, len(first.communes), [name for name, _ in first.accounts]) == (40, 2, [*ACCOUNTS])
    assert len(nodes) == 46


def test_the_demos_accounts_are_made_once_too(small: House) -> None:
    users = Users(database=small.work, passwords=Passwords(memory_kib=64), clock=small.clock)
    for _ in range(2):
        make_demo(admin(), database=small.work, users=users, clock=small.clock, allowed=True)
    assert users.has_demo()


def test_where_the_settings_ask_for_no_demo_there_is_none(small: House) -> None:
    with pytest.raises(Refused) as refused:
        make_demo(admin(), database=small.work, users=NoUsers(), clock=small.clock, allowed=False)  # type: ignore[arg-type]
    assert refused.value.code == "demo.not-allowed"
    assert small.clock.now_ms() == NOW_MS
