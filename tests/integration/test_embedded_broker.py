from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import psutil
import pytest

from controller.broker import EmbeddedBroker, start_broker
from controller.domain.errors import Unavailable
from controller.protocol.codec import MAX_MESSAGE
from tests.support.ports import free_port

WAIT_S = 10


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    running = start_broker(tmp_path, free_port())
    yield running
    running.stop()


class Client(paho.Client):
    """A client with a thread of its own; what it hears is in `heard`."""

    def __init__(self, name: str) -> None:
        super().__init__(paho.CallbackAPIVersion.VERSION2, client_id=name)
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.acks: queue.Queue[int] = queue.Queue()
        self.on_message = lambda _client, _data, message: self.heard.put((message.topic, message.payload))
        self.on_subscribe = lambda _client, _data, mid, _codes, _props: self.acks.put(mid)

    def listen(self, topic: str) -> None:
        self.subscribe(topic, qos=1)
        self.acks.get(timeout=WAIT_S)

    def say(self, topic: str, payload: bytes) -> None:
        self.publish(topic, payload, qos=1).wait_for_publish(WAIT_S)


@contextmanager
def connected(broker: EmbeddedBroker, name: str) -> Iterator[Client]:
    client = Client(name)
    client.connect("127.0.0.1", broker.port, keepalive=30)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def until(what: object, timeout_s: float = WAIT_S) -> None:
    assert callable(what)
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_it_carries_messages_both_ways_up_to_the_contracts_limit(broker: EmbeddedBroker) -> None:
    with connected(broker, "controller") as controller, connected(broker, "node") as node:
        controller.listen("tl/1/node/+/receipt")
        node.listen("tl/1/unit/u/order")
        controller.say("tl/1/unit/u/order", b"o" * MAX_MESSAGE)
        node.say("tl/1/node/n/receipt", b"r")
        assert node.heard.get(timeout=WAIT_S) == ("tl/1/unit/u/order", b"o" * MAX_MESSAGE)
        assert controller.heard.get(timeout=WAIT_S) == ("tl/1/node/n/receipt", b"r")


def test_a_message_far_too_big_wedges_nobody(broker: EmbeddedBroker) -> None:
    with connected(broker, "a") as one, connected(broker, "b") as two:
        two.listen("tl/1/#")
        one.say("tl/1/x", b"x" * 300_000)  # some client's mistake: it passes, once, and links drop it
        one.say("tl/1/y", b"after")
        assert two.heard.get(timeout=WAIT_S)[0] == "tl/1/x"
        assert two.heard.get(timeout=WAIT_S) == ("tl/1/y", b"after")
    with connected(broker, "c") as three, connected(broker, "d") as four:
        four.listen("tl/1/#")
        three.publish("tl/1/x", b"x" * 2_000_000, qos=1)  # above its limit: the sender is cut, again and again
        with connected(broker, "e") as five:
            five.say("tl/1/z", b"still here")
        assert four.heard.get(timeout=WAIT_S) == ("tl/1/z", b"still here")
    assert broker.is_running


def test_a_loud_topic_does_not_fill_the_memory(broker: EmbeddedBroker) -> None:
    assert broker.pid is not None
    process = psutil.Process(broker.pid)
    with connected(broker, "a") as one, connected(broker, "b") as two:
        two.listen("tl/1/node/n/inbox")
        before = process.memory_info().rss
        for _ in range(4_000):
            one.publish("tl/1/node/n/inbox", b"x" * 10_000, qos=1)
        one.say("tl/1/node/n/inbox", b"last")
        until(lambda: two.heard.queue and two.heard.queue[-1][1] == b"last")
        assert process.memory_info().rss - before < 20_000_000  # 40 MB went through


def test_two_of_them_take_two_ports_and_a_stopped_one_can_be_had_again_on_the_same(tmp_path: Path) -> None:
    port = free_port()
    one = start_broker(tmp_path / "1", port)
    two = start_broker(tmp_path / "2", port)
    try:
        assert one.port == port < two.port
        assert one.url == f"mqtt://127.0.0.1:{port}"
        one.stop()
        one.stop()
        assert (one.is_running, one.pid, listens(port)) == (False, None, False)
        one.start()
        assert listens(port)
        assert two.is_running
    finally:
        one.stop()
        two.stop()


def test_it_comes_back_where_loudspeakers_were_told_it_is(tmp_path: Path) -> None:
    first = start_broker(tmp_path, free_port())
    first.stop()
    elsewhere = free_port()
    again = start_broker(tmp_path, elsewhere)
    again.stop()
    assert again.port == first.port != elsewhere
    (tmp_path / "broker.toml").write_bytes(b"\xff no settings of ours")
    fresh = start_broker(tmp_path, elsewhere)
    fresh.stop()
    assert fresh.port == elsewhere


def test_a_strangers_broker_is_not_taken_for_ours(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", free_port()))
        stranger.listen()
        port = stranger.getsockname()[1]
        with pytest.raises(Unavailable) as caught:
            EmbeddedBroker(port, tmp_path / "broker.toml").start()
        assert caught.value.code == "broker.port-taken"
        other = start_broker(tmp_path, port)
        assert other.port != port
        other.stop()


def test_it_listens_to_this_machine_only(broker: EmbeddedBroker) -> None:
    assert broker.pid is not None
    listening = [c.laddr.ip for c in psutil.Process(broker.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]


PARENT = """
import signal, sys, time
from pathlib import Path
from controller.broker import start_broker
broker = start_broker(Path(sys.argv[1]), int(sys.argv[2]))
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is born deaf to it
try:
    print(broker.port, broker.pid, flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.5)
    print("still running" if broker.is_running else "gone", flush=True)
    broker.stop()
"""


@contextmanager
def parent(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    command = [sys.executable, "-c", PARENT, str(tmp_path), str(free_port())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    port, pid = map(int, process.stdout.readline().split())
    try:
        yield process, port, pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    with parent(tmp_path) as (process, port, pid):
        assert listens(port)
        process.kill()
        process.wait()
        until(lambda: not listens(port))
        until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_ctrl_c_reaches_the_parent_alone_which_ends_it_when_it_is_ready(tmp_path: Path) -> None:
    with parent(tmp_path) as (process, port, pid):
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does: to the whole group
        os.kill(pid, signal.SIGINT)  # and even straight at it
        assert process.stdout is not None
        assert process.stdout.readline() == "still running\n"
        assert process.wait(WAIT_S) == 0
        assert not listens(port)
