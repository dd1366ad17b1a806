"""One bulletin at a time: it finds its place among all other wishes, keeps it, and gives it back."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import pytest

from controller.domain.airing import Airing, Klass, Mode
from controller.domain.delivery import State
from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.rights import Role
from controller.service.asking import LATEST_MS, Foreseen, Wish, sayable
from controller.service.kept import Request, Ruling
from controller.service.timetable import FREEZE_MS
from scheduler.limits import Policy, Window
from scheduler.wishes import Begin
from tests.support.people import admin, somebody
from tests.unit.controller.service.house import DAY_MS, DURATION_MS, HOUR_MS, NOW_MS, House
from tests.unit.controller.service.test_planner import EVENING_MS, airings, evening, plan, villages

THURSDAY = date(2026, 11, 19)
NIGHT_MS = EVENING_MS + 4 * HOUR_MS
"""23:00 of NOW_MS's day."""


def by_day(house: House, unit: str) -> None:
    """Sound from 05:00 to 21:00 only."""
    hours = (Window(from_minute=5 * 60, to_minute=21 * 60),)
    house.policies.set(unit, 0, Ruling(policy=Policy(hours=hours)), by=admin())


def ask(house: House, *to: str, at_ms: int, bulletin: str = "b2", klass: Klass = Klass.NORMAL, **wish: Any) -> Airing:
    name = house.bulletin(bulletin, klass=klass)
    return house.airings.say(bulletin=name, wish=Wish(to=to, at_ms=at_ms, **wish), by=admin())


def request_of(house: House, airing: Airing) -> Request:
    with house.work.reading() as tx:
        found = tx.requests.get(airing.id)
    assert found is not None
    return found


def foreseen(house: House, *to: str, at_ms: int) -> Foreseen:
    house.bulletin()
    with house.work.reading() as tx:
        said, clip = sayable(tx, "b1")
    return house.airings.foresee(said, clip, Wish(to=to, at_ms=at_ms), by="canbo")


def test_a_bulletin_at_a_time_is_kept_as_a_request_and_the_planner_finds_nothing_to_change(house: House) -> None:
    airing = house.say("x1", at_ms=NOW_MS + HOUR_MS, gain=-30, grace_ms=5_000)
    request = request_of(house, airing)
    assert (request.units, request.start_ms, request.begin, request.created_by) == (
        ("x1",),
        airing.start_ms,
        Begin.EXACT,
        "canbo",
    )
    assert (airing.mode, airing.wish, airing.units) == (Mode.PLANNED, f"{airing.id}#0", ("x1",))
    assert house.states(airing) == dict.fromkeys(("x1-1-l1", "x1-1-l2", "x1-2-l1", "x1-2-l2"), State.PLANNED)
    assert plan(house) == 0
    assert airings(house) == [airing]


def test_one_that_begins_within_seconds_is_an_order_and_stands_as_it_was_asked(house: House) -> None:
    airing = house.say("x1", at_ms=NOW_MS + FREEZE_MS - 1)
    assert airing.wish is None
    with pytest.raises(Conflict):
        house.say("x1-1", at_ms=NOW_MS + FREEZE_MS - 1)


def test_beyond_what_is_planned_it_keeps_its_place_until_its_turn_has_come(house: House) -> None:
    airing = house.say("x1-1", at_ms=NOW_MS + 5 * DAY_MS)
    evening(house)
    house.planner.extend()
    plan(house)
    with house.work.reading() as tx:
        assert tx.airings.get(airing.id) == airing
    house.clock.advance(4 * DAY_MS)
    house.planner.extend()
    plan(house)
    found = house.plan("x1-1")
    assert found is not None
    assert airing.id in [item.airing for item in found.items]


def test_a_programme_in_its_way_is_named(house: House) -> None:
    evening(house)
    with pytest.raises(Refused) as met:
        ask(house, "x1", at_ms=EVENING_MS + 10_000)
    assert (met.value.code, met.value.fields["by"], met.value.fields["villages"]) == ("airing.taken", "Buổi tối", 2)


def test_it_waits_for_its_turn_as_long_as_it_may(house: House) -> None:
    evening(house)
    airing = ask(house, "x1", at_ms=EVENING_MS + 10_000, latest_ms=EVENING_MS + 60_000)
    assert airing.start_ms == EVENING_MS + DURATION_MS
    assert plan(house) == 0
    with pytest.raises(Refused) as met:
        ask(house, "x1", at_ms=EVENING_MS + 10_000, latest_ms=EVENING_MS + 20_000)
    assert met.value.code == "airing.late"


