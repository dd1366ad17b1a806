"""A loudspeaker ("node") for Tiếng Làng, written from docs/wire.md alone: an example for whoever builds one.

    python -m tests.stranger.node --provision NODE.json --home DIR [--sound-log FILE]

Read wire.py (messages, seals), parts.py (clock, memory, files), ledger.py (what becomes of an airing), mind.py (whom it
believes), and here its hands: MQTT (§2), HTTP (§8), the horn. One thread decides: `tick`, then `flush` (to disk, only then it
speaks), then the next event. The threads of MQTT and HTTP only fill its queue. To "sound" is to write into the sound log.
"""

from __future__ import annotations

import argparse
import json
import queue
import random
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.stranger.ledger import DOWNBEAT_MS
from tests.stranger.mind import Mind
from tests.stranger.parts import Airing, fetch
from tests.stranger.wire import BIG, Json, make_seal, unb64

IN_FLIGHT, BATCH, HEARD_ROOM, OPEN_ASKS = 400, 40, 1_000, 8  # a batch of 40 receipts is sealed in less than 16,384 bytes
ASK_S, SETTLED_ASK_S, SURE_MS = (2, 5, 15, 60), 600, 20  # §9
RESEND_S = (10, 30, 60)  # §11
FETCH_S = (2, 5, 10, 20, 60, 300, 900, 2_303)  # §8: eight in an hour
BUSY_HEALTH_S = 10
TYP = {"state": "tl-state", "receipt": "tl-receipts", "health": "tl-health", "ask": "tl-ask"}


def monotonic_ms() -> int:
    """The clock that never jumps."""
    return time.monotonic_ns() // 1_000_000


