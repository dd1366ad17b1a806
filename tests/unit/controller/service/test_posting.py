from __future__ import annotations

import pytest

from controller.domain.delivery import State
from controller.protocol.messages import Versions
from controller.service import presence
from controller.service.posting import LIMIT, MAX_REMEMBERED
from tests.support.people import admin
from tests.unit.controller.service.house import HOUR_MS, NODES, NOW_MS, House, receipt, receipts, state


@pytest.mark.wire(83)
def test_a_letter_nobody_answers_goes_at_once_and_after_2_5_15_and_60_seconds_and_then_waits(house: House) -> None:
    house.say("x1-1", grace_ms=3_000_000)
    sent = []
    for _ in range(400):
        if house.post():
            sent.append(house.clock.now_ms() - NOW_MS)
        house.clock.advance(500)
    assert sent == [0, 2_000, 7_000, 22_000, 82_000]
    assert [letter.next_ms for letter in house.letters()] == [None]
    assert house.posting.due() == ([], None)


def test_the_next_moment_is_said_so_that_nobody_has_to_poll(house: House) -> None:
    house.say("x1-1")
    house.post()
    assert house.posting.due() == ([], NOW_MS + 2_000)


def test_what_the_broker_did_not_take_is_due_again_at_once(house: House) -> None:
    airing = house.say("x1-1")
    first, _ = house.posting.due()
    second, _ = house.posting.due()
    assert [letter.id for letter in first] == [letter.id for letter in second]
    assert set(house.states(airing).values()) == {State.PLANNED}


def test_what_the_broker_took_makes_the_deliveries_of_its_unit_published(house: House) -> None:
    airing = house.say("x1-1", "x10")
    letters, _ = house.posting.due()
    house.posting.published([letter for letter in letters if letter.unit == "x10"])
    assert {node for node, where in house.states(airing).items() if where is State.PUBLISHED} == set(NODES[4:])
    assert house.bus.airings[airing.id] == 2


def test_it_stops_when_everybody_took_it(house: House) -> None:
    airing = house.say("x1-1")
    house.post()
    for node in NODES[:2]:
        house.hear(receipts(node, receipt(1, airing, "accepted")))
    house.clock.advance(2_000)
    assert house.post() == []
    assert [letter.next_ms for letter in house.letters()] == [None]


def test_while_they_are_just_taking_it_the_next_offer_is_put_off_without_being_counted(house: House) -> None:
    airing = house.say("x1")
    house.post()
    house.clock.advance(2_000)
    assert len(house.post()) == 1
    house.hear(receipts("x1-1-l1", receipt(1, airing, "accepted")))
    house.clock.advance(5_000)
    assert house.post() == []
    assert [(letter.attempt, letter.next_ms) for letter in house.letters()] == [(2, house.clock.now_ms() + 2_000)]
    house.clock.advance(2_000)
    assert len(house.post()) == 1


def test_a_stop_is_offered_until_every_loudspeaker_said_what_came_of_it(house: House) -> None:
    airing = house.say("x1-1", grace_ms=3_000_000)
    house.airings.cancel(airing.id, by=admin())
    assert [letter.kind for letter in house.post()] == ["stop"]
    house.hear(receipts("x1-1-l1", receipt(1, airing, "cancelled", rev=2)))
    house.clock.advance(2_000)
    assert house.post() == []  # they are just now taking it
    house.clock.advance(2_000)
    assert len(house.post()) == 1
    house.hear(receipts("x1-1-l2", receipt(1, airing, "cancelled", rev=2)))
    house.clock.advance(5_000)
    assert house.post() == []


def test_a_plan_is_offered_while_a_loudspeaker_that_is_there_holds_an_older_one(house: House) -> None:
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    (letter,) = house.post()
    version = house.opened(letter.sealed).version
    with house.work.writing() as tx:
        presence.states(tx, [(state("x1-1-l1", versions=Versions(plan=version - 1)), NOW_MS)])
        presence.states(tx, [(state("x1-1-l2", online=False), NOW_MS)])
    house.clock.advance(2_000)
    assert len(house.post()) == 1
    with house.work.writing() as tx:
        presence.states(tx, [(state("x1-1-l1", counter=2, versions=Versions(plan=version)), NOW_MS)])
    house.clock.advance(5_000)
    assert house.post() == []


def test_expired_letters_are_never_due_and_keep_nobody_awake(house: House) -> None:
    airing = house.say("x1-1")
    house.clock.advance(airing.start_ms + airing.grace_ms - NOW_MS)
    assert house.posting.due() == ([], None)


def test_silence_goes_before_sound_and_sound_before_papers(house: House) -> None:
    house.say("x1-2", at_ms=NOW_MS + HOUR_MS)
    house.nodes.hold("x1", house.clip(), on=True, by=admin())
    house.say("x10")
    airing = house.say("x1-1")
    house.airings.cancel(airing.id, by=admin())
    assert [letter.kind for letter in house.post()] == ["stop", "play", "plan", *["config"] * 4]


def test_a_letter_that_was_superseded_meanwhile_is_not_marked_and_marks_nobody(house: House) -> None:
    airing = house.say("x1-1")
    letters, _ = house.posting.due()
    house.airings.cancel(airing.id, by=admin())
    house.posting.published(letters)
    assert set(house.states(airing).values()) == {State.CANCELLING}
    assert [letter.attempt for letter in house.letters()] == [0]


def test_a_round_is_bounded_and_the_rest_goes_in_the_next(small: House) -> None:
    small.nodes.add("x1-9", [f"l {number}" for number in range(LIMIT + 5)], by=admin())
    small.nodes.hold("x1-9", small.clip(), on=True, by=admin())
    assert [len(small.post()), len(small.post()), len(small.post())] == [LIMIT, 5, 0]


def test_what_it_remembers_of_letters_has_a_bound(small: House) -> None:
    small.posting._untaken = dict.fromkeys(range(-MAX_REMEMBERED - 1, 0), 1)
    small.posting.due()
    assert small.posting._untaken == {}