def test_a_priority_bulletin_has_its_time_and_the_programme_makes_room(house: House) -> None:
    evening(house)
    urgent = ask(house, "x1-1", at_ms=EVENING_MS, klass=Klass.PRIORITY)
    assert urgent.start_ms == EVENING_MS
    plan(house)
    times = {(airing.bulletin, airing.start_ms): villages(house, airing) for airing in airings(house)}
    assert times[("b2", EVENING_MS)] == ["x1-1"]
    assert times[("b1", EVENING_MS + DURATION_MS)] == ["x1-1"]
    assert times[("b1", EVENING_MS)] == ["x1-2"]


def test_where_it_sounds_at_another_time_it_has_an_airing_of_its_own_and_all_are_cancelled_together(house: House) -> None:
    ask(house, "x1-2", at_ms=EVENING_MS, bulletin="b1", klass=Klass.PRIORITY)
    first = ask(house, "x1", at_ms=EVENING_MS, latest_ms=EVENING_MS + HOUR_MS)
    mine = [airing for airing in airings(house) if airing.wish == first.wish]
    assert [(each.start_ms, each.units, villages(house, each)) for each in mine] == [
        (EVENING_MS, ("x1-1",), ["x1-1"]),
        (EVENING_MS + DURATION_MS, ("x1-2",), ["x1-2"]),
    ]
    assert plan(house) == 0
    house.airings.cancel(mine[1].id, by=admin())
    with house.work.reading() as tx:
        assert all(each.cancelled_ms is not None for each in map(tx.airings.get, [each.id for each in mine]) if each)
    assert request_of(house, first).cancelled_ms == NOW_MS + 500
    house.planner.extend()
    assert plan(house) == 0


def test_what_it_pushed_aside_comes_back_when_it_is_cancelled(house: House) -> None:
    evening(house)
    urgent = ask(house, "x1", at_ms=EVENING_MS, klass=Klass.PRIORITY)
    plan(house)
    house.airings.cancel(urgent.id, by=admin())
    plan(house)
    assert next(airing.start_ms for airing in airings(house) if airing.bulletin == "b1") == EVENING_MS


def test_where_two_meet_the_commune_decides_which_goes_first(house: House) -> None:
    first = ask(house, "x1", at_ms=EVENING_MS, bulletin="b1", klass=Klass.PRIORITY, latest_ms=EVENING_MS + HOUR_MS)
    second = ask(house, "x1", at_ms=EVENING_MS + 1, klass=Klass.PRIORITY, latest_ms=EVENING_MS + HOUR_MS)
    assert second.start_ms == EVENING_MS + DURATION_MS
    plan(house)
    house.airings.order(second.id, -1, by=admin())
    plan(house)
    assert [(each.id, each.start_ms) for each in airings(house)] == [
        (second.id, EVENING_MS + 1),
        (first.id, EVENING_MS + 1 + DURATION_MS),
    ]


def test_what_nobody_plans_any_more_has_no_order(house: House) -> None:
    evening(house)
    order, turn = house.say("x10"), airings(house)[0]
    gone = house.say("x10", at_ms=EVENING_MS)
    house.airings.cancel(gone.id, by=admin())
    for name in (order.id, turn.id, gone.id):
        with pytest.raises(Refused) as refused:
            house.airings.order(name, -1, by=admin())
        assert refused.value.code == "airing.fixed"
    with pytest.raises(NotFound):
        house.airings.order("nothing", -1, by=admin())


def test_in_quiet_hours_it_is_refused_with_whose_they_are_now_and_at_a_time(house: House) -> None:
    by_day(house, "x1")
    with pytest.raises(Refused) as met:
        house.say("x1", at_ms=NIGHT_MS)
    assert (met.value.code, met.value.fields["unit"]) == ("airing.hours", "Quảng Uyên")
    house.clock.advance(NIGHT_MS - NOW_MS)
    with pytest.raises(Refused) as met:
        house.say("x1-2")
    assert (met.value.code, met.value.fields["unit"]) == ("airing.hours", "Quảng Uyên")


def test_one_that_would_be_cut_everywhere_is_refused_and_where_it_is_whole_it_is_said(house: House) -> None:
    by_day(house, "x1-1")
    late_ms = EVENING_MS + 2 * HOUR_MS - DURATION_MS + 1
    with pytest.raises(Refused) as met:
        house.say("x1-1", at_ms=late_ms)
    assert met.value.code == "airing.hours"
    house.say("x1", at_ms=late_ms)
    cut, whole = sorted(airings(house), key=lambda airing: airing.duration_ms)
    assert (villages(house, cut), cut.duration_ms) == (["x1-1"], DURATION_MS - 1)
    assert (villages(house, whole), whole.duration_ms) == (["x1-2"], DURATION_MS)


