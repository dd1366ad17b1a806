"""From wishes to airings, deliveries and plans: what is made, moved, left and ended, and what is not touched."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from controller.domain.airing import Airing
from controller.domain.delivery import State
from controller.service import planner
from controller.service.kept import KeptProgramme, Ruling
from controller.service.planner import PATIENCE_MS, QUIET_MS
from controller.service.timetable import FREEZE_MS
from scheduler.limits import Policy, Window
from scheduler.programme import DayChange
from scheduler.wishes import Take
from tests.support.people import admin
from tests.unit.controller.service.house import DAY_MS, HOUR_MS, NOW_MS, House
from tests.unit.controller.service.slots import naming, programme, rule
from tests.unit.scheduler.turns import notices

TODAY = date(2026, 11, 18)
"""NOW_MS is 18:06:40 of this Wednesday, local time."""

EVENING_MS = NOW_MS + 53 * 60_000 + 20_000
"""19:00 of it."""


def evening(house: House, **told: Any) -> KeptProgramme:
    """A programme with one bulletin at 19:00 each day, in the commune x1."""
    house.bulletin()
    usual: dict[str, Any] = {"rule": rule(19 * 60, first=TODAY), "title": "Buổi tối"}
    kept = house.programmes.create(programme(naming("b1"), **usual | told), by=admin())
    plan(house)
    return kept


def plan(house: House) -> int:
    """Let the planner see that nobody edits any more."""
    house.clock.advance(QUIET_MS)
    return house.planner.step()


def airings(house: House) -> list[Airing]:
    """Those that fulfil a wish, by start."""
    with house.work.reading() as tx:
        found = [airing for airing in tx.airings.recent(100) if airing.wish is not None]
    return sorted(found, key=lambda airing: (airing.start_ms, airing.id))


def villages(house: House, airing: Airing) -> list[str]:
    with house.work.reading() as tx:
        return sorted(tx.airings.villages_of(airing.id))


def version(house: House, village: str) -> int:
    found = house.plan(village)
    return found.version if found else 0


def test_each_turn_of_the_next_two_days_becomes_an_airing_in_the_plans_of_its_villages(house: House) -> None:
    kept = evening(house)
    today, tomorrow = airings(house)
    assert (today.start_ms, tomorrow.start_ms) == (EVENING_MS, EVENING_MS + DAY_MS)
    assert today.wish == f"{kept.programme.id}/2026-11-18/1140#0"
    assert villages(house, today) == ["x1-1", "x1-2"]
    assert house.states(today) == dict.fromkeys(("x1-1-l1", "x1-1-l2", "x1-2-l1", "x1-2-l2"), State.PLANNED)
    found = house.plan("x1-2")
    assert found is not None
    assert [item.airing for item in found.items] == [today.id, tomorrow.id]
    assert house.plan("x10-1") is None


def test_a_burst_of_edits_is_one_plan(house: House) -> None:
    kept = evening(house)
    for minute in (20 * 60, 20 * 60 + 5, 20 * 60 + 10):
        house.programmes.change_day(kept.programme.id, DayChange(day=TODAY, minute=minute), by=admin())
        house.clock.advance(QUIET_MS - 1)
        assert house.planner.step() == 0
    house.clock.advance(1)
    assert house.planner.step() == 2
    assert (airings(house)[0].rev, airings(house)[0].start_ms) == (2, EVENING_MS + 70 * 60_000)


def test_an_editor_who_never_stops_is_planned_all_the_same_within_two_seconds(house: House) -> None:
    kept = evening(house)
    changed_ms = []
    for minute in range(20 * 60, 20 * 60 + 30):
        house.programmes.change_day(kept.programme.id, DayChange(day=TODAY, minute=minute), by=admin())
        house.clock.advance(200)
        if house.planner.step():
            changed_ms.append(house.clock.now_ms())
    gaps = [after - before for before, after in pairwise(changed_ms)]
    assert len(gaps) >= 2
    assert all(PATIENCE_MS <= gap < 2_000 for gap in gaps)


def test_to_plan_again_changes_nothing_and_tells_nobody(house: House) -> None:
    evening(house)
    before = version(house, "x1-1"), airings(house), len(house.letters())
    house.planner.extend()
    assert plan(house) == 0
    assert (version(house, "x1-1"), airings(house), len(house.letters())) == before
    assert house.waiting() == []


def test_a_day_that_is_changed_moves_its_airing_by_a_higher_revision(house: House) -> None:
    kept = evening(house)
    today, tomorrow = airings(house)
    house.programmes.change_day(kept.programme.id, DayChange(day=TODAY, minute=20 * 60), by=admin())
    assert plan(house) == 2
    moved, same = airings(house)
    assert (moved.id, moved.rev, moved.start_ms) == (today.id, 2, EVENING_MS + HOUR_MS)
    assert same == tomorrow
    found = house.plan("x1-1")
    assert found is not None
    first = found.items[0]
    assert (first.airing, first.rev, first.start) == (today.id, 2, EVENING_MS + HOUR_MS)
    assert set(house.states(moved).values()) == {State.PLANNED}


def test_a_villages_own_policy_splits_its_airing_from_the_others(house: House) -> None:
    evening(house)
    early = Policy(hours=(Window(from_minute=5 * 60, to_minute=19 * 60),))
    house.policies.set("x1-2", 0, Ruling(policy=early), by=admin())
    assert plan(house) == 1
    assert [villages(house, airing) for airing in airings(house)] == [["x1-1"], ["x1-1"]]
    assert set(house.states(airings(house)[0])) == {"x1-1-l1", "x1-1-l2"}


def test_who_was_told_of_what_is_left_out_must_say_that_it_is_silent(house: House) -> None:
    kept = evening(house)
    today, _ = airings(house)
    house.post()
    assert set(house.states(today).values()) == {State.PUBLISHED}
    house.programmes.skip_day(kept.programme.id, TODAY, by=admin())
    plan(house)
    assert set(house.states(today).values()) == {State.CANCELLING}
    assert [airing.start_ms for airing in airings(house)] == [EVENING_MS + DAY_MS]
    found = house.plan("x1-1")
    assert found is not None
    assert len(found.items) == 1


def test_a_pause_that_is_taken_back_brings_its_turns_back(house: House) -> None:
    kept = evening(house)
    house.programmes.pause(kept.programme.id, TODAY, TODAY, by=admin())
    plan(house)
    assert len(airings(house)) == 1
    now = house.programmes.get(kept.programme.id, by=admin())
    house.programmes.change(kept.programme.id, now.version, kept.programme, by=admin())
    plan(house)
    assert [airing.start_ms for airing in airings(house)] == [EVENING_MS, EVENING_MS + DAY_MS]


def test_what_a_person_cancelled_is_not_planned_again(house: House) -> None:
    evening(house)
    today, tomorrow = airings(house)
    house.airings.cancel(today.id, by=admin())
    house.planner.extend()
    assert plan(house) == 0
    assert [airing.id for airing in airings(house) if airing.cancelled_ms is None] == [tomorrow.id]


def test_what_begins_soon_or_has_begun_is_not_touched(house: House) -> None:
    kept = evening(house)
    today, tomorrow = airings(house)
    house.clock.advance(EVENING_MS - house.clock.now_ms() - FREEZE_MS)
    house.programmes.change_day(kept.programme.id, DayChange(day=TODAY, minute=20 * 60), by=admin())
    plan(house)
    assert airings(house) == [today, tomorrow]


def test_a_notice_is_planned_once_and_in_the_turn_that_comes_first(house: House) -> None:
    house.bulletins.receive(house.upload(), title="Họp", klass="normal", language="vi", owner="x1", by=admin(), kind="tin")
    house.programmes.create(programme(notices(Take.FRESH), rule=rule(19 * 60, first=TODAY)), by=admin())
    assert plan(house) == 0
    [draft] = house.bulletins._waiting()
    house.bulletins._prepare_one(draft)
    assert plan(house) == 2
    [only] = airings(house)
    assert (only.start_ms, only.bulletin) == (EVENING_MS, draft.bulletin.id)
    house.clock.advance(EVENING_MS + HOUR_MS - house.clock.now_ms())
    house.planner.extend()
    plan(house)
    assert airings(house) == [only]


def test_a_unit_that_is_cut_off_in_storms_is_planned_further_ahead(house: House) -> None:
    evening(house)
    house.policies.set("x1-1", 0, Ruling(horizon_h=96), by=admin())
    plan(house)
    far, near = house.plan("x1-1"), house.plan("x1-2")
    assert far is not None
    assert near is not None
    assert (len(far.items), len(near.items)) == (4, 2)
    assert far.valid_until - near.valid_until > DAY_MS


def test_an_order_of_now_keeps_its_time(house: House) -> None:
    house.clock.advance(EVENING_MS - 25_000 - house.clock.now_ms())
    order = house.say("x1-1", lead_ms=24_000)
    evening(house)
    starts = {
        tuple(villages(house, airing)): airing.start_ms for airing in airings(house) if airing.start_ms < EVENING_MS + HOUR_MS
    }
    assert starts == {("x1-1",): order.start_ms + order.duration_ms, ("x1-2",): EVENING_MS}


def test_the_first_loudspeaker_of_a_village_is_planned_for_at_once(house: House) -> None:
    evening(house)
    house.nodes.add("x1-9", ["Lũng Vài 1"], by=admin())
    assert plan(house) == 1
    assert villages(house, airings(house)[0]) == ["x1-1", "x1-2", "x1-9"]
    assert house.states(airings(house)[0])["x1-9-l1"] is State.PLANNED
    house.nodes.move("x10-1-l1", "x1-9", by=admin())
    house.nodes.move("x10-1-l2", "x1-9", by=admin())
    assert plan(house) == 0
    found = house.plan("x1-9")
    assert found is not None
    assert len(found.items) == 2


def test_villages_written_in_different_commits_share_their_airings(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "AT_ONCE", 1)
    evening(house)
    assert [villages(house, airing) for airing in airings(house)] == [["x1-1", "x1-2"]] * 2
