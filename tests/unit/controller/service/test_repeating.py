"""To say it again to those that missed it: for whom, by whom, once; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from controller.domain.airing import Airing, Klass
from controller.domain.errors import NotFound, TiengLangError
from controller.domain.rights import Actor, Role
from controller.service.asking import Wish
from controller.service.deliveries import LINK_UP_MS
from tests.support.people import admin, somebody
from tests.unit.controller.service.house import House, receipt, receipts

HEAD = somebody(Role.HEAD, "p04", "x1", "x1-2")


def played(house: House, airing: Airing, *nodes: str) -> None:
    house.hear(*(receipts(node, receipt(1, airing, "finished"), first=1, life=f"{airing.created_ms:016x}") for node in nodes))


def over(house: House, airing: Airing) -> None:
    house.clock.advance(airing.settles_ms - house.clock.now_ms() + 1)
    house.sweeper.sweep(house.clock.monotonic_ms() - LINK_UP_MS)


def repeated(house: House, airing: Airing, by: Actor | None = None) -> Airing:
    return house.airings.repeat(airing.id, by=by or admin())


def why_not(house: House, airing: Airing, by: Actor | None = None) -> str:
    with pytest.raises(TiengLangError) as refused:
        repeated(house, airing, by)
    return refused.value.code


def missed_in_two_villages(house: House) -> Airing:
    """A province's airing that x1-1-l2 and all of x10-1 missed."""
    airing = house.say("p04", gain=-30)
    played(house, airing, "x1-1-l1", "x1-2-l1", "x1-2-l2")
    over(house, airing)
    return airing


def test_it_is_a_new_airing_for_the_villages_in_which_a_loudspeaker_missed_it(house: House) -> None:
    airing = missed_in_two_villages(house)
    again = repeated(house, airing)
    assert again.id != airing.id
    assert (again.bulletin, again.gain, again.grace_ms, again.repeats) == ("b1", -30, airing.grace_ms, airing.id)
    assert again.units == ("x1-1", "x10-1")
    assert set(house.states(again)) == {"x1-1-l1", "x1-1-l2", "x10-1-l1", "x10-1-l2"}
    assert sorted(letter.unit for letter in house.letters("play") if letter.subject == again.id) == ["x1-1", "x10-1"]
    line = house.trail.list(by=admin())[0].line
    assert (line.deed, line.subject, line.units) == ("airing.say", again.id, ("x1-1", "x10-1"))
    assert airing.id in line.detail
    assert [each.id for each in house.reports.repeats(airing.id, by=admin())] == [again.id]


def test_pressed_twice_it_is_said_once(house: House) -> None:
    airing = missed_in_two_villages(house)
    again = repeated(house, airing)
    assert repeated(house, airing).id == again.id
    house.clock.advance(10_000)
    assert repeated(house, airing, somebody(Role.EDITOR, "p04")).id == again.id
    assert repeated(house, again).id == again.id
    assert len(house.reports.recent(by=admin())) == 2


@pytest.mark.parametrize("late", [True, False])
def test_pressed_in_two_tabs_at_one_moment_it_is_said_once(small: House, monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    airing = missed_in_two_villages(small)
    foresee, others = small.airings.foresee, []

    def while_another_presses(*asked: Any, **how: Any) -> Any:
        monkeypatch.setattr(small.airings, "foresee", foresee)
        if late:  # it has looked already when the other one is kept
            seen = foresee(*asked, **how)
        others.append(repeated(small, airing))
        return seen if late else foresee(*asked, **how)

    monkeypatch.setattr(small.airings, "foresee", while_another_presses)
    assert repeated(small, airing).id == others[0].id
    assert len(small.reports.recent(by=admin())) == 2


def test_whoever_heard_a_repeat_has_not_missed_it_any_more(house: House) -> None:
    airing = missed_in_two_villages(house)
    first = repeated(house, airing)
    played(house, first, "x1-1-l1", "x1-1-l2", "x10-1-l1")
    over(house, first)
    second = repeated(house, airing)
    assert (second.units, second.repeats) == (("x10-1",), airing.id)
    played(house, second, "x10-1-l2")
    over(house, second)
    assert why_not(house, airing) == "airing.none-missed"  # l1 heard the first repeat, l2 the second
    assert why_not(house, second) == "airing.none-missed"


def test_from_a_repeats_own_page_it_is_the_same_family(house: House) -> None:
    airing = missed_in_two_villages(house)
    first = repeated(house, airing)
    played(house, first, "x10-1-l1", "x10-1-l2")
    over(house, first)
    second = repeated(house, first)
    assert (second.units, second.repeats) == (("x1-1",), airing.id)


def test_a_village_head_repeats_it_in_the_own_village_only(house: House) -> None:
    airing = house.say("x1")
    over(house, airing)
    mine = repeated(house, airing, HEAD)
    assert mine.units == ("x1-2",)
    house.clock.advance(1)
    rest = repeated(house, airing)  # the officer then reaches those that are left
    assert rest.units == ("x1-1",)
    assert repeated(house, airing).id == rest.id


def test_a_late_true_word_takes_a_village_off(house: House) -> None:
    airing = missed_in_two_villages(house)
    played(house, airing, "x1-1-l2")
    assert repeated(house, airing).units == ("x10-1",)


def test_it_is_refused_with_its_reason(house: House) -> None:
    running = house.say("x1-1")
    assert why_not(house, running) == "airing.running"
    played(house, running, "x1-1-l1", "x1-1-l2")
    assert why_not(house, running) == "airing.none-missed"
    stopped = house.say("x1-2")
    house.airings.cancel(stopped.id, by=admin())
    over(house, stopped)
    assert why_not(house, stopped) == "airing.stopped"
    with pytest.raises(NotFound):
        house.airings.repeat("nowhere", by=admin())


def test_it_is_refused_while_something_else_sounds_there(house: House) -> None:
    airing = house.say("x1-1")
    over(house, airing)
    house.say("x1-1")
    assert why_not(house, airing) == "airing.overlap"


def test_who_may_not_speak_there_may_not_repeat_it(house: House) -> None:
    airing = missed_in_two_villages(house)
    assert why_not(house, airing, somebody(Role.AUDITOR, "p04")) == "right.none"
    assert why_not(house, airing, somebody(Role.TECHNICIAN, "p04", "x1")) == "right.none"
    assert why_not(house, airing, somebody(Role.EDITOR, "p05")) == "right.none"
    assert len(house.reports.recent(by=admin())) == 1


def test_without_its_sound_it_can_not_be_repeated(small: House) -> None:
    airing = small.say("x1-1")
    over(small, airing)
    with small.work.writing() as tx:
        tx.connection.exec_driver_sql("UPDATE bulletins SET clip = NULL")
    assert why_not(small, airing) == "airing.sound-gone"


def test_an_emergency_is_not_repeated_from_here(small: House) -> None:
    small.bulletin("khan", klass=Klass.EMERGENCY)
    airing = small.airings.say(bulletin="khan", wish=Wish(to=("x1-1",)), by=admin())
    over(small, airing)
    assert why_not(small, airing) == "bulletin.emergency"
