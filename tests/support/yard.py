"""One stranger (tests/stranger) on a bench: its time, its broker, its files and its controller are the test's.

yard = Yard(tmp_path)
yard.ready()                       # it has trust, config, floors and the time
yard.order(airing="a", start=yard.now + 1_000)
yard.wait(2_000)
assert yard.words("a") == ["accepted", "started"]
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.stranger.node import Node
from tests.stranger.wire import b64, decode, unb64

VECTORS = Path(__file__).parents[1] / "vectors"
KEYS = json.loads((VECTORS / "keys.json").read_text())
SEEDS = {key["kid"]: Ed25519PrivateKey.from_private_bytes(unb64(key["seed"])) for key in KEYS["signing"]}
PUBLIC = {key["kid"]: key["public"] for key in KEYS["signing"]}
USES = {
    "plan-2026": "plan",
    "order-2026": "order",
    "emergency-2026": "emergency",
    "config-2026": "config",
    "answer-2026": "answer",
}
NODE = KEYS["nodes"][0]
PROVISION = {"node": NODE["node"], "generation": 1, "key": NODE["key"], "root": PUBLIC["root"], "broker": "mqtt://h", "bases": []}
PATH = ["p04", "x01480", "x01480-1"]
MORNING = 1_767_225_600_000
"""2026-01-01T00:00Z: seven o'clock on a Thursday in Viet Nam."""
CLIP = "e" * 64
STEP_MS = 50
FAR = MORNING * 2

Json = dict[str, Any]


class Broker:
    """What the node's client would be."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Json]] = []
        self.topics: set[str] = set()

    def will_set(self, topic: str, token: bytes) -> None:
        """Nobody hears it."""

    def publish(self, topic: str, token: bytes) -> None:
        """Keep it, opened."""
        typ = json.loads(unb64(token.decode().split(".")[0]))["typ"]
        self.sent.append((typ, decode(typ, unb64(token.decode().split(".")[1]))))

    def subscribe(self, topic: str, _qos: int) -> None:
        self.topics.add(topic)

    def unsubscribe(self, topic: str) -> None:
        self.topics.remove(topic)

    def is_connected(self) -> bool:
        return True


class Bench(Node):
    """The node with the test's hands. `amp` is what its amplifier did: (airing, end, gain, its state on disk at that moment)."""

    amp: list[tuple[str, str | None, int | None, str]]

    def connect(self) -> None:
        self.client = Broker()
        self.before_connect(0)
        self.up_or_down()

    def fetch_next(self) -> None:
        """Files come when the test brings them."""

    def horn(self, it: Json, end: str | None = None, gain: int | None = None) -> None:
        on_disk = json.loads((self.home / "memory.json").read_text())["airings"][it["airing"]]["state"]
        self.amp.append((it["airing"], end, gain, on_disk))


