from __future__ import annotations

from dataclasses import replace

import pytest

from controller.domain.airing import Klass, Mode
from controller.domain.bulletin import BulletinState
from controller.domain.delivery import State
from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.node import Node
from controller.protocol.messages import Kind
from controller.service.asking import FARTHEST_MS, MAX_UNITS, Wish
from tests.support.people import admin
from tests.unit.controller.service.house import DAY_MS, DURATION_MS, HOUR_MS, NODES, NOW_MS, House, kinds, receipt, receipts


def test_say_now_plans_every_loudspeaker_below_and_writes_one_letter_a_unit(house: House) -> None:
    airing = house.say("x1", "x10-1")
    assert house.states(airing) == dict.fromkeys(NODES, State.PLANNED)
    assert kinds(house.letters()) == [("play", airing.id, "x1"), ("play", airing.id, "x10-1")]
    assert (airing.mode, airing.start_ms, airing.rev) == (Mode.NOW, NOW_MS + 5_000, 1)


def test_a_unit_whose_id_begins_like_anothers_is_another_place(house: House) -> None:
    assert set(house.states(house.say("x1"))) == set(NODES[:4])
    assert set(house.states(house.say("x10"))) == set(NODES[4:])


@pytest.mark.wire(86)
def test_the_order_in_the_letter_says_what_was_decided_and_expires_with_its_grace(house: House) -> None:
    airing = house.say("x1-1", grace_ms=7_000, gain=-30)
    (letter,) = house.letters()
    order = house.opened(letter.sealed)
    assert (order.kind, order.aud, order.airing, order.rev) == (Kind.PLAY, "x1-1", airing.id, 1)
    assert (order.start, order.grace, order.duration, order.gain) == (airing.start_ms, 7_000, DURATION_MS, -30)
    assert order.exp == letter.expires_ms == airing.start_ms + 7_000
    assert letter.topic == "tl/1/unit/x1-1/order"


def test_say_at_a_time_writes_plans_and_no_order(house: House) -> None:
    airing = house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    assert airing.mode is Mode.PLANNED
    assert kinds(house.letters()) == [("plan", "x1-1", "x1-1")]
    plan = house.plan("x1-1")
    assert plan is not None
    assert [(item.airing, item.start) for item in plan.items] == [(airing.id, NOW_MS + HOUR_MS)]


def test_who_watches_is_told_after_the_commit(house: House) -> None:
    airing = house.say("x1")
    assert (house.bus.airings[airing.id], house.bus.filled) == (1, 1)


def test_a_unit_named_beside_one_above_it_is_dropped(house: House) -> None:
    airing = house.say("x1-1", "x1", "x1-2", "x1")
    assert airing.units == ("x1",)
    assert len(house.letters()) == 1


def test_a_retired_loudspeaker_gets_no_delivery(house: House) -> None:
    with house.work.writing() as tx:
        tx.nodes.add([Node(id="x1-1-l1", village="x1-1", name="l1", generation=1, since_ms=0, retired_ms=NOW_MS)])
    assert set(house.states(house.say("x1-1"))) == {"x1-1-l2"}


def test_a_unit_without_loudspeakers_is_refused_by_name(house: House) -> None:
    with pytest.raises(Refused) as refused:
        house.say("x1-9")
    assert (refused.value.code, refused.value.fields) == ("airing.no-nodes", {"units": ["Lũng Vài"]})


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(to=()), "airing.no-units"),
        (Wish(to=("x77",)), "unit.unknown"),
        (Wish(to=("x1",) * (MAX_UNITS + 1)), "airing.many-units"),
        (Wish(to=("x1",), at_ms=NOW_MS - 1), "airing.past"),
        (Wish(to=("x1",), lead_ms=-1), "airing.past"),
        (Wish(to=("x1",), at_ms=NOW_MS + FARTHEST_MS + 1), "airing.far"),
    ],
)
def test_what_cant_be_said_is_refused_with_its_code_and_leaves_nothing(small: House, wish: Wish, code: str) -> None:
    with pytest.raises((Refused, NotFound)) as refused:
        small.airings.say(bulletin=small.bulletin(), wish=wish, by=admin())
    assert refused.value.code == code
    assert small.letters() == []
    assert small.reports.recent(by=admin()) == []


def test_the_very_ends_of_what_may_be_planned_are_allowed(small: House) -> None:
    assert small.say("x1", at_ms=NOW_MS).start_ms == NOW_MS
    assert small.say("x10", at_ms=NOW_MS + FARTHEST_MS).start_ms == NOW_MS + FARTHEST_MS


def test_a_bulletin_that_is_unknown_silent_or_unapproved_is_not_aired(small: House) -> None:
    found = []
    for name in (
        "nobody",
        small.bulletin("silent", clip=False),
        small.bulletin("draft", state=BulletinState.DRAFT),
    ):
        with pytest.raises((Refused, NotFound)) as refused:
            small.airings.say(bulletin=name, wish=Wish(to=("x1",)), by=admin())
        found.append(refused.value.code)
    assert found == ["bulletin.unknown", "bulletin.no-sound", "bulletin.not-approved"]


