"""Rules 7 and 8: a node that stands elsewhere, is ours no longer, or has another board."""

from __future__ import annotations

from typing import Any

import pytest

from controller.domain.delivery import State
from controller.domain.errors import Conflict, NotFound, Refused, TiengLangError
from controller.protocol.keys import to_text
from controller.protocol.messages import Config, Order, PlanHead
from controller.service.deliveries import LINK_UP_MS
from controller.service.ports import Delivery
from controller.service.presence import states as take_states
from tests.support.people import admin
from tests.unit.controller.service.house import DAY_MS, HOUR_MS, NOW_MS, House, Versions, ask, receipt, receipts, state

NODE = "x1-1-l1"


def config_of(house: House, node: str = NODE) -> Config:
    (found,) = [message for message in house.owed_to(node) if isinstance(message, Config)]
    return found


def owed(house: House, kind: type[Any], versions: Versions | None = None) -> list[Any]:
    return [message for message in house.owed_to(NODE, versions or Versions()) if isinstance(message, kind)]


def delivery(house: House, airing: str) -> Delivery:
    with house.work.reading() as tx:
        return tx.deliveries.of_nodes(airing, [NODE])[NODE]


# ── moves ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_moved_node_is_told_its_new_path_and_since_when(house: House) -> None:
    before = config_of(house)
    house.clock.advance(1_000)
    view = house.nodes.move(NODE, "x10-1", by=admin())
    after = config_of(house)
    assert (view.node.village, view.village) == ("x10-1", "Bản Giốc")
    assert (after.path, after.since) == (("p04", "x10", "x10-1"), NOW_MS + 1_000)
    assert after.version > before.version
    (letter,) = house.letters("config")
    assert (letter.topic, letter.unit, house.opened(letter.sealed)) == (f"tl/1/node/{NODE}/inbox", "x10-1", after)
    assert house.bus.filled == 1


def test_moved_twice_in_one_millisecond_it_obeys_nothing_from_between(house: House) -> None:
    house.nodes.move(NODE, "x10-1", by=admin())
    first = config_of(house).since
    house.nodes.move(NODE, "x1-1", by=admin())
    assert config_of(house).since == first + 1


def test_the_old_village_s_plan_reaches_it_no_more_and_the_new_one_s_does(house: House) -> None:
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    (old,) = owed(house, PlanHead)
    house.nodes.move(NODE, "x1-9", by=admin())
    (new,) = owed(house, PlanHead, Versions(trust=1, config=1, plan=old.version))
    assert (old.aud, new.aud) == ("x1-1", "x1-9")
    assert new.version > old.version  # also for a node whose floor is still the old village's
    house.post()
    house.say("x1-9", at_ms=NOW_MS + 2 * HOUR_MS)
    house.clock.advance(5_000)
    assert {letter.subject for letter in house.post() if letter.kind == "plan"} == {"x1-9"}


def test_an_order_from_before_the_move_is_not_offered_to_it_again(house: House) -> None:
    """Also one to the commune under which it stands still: it would not obey it."""
    airing = house.say("x1")
    assert [each.airing for each in owed(house, Order)] == [airing.id]
    house.post()
    house.clock.advance(1)
    house.nodes.move(NODE, "x1-9", by=admin())
    assert owed(house, Order) == []
    house.clock.advance(HOUR_MS)
    later = house.say("x1")
    assert [each.airing for each in owed(house, Order)] == [later.id]


def test_what_it_was_told_already_is_for_it_to_end_or_for_the_sweeper(house: House) -> None:
    told, silent = house.say("x1-1"), "x1-1-l2"
    house.post()
    house.nodes.move(NODE, "x1-9", by=admin())
    house.nodes.move(silent, "x1-9", by=admin())
    assert house.states(told) == {NODE: State.PUBLISHED, silent: State.PUBLISHED}
    house.hear(receipts(NODE, receipt(1, told, "cancelled", why="moved")))
    assert (delivery(house, told.id).state, delivery(house, told.id).why) == (State.CANCELLED, "moved")
    assert delivery(house, told.id).village == "x1-1"  # it was meant for its old place
    house.clock.advance(told.settles_ms - NOW_MS)
    house.sweeper.sweep(house.clock.monotonic_ms() - LINK_UP_MS)
    assert house.states(told) == {NODE: State.CANCELLED, silent: State.UNKNOWN}


def test_what_it_was_never_told_is_expected_where_it_stands_now_and_nowhere_else(house: House) -> None:
    old = house.say("x1-1", at_ms=NOW_MS + 3 * DAY_MS)
    both = house.say("x1", at_ms=NOW_MS + 4 * DAY_MS)
    new = house.say("x1-2", at_ms=NOW_MS + 5 * DAY_MS)
    house.nodes.move(NODE, "x1-2", by=admin())
    assert NODE not in house.states(old)
    assert (delivery(house, both.id).village, delivery(house, new.id).village) == ("x1-2", "x1-2")
    assert house.states(new)[NODE] is State.PLANNED


