"""Random bytes on every topic: controller and engines stand, nothing sounds because of them, and a bulletin still airs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.protocol import topics
from tests.support.outsider import PATIENCE_S, Outsider
from tests.support.stack import Stack
from tests.system.conftest import Place, assert_heard_once

MESSAGES = 10_000


class Noise(Outsider):
    """A client that has heard real messages and makes nonsense of them, and of nothing at all."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._random = random.Random(seed)
        units = [unit["id"] for unit in stack.controller.call("GET", "/units")]
        nodes = stack.fleet.nodes
        self._topics = [topics.unit_order(unit) for unit in units] + [topics.village_plan(unit) for unit in units]
        self._topics += [topics.inbox(node) for node in nodes] + [topics.live("x")]
        self._topics += [topics.said(node, leaf) for node in nodes for leaf in topics.FROM_NODE]
        super().__init__(stack.broker_port, "tl/1/#")

    def make(self, number: int) -> None:
        """Say `number` things; returns when the broker has them all."""
        real, self.take = list(self.heard), lambda *_: None  # from here on it would hear itself
        said = [self.say(topic, payload) for topic, payload in self._things(number, real)]
        for each in said[-100:]:
            each.wait_for_publish(PATIENCE_S)

    def _things(self, number: int, real: list[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        lots = self._random
        for each in range(number):
            topic = lots.choice(self._topics)
            if each % 1000 == 999:
                yield topic, lots.randbytes(200_000)  # more than any link should read
            elif each % 2 or not real:
                yield topic, lots.randbytes(lots.choice((0, 1, 30, 400, 17_000)))
            else:
                yield self._damaged(topic, *lots.choice(real))

    def _damaged(self, topic: str, own: str, payload: bytes) -> tuple[str, bytes]:
        """A real message with a bit flipped, cut short, grown, or where it does not belong."""
        lots, data = self._random, bytearray(payload)
        match lots.randrange(4):
            case 0:
                data[lots.randrange(len(data))] ^= 1 << lots.randrange(8)
                return own, bytes(data)
            case 1:
                return own, payload[: lots.randrange(len(data))]
            case 2:
                return own, payload + b"A"
            case _:
                return topic if topic != own else topics.live("x"), payload


@pytest.mark.wire(2, 15, 27)
def test_ten_thousand_messages_of_nonsense_change_nothing(place: Place, short: Path) -> None:
    with place.stack() as stack:
        with Noise(stack, seed=7) as noise:
            first = stack.say(stack.clip(short), lead_ms=1_500)
            assert_heard_once(stack, first)  # and the noise has heard real messages
            sounds = len(stack.fleet.sounds())
            noise.make(MESSAGES // 2)
            second = stack.say(stack.clip(short), lead_ms=5_000)
            noise.make(MESSAGES // 2)
            assert_heard_once(stack, second)
            assert len(stack.fleet.sounds()) == 2 * sounds, "nothing else sounded"
            assert stack.ledger(first) == dict.fromkeys(stack.fleet.nodes, "finished")
        assert stack.fleet.ask(stats=True)["stats"]["connected"] == 40
        assert "Traceback" not in stack.controller.log
        assert "Traceback" not in (stack.fleet.home / "fleet.log").read_text()