def test_an_order_meets_what_sounds_in_one_of_its_villages_and_is_told_its_name(house: House) -> None:
    first = house.say("x1", lead_ms=5_000)
    with pytest.raises(Conflict) as met:
        house.say("p04", lead_ms=4_000 + DURATION_MS)
    assert met.value.code == "airing.overlap"
    assert met.value.fields == {
        "airing": first.id,
        "title": "Tin b1",
        "village": "Pác Rằng",
        "start_ms": first.start_ms,
        "end_ms": first.start_ms + DURATION_MS,
    }


def test_what_no_village_would_hear_at_its_time_is_refused_with_what_is_in_its_way(house: House) -> None:
    house.say("x1", at_ms=NOW_MS + HOUR_MS)
    with pytest.raises(Refused) as met:
        house.say("x1-2", at_ms=NOW_MS + HOUR_MS + DURATION_MS - 1)
    assert (met.value.code, met.value.fields["by"], met.value.fields["villages"]) == ("airing.taken", "Tin b1", 1)


def test_airings_may_touch_and_other_villages_are_free(house: House) -> None:
    house.say("x1", at_ms=NOW_MS + HOUR_MS)
    house.say("x1", at_ms=NOW_MS + HOUR_MS + DURATION_MS)
    house.say("x1", at_ms=NOW_MS + HOUR_MS - DURATION_MS)
    house.say("x10", at_ms=NOW_MS + HOUR_MS)


@pytest.mark.wire(84)
def test_cancelling_a_say_now_puts_a_tombstone_in_the_orders_place(house: House) -> None:
    airing = house.say("x1", "x10-1")
    cancelled = house.airings.cancel(airing.id, by=admin())
    assert (cancelled.rev, cancelled.cancelled_ms) == (2, NOW_MS)
    assert kinds(house.letters()) == [("stop", airing.id, "x1"), ("stop", airing.id, "x10-1")]
    order = house.opened(house.letters()[0].sealed)
    assert (order.kind, order.airing, order.rev, order.exp) == (Kind.STOP, airing.id, 2, airing.ends_ms)
    assert set(house.states(airing).values()) == {State.CANCELLING}


def test_cancelling_a_planned_airing_takes_it_out_of_the_plans_too(house: House) -> None:
    airing = house.say("x1", at_ms=NOW_MS + HOUR_MS)
    before = house.plan("x1-1")
    house.airings.cancel(airing.id, by=admin())
    after = house.plan("x1-1")
    assert before is not None
    assert after is not None
    assert (after.items, after.version > before.version) == ((), True)
    assert kinds(house.letters()) == [("plan", "x1-1", "x1-1"), ("plan", "x1-2", "x1-2"), ("stop", airing.id, "x1")]


def test_cancelling_twice_is_cancelling_once(house: House) -> None:
    airing = house.say("x1")
    first = house.airings.cancel(airing.id, by=admin())
    letters = house.letters()
    house.clock.advance(1_000)
    assert house.airings.cancel(airing.id, by=admin()) == first
    assert house.letters() == letters


def test_what_has_ended_on_a_loudspeaker_is_not_cancelled_there(house: House) -> None:
    airing = house.say("x1-1")
    house.hear(receipts("x1-1-l1", receipt(1, airing, "finished")))
    house.airings.cancel(airing.id, by=admin())
    assert house.states(airing) == {"x1-1-l1": State.FINISHED, "x1-1-l2": State.CANCELLING}


def test_an_airing_that_is_over_or_unknown_is_not_cancelled(small: House) -> None:
    airing = small.say("x1")
    small.clock.advance(airing.ends_ms - NOW_MS)
    with pytest.raises(Refused) as over:
        small.airings.cancel(airing.id, by=admin())
    with pytest.raises(NotFound) as unknown:
        small.airings.cancel("nothing", by=admin())
    assert (over.value.code, unknown.value.code) == ("airing.over", "airing.unknown")
    assert replace(airing) == small.reports.summary(airing.id, by=admin()).airing


def test_a_cancelled_airing_frees_its_villages_at_once(house: House) -> None:
    planned = house.say("x1", at_ms=NOW_MS + HOUR_MS)
    house.airings.cancel(planned.id, by=admin())
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    sounding = house.say("x10", lead_ms=0)
    house.clock.advance(10_000)
    house.airings.cancel(sounding.id, by=admin())
    house.say("x10", lead_ms=0)


def test_a_planned_airing_days_ahead_is_recorded_but_in_no_plan_yet(house: House) -> None:
    airing = house.say("x1-1", at_ms=NOW_MS + 5 * DAY_MS)
    plan = house.plan("x1-1")
    assert plan is not None
    assert plan.items == ()
    assert set(house.states(airing).values()) == {State.PLANNED}


def test_the_class_of_a_bulletin_is_the_class_of_its_order(small: House) -> None:
    small.bulletin("urgent", klass=Klass.PRIORITY)
    small.airings.say(bulletin="urgent", wish=Wish(to=("x1",)), by=admin())
    assert small.opened(small.letters()[0].sealed).klass is Klass.PRIORITY
