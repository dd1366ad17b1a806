"""A fleet of small fake minds on a real Mosquitto: links, wills, power cuts, a broker that dies, and what outlives them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from controller.protocol import topics
from controller.protocol.keys import Provision
from firmware_bridge import events as ev
from simulator.control import Control, ask
from simulator.fleet import COMMIT_AT, Fleet, Settings
from tests.support.mosquitto import Mosquitto

NODES = [f"n-{number:02}" for number in range(20)]


class Echo:
    """Counts its boots and what it heard in its memory, and answers each message with both, once they are kept."""

    def __init__(self, provision: Provision, kept: Mapping[str, bytes], clips: Collection[str]) -> None:
        self.node = provision.node
        self.boots = int(kept.get("boots", b"0")) + 1
        self.heard = int(kept.get("heard", b"0"))

    wake_ms = None
    is_answered = False

    def will(self, now_ms: int) -> ev.Publish:
        return ev.Publish(topic=topics.said(self.node, "state"), payload=b"gone")

    def handle(self, event: ev.Event, now_ms: int) -> list[ev.Effect]:
        match event:
            case ev.Booted():
                return [ev.Keep(key="boots", value=b"%d" % self.boots)]
            case ev.Connected():
                born = ev.Publish(topic=topics.said(self.node, "state"), payload=b"born %d" % self.boots)
                return [ev.Subscribe(topics=(topics.unit_order("xa"), topics.inbox(self.node))), born]
            case ev.Arrived(payload=b"play"):
                return [ev.Play(airing="x", sha256="f" * 64, at_ms=now_ms, duration_ms=60_000, gain=0)]
            case ev.Arrived():
                self.heard += 1
                said = ev.Publish(topic=topics.said(self.node, "receipt"), payload=b"%d %d" % (self.boots, self.heard))
                return [ev.Keep(key="heard", value=b"%d" % self.heard), said]
        return []


class Ear:
    """A client beside the fleet that says and hears."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[tuple[str, bytes]] = []

    def say(self, topic: str, payload: bytes) -> None:
        self.client.publish(topic, payload, 1)

    def count(self, leaf: str, payload: bytes) -> int:
        return sum(topic.endswith(f"/{leaf}") and said == payload for topic, said in self.heard)

    async def hears(self, number: int, leaf: str, payload: bytes) -> None:
        await until(lambda: self.count(leaf, payload) == number)


@contextmanager
def ear(broker: Mosquitto) -> Iterator[Ear]:
    client, ready = Client(CallbackAPIVersion.VERSION2), threading.Event()
    made = Ear(client)
    client.on_message = lambda _client, _data, message: made.heard.append((message.topic, message.payload))
    client.on_subscribe = lambda *_: ready.set()
    client.on_connect = lambda *_: client.subscribe("tl/1/node/+/+", 1)
    client.reconnect_delay_set(1, 1)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert ready.wait(5)
    yield made
    client.disconnect()
    client.loop_stop()


async def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


def run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def fleet(home: Path, broker: Mosquitto, **settings: Any) -> Fleet:
    provisions = [Provision(node=node, generation=1, key="A" * 43, root="A" * 43, broker=broker.url, bases=()) for node in NODES]
    return Fleet(provisions, Settings(home=home, broker=broker.url, retry_max_s=1.0, **settings), make_mind=Echo)


def test_what_the_first_keep_does_not_wait_for_the_last_of_a_long_turn(tmp_path: Path) -> None:
    provisions = [
        Provision(node=f"n-{number:03}", generation=1, key="A" * 43, root="A" * 43, broker="", bases=())
        for number in range(COMMIT_AT * 2 + 2)
    ]

    async def go() -> None:
        async with Fleet(provisions, Settings(home=tmp_path, broker=None), make_mind=Echo) as street:
            await asyncio.sleep(0)  # what they kept at boot
            before = street.stats()["commits"]
            for node in street.nodes.values():
                node.arrived("anything", b"hello")
            assert street.stats()["commits"] == before + 2
            await asyncio.sleep(0.01)
            assert street.stats()["commits"] == before + 3
            assert street.stats()["counts"]["arrived"] == len(provisions)

    run(go())


