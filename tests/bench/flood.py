"""flood: how long real receipts wait for their commit while 5,000 messages a second come that nobody can believe.

A stranger writes ready-made packets on the topics of 1,000 real nodes: random bytes, true forms with a wrong MAC, kids of other
generations, cut tokens. Meanwhile a node says a receipt every 20 ms; the figure is the slowest one's way from its publish
until it stands in the database of the real controller. The floor is the same without the stranger.
"""

from __future__ import annotations

import os
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from controller.keyfile import open_existing
from controller.protocol import seal, topics
from controller.protocol.codec import TYP_OF, encode
from controller.protocol.keys import node_kid
from controller.protocol.messages import Receipt, Receipts, ReceiptState
from controller.service.keyring import Keyring
from scheduler.clock import SystemClock
from tests.bench.ingest import PATIENT, publish_packet
from tests.support.mosquitto import Mosquitto
from tests.support.outsider import Outsider
from tests.support.stack import Controller

A_SECOND = 5_000
SECONDS = 10
ROUNDS = 3
BAR_S = 2.0
NODES = 1_000
BURST = 50
EVERY_S = 0.02
RECEIPTS = 400
PATIENCE_S = 60
SETTLE_S = 1.0
"""The stranger is at full pace before the first receipt is said."""


def run() -> list[dict[str, Any]]:
    """The figure, best of 3; a receipt that is lost is an error."""
    with tempfile.TemporaryDirectory(prefix="tl-flood-") as folder, Mosquitto(PATIENT) as broker:
        controller = Controller(Path(folder) / "home", mqtt_url=broker.url, demo=False)
        try:
            controller.start()
            nodes = _nodes(controller)
            keyring = open_existing(controller.home, SystemClock().now_ms(), "bench")
            assert keyring is not None
            packets = Path(folder) / "packets"
            packets.write_bytes(b"".join(_lies(keyring, nodes)))
            floors, flooded = [], []
            for _ in range(ROUNDS):
                floors.append(_slowest(controller, broker, keyring, nodes.pop()))
                with subprocess.Popen([sys.executable, "-m", "tests.bench.flood", str(broker.port), str(packets)]) as stranger:
                    time.sleep(SETTLE_S)
                    flooded.append(_slowest(controller, broker, keyring, nodes.pop()))
                    assert stranger.poll() is None, "the flood was over too soon"
                assert stranger.returncode == 0, "the stranger did not keep its pace"
        finally:
            controller.kill()
    value, floor = min(flooded), min(floors)
    print(f"  flood rounds {[round(each, 2) for each in flooded]} s, without it {[round(each, 2) for each in floors]} s")
    return [
        {
            "name": "flood",
            "value": round(value, 3),
            "unit": "s",
            "floor": round(floor, 3),
            "ratio": round(value / floor, 2),
            "bar": f"<= {BAR_S} s",
            "holds": max(flooded) <= BAR_S,
        }
    ]


def _nodes(controller: Controller) -> list[str]:
    commune = controller.call("POST", "/units/import", json={"code": "01501"})["id"]
    village = controller.call("POST", "/units", json={"parent": commune, "name": "Bản"})["id"]
    controller.call("POST", "/nodes", json={"village": village, "names": [f"Cụm {each}" for each in range(NODES)]})
    return [each["id"] for each in controller.call("GET", "/nodes", params={"unit": village})]


def _lies(keyring: Keyring, nodes: list[str]) -> Iterator[bytes]:
    """One packet for each message of the flood; the dearest lies too: those that cost a key and a MAC."""
    dice = random.Random(5)
    for number in range(A_SECOND * SECONDS):
        node = dice.choice(nodes)
        leaf, typ = dice.choice(list(topics.FROM_NODE.items()))
        wrong, generation = dice.randbytes(32), dice.choice((1, dice.randrange(2, 10**9)))
        token = seal.mac(typ, node_kid(node, generation), wrong, dice.randbytes(dice.choice((60, 300, 2_000))))
        lie = (token, token[: dice.randrange(len(token))], dice.randbytes(400), token)[number % 4]
        yield publish_packet(topics.said(node, leaf).encode(), lie)


def _slowest(controller: Controller, broker: Mosquitto, keyring: Keyring, node: str) -> float:
    """Seconds from the publish of the slowest receipt to the look that finds it committed."""
    said: list[float] = []
    found: list[float] = []
    query = "select count(*) from receipts where node = ?"
    with Outsider(broker.port) as outsider, closing(sqlite3.connect(controller.home / "tienglang.db")) as database:
        begun = time.monotonic()
        while len(found) < RECEIPTS:
            now = time.monotonic()
            assert now - begun < PATIENCE_S, f"only {len(found)} of {len(said)} receipts were committed"
            if len(said) < min(RECEIPTS, (now - begun) / EVERY_S):
                outsider.say(topics.said(node, "receipt"), _receipt(keyring, node, len(said) + 1), qos=0)
                said.append(time.monotonic())
            kept = database.execute(query, (node,)).fetchone()[0]
            found += [time.monotonic()] * (kept - len(found))
            time.sleep(EVERY_S / 4)
    return max(end - start for start, end in zip(said, found, strict=True))


def _receipt(keyring: Keyring, node: str, seq: int) -> bytes:
    now_ms = SystemClock().now_ms()
    receipt = Receipt(seq=seq, airing="0199-flood", rev=1, state=ReceiptState.ACCEPTED, at=now_ms)
    said = Receipts(node=node, generation=1, life="00000000000000aa", t=now_ms, u=12, from_seq=1, items=(receipt,))
    return seal.mac(TYP_OF[Receipts], node_kid(node, 1), keyring.node_key(node, 1), encode(said))


def _stranger(port: int, packets: Path) -> int:
    """Write the packets at their pace; 0 if it was kept."""
    blob, at, late_s = packets.read_bytes(), 0, 0.0
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05flood")
        assert sock.recv(4)[:2] == b"\x20\x02"
        begun = time.monotonic()
        for number in range(A_SECOND * SECONDS):
            end = _end(blob, at)
            if number % BURST == 0:
                wait_s = number / A_SECOND - (time.monotonic() - begun)
                late_s = -wait_s
                time.sleep(max(0.0, wait_s))
            sock.sendall(blob[at:end])
            at = end
    return 0 if late_s < SECONDS / 10 else 1


def _end(blob: bytes, at: int) -> int:
    """Where the packet that begins at `at` ends."""
    length, shift, place = 0, 0, at + 1
    while True:
        digit = blob[place]
        length |= (digit & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if digit < 0x80:
            return place + length


if __name__ == "__main__":
    os._exit(_stranger(int(sys.argv[1]), Path(sys.argv[2])))
