"""No sequence of messages, faults and power cuts makes it break a law: see `Watched` for what is held at each Play.

Hypothesis looks for a sequence that does: orders, plans, stops, configs, trusts and answers, true, forged and replayed; clocks
that are lost or wrong; links that flap, downloads that fail, players that break off, and the power gone between any two effects.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.airing import Klass
from controller.protocol import messages as m
from controller.protocol import topics
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import CLIP, HOUR, KEYS, NODE, OTHER_CLIP, PATH, Harness
from tests.unit.firmware_bridge.watched import Watched

AIRINGS = st.sampled_from(["a1", "a2", "a3"])
SPANS = st.integers(-90_000, 240_000)
TEN = 600
"""Minutes of the local day at which everything begins."""

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
        "gain": st.sampled_from([-200, 0, 60]),
        "kid": st.sampled_from([None, None, None, None, *sorted(KEYS)]),
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
HOURS = st.sampled_from([(), ((TEN, TEN + 20),), ((TEN, TEN + 5),), ((0, TEN - 60),), ((TEN + 2, TEN + 4), (TEN + 10, TEN + 30))])
CEILINGS = st.sampled_from([(), ((0, 1440, -30),), ((TEN, TEN + 5, -90), (TEN + 3, TEN + 9, -120))])
CONFIGS = st.fixed_dictionaries(
    {
        "kid": st.sampled_from(["k-config", "k-config", "k-config", "k-plan", "k-emergency"]),
        "path": st.sampled_from([PATH, PATH, ("tinh", "xa", "xom-2")]),
        "hours": HOURS,
        "ceilings": CEILINGS,
    }
)
BOOTS = st.fixed_dictionaries(
    {"effects": st.integers(0, 12), "rtc": st.sampled_from([None, None, 5, 20_000, 60_000]), "wrong": st.integers(-100, 100)}
)
STEPS = st.one_of(
    st.tuples(st.just("order"), ORDERS),
    *(st.tuples(st.just("order"), GOOD) for _ in range(5)),  # most of the time all is well: else nothing ever sounds
    *(st.tuples(st.just("answer"), st.integers(0, 300)) for _ in range(2)),
    *(st.tuples(st.just("advance"), st.sampled_from([3_000, 20_000])) for _ in range(3)),
    st.tuples(st.just("stop"), st.fixed_dictionaries({"airing": AIRINGS, "rev": st.integers(1, 3)})),
    st.tuples(st.just("plan"), st.lists(ORDERS, max_size=3, unique_by=lambda one: str(one["airing"]))),
    st.tuples(st.just("replay"), st.integers(0, 30)),
    st.tuples(st.just("mangle"), st.integers(0, 10_000)),
    st.tuples(st.just("advance"), st.sampled_from([1, 150, 3_000, 61_000, 900_000])),
    st.tuples(st.just("boot"), BOOTS),
    st.tuples(st.just("answer"), st.integers(0, 2_200)),
    st.tuples(st.just("floors"), st.integers(0, 3)),
    st.tuples(st.just("skew"), st.sampled_from([50_000, 2 * HOUR, -2 * HOUR])),
    st.tuples(st.just("cover"), st.integers(0, 20)),
    st.tuples(st.just("link"), st.booleans()),
    st.tuples(st.just("fetched"), st.sampled_from([CLIP, OTHER_CLIP])),
    st.tuples(st.just("failed"), st.sampled_from(["link", "disk", "hash"])),
    st.tuples(st.just("player"), st.sampled_from(["started", "ended", "broken"])),
    st.tuples(st.just("config"), CONFIGS),
    st.tuples(st.just("trust"), st.sampled_from([(), (), (), (), ("k-order",), ("k-plan", "k-emergency")])),
)


class Storm:
    """Applies steps to one node; remembers every token to replay it."""

    def __init__(self) -> None:
        self.node = Watched()
        self.node.settle_in()
        self.sent: list[bytes] = [self.node.kept["trust"], self.node.kept["config"]]

    def step(self, name: str, value: Any) -> None:
        """One step; only a word that covers receipts, or the power, takes one away."""
        before = self.receipts()
        getattr(self, f"do_{name}")(value)
        if name not in ("cover", "boot"):
            assert before <= self.receipts(), f"{name} lost a receipt"

    def receipts(self) -> set[str]:
        return {key for key in self.node.kept if key.startswith("receipt/")}

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
        self.node.plan(*items, kid=next((one["kid"] for one in value if one["kid"]), "k-plan"))

    def do_replay(self, value: int) -> None:
        self.node.send(self.sent[value % len(self.sent)])

    def do_mangle(self, value: int) -> None:
        token = bytearray(self.sent[value % len(self.sent)])
        token[value % len(token)] ^= 1 + value % 127
        self.node.send(bytes(token), topics.subscriptions_of(NODE, PATH)[value % 5])

    def do_advance(self, value: int) -> None:
        self.node.advance(value)

    def do_boot(self, value: dict[str, Any]) -> None:
        """The power goes some effects ago; the RTC, if it lives, is wrong by no more than it says."""
        self.node.now += 100 * value["effects"]
        u = value["rtc"]
        self.node.booted = ev.Booted()
        if u is not None:
            self.node.booted = ev.Booted(rtc_ms=self.node.utc + self.node.skew + u * value["wrong"] // 100, rtc_u_ms=u)
        self.node.power_cut(max(0, len(self.node.journal) - value["effects"]))

    def do_answer(self, value: int) -> None:
        if self.node.engine.is_connected and self.node.heard(m.Ask):
            self.node.answer(way=value)

    def do_floors(self, value: int) -> None:
        """The controller has made newer documents than it could send; the next ones are."""
        self.node.version += value
        floors = m.Floors(trust=0, config=self.node.version, plan=self.node.version)
        self.node.send(self.node.seal("k-answer", self.answer(floors=floors)))

    def do_skew(self, value: int) -> None:
        self.node.skew = value

    def do_cover(self, value: int) -> None:
        """Up to a number: none above it goes, unless our disk was rolled back and they got numbers of their own."""
        before = {key: self.node.kept[key] for key in self.receipts()}
        effects = self.node.cover(value)
        if not any(isinstance(effect, ev.Alarm) for effect in effects):
            assert {key for key in before if int(key[8:]) > value} <= self.receipts()

    def do_link(self, value: bool) -> None:
        self.node.do(ev.Connected() if value else ev.Disconnected())

    def do_fetched(self, value: str) -> None:
        self.node.clips.add(value)
        self.node.do(ev.Fetched(sha256=value))

    def do_failed(self, value: str) -> None:
        asked = self.node.fetches[-1].sha256 if self.node.fetches else OTHER_CLIP
        self.node.do(ev.FetchFailed(sha256=asked, why=value))

    def do_player(self, value: str) -> None:
        airing = self.node.engine.playing or "a1"
        event = ev.SoundStarted(airing=airing) if value == "started" else ev.SoundEnded(airing=airing, whole=value == "ended")
        self.node.do(event)

    def do_config(self, value: dict[str, Any]) -> None:
        hours = tuple(m.Hours(from_minute=opens, to_minute=closes) for opens, closes in value["hours"])
        ceilings = tuple(m.Ceiling(from_minute=opens, to_minute=closes, gain=gain) for opens, closes, gain in value["ceilings"])
        fields = {**self.node.claims(), "version": self.node.next_version(), "path": value["path"], "since": 0}
        self.send(self.node.seal(value["kid"], m.Config(**fields, policy=m.Policy(hours=hours), ceilings=ceilings)))

    def do_trust(self, value: tuple[str, ...]) -> None:
        self.send(self.node.trust(revoked=value))

    def answer(self, **more: Any) -> m.Answer:
        return m.Answer(**self.node.claims(), life=self.node.engine.life, upto=0, **more)


@pytest.mark.wire(53, 54, 56, 58, 72)
@given(steps=st.lists(STEPS, min_size=8, max_size=40))
def test_no_sequence_breaks_the_laws(steps: list[tuple[str, Any]]) -> None:
    """Never unwanted, never twice, never outside window or hours, never too loud; no receipt is lost; nothing raises."""
    storm = Storm()
    for name, value in steps:
        storm.step(name, value)
    storm.node.advance(700_000)
    everything_is_said(storm.node)


def everything_is_said(node: Harness) -> None:
    """On a new link every receipt on disk is said, and of each airing one end at most was true."""
    node.said.clear()
    node.connect()
    node.advance(1_000)
    said = {f"receipt/{receipt.seq}" for receipt in node.receipts()}
    assert {key for key in node.kept if key.startswith("receipt/")} <= said
