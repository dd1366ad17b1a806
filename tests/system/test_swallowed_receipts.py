"""Mosquitto acknowledges receipts and then drops them, as its default queues do: custody brings every one home."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from controller.protocol import topics
from tests.support.mosquitto import Mosquitto
from tests.support.stack import FleetProcess, Stack
from tests.system.conftest import FLEET, HAPPENS_S, assert_heard_once, until

DEFAULT_QUEUES = "allow_anonymous true\npersistence false\n"
NODES = 300
NOISE = 30_000
"""Messages of 1 kB that fill every buffer between a broker and a controller that stands still: its queue is 1,000."""

DROPPED = "$SYS/broker/publish/messages/dropped"


class Meter:
    """What Mosquitto itself counts as dropped."""

    def __init__(self, broker: Mosquitto) -> None:
        self.dropped = 0
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _client, _data, message: setattr(self, "dropped", int(message.payload))
        ready = threading.Event()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        self.client.subscribe(DROPPED)
        assert ready.wait(10)

    def make_noise(self, number: int) -> None:
        """Publish what nobody will believe, on topics that the controller hears."""
        said = [self.client.publish(topics.said(f"nobody-{each % 100}", "health"), b"x" * 1024, qos=0) for each in range(number)]
        said[-1].wait_for_publish(30)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_receipts_that_the_broker_swallowed_are_said_again_until_they_are_kept(tmp_path: Path, short: Path) -> None:
    with Mosquitto(f"{DEFAULT_QUEUES}sys_interval 1\n") as broker, Stack(tmp_path, mqtt_url=broker.url, nodes=0) as stack:
        village = stack.controller.call("POST", "/units", json={"parent": stack.communes[0], "name": "Xóm Mới"})["id"]
        stack.controller.call("POST", "/nodes", json={"village": village, "names": [f"Cụm {each}" for each in range(NODES)]})
        provisions = stack.controller.call("POST", "/nodes/provision", json={"unit": village})
        stack.fleet.kill()
        stack.fleet = FleetProcess(tmp_path / "crowd", provisions, FLEET)
        stack.fleet.start()
        bulletin = stack.clip(short)
        meter = Meter(broker)
        try:
            airing = stack.say(bulletin, to=[village], lead_ms=4_000)
            until(lambda: set(stack.ledger(airing).values()) == {"cached"}, "all have it")
            stack.controller.pause()
            meter.make_noise(NOISE)
            until(lambda: meter.dropped > 0, "the broker drops messages")
            before = meter.dropped
            until(lambda: len(stack.fleet.sounds()) == 2 * NODES, "all have played")
            time.sleep(1.5)  # its next count
            assert meter.dropped - before >= NODES, "it swallowed a receipt of each loudspeaker, at least"
            stack.controller.resume()
        finally:
            meter.close()
        assert re.search("Outgoing messages are being dropped", broker.log)
        assert "finished" not in stack.ledger(airing).values()
        assert_heard_once(stack, airing, HAPPENS_S)