def test_all_connect_and_answer_one_message_once_what_they_keep_is_durable(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        async with fleet(tmp_path, mosquitto) as street:
            await street.connected()
            await heard.hears(20, "state", b"born 1")
            heard.say(topics.unit_order("xa"), b"hello")
            await heard.hears(20, "receipt", b"1 1")
            stats = street.stats()
            assert (stats["connected"], stats["on"], stats["faulty"]) == (20, 20, 0)
            assert stats["counts"]["arrived"] == 20

    with ear(mosquitto) as heard:
        run(go())


def test_a_fleet_that_ends_is_a_power_cut_of_all_and_each_goes_on_from_its_memory(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go(expected: bytes) -> None:
        async with fleet(tmp_path, mosquitto) as street:
            await street.connected()
            await asyncio.sleep(0.2)  # their subscriptions
            heard.say(topics.unit_order("xa"), b"hello")
            await heard.hears(20, "receipt", expected)

    with ear(mosquitto) as heard:
        run(go(b"1 1"))
        run(until(lambda: heard.count("state", b"gone") == 20))
        run(go(b"2 2"))


def test_a_power_cut_fires_the_will_and_the_node_comes_back(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        async with fleet(tmp_path, mosquitto) as street:
            await street.connected()
            street.power_cut(["n-03", "n-07"], after_s=0.3)
            assert street.stats()["on"] == 18
            await heard.hears(2, "state", b"gone")
            await heard.hears(2, "state", b"born 2")
            await street.connected()

    with ear(mosquitto) as heard:
        run(go())


@pytest.mark.wire(8)
def test_after_the_broker_died_all_come_back_to_the_new_one(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        async with fleet(tmp_path, mosquitto) as street:
            await street.connected()
            mosquitto.kill()
            await until(lambda: street.stats()["connected"] == 0)
            await asyncio.sleep(1.2)
            mosquitto.start()
            await street.connected(20, timeout_s=15)
            assert street.stats()["counts"]["links_lost"] == 20

    run(go())


def test_who_is_offline_hears_nothing_and_comes_back_when_it_may(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        street = fleet(tmp_path, mosquitto)
        street.fault("offline", ["n-01"])
        async with street:
            await street.connected()
            assert not street.nodes["n-01"].is_connected
            street.fault("offline", ["n-02"])
            await heard.hears(1, "state", b"gone")
            await asyncio.sleep(0.2)
            heard.say(topics.unit_order("xa"), b"hello")
            await heard.hears(18, "receipt", b"1 1")
            street.fault("offline", ["n-01", "n-02"], on=False)
            await street.connected(20)

    with ear(mosquitto) as heard:
        run(go())


def test_the_control_channel_cuts_breaks_and_tells(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        stopped = asyncio.Event()
        path = tmp_path / "control.sock"

        async def tell(**command: object) -> dict[str, Any]:
            return await asyncio.to_thread(ask, path, **command)

        async with fleet(tmp_path, mosquitto) as street, Control(street, path, stopped.set):
            await street.connected()
            assert (await tell(stats=True))["stats"]["connected"] == 20
            assert (await tell(fault="offline", nodes="10%"))["ok"]
            assert (await tell(stats=True))["stats"]["connected"] == 18
            assert (await tell(power_cut=["n-05"], after_s=30))["nodes"] == ["n-05"]
            assert not (await tell(state=True))["state"]["n-05"]["on"]
            assert "n-99" in (await tell(power_cut=["n-99"]))["error"]
            assert "thief" in (await tell(fault="thief", nodes="all"))["error"]
            assert not (await tell())["ok"]
            assert not (await tell(nonsense=1))["ok"]
            assert (await tell(stop=True))["ok"]
            await asyncio.wait_for(stopped.wait(), 5)

    run(go())


def test_a_sound_is_logged_and_ends_with_the_power(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        async with fleet(tmp_path, mosquitto, sound_log=tmp_path / "sounds.jsonl") as street:
            await street.connected()
            await asyncio.sleep(0.2)
            heard.say(topics.inbox("n-04"), b"play")
            await until(lambda: street.stats()["sounding"] == 1)
            await asyncio.sleep(0.1)

    begun = time.time_ns() // 1_000_000
    with ear(mosquitto) as heard:
        run(go())
    first, last = map(json.loads, (tmp_path / "sounds.jsonl").read_text().splitlines())
    assert (first["node"], first["airing"], first["end"], last["end"]) == ("n-04", "x", None, "power")
    assert begun < first["at_ms"] < last["at_ms"] < begun + 20_000


def test_two_fleets_can_not_share_one_memory(mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.memory._LOCK_WAIT_S", 0.1)

    async def go() -> None:
        async with fleet(tmp_path, mosquitto):
            with pytest.raises(Exception, match="locked"):
                await fleet(tmp_path, mosquitto).start()

    run(go())
