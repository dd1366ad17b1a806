"""Rule 3: a controller whose clock is behind its own last commit signs nothing; and how it begins to sign again."""

from __future__ import annotations

from typing import Any

import pytest

from controller.db.unit_of_work import UnitOfWork
from controller.domain.errors import Refused, Unavailable
from controller.protocol.messages import Config, PlanHead
from controller.service.clock_guard import TOLERANCE_MS, ClockGuard
from controller.service.timekeeping import Timekeeping
from scheduler.clock import VirtualClock
from tests.support.people import admin
from tests.unit.controller.service.house import DAY_MS, HOUR_MS, NOW_MS, House, ask, receipt, receipts

NODE = "x1-1-l1"
CLOCK = ("controller.clock", None)
YEAR_MS = 366 * DAY_MS


def refused(house: House, decide: Any) -> Unavailable:
    letters = house.letters()
    with pytest.raises(Unavailable) as behind:
        decide()
    assert house.letters() == letters
    assert behind.value.code == "clock.behind"
    return behind.value


# ── held back ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.wire(88)
def test_while_the_clock_is_behind_nothing_is_decided(house: House) -> None:
    said = house.say("x1-1")
    house.clock.step(-HOUR_MS)
    assert refused(house, lambda: house.say("x1-2")).fields == {"behind_s": 3600}
    refused(house, lambda: house.say("x1-2", at_ms=NOW_MS + HOUR_MS))
    refused(house, lambda: house.airings.cancel(said.id, by=admin()))
    refused(house, lambda: house.nodes.move(NODE, "x1-2", by=admin()))
    refused(house, lambda: house.nodes.renew(NODE, by=admin()))
    refused(house, lambda: house.owed(ask(NODE)))
    assert house.nodes.list("x1-1", by=admin())[0].node.generation == 1


def test_what_nodes_say_is_committed_all_the_same(house: House) -> None:
    airing = house.say("x1-1")
    house.clock.step(-HOUR_MS)
    assert house.hear(receipts(NODE, receipt(1, airing, "started"))).upto == {(NODE, "00000000000000aa"): 1}
    assert not house.offers.may_answer()


@pytest.mark.parametrize(("step_ms", "signs"), [(-TOLERANCE_MS, True), (-TOLERANCE_MS - 1, False), (DAY_MS, True)])
def test_a_slewed_clock_is_daily_life(small: House, step_ms: int, signs: bool) -> None:
    small.clock.step(step_ms)
    assert small.offers.may_answer() is signs


def test_set_right_or_run_up_to_the_mark_it_signs_again(house: House) -> None:
    house.say("x1-1")
    house.clock.step(-HOUR_MS)
    house.clock.advance(HOUR_MS - TOLERANCE_MS)
    house.say("x1-2")
    house.clock.step(-DAY_MS)
    house.clock.step(DAY_MS)
    house.say("x10-1")


@pytest.mark.wire(88)
def test_a_restart_forgets_nothing(house: House) -> None:
    house.say("x1-1")
    clock = VirtualClock(NOW_MS - HOUR_MS, 5)
    guard = ClockGuard(clock)
    UnitOfWork(house.database, guard, b"key")
    with pytest.raises(Unavailable):
        guard.may_sign()


def test_what_another_controller_committed_last_counts_once_it_is_recalled(house: House) -> None:
    other = ClockGuard(VirtualClock(NOW_MS + HOUR_MS))
    with UnitOfWork(house.database, other, b"key").writing():
        pass
    house.guard.may_sign()
    house.work.recall()
    with pytest.raises(Unavailable):
        house.guard.may_sign()


def test_a_commit_that_fails_and_a_look_leave_no_mark(house: House) -> None:
    house.clock.step(DAY_MS)
    with pytest.raises(RuntimeError), house.work.writing():
        raise RuntimeError("the power is gone")
    house.nodes.list(by=admin())
    house.clock.step(-DAY_MS)
    house.say("x1-1")


def test_commits_of_a_clock_that_is_behind_leave_the_mark_where_it_is(house: House) -> None:
    house.say("x1-1")
    house.clock.step(-HOUR_MS)
    house.hear(receipts(NODE, receipt(1, "a", "started")))
    assert house.timekeeping.show().mark_ms == NOW_MS


# ── the alarm ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_alarm_is_raised_once_a_fall_and_closed_when_all_is_well(house: House) -> None:
    house.say("x1-1")
    house.timekeeping.look()
    house.clock.step(-HOUR_MS)
    for _ in range(3):
        house.clock.advance(1_000)
        house.timekeeping.look()
    assert house.alarm_codes() == {CLOCK: 1}
    house.clock.step(HOUR_MS)
    house.timekeeping.look()
    assert house.alarm_codes() == {}
    assert len(house.alarms.list(closed=True, by=admin())) == 1


def test_one_that_a_restart_left_open_is_closed_too(house: House) -> None:
    house.say("x1-1")
    house.clock.step(-HOUR_MS)
    house.timekeeping.look()
    house.clock.step(HOUR_MS)
    Timekeeping(database=house.work, guard=house.guard, papers=house.papers, plans=house.plans, bus=house.bus).look()
    assert house.alarm_codes() == {}


# ── the way out ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clock_that_was_a_year_ahead_by_mistake_is_forgiven_with_a_trace(house: House) -> None:
    house.clock.step(YEAR_MS)
    house.say("x1-1")
    house.clock.step(-YEAR_MS)
    refused(house, lambda: house.say("x1-2"))
    told = house.timekeeping.forgive(by=admin())
    assert (told.mark_ms, told.behind_ms) == (NOW_MS, 0)
    house.say("x1-2")
    assert house.alarm_codes() == {("controller.clock-forgiven", None): 1}


def test_what_was_sealed_in_the_future_is_sealed_anew_for_nodes_would_refuse_it(house: House) -> None:
    house.clock.step(YEAR_MS)
    house.say("x1-1", at_ms=NOW_MS + YEAR_MS + HOUR_MS)
    (added,) = house.nodes.add("x1-9", ["mới"], by=admin())
    before = {each.aud: each for each in house.owed_to(NODE) if isinstance(each, Config | PlanHead)}
    house.owed(ask(added.id))
    house.clock.step(-YEAR_MS)
    house.timekeeping.forgive(by=admin())
    after = {each.aud: each for each in house.owed_to(NODE) if isinstance(each, Config | PlanHead)}
    assert before.keys() == after.keys() == {NODE, "x1-1"}
    assert all(after[aud].iat == NOW_MS and after[aud].version > before[aud].version for aud in after)
    (owed,) = house.owed(ask(added.id))
    assert house.opened(owed.sealed[1]).since == NOW_MS


def test_where_nothing_is_behind_there_is_nothing_to_forgive(small: House) -> None:
    with pytest.raises(Refused) as right:
        small.timekeeping.forgive(by=admin())
    assert right.value.code == "clock.right"


def test_forgiving_that_fails_leaves_the_guard_up(small: House, monkeypatch: pytest.MonkeyPatch) -> None:
    small.say("x1-1")
    small.clock.step(-HOUR_MS)
    monkeypatch.setattr(type(small.plans), "replan", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        small.timekeeping.forgive(by=admin())
    assert not small.offers.may_answer()
    assert small.timekeeping.show().mark_ms == NOW_MS
