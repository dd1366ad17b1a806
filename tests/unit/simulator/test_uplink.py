"""A node's link is tried again after growing, jittered waits, at once after a boot, and never while nobody wants it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from controller.protocol.address import BrokerAddress
from firmware_bridge import events as ev
from simulator import uplink as module
from simulator.link import LinkError
from simulator.uplink import Uplink
from tests.unit.simulator.fakes import Street


class FakeLink:
    """Connects, unless told that the broker is away."""

    away = False
    cuts = 0

    def __init__(self, client_id: str, **calls: Any) -> None:
        self.calls = calls

    async def connect(self, *_: object, **__: object) -> None:
        if FakeLink.away:
            raise LinkError("away")

    def cut(self) -> None:
        FakeLink.cuts += 1


class Owner:
    """A node that only wants to be connected."""

    id = "a"
    index = 0
    wants_link = True

    def __init__(self) -> None:
        self.told: list[ev.Event] = []

    def will(self) -> ev.Publish:
        return ev.Publish(topic="t", payload=b"will")

    def feed(self, event: ev.Event) -> None:
        self.told.append(event)

    def arrived(self, topic: str, payload: bytes) -> None:
        raise AssertionError


class SoonTask:
    """Runs a coroutine that never really waits, in the loop's next turn."""

    def __init__(self, street: Street, work: Coroutine[Any, Any, None]) -> None:
        self.work = work
        self.handle = street.loop.call_soon(self.run)

    def run(self) -> None:
        with pytest.raises(StopIteration):
            self.work.send(None)

    def cancel(self) -> None:
        self.handle.cancel()
        self.work.close()


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Street(tmp_path)
    shared = made.node._shared
    shared.broker = BrokerAddress(host="127.0.0.1", port=1)
    shared.jitter = random.Random(7)
    shared.connect_slots = asyncio.Semaphore(1)
    made.loop.create_task = lambda work: SoonTask(made, work)  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "Link", FakeLink)
    FakeLink.away, FakeLink.cuts = False, 0
    yield made
    made.memory.close()


def waits(street: Street, tries: int) -> list[int]:
    """How long the uplink waited before each of so many tries that failed."""
    street.loop.pass_ms(0)
    found, last = [], street.clock.monotonic_ms()
    for _ in range(10_000):
        if len(found) == tries:
            break
        before = street.counts["connects_failed"]
        street.loop.pass_ms(100)
        if street.counts["connects_failed"] > before:
            found.append(street.clock.monotonic_ms() - last)
            last = street.clock.monotonic_ms()
    return found


@pytest.mark.wire(8)
def test_waits_grow_to_the_longest_and_carry_jitter(street: Street) -> None:
    FakeLink.away = True
    Uplink(Owner(), street.node._shared).open()
    grown = waits(street, 12)
    for number, wait in enumerate(grown):
        most = min(60_000, 1_000 << number)
        assert most // 2 <= wait <= most + 100
    assert len(set(grown[6:])) > 1


@pytest.mark.wire(8)
def test_a_link_that_is_lost_is_opened_again_and_both_are_told(street: Street) -> None:
    owner = Owner()
    uplink = Uplink(owner, street.node._shared)
    uplink.open()
    street.loop.pass_ms(0)
    assert owner.told == [ev.Connected()]
    link = uplink.link
    assert isinstance(link, FakeLink)
    link.calls["on_lost"]()
    assert (uplink.link, street.counts["connected"]) == (None, 0)
    street.loop.pass_ms(1_000)
    assert owner.told == [ev.Connected(), ev.Disconnected(), ev.Connected()]
    assert street.counts["connected"] == 1


def test_who_wants_no_link_any_more_gets_none(street: Street) -> None:
    owner = Owner()
    uplink = Uplink(owner, street.node._shared)
    FakeLink.away = True
    uplink.open()
    street.loop.pass_ms(0)
    owner.wants_link = False
    FakeLink.away = False
    street.loop.pass_ms(100_000)
    assert uplink.link is None
    owner.wants_link = True
    uplink.open()
    street.loop.pass_ms(0)
    assert uplink.link is not None


def test_dropping_cuts_without_a_word(street: Street) -> None:
    uplink = Uplink(Owner(), street.node._shared)
    assert uplink.drop() is False
    uplink.open()
    street.loop.pass_ms(0)
    assert uplink.drop() is True
    assert FakeLink.cuts == 1
    assert street.counts["connected"] == 0


def test_dropping_in_the_middle_of_connecting_leaves_nothing_behind(street: Street) -> None:
    uplink = Uplink(Owner(), street.node._shared)
    uplink.open()
    assert uplink.drop() is False
    street.loop.pass_ms(100_000)
    assert uplink.link is None
