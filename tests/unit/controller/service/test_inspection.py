"""What a technician sees of loudspeakers from afar, over each kind of database."""

from __future__ import annotations

import pytest

from controller.domain.errors import NotFound, Refused
from controller.domain.rights import Role
from controller.protocol.codec import encode
from controller.protocol.messages import Health
from controller.service.alarms import Raised, raise_alarms
from controller.service.inspection import Inspection
from controller.service.ports import Status
from controller.service.sightings import SILENT_MS, Presence, Sighting
from tests.support.people import admin, somebody
from tests.unit.controller.service.house import LIFE, NODES, NOW_MS, House, receipt, receipts

OWN = somebody(Role.TECHNICIAN, "p04", "x1")


def status(node: str, *, online: bool = True) -> Status:
    held = {"trust": 0, "config": 0, "plan": 0}
    return Status(node=node, life=LIFE, boot=1, connection=1, counter=1, online=online, seen_ms=NOW_MS, clock_u_ms=10, **held)


def inspection(house: House) -> Inspection:
    return Inspection(database=house.work, clock=house.clock)


@pytest.mark.parametrize(
    ("online", "age_ms", "presence"),
    [
        (True, 0, Presence.THERE),
        (True, SILENT_MS - 1, Presence.THERE),
        (True, SILENT_MS, Presence.SILENT),
        (False, 0, Presence.SILENT),
    ],
)
def test_silent_is_who_said_good_bye_or_nothing_for_five_minutes(online: bool, age_ms: int, presence: Presence) -> None:
    seen = Sighting(node="n", name="n", village="v", online=online, seen_ms=NOW_MS - age_ms)
    assert seen.presence(NOW_MS) is presence


def test_a_round_is_cut_to_ones_reach_and_to_a_unit(house: House) -> None:
    with house.work.writing() as tx:
        tx.nodes.set_statuses([status("x1-1-l1"), status("x1-1-l2", online=False), status("x10-1-l1")])
        raise_alarms(tx, [Raised(code="node.clone", node=node, at_ms=NOW_MS) for node in ("x1-1-l1", "x10-1-l1")])
    house.nodes.retire("x1-2-l2", by=admin())
    seen = inspection(house).round(by=OWN)
    assert {each.node: seen.presence(each) for each in seen.sightings} == {
        "x1-1-l1": Presence.THERE,
        "x1-1-l2": Presence.SILENT,
        "x1-2-l1": Presence.NEVER,
    }
    assert list(seen.alarms) == ["x1-1-l1"]
    assert len(inspection(house).round(by=admin()).sightings) == len(NODES) - 1
    assert [each.node for each in inspection(house).round("x1-2", by=OWN).sightings] == ["x1-2-l1"]
    for unit, error in (("x10", Refused), ("p04", Refused), ("nowhere", NotFound)):
        with pytest.raises(error):
            inspection(house).round(unit, by=OWN)


def test_the_last_words_of_those_within_reach(house: House) -> None:
    said = {node: Health(node=node, generation=1, life=LIFE, t=NOW_MS, u=10, uptime_s=9, battery=112) for node in NODES[:5]}
    with house.work.writing() as tx:
        tx.nodes.set_statuses([status(node) for node in NODES])
        tx.nodes.set_health({node: (encode(each).decode(), 10) for node, each in said.items()}, NOW_MS)
        tx.nodes.set_health({"x1-1-l2": ("{}", 10)}, NOW_MS)  # of another version of the contract
    assert inspection(house).last_words(NODES, by=OWN) == {node: said[node] for node in ("x1-1-l1", "x1-2-l1", "x1-2-l2")}


def test_one_node_with_what_it_played_newest_first(house: House) -> None:
    first = house.say("x1-1")
    house.hear(receipts("x1-1-l1", receipt(1, first, "missed", why="off")))
    house.clock.advance(3_600_000)
    second = house.say("x1")
    house.say("x1-1", at_ms=house.clock.now_ms() + 7_200_000)  # still to come
    house.clock.advance(60_000)
    seen = inspection(house).node("x1-1-l1", by=OWN)
    assert [(each.airing, each.state.value, each.why) for each in seen.past] == [
        (second.id, "planned", ""),
        (first.id, "missed", "off"),
    ]
    assert (seen.village.name, seen.commune, seen.presence, seen.tried) == ("Pác Rằng", "Quảng Uyên", Presence.NEVER, None)
    assert not seen.held["plan"].is_newest  # its village has one, it never told of any
    with pytest.raises(Refused):
        inspection(house).node("x10-1-l1", by=OWN)
    with pytest.raises(NotFound):
        inspection(house).node("nobody", by=OWN)
