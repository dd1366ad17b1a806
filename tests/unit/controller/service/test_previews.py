"""A change is shown before it is saved: what the planner would then make, and nothing is written by looking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from controller.domain.airing import Klass
from controller.domain.errors import NotFound, Refused
from controller.service.asking import Wish
from controller.service.kept import Ruling
from controller.service.previews import Preview, Previews
from scheduler.limits import Policy, Window
from scheduler.programme import Programme
from scheduler.wishes import PRIORITY, Begin
from tests.support.people import admin
from tests.unit.controller.service.house import DURATION_MS, House
from tests.unit.controller.service.slots import naming, programme, rule
from tests.unit.controller.service.test_days import planned, request
from tests.unit.controller.service.test_planner import EVENING_MS, TODAY, airings, evening, plan


def previews(house: House) -> Previews:
    return Previews(database=house.work, clock=house.clock)


def shown(preview: Preview, *, after: bool) -> set[tuple[Any, ...]]:
    """(start, length, sound, village) before or after, in the villages that differ."""
    return {
        (line.start_ms, line.end_ms - line.start_ms, line.source, village.id)
        for group in preview.groups
        for village in group.villages
        for line in (group.after if after else group.before)
    }


def everything(house: House) -> tuple[Any, ...]:
    """All that a plan or a save would change."""
    with house.work.reading() as tx:
        return house.programmes.list(by=admin()), airings(house), tx.replans.waiting(), house.letters(), house.plan("x1-1")


def made(house: House) -> set[tuple[Any, ...]]:
    return {(airing.start_ms, airing.duration_ms, airing.bulletin, village) for airing, village in planned(house)}


def at(minute: int, *bulletins: str, **told: Any) -> Programme:
    return programme(naming(*bulletins), rule=rule(minute, first=TODAY), title="Buổi đề nghị", **told)


def test_a_new_programme_is_shown_before_and_after_and_nothing_is_saved(house: House) -> None:
    evening(house)
    house.bulletin("b2")
    before = everything(house)
    preview = previews(house).created(at(19 * 60, "b2", klass=PRIORITY), by=admin())
    assert everything(house) == before
    [group] = preview.groups
    assert (preview.villages, [unit.id for unit in group.villages]) == (2, ["x1-2", "x1-1"])
    assert [(line.start_ms, line.title) for line in group.before][:1] == [(EVENING_MS, "Tin b1")]
    assert [(line.start_ms, line.title) for line in group.after][:2] == [
        (EVENING_MS, "Tin b2"),
        (EVENING_MS + DURATION_MS, "Tin b1"),
    ]
    changed = [each for each in group.decisions if each.before is not None]
    assert [(each.before and each.before.code, each.after and each.after.code) for each in changed] == [
        ("plays", "later.taken")
    ] * 2
    assert changed[0].after is not None
    assert changed[0].after.by == "Buổi đề nghị"
    new = [each.after.code for each in group.decisions if each.before is None and each.after is not None]
    assert new == ["plays", "plays"]


CHANGES: dict[str, Callable[[Programme], Programme | None]] = {
    "later": lambda kept: replace(kept, rule=rule(20 * 60, first=TODAY)),
    "for one village": lambda kept: replace(kept, units=("x1-1",)),
    "elsewhere": lambda kept: replace(kept, owner="p04", units=("x10",)),
    "exactly": lambda kept: replace(kept, segments=(naming("b1", begin=Begin.EXACT, offset_ms=60_000),)),
    "shorter": lambda kept: replace(kept, length_ms=10_000),
    "ended": lambda kept: None,
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_a_change_is_shown_as_the_planner_then_makes_it(house: House, change: str) -> None:
    kept = evening(house)
    request(house, "r1", EVENING_MS + 60_000, "x1-2", klass=PRIORITY)
    early = Policy(hours=(Window(from_minute=5 * 60, to_minute=20 * 60 + 30),), session_ms=80_000)
    house.policies.set("x1-2", 0, Ruling(policy=early), by=admin())
    plan(house)
    before, wanted = made(house), CHANGES[change](kept.programme)
    preview = previews(house).changed(kept.programme.id, wanted, by=admin())
    if wanted is None:
        house.programmes.end(kept.programme.id, by=admin())
    else:
        house.programmes.change(kept.programme.id, 1, wanted, by=admin())
    plan(house)
    after = made(house)
    differing = {village.id for group in preview.groups for village in group.villages}
    assert shown(preview, after=False) == {each for each in before if each[-1] in differing}
    assert shown(preview, after=True) == {each for each in after if each[-1] in differing}
    assert {each[-1] for each in before ^ after} <= differing
    assert before != after


def test_a_new_programme_is_planned_as_it_was_shown(house: House) -> None:
    evening(house)
    house.bulletin("b2")
    wanted = at(19 * 60, "b2", "b1")
    preview = previews(house).created(wanted, by=admin())
    house.clock.advance(1)
    house.programmes.create(wanted, by=admin())
    plan(house)
    assert shown(preview, after=True) == made(house)


def test_what_changes_nothing_shows_nothing(small: House) -> None:
    kept = evening(small)
    assert previews(small).changed(kept.programme.id, kept.programme, by=admin()).groups == ()


def test_what_could_not_be_saved_is_refused_the_same_way(small: House) -> None:
    kept = evening(small)
    with pytest.raises(NotFound):
        previews(small).changed("p99", None, by=admin())
    with pytest.raises(NotFound):
        previews(small).created(at(300, "b99"), by=admin())
    small.policies.set("x1", 0, Ruling(policy=Policy(hours=(Window(from_minute=300, to_minute=1260),))), by=admin())
    with pytest.raises(Refused) as refused:
        previews(small).created(at(195, "b1"), by=admin())
    assert refused.value.code == "programme.hours"
    small.programmes.end(kept.programme.id, by=admin())
    with pytest.raises(Refused) as refused:
        previews(small).changed(kept.programme.id, None, by=admin())
    assert refused.value.code == "programme.ended"


def test_a_policy_is_shown_before_and_after(house: House) -> None:
    evening(house)
    by_day = Ruling(policy=Policy(hours=(Window(from_minute=5 * 60, to_minute=18 * 60),)))
    before = everything(house)
    preview = previews(house).ruled("x1-1", by_day, by=admin())
    assert everything(house) == before
    assert made(house) - shown(preview, after=False) == {each for each in made(house) if each[3] != "x1-1"}
    assert shown(preview, after=True) == set()
    [group] = preview.groups
    assert {(each.after and each.after.code, each.after and each.after.unit) for each in group.decisions} == {
        ("dropped.hours", "Pác Rằng")
    }
    house.policies.set("x1-1", 0, by_day, by=admin())
    plan(house)
    assert {village for *_, village in made(house)} == {"x1-2"}
    assert [unit.id for group in previews(house).ruled("x1-1", None, by=admin()).groups for unit in group.villages] == ["x1-1"]


def test_a_policy_that_could_not_be_set_is_refused_before(house: House) -> None:
    with pytest.raises(Refused) as refused:
        previews(house).ruled("x1", Ruling(horizon_h=1), by=admin())
    assert refused.value.code == "policy.limit"


def test_a_bulletin_at_a_time_is_shown_with_what_it_pushes_aside(house: House) -> None:
    evening(house)
    house.bulletin("b2", klass=Klass.PRIORITY)
    before = everything(house)
    preview = previews(house).asked("b2", Wish(to=("x1-1",), at_ms=EVENING_MS), by=admin())
    assert everything(house) == before
    [group] = preview.groups
    assert [(line.start_ms, line.title) for line in group.after] == [
        (EVENING_MS, "Tin b2"),
        (EVENING_MS + DURATION_MS, "Tin b1"),
    ]
    codes = [(each.before and each.before.code, each.after and each.after.code) for each in group.decisions]
    assert codes == [("plays", "later.taken"), (None, "plays")]


def test_a_bulletin_for_which_there_is_no_room_is_shown_with_the_reason(house: House) -> None:
    evening(house)
    house.bulletin("b2")
    [group] = previews(house).asked("b2", Wish(to=("x1",), at_ms=EVENING_MS + 10_000), by=admin()).groups
    [decided] = group.decisions
    assert decided.after is not None
    assert (decided.before, decided.after.code, decided.after.by) == (None, "dropped.taken", "Buổi tối")
