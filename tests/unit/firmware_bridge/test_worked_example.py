"""The morning of docs/wire.md's section 16, lived by our engine: what the document shows is what happens."""

from __future__ import annotations

from typing import Any

from controller.protocol import messages as m
from controller.protocol import seal, topics
from controller.protocol.codec import TYPES, decode
from controller.protocol.keys import Provision, to_text
from firmware_bridge import events as ev
from firmware_bridge.engine import Engine
from tests.unit.firmware_bridge.harness import of
from tests.vectors import known, story

ASKED_MS = 11_000
"""Monotonic: ten seconds of booting, and a clock that knows nothing."""
WAY_MS = 20
PROVISION = Provision(
    node=known.NODE,
    generation=known.GENERATION,
    key=to_text(known.NODE_KEYS[known.KID]),
    root=to_text(known.PUBLIC["root"]),
    broker="mqtt://b",
    bases=("http://c/clips",),
)


class Morning:
    """One engine whose life and nonce are the story's, on a monotonic clock that follows the story's."""

    def __init__(self) -> None:
        self.drawn = [bytes.fromhex(story.LIFE), bytes.fromhex(story.NONCE)]
        self.engine = Engine(PROVISION, {}, set(), random=self._random, verify=seal.open_signed)
        self.effects: list[Any] = []

    def at(self, utc_ms: int, *events: ev.Event) -> None:
        now = ASKED_MS + WAY_MS + utc_ms - known.NOW
        while (wake := self.engine.wake_ms) is not None and wake <= now:
            self.effects += self.engine.handle(ev.Woke(), wake)
        for event in events:
            self.effects += self.engine.handle(event, now)

    def hears(self, utc_ms: int, typ: str) -> None:
        step = next(step for step in story.STORY if step.typ == typ)
        self.at(utc_ms, ev.Arrived(topic=step.topic, payload=step.token.encode()))

    def said(self, kind: type[Any]) -> list[Any]:
        found = []
        for publish in of(ev.Publish, self.effects):
            typ = topics.FROM_NODE[publish.topic.rsplit("/", 1)[1]]
            _, payload = seal.open_mac(publish.payload, typ, known.NODE_KEYS.get)
            found.append(decode(TYPES[typ], payload))
        return [message for message in found if isinstance(message, kind)]

    def _random(self, size: int) -> bytes:
        return self.drawn.pop(0) if size == 8 and self.drawn else bytes(size)


def shown(typ: str) -> list[Any]:
    return [decode(TYPES[typ], step.payload) for step in story.STORY if step.typ == typ]


def words(batches: list[m.Receipts]) -> dict[int, tuple[object, ...]]:
    return {item.seq: (item.airing, item.rev, item.state, item.evidence) for batch in batches for item in batch.items}


def test_a_node_of_ours_lives_the_morning_of_the_document() -> None:
    morning = Morning()
    morning.at(known.NOW - WAY_MS, ev.Booted(), ev.Connected())
    assert morning.said(m.NodeState) == [shown("tl-state")[1]]
    assert morning.said(m.Ask) == shown("tl-ask")

    for typ in ("tl-trust", "tl-config", "tl-plan"):
        morning.hears(known.NOW + 45 + WAY_MS, typ)
    morning.hears(known.NOW + 45 + WAY_MS, "tl-answer")
    body = known.dumped(story.BODY)
    morning.at(known.NOW + 130, ev.Fetched(sha256=shown("tl-plan")[0].sha256, data=body))
    morning.hears(known.NOW + 20_061, "tl-order")
    morning.at(known.NOW + 20_655, ev.Fetched(sha256=known.SHA))
    morning.at(known.NOW + 24_900)
    [play] = of(ev.Play, morning.effects)
    begins = play.at_ms - ASKED_MS - WAY_MS + known.NOW
    assert 0 <= begins - shown("tl-order")[0].start <= 200, "on the downbeat"
    morning.at(begins, ev.SoundStarted(airing="air-1"))
    morning.at(begins + 30_000, ev.SoundEnded(airing="air-1", heard=True))

    assert words(morning.said(m.Receipts)) == words(shown("tl-receipts"))
