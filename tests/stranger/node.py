"""A loudspeaker ("node") for Tiếng Làng, written from docs/wire.md alone ([WIRE-n], §): an example for whoever builds one.

    python -m tests.stranger.node --provision NODE.json --home DIR [--sound-log FILE]

wire.py has messages, seals and files, ledger.py what becomes of an airing; here is whom it believes, and its hands. One thread
decides: `tick`, then `flush` (to disk, only then it speaks), then the next event; the threads of MQTT and HTTP only fill its
queue. To "sound" is to write into the sound log.
"""

from __future__ import annotations

import argparse
import json
import queue
import random
import secrets
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.stranger.ledger import BIG, DOCUMENTS, Ledger, new_life, turn
from tests.stranger.wire import Json, Wrong, decode, fetch, make_seal, need, open_seal, unb64

HELD_ROOM, HEARD_ROOM, OPEN_ASKS = 64, 1_000, 8
SEALS_A_SECOND, FOR_THE_URGENT = 20, 5  # [WIRE-14]
IN_FLIGHT, BATCH, SURE_MS = 400, 40, 20  # a batch of 40 receipts is sealed in less than 16,384 bytes
ASK_S, RESEND_S, FETCH_S = (2, 5, 15, 60), (10, 30, 60), (2, 5, 10, 20, 20, 20, 20, 3_503)  # §9, §11, §8: eight in an hour
FROM_CONTROLLER = ("tl-order", "tl-plan", "tl-config", "tl-trust", "tl-answer")
OLD = "old"
TYP = {"state": "tl-state", "receipt": "tl-receipts", "health": "tl-health", "ask": "tl-ask"}


