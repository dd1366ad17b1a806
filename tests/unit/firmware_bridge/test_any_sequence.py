"""No sequence of messages, faults and power cuts makes it sound twice, unkept, or outside a window that somebody sealed.

The harness holds these laws at each Play (`_check_play`). Here hypothesis looks for a sequence that breaks one.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.domain.airing import Klass
from controller.protocol import messages as m
from controller.protocol import topics
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import CLIP, NODE, OTHER_CLIP, Harness

AIRINGS = st.sampled_from(["a1", "a2", "a3"])
SPANS = st.integers(-90_000, 240_000)

ORDERS = st.fixed_dictionaries(
    {
        "airing": AIRINGS,
        "rev": st.integers(1, 3),
        "delay": SPANS,
        "grace": st.sampled_from([0, 1_000, 60_000]),
        "duration": st.sampled_from([1_000, 30_000, 400_000]),
        "sha256": st.sampled_from([CLIP, OTHER_CLIP]),
        "klass": st.sampled_from(list(Klass)),
        "rank": st.integers(0, 2),
        "kid": st.sampled_from([None, None, None, "k-plan", "k-village"]),
        "aud": st.sampled_from(["xa", "xom", NODE, "elsewhere"]),
    }
)
GOOD = st.fixed_dictionaries(
    {
        "airing": AIRINGS,
        "rev": st.integers(1, 3),
        "delay": st.integers(0, 3_000),
        "duration": st.just(30_000),
        "klass": st.sampled_from(list(Klass)),
        "rank": st.integers(0, 2),
    }
)
STEPS = st.one_of(
    st.tuples(st.just("order"), ORDERS),
    st.tuples(st.just("order"), GOOD),
    st.tuples(st.just("order"), GOOD),
    st.tuples(st.just("stop"), st.fixed_dictionaries({"airing": AIRINGS, "rev": st.integers(1, 3)})),
    st.tuples(st.just("plan"), st.lists(ORDERS, max_size=3, unique_by=lambda one: str(one["airing"]))),
    st.tuples(st.just("replay"), st.integers(0, 30)),
    st.tuples(st.just("mangle"), st.integers(0, 10_000)),
    st.tuples(st.just("advance"), st.sampled_from([1, 150, 3_000, 61_000, 900_000])),
    st.tuples(st.just("cut"), st.integers(0, 12)),
    st.tuples(st.just("answer"), st.integers(0, 2_200)),
    st.tuples(st.just("cover"), st.integers(0, 20)),
    st.tuples(st.just("link"), st.booleans()),
    st.tuples(st.just("fetched"), st.sampled_from([CLIP, OTHER_CLIP])),
    st.tuples(st.just("failed"), st.sampled_from(["link", "disk", "hash"])),
    st.tuples(st.just("player"), st.sampled_from(["started", "ended", "broken"])),
    st.tuples(st.just("config"), st.sampled_from([("tinh", "xa", "xom"), ("tinh", "xa", "xom-2")])),
    st.tuples(st.just("revoke"), st.just(0)),
)


class Storm:
    """Applies steps to one node; remembers every token to replay it."""

    def __init__(self) -> None:
        self.node = Harness().settle_in()
        self.sent: list[bytes] = [self.node.kept["trust"], self.node.kept["config"]]

    def step(self, name: str, value: Any) -> None:
        getattr(self, f"do_{name}")(value)

    def send(self, token: bytes) -> None:
        self.sent.append(token)
        self.node.send(token)

    def do_order(self, value: dict[str, Any]) -> None:
        fields = dict(value)
        self.send(self.node.order(start=self.node.utc + fields.pop("delay"), **fields))

    def do_stop(self, value: dict[str, Any]) -> None:
        self.send(self.node.order(kind=m.Kind.STOP, **value))

    def do_plan(self, value: list[dict[str, Any]]) -> None:
        items = []
        for one in value:
            fields = {key: each for key, each in one.items() if key not in ("kid", "aud", "delay")}
            fields["klass"] = Klass.NORMAL if fields["klass"] is Klass.EMERGENCY else fields["klass"]
            items.append(self.node.item(start=self.node.utc + one["delay"], **fields))
        self.node.plan(*items)

    def do_replay(self, value: int) -> None:
        self.node.send(self.sent[value % len(self.sent)])

    def do_mangle(self, value: int) -> None:
        token = bytearray(self.sent[value % len(self.sent)])
        token[value % len(token)] ^= 1 + value % 127
        self.node.send(bytes(token), topics.subscriptions_of(NODE, ("tinh", "xa", "xom"))[value % 5])

    def do_advance(self, value: int) -> None:
        self.node.advance(value)

    def do_cut(self, value: int) -> None:
        self.node.now += 100 * value
        self.node.power_cut(max(0, len(self.node.journal) - value))

    def do_answer(self, value: int) -> None:
        if self.node.engine.is_connected and self.node.heard(m.Ask):
            self.node.answer(way=value)

    def do_cover(self, value: int) -> None:
        self.node.cover(value)

    def do_link(self, value: bool) -> None:
        self.node.do(ev.Connected() if value else ev.Disconnected())

    def do_fetched(self, value: str) -> None:
        self.node.clips.add(value)
        self.node.do(ev.Fetched(sha256=value))

    def do_failed(self, value: str) -> None:
        self.node.do(ev.FetchFailed(sha256=OTHER_CLIP, why=value))

    def do_player(self, value: str) -> None:
        airing = self.node.engine.playing or "a1"
        event = ev.SoundStarted(airing=airing) if value == "started" else ev.SoundEnded(airing=airing, whole=value == "ended")
        self.node.do(event)

    def do_config(self, value: tuple[str, ...]) -> None:
        self.send(self.node.config(path=value))

    def do_revoke(self, _: int) -> None:
        self.send(self.node.trust(revoked=("k-order",)))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=30))
@pytest.mark.wire(53, 54, 72)
def test_no_sequence_breaks_the_laws(steps: list[tuple[str, Any]]) -> None:
    """Never twice, never unkept, never outside its window; and everything it took in has one end at most."""
    storm = Storm()
    for name, value in steps:
        storm.step(name, value)
    storm.node.advance(700_000)
    words = [item for item in storm.node.receipts() if item.state.value == "finished"]
    assert len({item.airing for item in words}) <= len(storm.node.plays)
