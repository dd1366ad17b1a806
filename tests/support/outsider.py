"""Somebody at the broker who is none of ours: hears what it likes and says what it likes, as everybody may who gets in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 60


class Outsider:
    """A connection that stays up. `heard` holds (topic, payload) of what it listens to, unless something else `take`s it;
    `retained` the topics of which the broker had kept something.
    """

    def __init__(self, port: int, *listen: str, name: str = "") -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.take: Callable[[str, bytes], None] = lambda topic, payload: self.heard.append((topic, payload))
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=name)
        self.client.max_queued_messages_set(0)
        self.retained: set[str] = set()
        self.client.on_message = self._came
        ready = threading.Event()
        self.client.on_connect = lambda client, *_: client.subscribe([(each, 1) for each in listen]) if listen else ready.set()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert ready.wait(PATIENCE_S)

    def say(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False) -> MQTTMessageInfo:
        """Publish; returns at once. `.wait_for_publish()` of what it returns waits until it has left."""
        return self.client.publish(topic, payload, qos, retain)

    def close(self) -> None:
        """Leave politely."""
        self.client.disconnect()
        self.client.loop_stop()

    def _came(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if message.retain:
            self.retained.add(message.topic)
        self.take(message.topic, bytes(message.payload))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
