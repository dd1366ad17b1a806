from __future__ import annotations

import logging
import os
import queue
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.broker import EmbeddedBroker
from controller.mqtt import link as module
from controller.mqtt.buffered import READ
from controller.mqtt.link import INFLIGHT, RETRY_S, STALLED_MS, Link
from scheduler.clock import SystemClock, VirtualClock
from tests.integration.mqtt.helpers import WAIT_S, client, linked, until
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port

Broker = Mosquitto | EmbeddedBroker


def counted(words: list[bool]) -> module.Done:
    return words.append


def test_what_a_node_says_comes_in_and_what_is_published_goes_out(broker: Broker) -> None:
    with linked(broker.url) as (link, heard), client(broker.port, "node", "tl/1/node/x/inbox") as (node, inbox):
        node.publish("tl/1/node/x/state", b"here")
        assert heard.get(timeout=WAIT_S) == ("tl/1/node/x/state", b"here")
        link.publish([("tl/1/node/x/inbox", b"answer")])
        assert inbox.get(timeout=WAIT_S) == ("tl/1/node/x/inbox", b"answer")


def test_what_eight_threads_publish_arrives_and_is_told_once_each(broker: Broker) -> None:
    words: list[bool] = []
    with linked(broker.url) as (link, _), client(broker.port, "node", "tl/1/unit/+/order") as (_, inbox):

        def work(thread: int) -> None:
            for number in range(60):
                link.publish([("tl/1/unit/x/order", f"{thread}-{number}".encode())], counted(words))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: len(words) == 480)
        came = {inbox.get(timeout=WAIT_S)[1] for _ in range(480)}
    assert words == [True] * 480
    assert came == {f"{thread}-{number}".encode() for thread in range(8) for number in range(60)}


def test_a_broker_that_restarts_is_found_again_and_what_was_lost_is_told(broker: Broker) -> None:
    words: list[bool] = []
    with linked(broker.url) as (link, heard):
        broker.stop()
        until(lambda: link.up_since_ms is None)
        link.publish([("tl/1/unit/x/order", b"lost"), ("tl/1/unit/x/order", b"too")], counted(words))
        until(lambda: len(words) == 2)
        broker.start()
        until(lambda: link.up_since_ms is not None)
        with client(broker.port, "node") as (node, _):
            node.publish("tl/1/node/x/state", b"again")
            assert heard.get(timeout=WAIT_S) == ("tl/1/node/x/state", b"again")
        link.publish([("tl/1/unit/x/order", b"kept")], counted(words))
        until(lambda: len(words) == 3)
    assert words == [False, False, True]


def test_a_link_works_above_file_descriptor_1024(mosquitto: Mosquitto) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4_096)), hard))
    taken: list[int] = []
    try:
        while not taken or taken[-1] < 1_100:
            taken.append(os.dup(0))
        with linked(mosquitto.url) as (link, heard):
            assert link._wake_in.fileno() > 1_024
            words: list[bool] = []
            link.publish([("tl/1/node/x/state", b"to myself")], counted(words))
            assert heard.get(timeout=WAIT_S)[1] == b"to myself"
            until(lambda: words == [True])
    finally:
        for number in taken:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.wire(2)
def test_a_huge_message_of_somebody_else_neither_cuts_nor_fills_us(broker: Broker) -> None:
    with linked(broker.url) as (link, heard), client(broker.port, "rogue") as (rogue, _):
        since = link.up_since_ms
        rogue.publish("tl/1/node/x/state", bytes(1_000_000), qos=1).wait_for_publish(WAIT_S)
        rogue.publish("tl/1/node/x/state", b"usual", qos=1).wait_for_publish(WAIT_S)
        assert len(heard.get(timeout=WAIT_S)[1]) <= 1_000_000
        assert heard.get(timeout=WAIT_S)[1] == b"usual"
        assert link.up_since_ms == since


