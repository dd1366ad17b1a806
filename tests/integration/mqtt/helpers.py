"""What the tests of the link, the inbox and the outbox share."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from controller.domain.errors import Unavailable
from controller.mqtt.link import Link
from scheduler.clock import Clock, SystemClock

WAIT_S = 20


def until(what: Callable[[], object], timeout_s: float = WAIT_S) -> None:
    """Wait until it is so."""
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def client(port: int, name: str, listen: str | None = None) -> Iterator[tuple[paho.Client, queue.Queue[tuple[str, bytes]]]]:
    """Somebody else at the broker, and what it hears of `listen`."""
    heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
    ready = threading.Event()

    def on_connect(*_: object) -> None:
        if listen:
            other.subscribe(listen, 0)
        else:
            ready.set()

    other = paho.Client(CallbackAPIVersion.VERSION2, client_id=name)
    other.on_message = lambda _c, _d, message: heard.put((message.topic, bytes(message.payload)))
    other.on_subscribe = lambda *_: ready.set()
    other.on_connect = on_connect
    other.connect("127.0.0.1", port, keepalive=30)
    other.loop_start()
    try:
        assert ready.wait(WAIT_S)
        yield other, heard
    finally:
        other.disconnect()
        other.loop_stop()


@contextmanager
def linked(url: str, clock: Clock | None = None, *, wait: bool = True) -> Iterator[tuple[Link, queue.Queue[tuple[str, bytes]]]]:
    """A running link that is up, and what it hears."""
    heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
    link = Link(url, client_id="controller", on_message=lambda *message: heard.put(message), clock=clock or SystemClock(), seed=1)
    link.start()
    try:
        if wait:
            until(lambda: link.up_since_ms is not None)
        yield link, heard
    finally:
        link.stop()
        assert not link._thread.is_alive()


class FakeLink:
    """A link that is up and keeps what it is given. `word`: what it says of each QoS 1 publish; None is nothing at all."""

    def __init__(self) -> None:
        self.up_since_ms: int | None = 0
        self.sent: list[tuple[str, bytes]] = []
        self.word: Callable[[int], bool | None] = lambda _: True

    def publish(self, messages: Iterable[tuple[str, bytes]], done: Callable[[bool], None] | None = None) -> None:
        for message in messages:
            self.sent.append(message)
            word = self.word(len(self.sent))
            if done is not None and word is not None:
                done(word)


class Flaky:
    """A `ports.Database` in front of another that is away as often as it is told."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.away = 0
        self.tries = 0
        self.on_try: Callable[[], None] = lambda: None

    def reading(self) -> Any:
        return self.real.reading()

    def writing(self) -> Any:
        self.tries += 1
        self.on_try()
        if self.away:
            self.away -= 1
            raise Unavailable("database.locked")
        return self.real.writing()