class Yard:
    """See above. `now` is the controller's time, which is the right one."""

    def __init__(self, home: Path, kind: type[Bench] = Bench) -> None:
        self.home, self.kind = home, kind
        self.mono = 5_000
        self.drift = 0
        self.version = 0
        self.amp: list[tuple[str, str | None, int | None, str]] = []
        self.everything: list[tuple[str, Json]] = []
        self.node: Bench
        self.power_on()

    # Time and power

    @property
    def now(self) -> int:
        return MORNING + self.mono + self.drift

    def power_on(self) -> None:
        """It boots, with whatever is on its disk."""
        self.node = self.kind(PROVISION, self.home, mono=lambda: self.mono)
        self.node.amp = self.amp
        self.node.connect()
        self.turn()

    def power_off(self, ms: int = 0) -> None:
        """It is gone; after `ms` it boots."""
        self.gather()
        self.mono += ms
        self.power_on()

    def reconnect(self) -> None:
        """Its connection breaks, and it comes back."""
        self.gather()
        self.node.connect()
        self.turn()

    def turn(self) -> None:
        """One turn of its loop."""
        self.node.tick()
        self.node.flush()

    def wait(self, ms: int) -> None:
        """Let time pass."""
        end = self.mono + ms
        while self.mono < end:
            self.mono = min(end, self.mono + STEP_MS)
            self.turn()

    # What it is told

    def tell(self, typ: str, kid: str, topic: str = "", **fields: Any) -> bytes:
        """Seal a message, and bring it on its topic (its inbox, if none is named)."""
        message = {"iss": "test", "iat": self.now, "exp": self.now + 600_000} | fields
        parts = ({"alg": "Ed25519", "kid": kid, "typ": typ}, message)
        signed = ".".join(b64(json.dumps(part).encode()) for part in parts)
        token = f"{signed}.{b64(SEEDS[kid].sign(signed.encode()))}".encode()
        self.bring(token, topic)
        return token

    def bring(self, token: bytes, topic: str = "") -> None:
        """Bring it (again)."""
        self.node.hear(topic or f"tl/1/node/{self.node.id}/inbox", token, self.mono)
        self.turn()

    def trust(
        self, uses: Mapping[str, str] = USES, version: int | None = None, revoked: Collection[str] = (), **more: Any
    ) -> None:
        """These keys and their uses; `more` changes the one that its `kid` names."""
        rows = [{"kid": kid, "use": use, "x": PUBLIC[kid], "nbf": 0, "exp": FAR} for kid, use in uses.items()]
        rows = [row | (more if row["kid"] == more.get("kid") else {}) for row in rows]
        self.tell("tl-trust", "root", aud="all", version=self.next_version(version), keys=rows, revoked=[*revoked])

    def config(self, version: int | None = None, **more: Any) -> None:
        fields = {"aud": self.node.id, "path": PATH, "since": MORNING - 1} | more
        self.tell("tl-config", "config-2026", version=self.next_version(version), **fields)

    def answer(self, u_ms: int = 1, **more: Any) -> None:
        """Answer its newest ask, with a round trip that gives this error."""
        trip = 2 * (u_ms - 1)
        self.node.ask(self.mono)
        nonce = list(self.node.nonces)[-1]
        self.mono += trip
        told = {
            "t2": self.now - trip // 2,
            "t3": self.now - trip // 2,
            "floors": {"trust": 0, "config": 0, "plan": 0},
            "nonce": nonce,
        }
        self.tell("tl-answer", "answer-2026", **({"aud": self.node.id, "life": self.node.memory.life, "upto": 0} | told | more))

    def ready(self, u_ms: int = 1, **config: Any) -> Yard:
        """It has all that it needs to sound, and the usual clip."""
        self.trust()
        self.config(**config)
        self.answer(u_ms)
        self.clip()
        return self

    def clip(self, sha256: str = CLIP) -> None:
        """A file has come."""
        self.node.clip(sha256).write_bytes(b"sound")
        self.node.fetched(sha256, "")
        self.turn()

    def order(self, kid: str = "order-2026", **fields: Any) -> bytes:
        """A play of two seconds for the commune, at once, unless the fields say otherwise."""
        usual = {"aud": "x01480", "id": "o", "airing": "a", "rev": 1, "kind": "play", "grace": 10_000, "duration": 2_000}
        usual |= {"start": self.now, "sha256": CLIP, "size": 5}
        return self.tell("tl-order", kid, **(usual | fields))

    def emergency(self, **fields: Any) -> bytes:
        return self.order("emergency-2026", **({"class": "emergency"} | fields))

    def stop(self, airing: str = "a", rev: int = 1, kid: str = "order-2026", **fields: Any) -> None:
        self.tell("tl-order", kid, **({"aud": "x01480", "id": "s", "airing": airing, "rev": rev, "kind": "stop"} | fields))

    def plan(self, *items: Json, version: int | None = None, kid: str = "plan-2026", aud: str = PATH[-1], **body: Any) -> None:
        """A plan of the village, and its body."""
        version = self.next_version(version)
        whole = {"village": aud, "version": version, "valid_until": self.now + 3_600_000, "items": items} | body
        data = json.dumps(whole).encode()
        sha256 = hashlib.sha256(data).hexdigest()
        self.tell("tl-plan", kid, aud=aud, version=version, sha256=sha256, size=len(data))
        self.node.clip(sha256).write_bytes(data)
        self.turn()

    def item(self, airing: str = "a", **fields: Any) -> Json:
        usual = {
            "airing": airing,
            "rev": 1,
            "start": self.now + 5_000,
            "grace": 10_000,
            "duration": 2_000,
            "class": "normal",
            "rank": 2,
        }
        return usual | {"sha256": CLIP, "size": 5} | fields

    def next_version(self, version: int | None) -> int:
        self.version = version or self.version + 1
        return self.version

    # What it did

    def gather(self) -> None:
        """Keep what it said, for its broker dies with it."""
        if self.node.client:
            self.everything += self.node.client.sent
            self.node.client.sent = []

    def said(self, typ: str) -> list[Json]:
        """All messages of one kind, in order."""
        self.gather()
        return [message for kind, message in self.everything if kind == typ]

    def words(self, airing: str = "a") -> list[str]:
        """What it said of an airing, each receipt once: the state, and why after a blank."""
        receipts = {item["seq"]: item for message in self.said("tl-receipts") for item in message["items"]}
        return [f"{one['state']} {one['why']}".strip() for _, one in sorted(receipts.items()) if one["airing"] == airing]

    def began(self) -> list[str]:
        """The airings that its horn began, in order."""
        return [airing for airing, end, *_ in self.amp if end is None]
