"""The test phrase: one play order, for one loudspeaker, that makes nothing else wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from audio.clip import Clip
from controller.domain.airing import Mode
from controller.domain.delivery import State
from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.rights import Role
from controller.protocol.messages import Kind, Order
from controller.service.kept import Ruling
from controller.service.node_tests import GRACE_MS, LEAD_MS, NodeTests
from scheduler.limits import Policy, Window
from tests.support.people import admin, somebody
from tests.unit.controller.service.house import NOW_MS, House, receipt, receipts

CHIME = Clip(
    sha256="e" * 64, size=17_000, duration_ms=4_000, kind="music", loudness_lufs=-16.0, true_peak_dbtp=-1.5, peaks=bytes(800)
)


def trials(house: House, phrase: Callable[[], Clip] = lambda: CHIME, has: Callable[[str], bool] = lambda _: True) -> NodeTests:
    return NodeTests(keyring=house.keyring, phrase=phrase, has=has, **house.common)


def test_one_sealed_order_goes_to_the_node_s_own_inbox_and_to_nobody_else(house: House) -> None:
    airing = trials(house).play("x1-1-l2", by=admin())
    [letter] = house.letters("play")
    order = house.opened(letter.sealed)
    assert isinstance(order, Order)
    assert letter.topic == "tl/1/node/x1-1-l2/inbox"
    assert (order.aud, order.kind, order.sha256, order.duration) == ("x1-1-l2", Kind.PLAY, CHIME.sha256, 4_000)
    assert (order.start, order.exp) == (NOW_MS + LEAD_MS, NOW_MS + LEAD_MS + GRACE_MS)
    assert house.states(airing) == {"x1-1-l2": State.PLANNED}
    house.post()
    assert house.states(airing) == {"x1-1-l2": State.PUBLISHED}
    house.hear(receipts("x1-1-l2", receipt(1, airing, "finished")))
    assert house.states(airing) == {"x1-1-l2": State.FINISHED}
    assert house.airings.cancel(airing.id, by=admin()).cancelled_ms is not None
    assert house.letters("stop")[0].topic == "tl/1/node/x1-1-l2/inbox"


def test_who_asks_meanwhile_is_owed_it_and_its_neighbour_is_not(house: House) -> None:
    airing = trials(house).play("x1-1-l2", by=admin())
    house.post()
    assert [each.airing for each in house.owed_to("x1-1-l2") if isinstance(each, Order)] == [airing.id]
    assert not [each for each in house.owed_to("x1-1-l1") if isinstance(each, Order)]


def test_it_is_no_part_of_what_was_said_and_nothing_makes_room_for_it(house: House) -> None:
    airing = trials(house).play("x1-1-l1", by=admin())
    assert (airing.mode, airing.node) == (Mode.TEST, "x1-1-l1")
    assert house.reports.recent(by=admin()) == []
    assert house.reports.summary(airing.id, by=somebody(Role.TECHNICIAN, "p04", "x1")).title == "Phát thử"
    house.say("x1-1")
    with house.work.reading() as tx:
        assert tx.bulletins.notices(NOW_MS) == []


def test_a_second_click_is_the_first_until_the_test_is_over(small: House) -> None:
    tests = trials(small)
    first = tests.play("x1-1-l1", by=admin())
    assert tests.play("x1-1-l1", by=admin()).id == first.id
    assert len(small.letters("play")) == 1
    small.hear(receipts("x1-1-l1", receipt(1, first, "refused", why="hours")))
    assert tests.play("x1-1-l1", by=admin()).id != first.id
    small.clock.advance(60_000)  # it never answered
    assert tests.play("x1-1-l1", by=admin()).start_ms == small.clock.now_ms() + LEAD_MS


def test_what_sounds_there_is_not_disturbed(small: House) -> None:
    small.say("x1-1")
    with pytest.raises(Conflict) as met:
        trials(small).play("x1-1-l1", by=admin())
    assert met.value.code == "airing.overlap"
    trials(small).play("x1-2-l1", by=admin())


def test_quiet_hours_hold_for_it_too(small: House) -> None:
    open_at = Window(from_minute=0, to_minute=1, days=(1,))  # one minute a week, not now
    small.policies.set("x1", 0, Ruling(policy=Policy(hours=(open_at,))), by=admin())
    with pytest.raises(Refused) as refused:
        trials(small).play("x1-1-l1", by=admin())
    assert (refused.value.code, refused.value.fields["unit"]) == ("node.quiet-hours", "Pác Rằng")
    assert small.letters("play") == []


def test_only_who_may_and_only_what_is_there(small: House) -> None:
    tests = trials(small)
    tests.play("x1-1-l1", by=somebody(Role.TECHNICIAN, "p04", "x1"))
    for who in (somebody(Role.TECHNICIAN, "p04", "x10"), somebody(Role.EDITOR, "p04"), somebody(Role.HEAD, "p04", "x1", "x1-1")):
        with pytest.raises(Refused) as refused:
            tests.play("x1-1-l1", by=who)
        assert refused.value.code == "right.none"
    with pytest.raises(NotFound):
        tests.play("nobody", by=admin())
    small.nodes.retire("x1-1-l1", by=admin())
    with pytest.raises(Refused) as retired:
        tests.play("x1-1-l1", by=admin())
    assert retired.value.code == "node.retired"
    newest = small.trail.list(by=admin())[1]
    assert (newest.line.deed, newest.line.subject) == ("node.test", "x1-1-l1")


def test_the_phrase_is_made_once_and_again_when_it_is_gone(small: House) -> None:
    made: list[Clip] = []
    there = True

    def phrase() -> Clip:
        made.append(replace(CHIME, sha256=f"{len(made):064}"))
        return made[-1]

    tests = trials(small, phrase, lambda _: there)
    assert tests.play("x1-1-l1", by=admin()).sha256 == tests.play("x1-1-l2", by=admin()).sha256
    there = False
    assert tests.play("x1-2-l1", by=admin()).sha256 != made[0].sha256
    small.clock.advance(60_000)
    again = tests.play("x1-1-l1", by=admin())
    assert small.bulletins.view(again.bulletin, by=admin()).bulletin.clip == again.sha256