def test_a_village_that_may_not_hear_it_at_all_gets_no_delivery(house: House) -> None:
    by_day(house, "x1-1")
    airing = house.say("x1", at_ms=NIGHT_MS)
    assert (airing.units, villages(house, airing)) == (("x1-2",), ["x1-2"])
    assert set(house.states(airing)) == {"x1-2-l1", "x1-2-l2"}


def test_of_two_who_looked_at_one_moment_the_second_is_refused(house: House) -> None:
    one, other = (foreseen(house, "x1-1", at_ms=NOW_MS + HOUR_MS) for _ in range(2))
    with house.work.writing() as tx:
        house.airings.say_within(tx, one)
    with pytest.raises(Conflict) as met, house.work.writing() as tx:
        house.airings.say_within(tx, other)
    assert met.value.code == "airing.overlap"
    assert len(airings(house)) == 1


@pytest.mark.parametrize("latest_ms", [-1, LATEST_MS + 1])
def test_a_latest_time_that_makes_no_sense_is_refused(small: House, latest_ms: int) -> None:
    with pytest.raises(Refused) as refused:
        ask(small, "x1", at_ms=NOW_MS + HOUR_MS, latest_ms=NOW_MS + HOUR_MS + latest_ms)
    assert refused.value.code == "airing.latest"


def test_an_order_has_no_latest_time(small: House) -> None:
    with pytest.raises(Refused) as refused:
        small.airings.say(bulletin=small.bulletin(), wish=Wish(to=("x1",), latest_ms=NOW_MS + HOUR_MS), by=admin())
    assert refused.value.code == "airing.latest"


def test_a_villages_notice_reaches_its_village_only(small: House) -> None:
    small.bulletin("họp", owner="x1-1")
    small.airings.say(bulletin="họp", wish=Wish(to=("x1-1",)), by=admin())
    for to in ("x1-2", "x1", "p04"):
        with pytest.raises(Refused) as refused:
            small.airings.say(bulletin="họp", wish=Wish(to=(to,)), by=admin())
        assert (refused.value.code, refused.value.fields["owner"]) == ("airing.reach", "Pác Rằng")


def test_the_unit_above_all_that_are_named(small: House) -> None:
    above = partial(small.units.above, by=admin())
    assert [above(names).id for names in (["x1-1"], ["x1-1", "x1-2"], ["x1-1", "x1"], ["x1-1", "x10-1"], [])] == [
        "x1-1", "x1", "x1", "p04", "p04",
    ]  # fmt: skip
    head = somebody(Role.HEAD, "p04", "x1", "x1-2")
    assert small.units.above([], by=head).id == "x1-2"
    with pytest.raises(NotFound):
        above(["x77"])


def test_said_only_if_clear_it_is_said_where_nothing_is_in_the_way(house: House) -> None:
    airing = ask(house, "x1", at_ms=NOW_MS + HOUR_MS, if_clear=True)
    assert airing.start_ms == NOW_MS + HOUR_MS
    now = Wish(to=("x10",), if_clear=True)
    assert house.airings.say(bulletin=house.bulletin("b3"), wish=now, by=admin()).mode is Mode.NOW


def test_said_only_if_clear_it_waits_for_a_person_where_some_would_not_hear_it(house: House) -> None:
    by_day(house, "x1-1")
    with pytest.raises(Refused, match=r"airing\.not-clear"):
        ask(house, "x1", at_ms=NIGHT_MS, if_clear=True)
    assert ask(house, "x1", at_ms=NIGHT_MS).start_ms == NIGHT_MS  # a person looked, and wants it so


def test_said_only_if_clear_it_waits_for_a_person_where_others_would_make_room(house: House) -> None:
    evening(house)
    with pytest.raises(Refused, match=r"airing\.not-clear"):
        ask(house, "x1", at_ms=EVENING_MS, klass=Klass.PRIORITY, if_clear=True)
    assert ask(house, "x1", at_ms=EVENING_MS, klass=Klass.PRIORITY).start_ms == EVENING_MS


def test_said_only_if_clear_it_is_no_later_than_wished(house: House) -> None:
    ask(house, "x1", at_ms=NOW_MS + HOUR_MS)
    house.clock.advance(1_000)  # of two of one class, the earlier goes first
    later: dict[str, Any] = {"at_ms": NOW_MS + HOUR_MS, "latest_ms": NOW_MS + 2 * HOUR_MS, "bulletin": "b3"}
    with pytest.raises(Refused, match=r"airing\.not-clear"):
        ask(house, "x1", if_clear=True, **later)
    assert ask(house, "x1", **later).start_ms == NOW_MS + HOUR_MS + DURATION_MS