class Node(Ledger):
    """A ledger with ears, a mouth and hands."""

    def __init__(self, provision: Json, home: Path, log: Path | None = None, mono: Callable[[], int] | None = None) -> None:
        super().__init__(provision["node"], home, log, mono)
        self.provision, self.key = provision, unb64(provision["key"])
        self.events: queue.Queue[Callable[[], None]] = queue.Queue()
        self.client: Any = None
        self.online, self.listening = False, set[str]()
        self.told: Json = {}  # the newest state that was said
        self.head: Json | None = None  # a plan whose body is on its way
        self.held: list[Json] = []  # what waits for the time
        self.nonces: dict[str, int] = {}
        self.fetching, self.tries = "", dict[str, tuple[int, int]]()  # of a file: how often it was tried, and when next
        self.refused = self.second = self.verified = 0
        self.connection = self.counter = self.said = self.asks = self.resends = 0
        self.next_ask = self.next_resend = self.next_health = 0
        self.wake_up()

    def wake_up(self) -> None:
        """What sounded was cut; all else is read anew from its seal [WIRE-70]."""
        memory, planned = vars(self.memory), dict[str, Json]()
        for name in DOCUMENTS:
            token, memory[name] = memory[name].get("token", ""), new_life()[name]
            with suppress(Wrong):
                memory[name] = self.opened(token.encode(), [f"tl-{name}"])
        with suppress(Wrong, KeyError, OSError):
            planned = self.items(memory["plan"])
        for name, it in memory["airings"].items():
            sealed = planned.get(name, {})
            with suppress(Wrong):
                sealed = self.opened(it["token"].encode(), ["tl-order"]) if it["typ"] == "tl-order" else sealed
            if it["state"] == "sounding":
                self.end(it, "cut", "power")
            elif it["state"] == "waiting" and sealed.get("airing") != name:
                self.end(it, "failed", "memory")
            elif it["state"] == "waiting":
                it |= sealed

    def run(self) -> None:
        self.connect()
        while True:
            self.tick()
            self.flush()
            with suppress(queue.Empty):
                self.events.get(timeout=0.02)()

    # Whom it believes (§3, §4)

    def keys(self) -> dict[str, Json]:
        trust = self.memory.trust
        return {key["kid"]: key for key in trust["keys"] if key["kid"] not in [*trust["revoked"], "root"]}

    def opened(self, token: bytes, typs: Collection[str], afford: Callable[[str], bool] = bool) -> Json:
        """The message under a seal, with the seal; or Wrong."""
        keys = {kid: unb64(key["x"]) for kid, key in self.keys().items()} | {"root": unb64(self.provision["root"])}
        kid, typ, payload = open_seal(token, "Ed25519", typs, keys, afford)
        return decode(typ, payload) | {"typ": typ, "kid": kid, "token": token.decode()}

    def afford(self, kid: str) -> bool:
        """[WIRE-14] The last are for what must not drown in a flood: emergencies, and revocations."""
        second, urgent = self.mono() // 1_000, kid == "root" or self.keys()[kid]["use"] == "emergency"
        self.second, self.verified = second, 1 + (self.verified if second == self.second else 0)
        return self.verified <= SEALS_A_SECOND - (0 if urgent else FOR_THE_URGENT)

    def above(self, aud: str) -> set[str]:
        """The one addressed and all above it; nothing if that is not us [WIRE-17]."""
        line = [*self.memory.config["path"], self.id]
        return {*line[: line.index(aud) + 1]} if aud in line else set()

    def forbids(self, message: Json, use: str, sound: str = "", *places: Collection[str]) -> str:
        """Why its key may not say this here and now, or "" [WIRE-16, 18, 19]."""
        key = self.keys().get(message["kid"])
        if key is None or key["use"] != use or (sound and key["classes"] and sound not in key["classes"]):
            return "trust"
        if key["units"] and any({*key["units"]}.isdisjoint(place) for place in places or [self.above(message["aud"])]):
            return "trust"
        return self.untimely(message, key)

    def untimely(self, message: Json, key: Json) -> str:
        """[WIRE-20], the clock's error in its favour; an answer to an own ask brings the time."""
        now, u = message["came"] + self.clock.offset, self.now()[1]
        if u < 0 or message.get("nonce") in self.nonces:
            return ""
        if not key["nbf"] - u <= now < key["exp"] + u:
            return "trust"
        return "future" if message["iat"] > now + u + 60_000 else "" if now < message["exp"] + u else "expired"

    def need_newer(self, document: Json) -> None:
        """Above the one it holds, and not below its floor [WIRE-22, 28, 31]."""
        name = document["typ"].removeprefix("tl-")
        need(document["version"] > self.versions()[name] and document["version"] >= self.memory.floors.get(name, 0), OLD)

    # What comes (§6). What a handler does not `need` is dropped and counted

    def hear(self, topic: str, token: bytes, mono: int) -> None:
        """Whatever a broker brings, and when [WIRE-3, 15]."""
        try:
            message = self.opened(token, self.topics().get(topic, ()), self.afford) | {"came": mono}
            if self.clock.bound < 0 and message["typ"] in ("tl-order", "tl-plan"):
                self.held = [*self.held, message][:HELD_ROOM]
            else:
                self.obey(message)
        except Wrong as wrong:
            self.refused += str(wrong) != OLD  # which is no reason for distrust

    def obey(self, message: Json) -> None:
        handlers = {"tl-order": self.on_order, "tl-plan": self.on_plan, "tl-config": self.on_config, "tl-trust": self.on_trust}
        (handlers | {"tl-answer": self.on_answer})[message["typ"]](message)

    def on_answer(self, answer: Json) -> None:
        """Custody and floors; and, if it counts, the time [WIRE-33, 46, 50, 51]."""
        need(answer["aud"] == self.id and answer["life"] == self.memory.life and not self.forbids(answer, "answer"))
        self.cover(answer["upto"])
        if floors := answer["floors"] or self.memory.floors:
            self.memory.floors = {name: max(floor, self.memory.floors.get(name, 0)) for name, floor in floors.items()}
            self.memory.born, self.dirty = min(self.memory.born or answer["iat"], answer["iat"]), True
        asked = self.nonces.pop(answer["nonce"], None)
        if asked is None or not self.clock.answer(asked, answer["t2"], answer["t3"], answer["came"]):
            return
        self.trusted = min(self.trusted, answer["came"])
        sure = self.now()[1] <= SURE_MS or self.asks >= len(ASK_S)
        if sure and not self.reason() and not self.clock.rivals:
            self.asks, self.next_ask = 0, answer["came"] + int(random.uniform(540_000, 600_000))
        held, self.held = self.held, []
        for message in held:
            with suppress(Wrong):
                self.obey(message)

    def on_trust(self, trust: Json) -> None:
        """[WIRE-22] It holds at once; what a revoked key said is forgotten without a word [WIRE-23]."""
        ours = trust["aud"] == "all" or self.above(trust["aud"]) or not self.memory.config["path"]
        need(trust["kid"] == "root" and bool(ours) and not self.untimely(trust, {"nbf": 0, "exp": BIG}))
        self.need_newer(trust)
        self.memory.trust, self.dirty, revoked = trust, True, trust["revoked"]
        self.held = [message for message in self.held if message["kid"] not in revoked]
        self.head = None if self.head and self.head["kid"] in revoked else self.head
        self.memory.plan = {"version": 0} if self.memory.plan.get("kid") in revoked else self.memory.plan
        for it in self.waiting():
            if it["kid"] in revoked:
                del self.memory.airings[it["airing"]]

    def on_config(self, config: Json) -> None:
        """[WIRE-31, 71]"""
        paths = [path for path in (config["path"], self.memory.config["path"]) if path]
        need(config["aud"] == self.id and not self.forbids(config, "config", "", *paths))
        self.need_newer(config)
        self.memory.config, self.dirty, village = config, True, config["path"][-1]
        self.head = self.head if self.head and self.head["aud"] == village else None
        if self.memory.plan.get("aud", village) != village:
            self.memory.plan, self.memory.floors["plan"] = {"version": 0}, 0
        for it in self.waiting():
            if not self.above(it["aud"]) or (it["typ"] == "tl-plan" and it["aud"] != village):
                self.end(it, "cancelled", "moved")

    def on_plan(self, head: Json) -> None:
        """[WIRE-28] The body is fetched."""
        need(self.memory.config["path"][-1:] == [head["aud"]] and not self.forbids(head, "plan"))
        self.need_newer(head)
        self.head = head if self.head is None or head["version"] > self.head["version"] else self.head

    def items(self, head: Json) -> dict[str, Json]:
        """A plan's, each with what the head says for all; or Wrong [WIRE-29]."""
        body = decode("plan-body", self.clip(head["sha256"]).read_bytes())
        need((body["village"], body["version"]) == (head["aud"], head["version"]))
        said = head | {"exp": BIG, "kind": "play", "until": body["valid_until"]}
        return {item["airing"]: said | item for item in body["items"]}

    def take_plan(self, head: Json) -> None:
        """[WIRE-30] Its body is here."""
        items, classes = self.items(head), self.keys().get(head["kid"], {}).get("classes")
        need(classes is not None and self.has_room(len(items)))
        self.memory.plan, self.dirty = head, True
        for it in self.waiting():
            if it["typ"] == "tl-plan" and it["airing"] not in items:
                self.end(it, "cancelled", "plan")
        for item in items.values():
            barred = "trust" if classes and item["class"] not in classes else ""
            self.take(item, barred or ("expired" if item["start"] >= item["until"] else ""))

    def on_order(self, order: Json) -> None:
        """[WIRE-17, 21]"""
        need(bool(self.above(order["aud"])) and (order["aud"] == self.id or order["iat"] > self.memory.config["since"]))
        use = "emergency" if order["class"] == "emergency" else "order"
        why = self.forbids(order, use, "" if order["kind"] == "stop" else order["class"])
        self.take(order, why or ("" if order["kind"] in ("play", "stop") else "unsupported"))

    def tick(self) -> None:
        if self.head and self.clip(self.head["sha256"]).exists():
            head, self.head = self.head, None
            with suppress(Wrong, OSError):
                self.take_plan(head)
        super().tick()
        self.fetch_next()

    # Files (§8)

    def fetch_next(self) -> None:
        """What is missing, the most urgent first; one at a time, in a thread of its own."""
        files = [*([self.head] if self.head else []), *sorted(self.waiting(), key=turn), *self.memory.config["hold"]]
        due = [file for file in files if self.mono() >= self.tries.get(file["sha256"], (0, 0))[1]]
        missing = [(file["sha256"], file["size"]) for file in due if not self.clip(file["sha256"]).exists()]
        if missing and not self.fetching:
            (self.fetching, size), bases = missing[0], self.memory.config["bases"] or self.provision["bases"]
            threading.Thread(target=self.run_fetch, args=(bases, self.fetching, size), daemon=True).start()

    def run_fetch(self, bases: list[str], sha256: str, size: int) -> None:
        self.events.put(partial(self.fetched, sha256, fetch(bases, sha256, size, self.clip(sha256))))

    def fetched(self, sha256: str, why: str) -> None:
        """It is here, or why not: then again, unless no try is left before the window closes [WIRE-42]."""
        self.fetching, tried = "", self.tries.get(sha256, (0, 0))[0]
        again = self.mono() + FETCH_S[tried % len(FETCH_S)] * 1_000
        self.tries[sha256] = (tried + 1, again)
        for it in [it for it in self.waiting() if it["sha256"] == sha256]:
            if not why:
                self.record(it, "cached")
            elif self.clock.bound >= 0 and again + self.clock.offset > self.limit(it):
                self.end(it, "failed", why)

    # The connection (§2). paho comes back by itself, after waits of 1 s to 60 s; an acknowledgement would prove nothing: QoS 0

    def connect(self) -> None:
        broker = urlsplit(self.provision["broker"])
        self.client = client = Client(CallbackAPIVersion.VERSION2, self.id)
        client.reconnect_delay_set(1, 60)
        if broker.username:
            client.username_pw_set(unquote(broker.username), unquote(broker.password or ""))
        if broker.scheme == "mqtts":
            client.tls_set(parse_qs(broker.query).get("ca", [None])[0])
        client.on_pre_connect = lambda *_: self.before_connect(random.uniform(0, 1))
        client.on_connect = client.on_disconnect = lambda *_: self.events.put(self.up_or_down)
        client.on_message = lambda _client, _user, message: self.enqueue(message.topic, bytes(message.payload))
        client.connect_async(broker.hostname or "", broker.port or (8883 if broker.scheme == "mqtts" else 1883), keepalive=30)
        client.loop_start()

    def before_connect(self, wait_s: float) -> None:
        """In paho's thread: each attempt has its own will [WIRE-4], at a random moment: a village must not come back as one."""
        time.sleep(wait_s)
        self.connection += 1
        self.client.will_set(f"tl/1/node/{self.id}/state", self.sealed("state", **self.state(False), counter=BIG))

    def enqueue(self, topic: str, payload: bytes) -> None:
        """In paho's thread: note the moment. Too much is dropped: it is offered again."""
        if self.events.qsize() < HEARD_ROOM:
            self.events.put(partial(self.hear, topic, payload, self.mono()))

    def up_or_down(self) -> None:
        """Accepted: listen, and let `flush` say birth, receipts and an ask [WIRE-5, 6]."""
        self.online, self.told, self.repeated, self.listening = self.client.is_connected(), {}, set(), set()
        self.counter = self.said = self.asks = self.next_ask = self.resends = 0

    def topics(self) -> dict[str, Collection[str]]:
        """What it listens to, and what each topic may carry."""
        path = self.memory.config["path"]
        orders: dict[str, Collection[str]] = {f"tl/1/unit/{unit}/order": ["tl-order"] for unit in path}
        plans = {f"tl/1/unit/{last}/plan": ["tl-plan"] for last in path[-1:]}
        return {f"tl/1/node/{self.id}/inbox": FROM_CONTROLLER} | orders | plans

    # What it says (§7)

    def sealed(self, leaf: str, **fields: Any) -> bytes:
        (t, u), generation = self.now(), self.provision["generation"]
        said = {"node": self.id, "generation": generation, "life": self.memory.life, "t": t, "u": u}
        return make_seal(TYP[leaf], f"{self.id}.{generation}", self.key, said | fields)

    def say(self, leaf: str, **fields: Any) -> None:
        self.client.publish(f"tl/1/node/{self.id}/{leaf}", self.sealed(leaf, **fields))

    def state(self, online: bool) -> Json:
        order = {"boot": self.memory.boot, "connection": self.connection, "online": online}
        return order | {"versions": self.versions(), "reason": self.reason()}

    def flush(self) -> None:
        """To disk; only then to the controller [WIRE-66, 75]: each change of state [WIRE-37] and alarm, receipts, ask, health."""
        mono = self.mono()
        if self.dirty:
            self.save()
        if not self.online:
            return
        wanted = set(self.topics())
        for topic in sorted(wanted - self.listening):
            self.client.subscribe(topic, 1)
        for topic in self.listening - wanted:
            self.client.unsubscribe(topic)  # [WIRE-7]
        self.listening = wanted
        self.say_state()
        self.say_receipts(mono)
        if mono >= self.next_ask:
            self.ask(mono)
        if mono >= self.next_health:  # [WIRE-38]
            playing = {"playing": self.sounding["airing"]} if self.sounding else {}
            counts = {"receipts": len(self.memory.receipts), "refused_seals": self.refused}
            self.say("health", uptime_s=(mono - self.booted) // 1_000, **playing, **counts)
            self.next_health = mono + 1_000 * (10 if self.sounding else self.memory.config["health_s"])

    def say_state(self) -> None:
        self.alarms += ["clock.moved"] if self.clock.moved else []
        now = self.state(True)
        for reason in [*self.alarms, *([now["reason"]] if now != self.told else [])]:
            self.counter += 1
            self.say("state", **now | {"reason": reason, "counter": self.counter})
        self.told, self.alarms, self.clock.moved = now, [], False

    def say_receipts(self, mono: int) -> None:
        """Each once; and again, ever more rarely, while no `upto` covers them [WIRE-76]."""
        receipts = self.memory.receipts[:IN_FLIGHT]
        if self.said <= self.memory.upto or mono >= self.next_resend:
            self.resends = 0 if self.said <= self.memory.upto else self.resends + 1
            self.said, self.next_resend = self.memory.upto, mono + RESEND_S[min(self.resends, len(RESEND_S) - 1)] * 1_000
        while batch := [receipt for receipt in receipts if receipt["seq"] > self.said][:BATCH]:
            self.say("receipt", items=batch, **{"from": self.memory.upto + 1})
            self.said = batch[-1]["seq"]

    def ask(self, mono: int) -> None:
        """For the time and whatever is owed. It asks again soon, unless an answer leaves nothing to ask for [WIRE-48, 49]."""
        self.nonces = dict([*self.nonces.items(), (nonce := secrets.token_hex(16), mono)][-OPEN_ASKS:])
        self.next_ask = mono + int(1_000 * ASK_S[min(self.asks, len(ASK_S) - 1)] * random.uniform(1.0, 1.25))
        self.asks += 1
        self.say("ask", nonce=nonce, versions=self.versions(), **{"from": self.memory.upto + 1})


def main() -> None:
    options = argparse.ArgumentParser(description="A loudspeaker written from docs/wire.md alone.")
    options.add_argument("--provision", type=Path, required=True, help="what `tienglang nodes provision` gives: a list of one")
    options.add_argument("--home", type=Path, required=True, help="where its memory lies")
    options.add_argument("--sound-log", type=Path, help="where it writes what it sounds")
    told = options.parse_args()
    [provision] = json.loads(told.provision.read_text())
    Node(provision, told.home, told.sound_log).run()


if __name__ == "__main__":
    main()
