"""What will sound, and what has: by village, with names, with whose limit it is, and for villages that differ apart."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from controller.domain.errors import NotFound, Refused
from controller.domain.node import Node
from controller.domain.unit import Level, Unit
from controller.service.days import Alike, Days, Span
from controller.service.kept import Request, Ruling
from controller.service.reasons import Reason
from scheduler.limits import Policy, Window
from scheduler.wishes import PRIORITY, Begin, Take
from tests.support.people import admin
from tests.unit.controller.service.house import DAY_MS, DURATION_MS, HOUR_MS, NOW_MS, House
from tests.unit.controller.service.slots import programme, relay, rule
from tests.unit.controller.service.test_planner import EVENING_MS, TODAY, airings, evening, plan
from tests.unit.scheduler.turns import notices


def days(house: House) -> Days:
    return Days(database=house.work, clock=house.clock)


def told(span: Span) -> list[tuple[list[str], list[tuple[str, str]]]]:
    """By group: the villages, and (title, local time) of what sounds there."""
    return [
        ([unit.name for unit in group.villages], [(line.title, _clock(line.start_ms)) for line in group.lines])
        for group in span.groups
    ]


def _clock(ms: int) -> str:
    minutes = (ms // 60_000 + 420) % 1440
    return f"{minutes // 60:02}:{minutes % 60:02}"


def reasons(group: Alike) -> dict[str, Reason]:
    return {reason.code: reason for reason in group.reasons}


def request(house: House, name: str, start_ms: int, *units: str, owner: str = "x1", **how: Any) -> None:
    """A single bulletin at a time."""
    usual: dict[str, Any] = {"level": 2, "created_ms": NOW_MS, "created_by": "canbo"} | how
    wished = Request(id=name, bulletin=house.bulletin(f"b-{name}"), owner=owner, units=units, start_ms=start_ms, **usual)
    with house.work.writing() as tx:
        tx.requests.add(wished)
        tx.replans.mark(units, NOW_MS)


def test_a_day_is_told_by_name_for_each_village_with_a_loudspeaker(house: House) -> None:
    evening(house)
    span = days(house).of("x1", by=admin())
    assert (span.day, span.unit.name, span.utc_offset) == (TODAY, "Quảng Uyên", 420)
    assert told(span) == [(["Phia Chang", "Pác Rằng"], [("Tin b1", "19:00")])]
    [line] = span.groups[0].lines
    assert (line.programme, line.owner, line.klass) == ("Buổi tối", "Quảng Uyên", "normal")
    assert (line.is_relay, line.is_whole, line.airing) == (False, True, "")
    assert span.groups[0].reasons == ()
    assert told(days(house).of("x10", by=admin())) == [(["Bản Giốc"], [])]
    assert told(days(house).of("x1-9", by=admin())) == []


def test_what_has_sounded_stays_in_the_day_and_tomorrow_is_told_too(house: House) -> None:
    kept = evening(house)
    house.clock.advance(EVENING_MS + HOUR_MS - NOW_MS)
    house.programmes.end(kept.programme.id, by=admin())
    plan(house)
    span = days(house).of("x1", by=admin())
    assert told(span) == [(["Phia Chang", "Pác Rằng"], [("Tin b1", "19:00")])]
    [line] = span.groups[0].lines
    assert (line.programme, line.owner, line.airing) == ("Buổi tối", "Quảng Uyên", airings(house)[0].id)
    assert told(days(house).of("x1", TODAY + timedelta(days=1), by=admin())) == [(["Phia Chang", "Pác Rằng"], [])]
    house.clock.advance(3 * DAY_MS)
    assert told(days(house).of("x1", TODAY, by=admin())) == [(["Phia Chang", "Pác Rằng"], [("Tin b1", "19:00")])]


def test_today_and_tomorrow_together_are_what_the_planner_made(house: House) -> None:
    evening(house)
    request(house, "r1", EVENING_MS, "x1-2", klass=PRIORITY)
    plan(house)
    made = {(airing.start_ms, airing.bulletin, village) for airing, village in planned(house)}
    spans = [days(house).of("p04", by=admin()), days(house).of("p04", TODAY + timedelta(days=1), by=admin())]
    shown = {
        (line.start_ms, line.source, village.id)
        for span in spans
        for group in span.groups
        for village in group.villages
        for line in group.lines
    }
    assert shown == made
    assert len(made) == 5


def planned(house: House) -> list[tuple[object, str]]:
    with house.work.reading() as tx:
        return [(airing, village) for airing in airings(house) for village in tx.airings.villages_of(airing.id)]


def test_a_village_that_differs_is_told_apart_with_whose_limit_it_is(house: House) -> None:
    evening(house)
    early = Policy(hours=(Window(from_minute=5 * 60, to_minute=19 * 60),))
    house.policies.set("x1-2", 0, Ruling(policy=early), by=admin())
    other, same = days(house).of("x1", by=admin()).groups
    assert [unit.name for unit in same.villages] == ["Pác Rằng"]
    assert [unit.name for unit in other.villages] == ["Phia Chang"]
    [reason] = other.reasons
    assert (reason.code, reason.title, reason.names, reason.unit) == ("dropped.hours", "Buổi tối", ("Tin b1",), "Phia Chang")


@pytest.mark.parametrize("unit", ["p04", "x1", "x1-1"])
def test_the_uppermost_unit_whose_policy_binds_is_named(small: House, unit: str) -> None:
    small.bulletin()
    for place, minutes in (("p04", 20), ("x1", 20), ("x1-1", 20), (unit, 10)):
        known = small.policies.get(place, by=admin())
        small.policies.set(place, known.version, Ruling(policy=Policy(session_ms=minutes * 60_000)), by=admin())
    small.programmes.create(programme(relay(length_ms=1_800_000), rule=rule(19 * 60, first=TODAY)), by=admin())
    [group] = days(small).of("x1-1", by=admin()).groups
    [reason] = group.reasons
    names = {"p04": "Cao Bằng", "x1": "Quảng Uyên", "x1-1": "Pác Rằng"}
    assert (reason.code, reason.unit, reason.limit) == ("cut.session", names[unit], 600_000)
    assert (group.lines[0].is_relay, group.lines[0].is_whole, group.lines[0].title) == (True, False, "VOV1")


@pytest.mark.parametrize(
    ("policy", "code", "limit"),
    [
        (Policy(item_ms=10_000), "cut.length", 10_000),
        (Policy(languages=("tyz",)), "dropped.language", None),
        (Policy(hours=(Window(from_minute=300, to_minute=1140),)), "dropped.hours", None),
        (Policy(sessions=1), "dropped.sessions", 1),
    ],
)
def test_every_kind_of_limit_names_who_set_it(small: House, policy: Policy, code: str, limit: int | None) -> None:
    evening(small)
    if policy.sessions:
        request(small, "r1", EVENING_MS - 30 * 60_000, "x1", klass=PRIORITY)
    small.policies.set("x1", 0, Ruling(policy=policy), by=admin())
    [group] = days(small).of("x1", by=admin()).groups
    reason = reasons(group)[code]
    assert (reason.unit, reason.limit) == ("Quảng Uyên", limit)
    assert reason.languages == (("vi",) if code == "dropped.language" else ())


def test_what_was_in_the_way_is_named(small: House) -> None:
    evening(small)
    request(small, "r1", EVENING_MS, "x1", klass=PRIORITY)
    request(small, "r2", EVENING_MS + 10_000, "x1", begin=Begin.EXACT)
    [group] = days(small).of("x1", by=admin()).groups
    assert [line.title for line in group.lines] == ["Tin b-r1", "Tin b1"]
    found = reasons(group)
    assert (found["later.taken"].title, found["later.taken"].by) == ("Buổi tối", "Tin b-r1")
    assert (found["dropped.taken"].title, found["dropped.taken"].by) == ("Tin b-r2", "Buổi tối")
    assert {line.programme for line in group.lines} == {"", "Buổi tối"}


def test_a_notice_that_nobody_takes_says_that_it_waits(small: House) -> None:
    small.bulletins.receive(small.upload(), title="Họp", klass="normal", language="vi", owner="x1", by=admin(), kind="tin")
    [draft] = small.bulletins._waiting()
    small.bulletins._prepare_one(draft)
    [group] = days(small).of("x1", by=admin()).groups
    assert [(reason.code, reason.title) for reason in group.reasons] == [("waits", "Họp")]
    small.programmes.create(programme(notices(Take.FRESH), rule=rule(19 * 60, first=TODAY)), by=admin())
    [group] = days(small).of("x1", by=admin()).groups
    assert group.reasons == ()
    assert [(line.title, line.programme) for line in group.lines] == [("Họp", "Buổi sáng")]


def test_an_order_has_its_owner_and_what_somebody_stopped_says_so(small: House) -> None:
    order = small.say("x1-1", lead_ms=0)
    small.clock.advance(DURATION_MS // 2)
    small.airings.cancel(order.id, by=admin())
    later = small.say("x1-1", at_ms=NOW_MS + 2 * HOUR_MS)
    small.airings.cancel(later.id, by=admin())
    [group] = days(small).of("x1-1", by=admin()).groups
    [line] = group.lines
    assert (line.title, line.owner, line.is_whole, line.end_ms - line.start_ms) == ("Tin b1", "Cao Bằng", False, 15_000)
    assert [reason.code for reason in group.reasons] == ["cut.cancelled", "cancelled"]


def test_who_has_no_say_here_is_named(small: House) -> None:
    request(small, "r1", EVENING_MS, "x1-1", owner="x10")
    [group] = days(small).of("x1-1", by=admin()).groups
    assert [(reason.code, reason.unit) for reason in group.reasons] == [("dropped.reach", "Đàm Thuỷ")]


def test_a_hundred_villages_that_sound_alike_are_one_group_and_the_exceptions_follow(small: House) -> None:
    evening(small)
    with small.work.writing() as tx:
        for number in range(10, 40):
            small_one = f"x1-{number}"
            parent = tx.units.get("x1")
            assert parent is not None
            tx.units.add([_village(small_one, parent.path)])
            tx.nodes.add([Node(id=f"{small_one}-l1", village=small_one, name="l1", generation=1, since_ms=0)])
    asked = small.say("x1-20", at_ms=NOW_MS + HOUR_MS // 2)
    groups = days(small).of("x1", by=admin()).groups
    assert [len(group.villages) for group in groups] == [31, 1]
    assert groups[1].lines[0].wish == asked.wish


def _village(name: str, above: tuple[str, ...]) -> Unit:
    return Unit(id=name, parent=above[-1], level=Level.VILLAGE, name=f"Thôn {name}", path=(*above, name))


def test_a_day_too_far_or_a_unit_that_is_none_is_refused(small: House) -> None:
    for day in (date(2027, 1, 1), date(2020, 1, 1)):
        with pytest.raises(Refused) as refused:
            days(small).of("x1", day, by=admin())
        assert refused.value.code == "day.far"
    with pytest.raises(NotFound):
        days(small).of("x99", by=admin())


def test_ahead_is_today_and_as_far_as_the_farthest_village_is_planned(small: House) -> None:
    evening(small)
    small.policies.set("x1-1", 0, Ruling(horizon_h=96), by=admin())
    span = days(small).ahead("x1", by=admin())
    assert (span.day, span.until_ms) == (TODAY, NOW_MS + 500 + 96 * HOUR_MS)
    assert [len(group.lines) for group in span.groups] == [4]


def test_to_tell_changes_nothing(house: House) -> None:
    evening(house)
    before = house.waiting(), airings(house), len(house.letters()), house.plan("x1-1")
    days(house).of("p04", by=admin())
    days(house).ahead("p04", by=admin())
    assert (house.waiting(), airings(house), len(house.letters()), house.plan("x1-1")) == before


def test_days_in_a_row_are_what_each_day_alone_is(house: House) -> None:
    evening(house)
    request(house, "r1", EVENING_MS, "x1-2", klass=PRIORITY)
    plan(house)
    house.clock.advance(EVENING_MS + 3 * HOUR_MS - NOW_MS)
    first, last = TODAY - timedelta(days=2), TODAY + timedelta(days=5)
    told_at_once = days(house).between("x1", first, last, by=admin())
    assert told_at_once == tuple(days(house).of("x1", first + timedelta(days=each), by=admin()) for each in range(8))
    assert [span.day for span in told_at_once] == [first + timedelta(days=each) for each in range(8)]


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [(0, -1, "day.order"), (0, 42, "day.range"), (70, 76, "day.far"), (-76, -70, "day.far")],
)
def test_days_that_can_not_be_told_at_once_are_refused(house: House, first: int, last: int, code: str) -> None:
    with pytest.raises(Refused) as error:
        days(house).between("x1", TODAY + timedelta(days=first), TODAY + timedelta(days=last), by=admin())
    assert error.value.code == code


def test_what_waits_for_a_turn_is_told_once_in_a_row_of_days(small: House) -> None:
    small.bulletins.receive(small.upload(), title="Họp", klass="normal", language="vi", owner="x1", by=admin(), kind="tin")
    [draft] = small.bulletins._waiting()
    small.bulletins._prepare_one(draft)
    spans = days(small).between("x1", TODAY - timedelta(days=1), TODAY + timedelta(days=1), by=admin())
    assert [[reason.code for group in span.groups for reason in group.reasons] for span in spans] == [[], ["waits"], []]