@pytest.mark.wire(2)
def test_of_a_message_that_would_fill_our_memory_only_a_piece_is_kept(mosquitto: Mosquitto) -> None:
    with linked(mosquitto.url) as (_, heard), client(mosquitto.port, "rogue") as (rogue, _):
        rogue.publish("tl/1/node/x/state", bytes(20_000_000), qos=1).wait_for_publish(WAIT_S)
        rogue.publish("tl/1/node/x/state", b"usual", qos=1).wait_for_publish(WAIT_S)
        came = [heard.get(timeout=WAIT_S)[1] for _ in range(2)]
    assert len(came[0]) <= module.MAX_PACKET + 100 * READ
    assert came[1] == b"usual"


def test_strangers_bytes_on_every_topic_come_in_as_they_are(mosquitto: Mosquitto) -> None:
    words = [b"", b"\xff\x00", b"{" * 1_000]
    with linked(mosquitto.url) as (_, heard), client(mosquitto.port, "rogue") as (rogue, _):
        for leaf in ("state", "receipt", "health", "ask"):
            for word in words:
                rogue.publish(f"tl/1/node/Đèo Giàng/{leaf}", word)
        came = [heard.get(timeout=WAIT_S) for _ in range(12)]
    assert [payload for _, payload in came] == words * 4


# ── ends ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_ends_at_once_while_there_is_no_broker() -> None:
    with linked(f"mqtt://127.0.0.1:{free_port()}", wait=False) as (link, _):
        time.sleep(0.05)
        began = time.monotonic()
        link.stop()
        assert time.monotonic() - began < 2


def test_it_ends_at_once_while_a_broker_says_nothing() -> None:
    with mute_broker() as mute, linked(mute.url, wait=False) as (link, _):
        until(lambda: mute.clients)
        began = time.monotonic()
        link.stop()
        assert time.monotonic() - began < 2


def test_what_it_holds_when_it_ends_is_told_not_to_have_gone(mosquitto: Mosquitto) -> None:
    words: list[bool] = []
    link = Link(mosquitto.url, client_id="c", on_message=lambda *_: None, clock=SystemClock())
    link.publish([("tl/1/unit/x/order", b"1")] * 3, counted(words))
    link._closing.set()
    link.start()
    link.stop()
    assert words == [False] * 3


# ── a broker that behaves badly ──────────────────────────────────────────────────────────────────────────────────────


class Mute:
    """A broker that takes connections; says CONNACK and SUBACK if it is polite, and acknowledges no publish."""

    def __init__(self, listener: socket.socket, polite: bool) -> None:
        self.url = f"mqtt://127.0.0.1:{listener.getsockname()[1]}"
        self.clients: list[socket.socket] = []
        self._listener, self._polite = listener, polite
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            self.clients.append(one)
            if self._polite:
                one.settimeout(5)
                one.recv(4096)
                one.sendall(b"\x20\x02\x00\x00")
                said = one.recv(4096)
                one.sendall(bytes([0x90, 6]) + said[2:4] + bytes(4))

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        for one in self.clients:
            one.close()


@contextmanager
def mute_broker(*, polite: bool = False) -> Iterator[Mute]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        mute = Mute(listener, polite)
        try:
            yield mute
        finally:
            mute.stop()


def test_a_broker_that_acknowledges_nothing_is_left_and_tried_anew() -> None:
    clock, words = VirtualClock(), list[bool]()
    with mute_broker(polite=True) as mute, linked(mute.url, clock) as (link, _):
        link.publish([("tl/1/unit/x/order", b"1")] * (INFLIGHT + 5), counted(words))
        until(lambda: len(link._inflight) == INFLIGHT)
        clock.advance(STALLED_MS)
        time.sleep(0.3)
        assert words == []
        clock.advance(1)
        until(lambda: len(words) == INFLIGHT + 5)
        until(lambda: len(mute.clients) == 2)
    assert not any(words)


def test_a_broker_that_never_says_hello_is_left_and_tried_anew() -> None:
    clock = VirtualClock()
    with mute_broker() as mute, linked(mute.url, clock, wait=False):
        until(lambda: len(mute.clients) == 1)
        time.sleep(0.1)
        clock.advance(STALLED_MS + 1)
        until(lambda: len(mute.clients) == 2)