class Node(Mind):
    """A mind with hands. `client` is the connection that is being made or held; it is replaced by each attempt."""

    def __init__(
        self, provision: Json, home: Path, sound_log: Path | None = None, mono: Callable[[], int] = monotonic_ms
    ) -> None:
        self.events: queue.Queue[Callable[[], None]] = queue.Queue()
        self.sound_log = sound_log
        self.kid, self.key = f"{provision['node']}.{provision['generation']}", unb64(provision["key"])
        self.client: Any = None
        self.online = False
        self.listening: set[str] = set()
        self.told: Json = {}  # the newest state that was said
        self.nonces: dict[str, int] = {}
        self.fetching = ""
        self.tries: dict[str, tuple[int, int]] = {}  # of a file: how often it was tried, and when next
        self.connection = self.counter = self.failures = self.said = self.asks = self.resends = 0
        self.next_connect = self.next_ask = self.next_resend = self.health_at = 0
        super().__init__(provision, home, mono)

    def run(self) -> None:
        """For ever."""
        while True:
            self.tick()
            self.flush()
            with suppress(queue.Empty):
                self.events.get(timeout=self.patience())()

    def patience(self) -> float:
        """How long it may sleep, s: until the next downbeat or end, and never long."""
        mono, (_, u) = self.mono(), self.clock.read(self.mono())
        moments = [it.item["start"] + max(DOWNBEAT_MS, u) - self.clock.offset for it in self.waiting() if u >= 0]
        moments += [self.silent_at] if self.sounding else []
        return float(min([200, *(moment - mono for moment in moments if moment > mono)])) / 1_000

    def tick(self) -> None:
        super().tick()
        self.fetch_next()
        if self.client is None and self.mono() >= self.next_connect:
            self.connect()

    def horn(self, it: Airing, end: str | None = None, gain: int | None = None) -> None:
        if self.sound_log:
            line = {
                "node": self.id,
                "airing": it.item["airing"],
                "at_ms": self.clock.read(self.mono())[0],
                "end": end,
                "gain": gain,
            }
            with self.sound_log.open("a") as log:
                log.write(json.dumps(line) + "\n")

    # §8 Files

    def needed(self) -> dict[str, int]:
        """The files that are missing, the most urgent first."""
        items = [self.head] if self.head else []
        items += [it.item for it in self.waiting()] + self.memory.config["hold"]
        return {item["sha256"]: item["size"] for item in items if not self.clip(item["sha256"]).exists()}

    def fetch_next(self) -> None:
        """One at a time, in a thread of its own."""
        needed, mono = self.needed(), self.mono()
        self.tries = {sha256: tried for sha256, tried in self.tries.items() if sha256 in needed}
        due = [sha256 for sha256 in needed if mono >= self.tries.get(sha256, (0, 0))[1]]
        if due and not self.fetching:
            self.fetching = due[0]
            threading.Thread(target=self.run_fetch, args=(due[0], needed[due[0]]), daemon=True).start()

    def run_fetch(self, sha256: str, size: int) -> None:
        bases = self.memory.config["bases"] or self.provision["bases"]
        self.events.put(partial(self.fetched, sha256, fetch(bases, sha256, size, self.clip(sha256))))

    def fetched(self, sha256: str, why: str) -> None:
        """It is here, or why not. A dead link ends nothing before the window does; wrong answers, time after time, do."""
        self.fetching, tried = "", self.tries.get(sha256, (0, 0))[0]
        self.tries[sha256] = (tried + 1, self.mono() + FETCH_S[tried % len(FETCH_S)] * 1_000)
        given_up = why not in ("", "link") and tried + 1 >= len(FETCH_S)
        for it in self.waiting():
            if it.item["sha256"] == sha256 and not why:
                self.record(it, "cached")
            elif it.item["sha256"] == sha256 and given_up:
                self.end(it, "failed", why)
        if given_up and self.head and self.head["sha256"] == sha256:
            self.head = None

    # §2 MQTT

    def connect(self) -> None:
        """A new connection with a will of its own, in a thread of its own."""
        self.connection, self.counter, self.told = self.connection + 1, 0, {}
        broker = urlsplit(self.provision["broker"])
        client = self.client = Client(CallbackAPIVersion.VERSION2, self.id, reconnect_on_failure=False)
        if broker.username:
            client.username_pw_set(unquote(broker.username), unquote(broker.password or ""))
        if broker.scheme == "mqtts":
            client.tls_set(parse_qs(broker.query).get("ca", [None])[0])
        client.will_set(f"tl/1/node/{self.id}/state", self.sealed("state", **self.state(BIG, False)), 1)
        client.on_connect = lambda *_: self.events.put(partial(self.up, client))
        client.on_message = lambda _client, _user, message: self.enqueue(message.topic, bytes(message.payload))
        address = (broker.hostname or "", broker.port or (8883 if broker.scheme == "mqtts" else 1883))
        threading.Thread(target=self.run_link, args=(client, *address), daemon=True).start()

    def run_link(self, client: Client, host: str, port: int) -> None:
        with suppress(OSError, ValueError):
            client.connect(host, port, keepalive=30)
            client.loop_forever()
        self.events.put(partial(self.down, client))

    def enqueue(self, topic: str, payload: bytes) -> None:
        """In the network's thread: note the moment. Too much is dropped: it is offered again."""
        if self.events.qsize() < HEARD_ROOM:
            self.events.put(partial(self.hear, topic, payload, self.mono()))

    def up(self, client: Any) -> None:
        """Accepted: listen; then birth, receipts and an ask leave by `flush`."""
        if client is self.client and client.is_connected():
            self.online, self.said, self.asks, self.next_ask, self.resends = True, 0, 0, 0, 0
            self.repeated, self.listening = set(), set()
            self.listen()

    def down(self, client: Any) -> None:
        """Again after a wait that grows from about 1 s to about 60 s, at random: a village must not come back as one."""
        if client is self.client:
            self.online, self.client, self.failures = False, None, self.failures + 1
            wait_s = min(60, 2 ** min(self.failures - 1, 6)) * random.uniform(0.5, 1.0)
            self.next_connect = self.mono() + int(wait_s * 1_000)

    def listen(self) -> None:
        """Subscribe to what it should hear, and to nothing else."""
        wanted = set(self.topics())
        for topic in sorted(wanted - self.listening):
            self.client.subscribe(topic, 1)
        for topic in self.listening - wanted:
            self.client.unsubscribe(topic)
        self.listening = wanted

    def sealed(self, leaf: str, **fields: Any) -> bytes:
        """A message of ours, with what they all open with."""
        now, u = self.clock.read(self.mono())
        said = {"node": self.id, "generation": self.provision["generation"], "life": self.memory.life, "t": now, "u": u}
        return make_seal(TYP[leaf], self.kid, self.key, said | fields)

    def say(self, leaf: str, **fields: Any) -> None:
        self.client.publish(f"tl/1/node/{self.id}/{leaf}", self.sealed(leaf, **fields), 1)

    def state(self, counter: int, online: bool) -> Json:
        """Where it stands, and where that stands among its states."""
        order = {"boot": self.memory.boot, "connection": self.connection, "counter": counter, "online": online}
        return order | {"versions": self.versions(), "reason": self.reason()}

    # What it says

    def flush(self) -> None:
        """To disk; only then to the controller: state, receipts, ask, health."""
        if self.dirty:
            self.save()
        if self.online:
            self.listen()
            self.say_state()
            self.say_receipts(self.mono())
            if self.mono() >= self.next_ask:
                self.ask(self.mono())
            if self.mono() >= self.health_at + 1_000 * (BUSY_HEALTH_S if self.sounding else self.memory.config["health_s"]):
                self.say_health(self.mono())

    def say_state(self) -> None:
        """The birth, and whatever changes after it."""
        if (now := self.state(0, True)) != self.told:
            self.told, self.counter = now, self.counter + 1
            self.say("state", **now | {"counter": self.counter})

    def say_receipts(self, mono: int) -> None:
        """Each once; and again, ever more rarely, while no `upto` covers them."""
        receipts = self.memory.receipts[:IN_FLIGHT]
        if self.said <= self.memory.upto:  # nothing is on its way
            self.resends, self.next_resend = 0, mono + RESEND_S[0] * 1_000
        elif receipts and mono >= self.next_resend:
            self.resends, self.said = self.resends + 1, 0
            self.next_resend = mono + RESEND_S[min(self.resends, len(RESEND_S) - 1)] * 1_000
        new = [receipt for receipt in receipts if receipt["seq"] > self.said]
        for first in range(0, len(new), BATCH):
            batch = new[first : first + BATCH]
            self.say("receipt", items=batch, **{"from": self.memory.upto + 1})
            self.said = batch[-1]["seq"]

    def say_health(self, mono: int) -> None:
        playing = {"playing": self.sounding.item["airing"]} if self.sounding else {}
        counts = {"receipts": len(self.memory.receipts), "refused_seals": self.refused}
        self.say("health", uptime_s=(mono - self.booted) // 1_000, **playing, **counts)
        self.health_at = mono

    def ask(self, mono: int) -> None:
        """For the time and whatever is owed. It asks again soon, unless an answer leaves nothing to ask for."""
        nonce = secrets.token_hex(16)
        self.nonces = dict([*self.nonces.items(), (nonce, mono)][-OPEN_ASKS:])
        wait_s = ASK_S[min(self.asks, len(ASK_S) - 1)] * random.uniform(1.0, 1.25)
        self.asks, self.next_ask = self.asks + 1, mono + int(wait_s * 1_000)
        self.say("ask", nonce=nonce, versions=self.versions(), **{"from": self.memory.upto + 1})

    def when_asked(self, nonce: str | None) -> int | None:
        return self.nonces.pop(nonce or "", None)

    def on_answer(self, kid: str, answer: Json, mono: int) -> None:
        open_asks = len(self.nonces)
        super().on_answer(kid, answer, mono)
        if len(self.nonces) < open_asks and self.clock.bound >= 0:
            self.failures = 0
            sure = self.clock.read(mono)[1] <= SURE_MS or self.asks >= len(ASK_S)
            if sure and not self.reason() and not self.clock.rivals:
                self.asks, self.next_ask = 0, mono + int(SETTLED_ASK_S * 1_000 * random.uniform(0.9, 1.0))


def main(kind: type[Node] = Node) -> None:
    """The command line; a test gives a kind with a planted fault."""
    options = argparse.ArgumentParser(description="A loudspeaker written from docs/wire.md alone.")
    options.add_argument("--provision", type=Path, required=True, help="what `tienglang nodes provision` gives for one node")
    options.add_argument("--home", type=Path, required=True, help="where its memory lies")
    options.add_argument("--sound-log", type=Path, help="where it writes what it sounds")
    told = options.parse_args()
    kind(json.loads(told.provision.read_text()), told.home, told.sound_log).run()


if __name__ == "__main__":
    main()
