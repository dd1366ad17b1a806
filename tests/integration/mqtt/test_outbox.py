from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.broker import EmbeddedBroker
from controller.domain.airing import Airing
from controller.domain.delivery import State
from controller.mqtt import outbox as module
from controller.mqtt.outbox import Outbox
from controller.service.ports import Letter
from controller.service.posting import Posting
from tests.integration.mqtt.helpers import WAIT_S, FakeLink, Flaky, client, linked, until
from tests.support.mosquitto import Mosquitto
from tests.unit.controller.service.house import House


def outbox(house: House, link: FakeLink, database: Flaky | None = None) -> Outbox:
    posting = Posting(database=database or house.work, clock=house.clock, bus=house.bus)
    return Outbox(posting=posting, link=link, clock=house.clock)


@contextmanager
def running(box: Outbox) -> Iterator[Outbox]:
    box.start()
    try:
        yield box
    finally:
        box.stop()
        assert not box._thread.is_alive()


def attempts(house: House) -> list[int]:
    return [letter.attempt for letter in house.letters()]


def published(house: House, airing: Airing) -> bool:
    return set(house.states(airing).values()) == {State.PUBLISHED}


def test_what_was_written_goes_out_as_it_was_sealed_and_is_marked(house: House) -> None:
    link = FakeLink()
    airing = house.say("x1-1", "x10")
    with running(outbox(house, link)):
        until(lambda: attempts(house) == [1, 1])
    assert link.sent == [(letter.topic, letter.sealed) for letter in house.letters()]
    assert published(house, airing)


def test_waking_it_sends_what_was_just_written(house: House) -> None:
    link = FakeLink()
    with running(outbox(house, link)) as box:
        until(lambda: not box._filled.is_set())
        airing = house.say("x1-1")
        box.wake()
        until(lambda: published(house, airing))


def test_a_puback_that_never_comes_leaves_it_unmarked_and_it_goes_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PUBACK_S", 0.05)
    link = FakeLink()
    link.word = lambda number: None if number <= 2 else True
    airing = house.say("x1-1")
    box = outbox(house, link)
    box._round()
    assert (len(link.sent), attempts(house)) == (1, [0])
    assert set(house.states(airing).values()) == {State.PLANNED}
    box._round()
    box._round()
    assert (len(link.sent), attempts(house), published(house, airing)) == (3, [1], True)


def test_of_many_only_those_that_the_broker_took_are_marked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PUBACK_S", 0.05)
    link = FakeLink()
    link.word = lambda number: {1: True, 2: False}.get(number)
    house.say("x1-1")
    house.say("x1-2")
    house.say("x10")
    outbox(house, link)._round()
    assert attempts(house) == [1, 0, 0]


def test_a_word_that_comes_too_late_harms_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PUBACK_S", 0.02)
    house.say("x1-1")
    late = []

    class Slow(FakeLink):
        def publish(self, messages: object, done: object = None) -> None:
            late.append(done)

    box = outbox(house, Slow())
    box._round()
    for done in late:
        assert callable(done)
        done(True)
    assert attempts(house) == [0]


def test_while_the_link_is_down_nothing_is_published_and_nothing_is_lost(house: House) -> None:
    link = FakeLink()
    link.up_since_ms = None
    airing = house.say("x1-1")
    with running(outbox(house, link)):
        time.sleep(0.3)
        assert (link.sent, attempts(house)) == ([], [0])
        link.up_since_ms = 5
        until(lambda: published(house, airing))


def test_killed_or_failing_between_publish_and_mark_it_publishes_once_more(house: House) -> None:
    link, database = FakeLink(), Flaky(house.work)
    airing = house.say("x1-1")
    database.away = 1
    with running(outbox(house, link, database)) as box:
        until(lambda: len(link.sent) == 1)
        box.wake()
        until(lambda: published(house, airing))
    assert link.sent[0] == link.sent[1]
    assert attempts(house) == [1]


def test_what_falls_over_in_it_is_logged_and_it_goes_on(house: House, caplog: pytest.LogCaptureFixture) -> None:
    link, fallen = FakeLink(), list[int]()
    box = outbox(house, link)
    real = box._posting.due

    def due() -> tuple[list[Letter], int | None]:
        if not fallen:
            fallen.append(1)
            raise ZeroDivisionError
        return real()

    box._posting = type("P", (), {"due": staticmethod(due), "published": box._posting.published})()
    airing = house.say("x1-1")
    with caplog.at_level(logging.ERROR), running(box):
        until(lambda: fallen)
        box.wake()
        until(lambda: published(house, airing))
    assert "the outbox fell over" in caplog.text


def test_an_expired_letter_does_not_keep_it_awake(house: House) -> None:
    airing = house.say("x1-1")
    house.clock.advance(airing.ends_ms - airing.created_ms)
    assert outbox(house, FakeLink())._round() == module.IDLE_S


def test_it_ends_soon_though_the_broker_says_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PUBACK_S", 0.3)
    link = FakeLink()
    link.word = lambda _: None
    house.say("x1-1")
    began = time.monotonic()
    with running(outbox(house, link)):
        until(lambda: link.sent)
    assert time.monotonic() - began < 3


@pytest.mark.wire(83)
def test_over_a_real_broker_every_letter_arrives_and_what_a_dead_one_swallowed_goes_again(
    house: House, broker: Mosquitto | EmbeddedBroker
) -> None:
    posting = Posting(database=house.work, clock=house.clock, bus=house.bus)
    with linked(broker.url) as (link, _), running(Outbox(posting=posting, link=link, clock=house.clock)) as box:
        with client(broker.port, "node", "tl/1/unit/+/order") as (_, heard):
            first = house.say("x1-1")
            box.wake()
            assert heard.get(timeout=WAIT_S) == ("tl/1/unit/x1-1/order", house.letters()[0].sealed)
            until(lambda: published(house, first))
        broker.stop()
        until(lambda: link.up_since_ms is None)
        second = house.say("x1-2")
        box.wake()
        broker.start()
        until(lambda: published(house, second))
    assert attempts(house) == [1, 1]
