from __future__ import annotations

import hashlib

import pytest

from controller.domain.delivery import State
from controller.service import plans as module
from controller.service.plans import HORIZON_MS
from controller.service.ports import Document
from controller.service.versions import FARTHEST_MS, believable, next_version
from tests.support.people import admin
from tests.unit.controller.service.house import DAY_MS, HOUR_MS, NOW_MS, House, kinds


def head(house: House, village: str) -> Document:
    with house.work.reading() as tx:
        return tx.documents.get("plan", [village])[village]


@pytest.mark.wire(87)
def test_a_version_is_above_the_last_one_the_present_and_what_a_node_reported() -> None:
    assert next_version(0, NOW_MS) == NOW_MS
    assert next_version(NOW_MS + 5, NOW_MS) == NOW_MS + 6
    assert next_version(3, NOW_MS, NOW_MS + 9) == NOW_MS + 10


def test_a_version_that_no_clock_of_ours_can_have_given_is_not_believed() -> None:
    assert believable(NOW_MS + FARTHEST_MS, NOW_MS) == NOW_MS + FARTHEST_MS
    assert believable(2**53 - 1, NOW_MS) == 0


def test_the_sealed_head_names_the_stored_body_by_hash_size_and_version(house: House) -> None:
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    known = head(house, "x1-1")
    said = house.opened(known.sealed)
    with house.files.open(known.body or "") as file:
        body = file.read()
    assert hashlib.sha256(body).hexdigest() == said.sha256 == known.body
    assert (said.aud, said.size, said.version, said.exp) == ("x1-1", len(body), known.version, NOW_MS + HORIZON_MS)
    plan = house.plan("x1-1")
    assert plan is not None
    assert (plan.village, plan.version, plan.valid_until) == ("x1-1", known.version, NOW_MS + HORIZON_MS)


@pytest.mark.wire(86)
def test_a_plan_holds_what_begins_within_two_days_in_the_order_of_time(house: House) -> None:
    late = house.say("x1-1", at_ms=NOW_MS + HORIZON_MS - 1)
    soon = house.say("x1", at_ms=NOW_MS + HOUR_MS)
    house.say("x1-2", at_ms=NOW_MS + HORIZON_MS)
    first, second = house.plan("x1-1"), house.plan("x1-2")
    assert first is not None
    assert second is not None
    assert [item.airing for item in first.items] == [soon.id, late.id]
    assert [item.airing for item in second.items] == [soon.id]


def test_a_plan_that_would_carry_too_much_ends_where_the_first_would_not_fit(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ITEMS", 2)
    first, second, third = (house.say("x1-1", at_ms=NOW_MS + hours * HOUR_MS) for hours in (1, 2, 3))
    plan = house.plan("x1-1")
    assert plan is not None
    assert ([item.airing for item in plan.items], plan.valid_until) == ([first.id, second.id], third.start_ms)
    house.clock.advance(first.ends_ms + 1 - NOW_MS)
    house.plans.renew()
    plan = house.plan("x1-1")
    assert plan is not None
    assert [item.airing for item in plan.items] == [second.id, third.id]


def test_a_plan_never_holds_a_say_now_or_what_is_over(house: House) -> None:
    house.say("x1-1")
    gone = house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    house.clock.advance(gone.ends_ms - NOW_MS)
    coming = house.say("x1-1", at_ms=NOW_MS + 2 * HOUR_MS)
    plan = house.plan("x1-1")
    assert plan is not None
    assert [item.airing for item in plan.items] == [coming.id]


@pytest.mark.wire(84, 87)
def test_only_the_newest_plan_of_a_village_is_in_the_outbox_and_versions_rise_within_one_ms(house: House) -> None:
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    first = head(house, "x1-1").version
    house.say("x1-1", at_ms=NOW_MS + 2 * HOUR_MS)
    assert kinds(house.letters()) == [("plan", "x1-1", "x1-1")]
    assert house.opened(house.letters()[0].sealed).version == first + 1


def test_renew_brings_in_what_the_horizon_reached_once(house: House) -> None:
    airing = house.say("x1-1", at_ms=NOW_MS + 3 * DAY_MS)
    assert house.plans.renew() == 0
    house.clock.advance(DAY_MS + 1)
    assert house.plans.renew() == 1
    plan = house.plan("x1-1")
    assert plan is not None
    assert [item.airing for item in plan.items] == [airing.id]
    assert house.plans.renew() == 0


def test_renew_writes_a_plan_anew_before_it_grows_old(house: House) -> None:
    house.say("x1-1", at_ms=NOW_MS + 40 * HOUR_MS)
    house.clock.advance(DAY_MS)
    assert house.plans.renew() == 0
    house.clock.advance(1)
    filled = house.bus.filled
    assert house.plans.renew() == 1
    assert house.bus.filled == filled + 1
    assert head(house, "x1-1").valid_ms == house.clock.now_ms() + HORIZON_MS


def test_renew_writes_a_body_anew_that_was_lost_or_damaged(house: House) -> None:
    house.say("x1", at_ms=NOW_MS + HOUR_MS)
    house.files.delete(head(house, "x1-1").body or "")
    house.files.path(head(house, "x1-2").body or "").write_bytes(b"{")
    assert house.plans.renew() == 2
    assert house.plan("x1-1") is not None
    assert house.plan("x1-2") is not None


def test_a_village_with_nothing_to_come_is_left_in_peace(house: House) -> None:
    airing = house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    house.airings.cancel(airing.id, by=admin())
    house.clock.advance(3 * DAY_MS)
    assert house.plans.renew() == 0


def test_publishing_a_plan_publishes_the_deliveries_of_its_airings_in_its_village(house: House) -> None:
    near = house.say("x1", at_ms=NOW_MS + HOUR_MS)
    far = house.say("x1-1", at_ms=NOW_MS + 4 * DAY_MS)
    letters, _ = house.posting.due()
    house.posting.published([letter for letter in letters if letter.subject == "x1-1"])
    assert house.states(near) == {
        "x1-1-l1": State.PUBLISHED,
        "x1-1-l2": State.PUBLISHED,
        "x1-2-l1": State.PLANNED,
        "x1-2-l2": State.PLANNED,
    }
    assert set(house.states(far).values()) == {State.PLANNED}


def test_a_superseded_plan_does_not_publish_what_was_planned_after_it(house: House) -> None:
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    on_their_way, _ = house.posting.due()
    later = house.say("x1-1", at_ms=NOW_MS + 2 * HOUR_MS)
    house.posting.published(on_their_way)
    assert set(house.states(later).values()) == {State.PLANNED}
    house.post()
    assert set(house.states(later).values()) == {State.PUBLISHED}
