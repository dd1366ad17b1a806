"""Whom a loudspeaker believes (§3, §4), and what it does with what they say (§6).

Written from docs/wire.md alone; § marks its sections. `hear` takes whatever a broker brings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from tests.stranger.ledger import Ledger
from tests.stranger.parts import Airing
from tests.stranger.wire import BIG, FROM_CONTROLLER, Json, Wrong, decode, need, open_seal, unb64

HELD_ROOM = 64  # messages that wait for the time
SEALS_A_SECOND, FOR_THE_URGENT = 20, 5  # §3


class Mind(Ledger):
    """One loudspeaker without its hands."""

    def __init__(self, provision: Json, home: Path, mono: Callable[[], int]) -> None:
        super().__init__(home, mono)
        self.id, self.provision = str(provision["node"]), provision
        self.refused = self.second = self.verified = 0
        self.held: list[tuple[str, str, Json, str]] = []  # what waits for the time
        self.head: Json | None = None  # a plan whose body is on its way
        self.wake_up()

    def wake_up(self) -> None:
        """After a power cut: what sounded was cut, what waited waits on if its seal is still true."""
        sealed: dict[str, dict[str, Json]] = {}
        for it in list(self.memory.airings.values()):
            if it.state == "sounding":
                self.end(it, "cut", "power")
            elif it.state == "waiting" and it.kid not in self.keys():
                self.end(it, "failed", "trust")
            elif it.state == "waiting":
                told = sealed.setdefault(it.token, {}) or self.open_again(it)
                sealed[it.token] = told
                item = told.get(it.item["airing"])
                if item is None or any(it.item.get(name) != value for name, value in item.items()):
                    self.end(it, "failed", "memory")

    def open_again(self, it: Airing) -> dict[str, Json]:
        """The airings of the order or plan that it came by, from disk."""
        try:
            _, typ, payload = self.check_seal(it.token.encode(), FROM_CONTROLLER)
            told = decode(typ, payload)
            if not it.by_plan:
                return {told["airing"]: told}
            body = self.clip(told["sha256"]).read_bytes()
            need(hashlib.sha256(body).hexdigest() == told["sha256"])
            return {item["airing"]: item for item in decode("plan-body", body)["items"]}
        except (Wrong, OSError):
            return {}

    def tick(self) -> None:
        """A plan whose body has come, and all that is due."""
        if self.head and self.clip(self.head["sha256"]).exists():
            head, self.head = self.head, None
            self.take_plan(head)
        super().tick()

    def keys(self) -> dict[str, Json]:
        """The signing keys that it obeys."""
        trust = self.memory.trust
        return {key["kid"]: key for key in trust["keys"] if key["kid"] not in trust["revoked"] and key["kid"] != "root"}

    def topics(self) -> Mapping[str, Collection[str]]:
        """What it listens to (§2), and what each topic may carry."""
        path = self.memory.config["path"]
        units = {f"tl/1/unit/{unit}/order": ("tl-order",) for unit in path}
        return (
            {f"tl/1/node/{self.id}/inbox": FROM_CONTROLLER}
            | units
            | {f"tl/1/unit/{last}/plan": ("tl-plan",) for last in path[-1:]}
        )

    # §3, §4 Whom it believes

    def check_seal(self, token: bytes, typs: Collection[str]) -> tuple[str, str, bytes]:
        """(kid, typ, payload), or Wrong."""
        keys = {kid: unb64(key["x"]) for kid, key in self.keys().items()} | {"root": unb64(self.provision["root"])}
        return open_seal(token, "Ed25519", typs, keys, self.afford)

    def afford(self, kid: str) -> bool:
        """20 seals a second, the last 5 for what must not drown in a flood: emergencies, and revocations."""
        second = self.mono() // 1_000
        self.second, self.verified = second, 1 + (self.verified if second == self.second else 0)
        urgent = kid == "root" or self.keys()[kid]["use"] == "emergency"
        return self.verified <= SEALS_A_SECOND - (0 if urgent else FOR_THE_URGENT)

    def above(self, aud: str) -> list[str]:
        """From the root of the tree down to the one addressed; nothing if that is not us."""
        line = [*self.memory.config["path"], self.id]
        return line[: line.index(aud) + 1] if aud in line else []

    def forbids(self, kid: str, use: str, message: Json, sound: str = "") -> str:
        """Why this key may not say this here, or "". Only what is surely right is obeyed: the clock's error counts against it."""
        key, (now, u) = self.keys().get(kid), self.clock.read(self.mono())
        if key is None or key["use"] != use or (key["units"] and not {*key["units"]} & {*self.above(message["aud"])}):
            return "trust"
        if use == "answer":
            return ""  # it brings the time
        if (sound and key["classes"] and sound not in key["classes"]) or not key["nbf"] <= now - u <= now + u < key["exp"]:
            return "trust"
        return "future" if message["iat"] > now - u + 60_000 else "expired" if now + u >= message["exp"] else ""

    def newer(self, name: str, version: int) -> bool:
        """Above the one it holds, and not below its floor."""
        return version > self.versions()[name] and version >= (self.memory.floors or {name: 0})[name]

    # What comes

    def hear(self, topic: str, token: bytes, mono: int) -> None:
        """Whatever a broker brings, and when: what is not sealed and whole makes a count, and nothing else."""
        try:
            kid, typ, payload = self.check_seal(token, self.topics().get(topic, ()))
            message = decode(typ, payload)
        except Wrong:
            self.refused += 1
            return
        if typ == "tl-answer":
            self.on_answer(kid, message, mono)
        elif typ == "tl-trust":
            self.on_trust(kid, message)
        elif self.clock.bound >= 0:
            self.obey(kid, typ, message, token.decode())
        elif len(self.held) < HELD_ROOM:
            self.held.append((kid, typ, message, token.decode()))

    def obey(self, kid: str, typ: str, message: Json, token: str) -> None:
        """What needs the time."""
        {"tl-order": self.on_order, "tl-plan": self.on_plan, "tl-config": self.on_config}[typ](kid, message, token)

    def on_answer(self, kid: str, answer: Json, mono: int) -> None:
        """Custody; and, if it counts, the time and the floors."""
        if answer["aud"] != self.id or answer["life"] != self.memory.life or self.forbids(kid, "answer", answer):
            return
        self.cover(answer["upto"])
        asked = self.when_asked(answer["nonce"])
        if asked is None or not self.clock.answer(asked, answer["t2"], answer["t3"], mono):
            return
        self.trusted = min(self.trusted, mono)
        if answer["floors"]:
            old = self.memory.floors or answer["floors"]
            self.memory.floors = {name: max(old[name], floor) for name, floor in answer["floors"].items()}
            self.dirty = True
        held, self.held = self.held, []
        for one in sorted(held, key=lambda one: one[1] != "tl-config"):  # the config first: it says where we stand
            self.obey(*one)

    def when_asked(self, nonce: str | None) -> int | None:
        """When the ask of this nonce left, if it is ours and was not answered yet."""
        raise NotImplementedError

    def on_trust(self, kid: str, trust: Json) -> None:
        """From the root alone, in whatever hour; it holds at once, also against what waits."""
        ours = trust["aud"] == "all" or self.above(trust["aud"]) or not self.memory.config["path"]
        if kid == "root" and ours and self.newer("trust", trust["version"]):
            self.memory.trust, self.dirty = trust, True
            for it in self.waiting():
                if it.kid not in self.keys():
                    self.end(it, "failed", "trust")

    def on_config(self, kid: str, config: Json, _: str) -> None:
        """How it lives. In another village it forgets the plan, and what was said to places it left."""
        if config["aud"] != self.id or self.forbids(kid, "config", config) or not self.newer("config", config["version"]):
            return
        moved = self.memory.config["path"][-1:] != config["path"][-1:]
        self.memory.config, self.dirty = config, True
        if moved:
            self.memory.plan, self.head = {"version": 0}, None
        for it in self.waiting():
            if not self.above(it.item["aud"]) or (moved and it.by_plan):
                self.end(it, "cancelled", "moved")

    def on_plan(self, kid: str, head: Json, token: str) -> None:
        """A newer plan by its name; the body is fetched."""
        newest = self.newer("plan", head["version"]) and (self.head is None or head["version"] > self.head["version"])
        if [head["aud"]] == self.memory.config["path"][-1:] and newest and not self.forbids(kid, "plan", head):
            self.head = head | {"kid": kid, "token": token}

    def take_plan(self, head: Json) -> None:
        """Its body is here: what vanished is cancelled, what is new is taken in."""
        try:
            body = decode("plan-body", self.clip(head["sha256"]).read_bytes())
            need((body["village"], body["version"]) == (head["aud"], head["version"]) and head["kid"] in self.keys())
            need(self.has_room(len(body["items"])))
        except (Wrong, OSError):
            return
        self.memory.plan, self.dirty = {"version": head["version"], "sha256": head["sha256"]}, True
        listed = {item["airing"] for item in body["items"]}
        for it in self.waiting():
            if it.by_plan and it.item["airing"] not in listed:
                self.end(it, "cancelled", "plan")
        for item in body["items"]:
            self.take_item(head, item | {"aud": head["aud"], "iat": head["iat"], "exp": BIG}, body["valid_until"])

    def take_item(self, head: Json, item: Json, valid_until: int) -> None:
        """One item of a plan; an emergency that waits is above all plans."""
        known, classes = self.memory.airings.get(item["airing"]), self.keys()[head["kid"]]["classes"]
        if known and known.by_plan and known.state == "waiting" and known.item["rev"] == item["rev"]:
            known.kid, known.token = head["kid"], head["token"]
        elif known is None or (
            known.state == "waiting" and known.item["rev"] < item["rev"] and known.item["class"] != "emergency"
        ):
            why = "trust" if classes and item["class"] not in classes else "expired" if item["start"] >= valid_until else ""
            self.accept(Airing(item, head["kid"], head["token"], True), why)

    def on_order(self, kid: str, order: Json, token: str) -> None:
        """A sound, or silence, now. What may not be said changes nothing that waits; only an emergency touches an emergency."""
        here = self.above(order["aud"]) and (order["aud"] == self.id or order["iat"] > self.memory.config["since"])
        known, alarm, play = self.memory.airings.get(order["airing"]), order["class"] == "emergency", order["kind"] == "play"
        if not here or not self.has_room(1) or (known and known.item["class"] == "emergency" and not alarm):
            return
        why = self.forbids(kid, "emergency" if alarm else "order", order, order["class"] if play else "")
        why = why or ("" if order["kind"] in ("play", "stop") else "unsupported")
        it = Airing(order, kid, token, False)
        if known is None and not play and not why:
            self.memory.airings[order["airing"]] = it  # a tombstone
            self.end(it, "cancelled", "stop")
        elif known is None:
            self.accept(it, why)
        elif why or known.state == "ended" or order["rev"] < known.item["rev"] + play or (play and known.state == "sounding"):
            self.repeat(known)
        elif play:
            self.accept(it, "")
        else:
            known.item["rev"] = order["rev"]
            self.stop(known)

    def stop(self, it: Airing) -> None:
        """A stop order that counts."""
        if it is self.sounding:
            self.silence("cut", "stop")
        else:
            self.end(it, "cancelled", "stop")
