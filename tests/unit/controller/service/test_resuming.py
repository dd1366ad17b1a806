"""An emergency cuts at once; what it cut goes on, begins anew, or is not heard again, by its own rule, only where it was cut."""

from __future__ import annotations

from typing import Any

import pytest

from audio.errors import AudioError
from controller.domain.airing import Airing, Klass
from controller.domain.delivery import State
from controller.domain.errors import Conflict, Refused
from controller.protocol.messages import Kind
from controller.service.asking import Wish
from controller.service.resuming import BREATH_MS, SURE_MS
from controller.service.timetable import FREEZE_MS
from scheduler.programme import Resume
from tests.support.people import admin
from tests.unit.controller.service.house import DURATION_MS, NOW_MS, House, kinds
from tests.unit.controller.service.slots import naming, programme, rule
from tests.unit.controller.service.test_days import days, told
from tests.unit.controller.service.test_planner import EVENING_MS, TODAY, airings, evening, plan, villages

LEAD_MS = 5_000
HEARD_MS = 12_000
"""How far the bulletin is when it is cut."""


def emergency(house: House, *to: str, bulletin: str = "lũ", **wish: Any) -> Airing:
    name = house.bulletin(bulletin, klass=Klass.EMERGENCY)
    return house.airings.say(bulletin=name, wish=Wish(to=to, lead_ms=LEAD_MS, **wish), by=admin("lanhdao"))


def until(house: House, at_ms: int) -> None:
    house.clock.advance(max(0, at_ms - house.clock.now_ms()))


def follow(house: House, urgent: Airing) -> int:
    """The emergency has begun; what it cut is decided and planned."""
    until(house, urgent.start_ms + SURE_MS)
    decided = house.resuming.step()
    plan(house)
    return decided


def cut_at_the_middle(house: House, *to: str) -> tuple[Airing, Airing]:
    """The evening's bulletin sounds, and an emergency cuts it."""
    evening(house)
    [spoken, _] = airings(house)
    until(house, EVENING_MS + HEARD_MS - LEAD_MS)
    return spoken, emergency(house, *(to or ("x1",)))


def goes_on(house: House) -> list[Airing]:
    """The airings of what was asked for behind an emergency."""
    with house.work.reading() as tx:
        asked = tx.requests.between(NOW_MS, NOW_MS + 10**9)
    wishes = {f"{request.id}#0" for request in asked if request.after}
    return [airing for airing in airings(house) if airing.wish in wishes]


def test_an_emergency_asks_for_no_room_and_what_it_cut_goes_on_behind_it(house: House) -> None:
    spoken, urgent = cut_at_the_middle(house)
    assert kinds(house.letters("play")) == [("play", urgent.id, "x1")]
    assert follow(house, urgent) == 1
    [rest] = goes_on(house)
    assert (rest.bulletin, rest.start_ms) == (spoken.bulletin, urgent.start_ms + DURATION_MS + BREATH_MS)
    assert (rest.sha256, rest.duration_ms) == (f"{HEARD_MS:064}", DURATION_MS - HEARD_MS)
    assert villages(house, rest) == ["x1-1", "x1-2"]
    assert set(house.states(rest).values()) == {State.PLANNED}
    found = house.plan("x1-1")
    assert found is not None
    assert rest.id in [item.airing for item in found.items]
    assert (house.resuming.step(), plan(house)) == (0, 0)


def test_where_nothing_was_cut_nothing_goes_on(house: House) -> None:
    spoken, urgent = cut_at_the_middle(house, "x1-2", "x10")
    follow(house, urgent)
    [rest] = goes_on(house)
    assert (villages(house, rest), villages(house, spoken)) == (["x1-2"], ["x1-1", "x1-2"])


@pytest.mark.parametrize(("rule", "duration_ms"), [(Resume.RESTART, DURATION_MS), (Resume.DROP, None)])
def test_it_begins_anew_or_is_dropped_if_its_programme_says_so(house: House, rule: Resume, duration_ms: int | None) -> None:
    evening(house, resume=rule)
    until(house, EVENING_MS + HEARD_MS - LEAD_MS)
    assert follow(house, emergency(house, "x1")) == 1
    assert [rest.duration_ms for rest in goes_on(house)] == ([] if duration_ms is None else [duration_ms])


def test_what_had_not_begun_but_is_on_its_way_is_called_back_and_said_as_a_whole_behind_it(house: House) -> None:
    evening(house)
    [coming, _] = airings(house)
    until(house, EVENING_MS - LEAD_MS - 1_000)
    urgent = emergency(house, "x1-1")
    assert urgent.start_ms <= coming.start_ms <= house.clock.now_ms() + FREEZE_MS
    follow(house, urgent)
    [stop] = [letter for letter in house.letters("stop") if letter.subject == coming.id]
    order = house.opened(stop.sealed)
    assert (order.kind, order.aud, order.airing, order.rev) == (Kind.STOP, "x1-1", coming.id, coming.rev + 1)
    assert {node: state for node, state in house.states(coming).items() if state is State.CANCELLING}.keys() == {
        "x1-1-l1",
        "x1-1-l2",
    }
    [rest] = goes_on(house)
    assert (rest.sha256, rest.duration_ms, villages(house, rest)) == (coming.sha256, DURATION_MS, ["x1-1"])


