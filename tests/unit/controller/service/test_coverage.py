"""Who can hear us: what counts as there, what the target means, and that the database counts the same, cut to who looks."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from controller.domain.delivery import State
from controller.domain.rights import Actor, Role
from controller.service.alarms import Raised, raise_alarms
from controller.service.coverage import Coverages
from controller.service.covering import SEEN_MS, Coverage, VillageCover, is_there, seen_since
from controller.service.ports import Status
from tests.support.people import admin, somebody
from tests.unit.controller.service.house import DURATION_MS, HOUR_MS, LIFE, NOW_MS, House
from tests.unit.controller.service.test_planner import EVENING_MS, evening, plan

NOBODY = Actor(id="ai", name="ai", grants=())


def coverages(house: House) -> Coverages:
    return Coverages(database=house.work, clock=house.clock)


def called(house: House, node: str, *, seen_ms: int = NOW_MS, online: bool = True) -> None:
    """This loudspeaker said something of itself, then."""
    status = Status(
        node=node,
        life=LIFE,
        boot=1,
        connection=1,
        counter=1,
        online=online,
        seen_ms=seen_ms,
        clock_u_ms=5,
        trust=1,
        config=1,
        plan=1,
    )
    with house.work.writing() as tx:
        tx.nodes.set_statuses([status])


def village(there: int, nodes: int = 2) -> VillageCover:
    return VillageCover(village="v", name="V", path=("p", "v"), above="P", nodes=nodes, there=there)


@pytest.mark.parametrize(
    ("online", "ago_ms", "there"),
    [(True, 0, True), (True, SEEN_MS, True), (True, SEEN_MS + 1, False), (False, 0, False)],
)
def test_a_loudspeaker_is_there_while_its_link_is_up_and_it_was_heard_lately(online: bool, ago_ms: int, there: bool) -> None:
    assert is_there(online=online, seen_ms=NOW_MS - ago_ms, now_ms=NOW_MS) is there
    assert seen_since(NOW_MS) == NOW_MS - SEEN_MS


@pytest.mark.parametrize(
    ("covered", "total", "share", "meets", "short"),
    [
        (8, 10, 80, False, 1),
        (9, 10, 90, True, 0),
        (0, 3, 0, False, 3),
        (399, 400, 99, True, 0),
        (1, 1, 100, True, 0),
        (0, 0, 0, False, 1),
    ],
)
def test_the_target_is_over_eighty_per_cent_and_nothing_is_rounded_up(
    covered: int, total: int, share: int, meets: bool, short: int
) -> None:
    every = Coverage(villages=(*[village(1)] * covered, *[village(0)] * (total - covered)))
    assert (every.covered, every.share, every.meets_target, every.short) == (covered, share, meets, short)
    assert len(every.without) == total - covered


def test_the_database_counts_what_is_there_village_by_village(house: House) -> None:
    called(house, "x1-1-l1")
    called(house, "x1-1-l2", seen_ms=NOW_MS - SEEN_MS - 1)
    called(house, "x1-2-l1", online=False)
    house.nodes.retire("x10-1-l2", by=admin())
    found = {each.village: (each.name, each.above, each.nodes, each.there) for each in coverages(house).of(by=admin()).villages}
    assert found == {
        "x1-1": ("Pác Rằng", "Quảng Uyên", 2, 1),
        "x1-2": ("Phia Chang", "Quảng Uyên", 2, 0),
        "x1-9": ("Lũng Vài", "Quảng Uyên", 0, 0),
        "x10-1": ("Bản Giốc", "Đàm Thuỷ", 1, 0),
    }


@pytest.mark.parametrize(
    ("who", "villages", "silent"),
    [
        (somebody(Role.EDITOR, "p04", "x1"), ["x1-1", "x1-2", "x1-9"], 4),
        (somebody(Role.HEAD, "p04", "x10", "x10-1"), ["x10-1"], 2),
        (NOBODY, [], 0),
    ],
)
def test_each_person_is_told_of_the_own_places_only(small: House, who: Actor, villages: list[str], silent: int) -> None:
    found = coverages(small).of(by=who)
    assert [each.village for each in found.villages] == villages
    assert (found.silent, len(coverages(small).silent(99, by=who))) == (silent, silent)
    assert coverages(small).pulse(by=who).nodes == silent


def test_silent_loudspeakers_are_named_the_last_seen_first_and_those_never_heard_behind(house: House) -> None:
    called(house, "x1-1-l1", seen_ms=NOW_MS - 3_600_000)
    called(house, "x1-2-l1", seen_ms=NOW_MS - 60_000, online=False)
    called(house, "x1-2-l2")
    found = coverages(house).silent(3, by=somebody(Role.TECHNICIAN, "p04", "x1"))
    assert [(each.node, each.seen_ms) for each in found] == [
        ("x1-2-l1", NOW_MS - 60_000),
        ("x1-1-l1", NOW_MS - 3_600_000),
        ("x1-1-l2", None),
    ]
    assert (found[0].name, found[0].village) == (small_name(house, "x1-2-l1"), "Phia Chang")


def small_name(house: House, node: str) -> str:
    with house.work.reading() as tx:
        row = tx.nodes.get(node)
    assert row is not None
    return row.name


def test_the_pulse_differs_when_somebody_comes_goes_or_an_alarm_is_raised(house: House) -> None:
    seen = [coverages(house).pulse(by=admin())]
    changes: list[Any] = [
        lambda: called(house, "x1-1-l1"),
        lambda: called(house, "x1-1-l1", online=False),
        lambda: raised(house),
        lambda: house.nodes.retire("x1-2-l2", by=admin()),
    ]
    for change in changes:
        change()
        seen.append(coverages(house).pulse(by=admin()))
        assert seen[-1] != seen[-2]
    assert coverages(house).pulse(by=somebody(Role.EDITOR, "p04", "x10")).alarms == 0


def raised(house: House) -> None:
    with house.work.writing() as tx:
        raise_alarms(tx, [Raised(code="node.clone", node="x1-1-l1", at_ms=NOW_MS)])


def test_an_airing_concerns_who_reaches_one_of_its_villages(house: House) -> None:
    airing = house.say("x1-1")
    assert coverages(house).concerns([airing.id], by=admin())
    assert coverages(house).concerns(["other", airing.id], by=somebody(Role.HEAD, "p04", "x1", "x1-1"))
    assert not coverages(house).concerns([airing.id], by=somebody(Role.HEAD, "p04", "x1", "x1-2"))
    assert not coverages(house).concerns([], by=admin())


def test_on_air_is_what_sounds_or_soon_will_until_every_loudspeaker_has_ended(house: House) -> None:
    airing = house.say("x1-1")

    def on_air(who: Actor) -> list[str]:
        return [each.airing.id for each in house.reports.on_air(house.clock.now_ms(), 600_000, by=who)]

    assert on_air(admin()) == [airing.id]
    assert on_air(somebody(Role.HEAD, "p04", "x1", "x1-2")) == []
    house.clock.advance(airing.start_ms - NOW_MS + DURATION_MS)
    assert on_air(admin()) == [airing.id]  # nobody has said yet that it ended
    house.clock.advance(airing.ends_ms - house.clock.now_ms())
    assert on_air(admin()) == []


def test_what_was_cancelled_is_on_air_while_a_loudspeaker_may_not_know_it(house: House) -> None:
    airing = house.say("x1-1")
    house.airings.cancel(airing.id, by=admin())
    assert [each.airing.id for each in house.reports.on_air(NOW_MS, 600_000, by=admin())] == [airing.id]
    with house.work.writing() as tx:
        tx.deliveries.write([replace(each, state=State.CANCELLED) for each in tx.deliveries.of_airing(airing.id)])
    assert house.reports.on_air(NOW_MS, 600_000, by=admin()) == []


def test_lately_is_what_began_and_single_bulletins_to_come_but_no_coming_turn_of_a_programme(house: House) -> None:
    evening(house)
    plan(house)
    said = house.say("x1-1")
    later = house.say("x10-1", at_ms=NOW_MS + 30 * HOUR_MS)
    found = [each.airing.id for each in house.reports.lately(8, NOW_MS, by=admin())]
    assert found == [later.id, said.id]
    house.clock.advance(EVENING_MS + HOUR_MS - NOW_MS)
    found = [each.airing.id for each in house.reports.lately(8, house.clock.now_ms(), by=admin())]
    assert (found[0], found[-1], len(found)) == (later.id, said.id, 3)
