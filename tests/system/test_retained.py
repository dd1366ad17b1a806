"""The broker keeps nothing of ours, and what somebody left on it, retained, is believed no more than anything else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.system.conftest import Place, assert_heard_once, starts
from tests.system.test_links import broker_url

LISTEN_S = 1.0
"""A broker gives what it keeps at once, behind its SUBACK."""


@contextmanager
def client(url: str, heard: list[MQTTMessage]) -> Iterator[Client]:
    """A client that hears everything."""
    made, ready = Client(CallbackAPIVersion.VERSION2), threading.Event()
    made.on_message = lambda _client, _data, message: heard.append(message)
    made.on_subscribe = lambda *_: ready.set()
    made.connect("127.0.0.1", int(url.rpartition(":")[2]))
    made.loop_start()
    made.subscribe("#", 1)
    assert ready.wait(10)
    yield made
    made.disconnect()
    made.loop_stop()


@pytest.mark.wire(1)
def test_nothing_of_ours_is_kept_and_an_old_order_that_somebody_left_there_plays_nothing(place: Place, short: Path) -> None:
    with place.stack(nodes=8) as stack:
        clip = stack.clip(short)
        heard: list[MQTTMessage] = []
        with client(broker_url(stack), heard) as spy:
            first = stack.say(clip)
            assert_heard_once(stack, first)
            orders = [message for message in heard if message.topic.endswith("/order")]
            assert orders
            for message in orders:
                spy.publish(message.topic, message.payload, 1, retain=True).wait_for_publish(10)
        kept: list[MQTTMessage] = []
        with client(broker_url(stack), kept):
            threading.Event().wait(LISTEN_S)
        assert {message.topic for message in kept if message.retain} == {message.topic for message in orders}
        stack.fleet.kill()
        stack.fleet.start()
        again = stack.say(clip)
        assert_heard_once(stack, again)
        assert set(starts(stack, first).values()) == {1}
