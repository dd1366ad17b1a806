"""The floors of *fan-out* and *cold*: what this machine, broker and fleet library do with no controller, no engines, no seals.

`floor`: one QoS 1 message to all nodes, each answers with QoS 1 messages of its own, a bare paho client in a process of
its own publishes and counts. `cold_floor`: the fleet's downloads against Starlette's StaticFiles. Fleet, counter and
server are processes of their own (this file with a role), as they are when the real ones are measured.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.ports import free_port, wait_until_listening

DOWN = "floor/down"
ROUND_TIMEOUT_S = 60.0
CONNECTING = 500  # as simulator.fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorResult:
    """Best of `rounds`: seconds from the publish to the last answer received, and what each round took."""

    seconds: float
    rounds: tuple[float, ...]
    connect_s: float
    nodes: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdResult:
    """Best of `rounds`: what all nodes together downloaded a second."""

    mb_per_s: float
    rounds: tuple[float, ...]
    nodes: int


def floor(broker_host: str, port: int, nodes: int, size_down: int, size_up: int, n_up: int = 1, rounds: int = 3) -> FloorResult:
    """One message of `size_down` bytes to `nodes` clients, `n_up` of `size_up` bytes back from each; RuntimeError if any is lost.

    The broker must not drop what queues for one client: Mosquitto's `max_queued_messages 0`.
    """
    arguments = [broker_host, str(port), str(nodes), str(size_down), str(size_up), str(n_up)]
    with _role("fleet", *arguments) as fleet, _role("counter", *arguments) as counter:
        connect_s = float(_said(fleet)["connect_s"])
        _said(counter)
        took = []
        for _ in range(rounds):
            said = _asked(counter, "go")
            if said["received"] != nodes * n_up:
                raise RuntimeError(f"the floor lost messages: {said['received']} of {nodes * n_up} came")
            took.append(float(said["seconds"]))
        _asked(fleet, "stop")
        _asked(counter, "stop")
    return FloorResult(seconds=min(took), rounds=tuple(took), connect_s=connect_s, nodes=nodes, received=nodes * n_up)


def cold_floor(nodes: int, size: int = 100_000, rounds: int = 3) -> ColdResult:
    """`nodes` downloads of one file of `size` bytes, each read and hashed whole, from StaticFiles under uvicorn."""
    with tempfile.TemporaryDirectory(prefix="tl-floor-") as folder:
        body = hashlib.shake_128(b"floor").digest(size)
        sha256 = hashlib.sha256(body).hexdigest()
        (Path(folder) / sha256).write_bytes(body)
        port = free_port()
        with _role("static", folder, str(port)) as server:
            wait_until_listening(port, lambda: server.poll() is None)
            with _role("cold", f"http://127.0.0.1:{port}", sha256, str(size), str(nodes)) as fleet:
                _said(fleet)
                took = [float(_asked(fleet, "go")["seconds"]) for _ in range(rounds)]
                _asked(fleet, "stop")
            server.terminate()
    return ColdResult(mb_per_s=nodes * size / 1e6 / min(took), rounds=tuple(took), nodes=nodes)


# ── the roles ────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _role(name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of this file in a role; it ends with the block, however that ends."""
    command = [sys.executable, "-m", "tests.bench.floor", name, *arguments]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def _said(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait()}")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _asked(process: subprocess.Popen[str], word: str) -> dict[str, Any]:
    assert process.stdin is not None
    process.stdin.write(word + "\n")
    process.stdin.flush()
    return _said(process)


def _say(**words: object) -> None:
    print(json.dumps(words), flush=True)


def _heard() -> str:
    return sys.stdin.readline().strip()


async def _fleet(host: str, port: int, nodes: int, _size_down: int, size_up: int, n_up: int) -> None:
    from controller.protocol.address import BrokerAddress
    from simulator.link import Link, source_of

    broker, slots = BrokerAddress(host=host, port=port), asyncio.Semaphore(CONNECTING)
    answer = bytes(size_up)
    links: list[Link] = []

    async def connect(index: int) -> None:
        def on_message(_topic: str, _payload: bytes) -> None:
            for _ in range(n_up):
                link.publish(topic, answer)

        topic = f"floor/node/n-{index:05}/receipt"
        link = Link(f"n-{index:05}", on_message=on_message, on_lost=lambda: None)
        async with slots:
            await link.connect(broker, keepalive_s=60, source=source_of(broker, index))
        link.subscribe((DOWN,))
        links.append(link)

    begun = time.monotonic()
    gc.disable()
    await asyncio.gather(*(connect(index) for index in range(nodes)))
    gc.freeze()
    gc.enable()
    await asyncio.sleep(1)  # the last SUBACKs
    _say(connect_s=time.monotonic() - begun - 1)
    await asyncio.to_thread(_heard)
    for link in links:
        link.cut()
    _say(stopped=True)


def _counter(host: str, port: int, nodes: int, size_down: int, _size_up: int, n_up: int) -> None:
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.enums import CallbackAPIVersion

    wanted, all_here = nodes * n_up, threading.Event()
    received, last = 0, 0.0

    def on_message(_client: Client, _data: object, _message: MQTTMessage) -> None:
        nonlocal received, last
        received += 1
        if received == wanted:
            last = time.monotonic()
            all_here.set()

    client = Client(CallbackAPIVersion.VERSION2, client_id="floor-counter")
    client.on_message = on_message
    client.on_subscribe = lambda *_: _say(ready=True)
    client.connect(host, port)
    client.subscribe("floor/node/+/receipt", 1)
    client.loop_start()
    while _heard() == "go":
        received = 0
        all_here.clear()
        begun = time.monotonic()
        client.publish(DOWN, bytes(size_down), 1)
        all_here.wait(ROUND_TIMEOUT_S)
        _say(seconds=last - begun, received=received)
    client.disconnect()
    client.loop_stop()
    _say(stopped=True)


def _static(folder: str, port: int) -> None:
    import uvicorn
    from starlette.staticfiles import StaticFiles

    uvicorn.run(StaticFiles(directory=folder), host="127.0.0.1", port=port, log_level="warning", access_log=False)


async def _cold(base: str, sha256: str, size: int, nodes: int) -> None:
    from firmware_bridge.events import Fetch
    from simulator.fetch import Fetcher

    wanted = Fetch(sha256=sha256, size=size, bases=(base,), what="clip")
    with tempfile.TemporaryDirectory(prefix="tl-floor-") as folder:
        async with Fetcher(Path(folder)) as fetcher:
            _say(ready=True)
            while await asyncio.to_thread(_heard) == "go":
                begun = time.monotonic()
                await asyncio.gather(*(fetcher.fetch(wanted) for _ in range(nodes)))
                _say(seconds=time.monotonic() - begun)
            _say(stopped=True)


def _main(role: str, *words: str) -> None:
    import uvloop

    from simulator.link import raise_file_limit

    raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if role == "fleet":
            runner.run(_fleet(words[0], *map(int, words[1:])))
        elif role == "cold":
            runner.run(_cold(words[0], words[1], *map(int, words[2:])))
    if role == "counter":
        _counter(words[0], *map(int, words[1:]))
    elif role == "static":
        _static(words[0], int(words[1]))


if __name__ == "__main__":
    _main(*sys.argv[1:])