def test_a_word_about_the_new_village_s_airing_that_nobody_expected_makes_a_delivery_there(house: House) -> None:
    airing = house.say("x10-1")
    house.nodes.move(NODE, "x10-1", by=admin())
    house.hear(receipts(NODE, receipt(1, airing, "started")))
    assert (delivery(house, airing.id).village, delivery(house, airing.id).state) == ("x10-1", State.STARTED)


def test_a_word_about_the_old_village_s_airing_said_from_the_new_one_makes_a_delivery_too(house: House) -> None:
    """It had not heard of its move yet."""
    house.nodes.move(NODE, "x10-1", by=admin())
    airing = house.say("x1-1")
    house.hear(receipts(NODE, receipt(1, airing, "finished")))
    assert house.states(airing)[NODE] is State.FINISHED


@pytest.mark.parametrize(
    ("node", "to", "kind", "code"),
    [
        ("nobody", "x1-2", NotFound, "node.unknown"),
        (NODE, "x77", NotFound, "unit.unknown"),
        (NODE, "x1", Refused, "node.not-a-village"),
        (NODE, "x1-1", Conflict, "node.stands-there"),
        ("x1-1-l2", "x1-2", Refused, "node.retired"),
    ],
)
def test_a_move_that_can_not_be_is_refused_and_changes_nothing(
    small: House, node: str, to: str, kind: type[TiengLangError], code: str
) -> None:
    small.nodes.retire("x1-1-l2", by=admin())
    letters = small.letters()
    with pytest.raises(kind) as refused:
        small.nodes.move(node, to, by=admin())
    assert refused.value.code == code
    assert small.letters() == letters


def test_a_version_that_no_controller_can_have_made_does_not_drive_the_new_village_s(small: House) -> None:
    with small.work.writing() as tx:
        take_states(tx, [(state(NODE, versions=Versions(plan=2**53 - 2)), NOW_MS)])
    small.nodes.move(NODE, "x1-9", by=admin())
    (head,) = owed(small, PlanHead)
    assert head.version < NOW_MS + DAY_MS


# ── retired and renewed ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_retired_node_is_not_answered_not_believed_and_not_spoken_to(house: House) -> None:
    before = house.say("x1-1", at_ms=NOW_MS + 3 * DAY_MS)
    assert house.nodes.retire(NODE, by=admin()) == NOW_MS
    assert house.owed(ask(NODE)) == []
    with house.work.reading() as tx:
        assert tx.nodes.generations([NODE]) == {}
    assert NODE not in house.states(before)
    assert NODE not in house.states(house.say("x1-1"))
    assert NODE not in {view.node.id for view in house.nodes.list(by=admin())}


def test_what_a_retired_node_was_told_is_settled(house: House) -> None:
    airing = house.say("x1-1")
    house.post()
    house.nodes.retire(NODE, by=admin())
    house.clock.advance(airing.settles_ms - NOW_MS)
    house.sweeper.sweep(house.clock.monotonic_ms() - LINK_UP_MS)
    assert house.states(airing)[NODE] is State.UNKNOWN


def test_retiring_twice_is_retiring_once(house: House) -> None:
    house.nodes.retire(NODE, by=admin())
    house.clock.advance(5)
    assert house.nodes.retire(NODE, by=admin()) == NOW_MS


def test_a_renewed_node_has_another_key_and_only_that_one_counts(house: House) -> None:
    (old, _) = house.nodes.provision("x1-1", by=admin())
    given = house.nodes.renew(NODE, by=admin())
    assert (given.node, given.generation, given.key) == (NODE, 2, to_text(house.keyring.node_key(NODE, 2)))
    assert given.key != old.key
    with house.work.reading() as tx:
        assert tx.nodes.generations([NODE]) == {NODE: 2}
    assert house.nodes.provision("x1-1", by=admin())[0] == given


def test_a_renewed_node_begins_anew_and_plays_nothing_from_before(house: House) -> None:
    with house.work.writing() as tx:
        take_states(tx, [(state(NODE), NOW_MS)])
    airing = house.say("x1-1")
    house.clock.advance(1)
    house.nodes.renew(NODE, by=admin())
    assert {view.node.id: view.status for view in house.nodes.list("x1-1", by=admin())}[NODE] is None
    assert config_of(house).since == NOW_MS + 1
    assert owed(house, Order) == []
    assert NODE not in house.states(airing)


def test_a_retired_node_is_ours_again_when_renewed(house: House) -> None:
    house.nodes.retire(NODE, by=admin())
    house.nodes.renew(NODE, by=admin())
    assert NODE in {view.node.id for view in house.nodes.list(by=admin())}
    assert house.states(house.say("x1-1"))[NODE] is State.PLANNED


@pytest.mark.parametrize("what", ["retire", "renew"])
def test_a_node_that_is_not_known_is_told(small: House, what: str) -> None:
    with pytest.raises(NotFound) as unknown:
        getattr(small.nodes, what)("nobody", by=admin())
    assert unknown.value.code == "node.unknown"