def test_one_that_owes_nothing_is_not_left_however_long_it_is_silent() -> None:
    clock = VirtualClock()
    with mute_broker(polite=True) as mute, linked(mute.url, clock) as (link, _):
        clock.advance(10 * STALLED_MS)
        time.sleep(0.5)
        assert link.up_since_ms is not None
        assert len(mute.clients) == 1


class Waits(threading.Event):
    """Keeps how long somebody would have waited, and sets itself after enough of it."""

    def __init__(self, enough: int) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._enough = enough

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0)
        if len(self.waits) == self._enough:
            self.set()
        return self.is_set()


def waits_of(seed: int, up: set[int] = frozenset()) -> list[float]:  # type: ignore[assignment]
    """The waits between tries; sessions whose numbers are in `up` were up and fell with an error."""
    link = Link("mqtt://127.0.0.1:1", client_id="c", on_message=lambda *_: None, clock=SystemClock(), seed=seed)
    link._closing = waits = Waits(12)

    def session() -> None:
        if len(waits.waits) in up:
            link.up_since_ms = 1
        raise ConnectionResetError

    link._session = session  # type: ignore[method-assign]
    link.start()
    link._thread.join(WAIT_S)
    link.stop()
    return waits.waits


def test_tries_grow_rare_with_jitter_and_no_two_controllers_come_at_one_moment() -> None:
    waits = waits_of(1)
    longest = RETRY_S[0]
    for wait in waits:
        assert longest / 2 <= wait <= longest
        longest = min(longest * 2, RETRY_S[1])
    assert len(set(waits)) == len(waits)
    assert waits != waits_of(2)


def test_a_link_that_was_up_and_fell_with_an_error_is_tried_again_soon() -> None:
    assert waits_of(1, up={10})[10] <= RETRY_S[0]


# ── many threads ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_others_publish_while_the_link_falls_is_told_once_each() -> None:
    link = Link("mqtt://127.0.0.1:1", client_id="c", on_message=lambda *_: None, clock=SystemClock())
    words: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def work() -> None:
        for _ in range(3_000):
            link.publish([("tl/1/unit/x/order", b"1")], words.put)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        link._forget()
    link._forget()
    assert words.qsize() == 12_000
    link._closing.set()
    link.start()
    link.stop()


def test_what_will_be_asked_for_again_is_dropped_when_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    link = Link("mqtt://127.0.0.1:1", client_id="c", on_message=lambda *_: None, clock=SystemClock())
    for _ in range(50):
        link.publish([("tl/1/node/x/inbox", b"answer")])
    link.publish([("tl/1/unit/x/order", b"order")], lambda _: None)
    assert len(link._waiting) == 11
    link._closing.set()
    link.start()
    link.stop()


def test_no_broker_is_a_warning_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), linked(f"mqtt://127.0.0.1:{free_port()}", wait=False):
        until(lambda: caplog.records)
    assert [record.exc_info for record in caplog.records] == [None] * len(caplog.records)


def test_it_is_up_only_while_it_may_be_and_forgets_what_it_was_given_meanwhile(broker: Broker) -> None:
    words: list[bool] = []
    allowed = threading.Event()
    link = Link(
        broker.url, client_id="controller", on_message=lambda *_: None, clock=SystemClock(), seed=1, may_be_up=allowed.is_set
    )
    link.start()
    try:
        link.publish([("tl/1/unit/x/order", b"too early")], counted(words))
        until(lambda: words == [False])
        assert link.up_since_ms is None
        with client(broker.port, "node", "tl/1/unit/+/order") as (_, inbox):
            allowed.set()
            until(lambda: link.up_since_ms is not None)
            link.publish([("tl/1/unit/x/order", b"now")], counted(words))
            assert inbox.get(timeout=WAIT_S)[1] == b"now"
            until(lambda: words == [False, True])
            allowed.clear()
            link.publish([("tl/1/unit/x/order", b"too late")], counted(words))
            until(lambda: words == [False, True, False])
            until(lambda: link.up_since_ms is None)
            allowed.set()
            until(lambda: link.up_since_ms is not None)
            link.publish([("tl/1/unit/x/order", b"again")], counted(words))
            assert inbox.get(timeout=WAIT_S)[1] == b"again"
    finally:
        link.stop()
