"""Mosquitto acknowledges receipts and then drops them, as its default queues do: custody brings every one home."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from controller.protocol import topics
from tests.support.mosquitto import Mosquitto
from tests.support.outsider import Outsider
from tests.support.stack import FleetProcess, Stack
from tests.system.conftest import FLEET, HAPPENS_S, assert_heard_once, until

DEFAULT_QUEUES = "allow_anonymous true\npersistence false\n"
NOISE = 30_000
"""Messages of 1 kB that fill every buffer between a broker and a controller that stands still: its queue is 1,000."""

DROPPED = "$SYS/broker/publish/messages/dropped"


class Meter(Outsider):
    """What Mosquitto itself counts as dropped."""

    def __init__(self, broker: Mosquitto) -> None:
        super().__init__(broker.port, DROPPED)

    @property
    def dropped(self) -> int:
        return int(self.heard[-1][1]) if self.heard else 0

    def make_noise(self, number: int) -> None:
        """Publish what nobody will believe, on topics that the controller hears."""
        said = [self.say(topics.said(f"nobody-{each % 100}", "health"), b"x" * 1024, qos=0) for each in range(number)]
        said[-1].wait_for_publish(30)


@pytest.mark.wire(75, 76, 79)
@pytest.mark.parametrize("nodes", [300, pytest.param(2_000, marks=pytest.mark.soak)])
def test_receipts_that_the_broker_swallowed_are_said_again_until_they_are_kept(tmp_path: Path, short: Path, nodes: int) -> None:
    with Mosquitto(f"{DEFAULT_QUEUES}sys_interval 1\n") as broker, Stack(tmp_path, mqtt_url=broker.url, nodes=0) as stack:
        village = stack.controller.call("POST", "/units", json={"parent": stack.communes[0], "name": "Xóm Mới"})["id"]
        stack.controller.call("POST", "/nodes", json={"village": village, "names": [f"Cụm {each}" for each in range(nodes)]})
        provisions = stack.controller.call("POST", "/nodes/provision", json={"unit": village})
        stack.fleet.kill()
        stack.fleet = FleetProcess(tmp_path / "crowd", provisions, FLEET)
        stack.fleet.start()
        bulletin = stack.clip(short)
        with Meter(broker) as meter:
            airing = stack.say(bulletin, to=[village], lead_ms=2_500 + 10 * nodes)  # all fetch before
            until(lambda: set(stack.ledger(airing).values()) == {"cached"}, "all have it")
            stack.controller.pause()
            meter.make_noise(NOISE)
            until(lambda: meter.dropped > 0, "the broker drops messages")
            before = meter.dropped
            until(lambda: len(stack.fleet.sounds()) == 2 * nodes, "all have played")
            time.sleep(1.5)  # its next count
            assert meter.dropped - before >= 2 * nodes, "it swallowed two receipts of each loudspeaker, at least"
            stack.controller.resume()
        assert re.search("Outgoing messages are being dropped", broker.log)
        assert "finished" not in stack.ledger(airing).values()
        assert_heard_once(stack, airing, HAPPENS_S)