@pytest.mark.parametrize("has_planner_time", [True, False])
def test_what_comes_later_in_the_programme_waits_behind_what_was_cut(house: House, has_planner_time: bool) -> None:
    both = naming(house.bulletin("b1")), naming(house.bulletin("b2"))
    house.programmes.create(programme(*both, rule=rule(19 * 60, first=TODAY)), by=admin())
    plan(house)
    until(house, EVENING_MS + HEARD_MS - LEAD_MS)
    urgent = emergency(house, "x1")
    if has_planner_time:
        plan(house)
    follow(house, urgent)
    plan(house)
    again_ms = urgent.start_ms + DURATION_MS + BREATH_MS
    found = house.plan("x1-1")
    assert found is not None
    with house.work.reading() as tx:
        later = [(tx.airings.get(item.airing), item.start) for item in found.items if again_ms <= item.start < again_ms + 200_000]
    assert [(airing.bulletin, start_ms) for airing, start_ms in later if airing] == [
        ("b1", again_ms),
        ("b2", again_ms + DURATION_MS - HEARD_MS),
    ]


def test_one_that_is_taken_back_before_it_sounds_cut_nothing(house: House) -> None:
    evening(house)
    until(house, EVENING_MS + HEARD_MS - LEAD_MS)
    before = told(days(house).of("x1", by=admin()))
    urgent = emergency(house, "x1")
    house.clock.advance(1_000)
    house.airings.cancel(urgent.id, by=admin("lanhdao"))
    assert follow(house, urgent) == 1
    assert goes_on(house) == []
    assert told(days(house).of("x1", by=admin())) == before


def test_what_had_not_begun_when_it_was_stopped_has_its_time_again(house: House) -> None:
    evening(house)
    until(house, EVENING_MS - LEAD_MS - 3_000)
    before = told(days(house).of("x1", by=admin()))
    urgent = emergency(house, "x1")
    until(house, urgent.start_ms + SURE_MS)
    house.airings.cancel(urgent.id, by=admin("lanhdao"))
    follow(house, urgent)
    assert goes_on(house) == []
    [group] = days(house).of("x1", by=admin()).groups
    assert [(line.start_ms, line.is_whole) for line in group.lines if line.title == "Tin b1"] == [(EVENING_MS, True)]
    assert before[0][1] == [("Tin b1", "19:00")]


def test_when_it_is_stopped_early_what_waits_behind_it_comes_forward(house: House) -> None:
    spoken, urgent = cut_at_the_middle(house)
    follow(house, urgent)
    [before] = goes_on(house)
    house.airings.cancel(urgent.id, by=admin("lanhdao"))
    plan(house)
    [after] = goes_on(house)
    assert after.start_ms < before.start_ms
    assert spoken.id != after.id == before.id


def test_the_day_says_what_was_cut_by_what_and_when_it_goes_on(house: House) -> None:
    _, urgent = cut_at_the_middle(house, "x1-1")
    follow(house, urgent)
    here, there = (
        next(g for g in days(house).of("x1", by=admin()).groups if g.villages[0].id == name) for name in ("x1-1", "x1-2")
    )
    assert [(line.title, line.end_ms - line.start_ms, line.is_whole) for line in here.lines] == [
        ("Tin b1", HEARD_MS, False),
        ("Tin lũ", DURATION_MS, True),
        ("Tin b1", DURATION_MS - HEARD_MS, True),
    ]
    assert [reason.code for reason in here.reasons] == ["cut.emergency"]
    assert [(line.title, line.is_whole) for line in there.lines] == [("Tin b1", True)]


def test_a_single_bulletin_goes_on_and_the_tail_of_a_word_does_not(house: House) -> None:
    spoken = house.say("x1-1", lead_ms=0)
    house.clock.advance(HEARD_MS)
    urgent = emergency(house, "x1")
    follow(house, urgent)
    [rest] = goes_on(house)
    assert rest.duration_ms == DURATION_MS - HEARD_MS - LEAD_MS
    assert spoken.wish is None
    late = house.say("x10", lead_ms=0)
    house.clock.advance(late.start_ms + DURATION_MS - LEAD_MS - house.clock.now_ms())
    assert follow(house, emergency(house, "x10", bulletin="bão")) == 0


def test_a_full_disk_puts_it_off_and_a_lost_sound_ends_it(house: House) -> None:
    _, urgent = cut_at_the_middle(house)
    house.rest.trouble = [AudioError("store.full"), AudioError("audio.damaged")]
    assert (follow(house, urgent), goes_on(house)) == (0, [])
    assert (follow(house, urgent), goes_on(house)) == (1, [])
    assert follow(house, urgent) == 0


def test_what_somebody_stopped_meanwhile_does_not_go_on(house: House) -> None:
    spoken, urgent = cut_at_the_middle(house)
    house.airings.cancel(spoken.id, by=admin())
    follow(house, urgent)
    assert goes_on(house) == []


def test_of_two_emergencies_only_a_higher_rank_cuts_and_the_lower_one_does_not_go_on(house: House) -> None:
    emergency(house, "x1")
    with pytest.raises(Conflict) as met:
        emergency(house, "x1-1", bulletin="bão")
    assert met.value.code == "airing.overlap"
    higher = emergency(house, "p04", bulletin="bão")
    follow(house, higher)
    assert goes_on(house) == []


def test_an_emergency_has_no_time_of_its_own(house: House) -> None:
    with pytest.raises(Refused) as refused:
        emergency(house, "x1", at_ms=EVENING_MS)
    assert refused.value.code == "airing.emergency"
